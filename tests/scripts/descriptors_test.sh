#!/bin/bash
# Who makes file descriptors: base/descriptor.cc, which keeps them away from the standard streams, and kvm/kernel.cc,
# whose ioctls go through it. Looked up in what the compiler has made of each source, or of a dozen at a time but of these
# two, so that none is overlooked.
# usage: tests/scripts/descriptors_test.sh LIBRARY_DIR    (where libzircon.so is)
# Shows: HOST-31
set -euo pipefail

export LC_ALL=C
objects=$1/CMakeFiles/zircon_objects.dir
mistakes=0

# What gives a descriptor, or opens a file by itself.
makers='open|openat|openat2|creat|fopen|freopen|opendir|scandir|popen|tmpfile|mkstemp|shm_open|memfd_create|memfd_secret'
makers+='|eventfd|signalfd|timerfd_create|epoll_create1?|inotify_init1?|pidfd_open|userfaultfd|perf_event_open'
makers+='|socket|socketpair|accept4?|pipe2?|dup[23]?|fcntl|get_nprocs|get_nprocs_conf|get_phys_pages'
readonly makers

# may_make OBJECT NAME: whether that is where it belongs.
may_make() {
  case $1:$2 in
    base/descriptor.cc.o:*) true ;;
    kvm/kernel.cc.o:ioctl) true ;;
    *) false ;;
  esac
}

[[ -d $objects ]] || {
  echo "descriptors_test: there is no $objects" >&2
  exit 1
}
looked_at=0
while read -r file; do
  object=${file#"$objects/"}
  looked_at=$((looked_at + 1))
  while read -r name; do
    may_make "$object" "$name" && continue
    printf 'FAIL: %s calls %s: base/descriptor.h makes descriptors\n' "$object" "$name" >&2
    mistakes=$((mistakes + 1))
  done < <(nm --undefined-only -- "$file" | awk '{print $NF}' |
    grep -xE "_*($makers|ioctl)(64)?(_2|_chk)?|.*basic_[io]?f(ile|stream).*" || true)
done < <(find "$objects" -name '*.o')

for file in base/descriptor.cc.o kvm/kernel.cc.o; do
  [[ -e $objects/$file ]] || {
    echo "FAIL: there is no $objects/$file" >&2
    exit 1
  }
done
((looked_at > 10)) || {
  echo "FAIL: only $looked_at objects in $objects" >&2
  exit 1
}
if ((mistakes > 0)); then
  echo "descriptors_test: $mistakes failed" >&2
  exit 1
fi
echo "descriptors_test: passed, $looked_at objects"
