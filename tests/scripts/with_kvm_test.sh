#!/bin/bash
# Tests scripts/with-kvm: what goes in and comes out, every kind of ending, and that nothing is left behind.
# usage: tests/scripts/with_kvm_test.sh      (exit status: 0 passed, 1 failed, 77 skipped: no QEMU here)
set -euo pipefail

repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
readonly with_kvm=$repository/scripts/with-kvm
# shellcheck source=scripts/lib/own_processor.sh
source "$repository/scripts/lib/own_processor.sh"

if ! type -P qemu-system-x86_64 >/dev/null; then
  echo "skipped: QEMU is not installed (scripts/install-packages nested)" >&2
  exit 77
fi

# with-kvm's temporary files go to $folder/tmp, which every test expects to be empty at the end, and the folder's name
# in the environment marks the processes it starts.
parent=$(mktemp -d)
# Names are not to be trusted either.
readonly parent folder="$parent/it's, an 'odd' \$name"
trap 'rm -rf -- "$parent"' EXIT
mkdir -p "$folder/tmp"
cd "$folder"

failures=0

fail() {
  printf 'FAIL: %s\n' "$*" >&2
  failures=$((failures + 1))
}

expect_equal() {
  [[ $2 == "$3" ]] || fail "$1: expected '$2', got '$3'"
}

expect_same_file() {
  cmp -s -- "$2" "$3" || fail "$1: $2 and $3 differ"
}

expect_contains() {
  grep -qF -- "$3" "$2" || {
    fail "$1: no '$3' in:"
    sed 's/^/    /' "$2" >&2
  }
}

# start NAME ARGUMENT...: with-kvm in the background, with its outputs in NAME.out and NAME.err.
declare -A started_processes=()
start() {
  local name=$1
  shift
  TMPDIR=$folder/tmp "$with_kvm" "$@" <&0 >"$name.out" 2>"$name.err" &
  started_processes[$name]=$!
}

# expect_status NAME STATUS: waits for what was started as NAME.
expect_status() {
  local status=0
  # The shell would announce a death by signal.
  wait "${started_processes[$1]}" 2>/dev/null || status=$?
  if [[ $status != "$2" ]]; then
    fail "$1: expected status $2, got $status; its standard error:"
    sed 's/^/    /' "$1.err" >&2
  fi
}

expect_nothing_left() {
  local left
  left=$(find "$folder/tmp" -mindepth 1)
  [[ -z $left ]] || fail "$1: temporary files are left: $left"
  left=$(grep -lszxF "TMPDIR=$folder/tmp" /proc/[0-9]*/environ || true)
  [[ -z $left ]] || fail "$1: processes are left: $left"
}

# A program that checks KVM and carries bytes: standard input to standard output, its arguments to standard error (a
# NUL after each), a variable, a file and what KVM did to the file result.
build_probe() {
  cat >probe.c <<'END'
#include <cpuid.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs one guest instruction, HLT at the reset vector. Returns the exit reason. */
static int run_hlt(int vm) {
  unsigned char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(page, 0xf4, 4096);
  struct kvm_userspace_memory_region region = {.guest_phys_addr = 0xfffff000, .memory_size = 4096};
  region.userspace_addr = (unsigned long)page;
  if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0) return -1;
  int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
  if (vcpu < 0) return -2;
  struct kvm_run* run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  if (run == MAP_FAILED) return -3;
  if (ioctl(vcpu, KVM_RUN, 0) < 0) return -4;
  return (int)run->exit_reason;
}

/* CMPXCHG16B changes ZF and no other flag, if the processor says that it has the instruction. Returns how often not. */
static int wrong_flags(void) {
  static unsigned long __attribute__((aligned(16))) cell[2];
  const unsigned long kept = 0x8d5 & ~0x40ul; /* OF SF AF PF CF, without ZF */
  int wrong = 0;
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_CMPXCHG16B) == 0) return 0;
  for (int i = 0; i < 4; ++i) {
    /* Equal or not; an addition with a carry or without. */
    unsigned long low = i & 1, high = 0, x = i & 2 ? 1 : ~0ul, y = x, before, after;
    __asm__ volatile("push $2\n popf\n add %[x], %[x]\n pushf\n pop %[before]\n"
                     "push $2\n popf\n add %[y], %[y]\n lock cmpxchg16b %[cell]\n pushf\n pop %[after]"
                     : [x] "+&r"(x), [y] "+&r"(y), [before] "=&r"(before), [after] "=&r"(after), "+a"(low), "+d"(high),
                       [cell] "+m"(cell)
                     : "b"(0ul), "c"(0ul)
                     : "cc");
    wrong += (before & kept) != (after & kept);
  }
  return wrong;
}

int main(int argc, char** argv) {
  static char buffer[65536];
  ssize_t count;
  while ((count = read(0, buffer, sizeof buffer)) > 0) {
    if (fwrite(buffer, 1, (size_t)count, stdout) != (size_t)count) return 90;
  }
  for (int i = 1; i < argc; ++i) fwrite(argv[i], 1, strlen(argv[i]) + 1, stderr);

  mkdir("results", 0755);
  FILE* result = fopen("results/result", "w");
  FILE* given = fopen("/data/given file", "r");
  if (result == NULL || given == NULL) return 91;
  count = (ssize_t)fread(buffer, 1, sizeof buffer, given);
  fwrite(buffer, 1, (size_t)count, result);
  fprintf(result, "variable=%s\n", getenv("PROBE_VARIABLE"));
  fprintf(result, "inherited=%s\n", getenv("PROBE_INHERITED") != NULL ? "yes" : "no");

  struct stat kvm_status;
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0 || fstat(kvm, &kvm_status) != 0) return 92;
  int vm = ioctl(kvm, KVM_CREATE_VM, 0);
  fprintf(result, "kvm mode=%o version=%d vm=%s exit=%d\n", (unsigned)kvm_status.st_mode & 0777,
          ioctl(kvm, KVM_GET_API_VERSION, 0), vm >= 0 ? "yes" : "no", run_hlt(vm));
  fprintf(result, "wrong flags=%d\n", wrong_flags());
  return fclose(result) == 0 ? 7 : 93;
}
END
  "${CC:-gcc}" -static -O1 -mno-red-zone -o probe probe.c
}

# One boot: arguments, environment, files, the three streams, KVM, an exit status. The program is static and is named
# relative to a folder below /tmp.
start_bytes_test() {
  local byte all='' folder_name='results copy'
  for ((byte = 1; byte < 256; ++byte)); do
    # shellcheck disable=SC2059 # the format is the byte
    printf -v all "%s\\x$(printf %02x "$byte")" "$all"
  done
  # shellcheck disable=SC1003,SC2016 # it is meant as it stands
  odd_arguments=('' ' ' "it's" '"quoted" $HOME `id` \' $'two\nlines\n' 'größer ✓' '*' --mem=1 "$all")
  head -c 1048576 /dev/urandom >random
  printf 'given\r\n' >'given file'
  PROBE_INHERITED=1 start bytes --file "given file:/data/given file" --out results/result:result \
    --out results:"$folder_name" --env PROBE_VARIABLE=$'a = "b"\n' ./probe "${odd_arguments[@]}" <random
}

finish_bytes_test() {
  expect_status bytes 7
  expect_same_file "standard output" random bytes.out
  printf '%s\0' "${odd_arguments[@]}" >expected
  expect_same_file "arguments, through standard error" expected bytes.err
  # 5 is KVM_EXIT_HLT.
  printf 'given\r\nvariable=a = "b"\n\ninherited=no\nkvm mode=666 version=12 vm=yes exit=5\nwrong flags=0\n' >expected
  expect_same_file "the fetched file" expected result
  expect_same_file "the fetched folder" expected "results copy/result"
}

# The endings. dash, which Debian's /bin/sh is, serves as a dynamically linked program; the others are busybox's inside.
start_endings() {
  # Standard input stays open and silent: it must not keep the run from ending.
  mkfifo silent
  exec {silent}<>silent
  start success /bin/true <&"$silent"
  # shellcheck disable=SC2016
  start killed /bin/sh -c 'sleep 1000 & kill -SEGV $$' </dev/null
  start timeout --timeout 5 /bin/sh -c 'echo before; sleep 1000' </dev/null
  start panic /bin/sh -c 'echo before; sleep 0.1; echo c >/proc/sysrq-trigger' </dev/null
}

finish_endings() {
  expect_status success 0
  expect_equal "success, standard output and error" "" "$(cat success.out success.err)"
  exec {silent}>&-
  expect_status killed 139
  expect_equal "killed, standard output and error" "" "$(cat killed.out killed.err)"
  expect_status timeout 124
  expect_equal "timeout, what was written before" before "$(cat timeout.out)"
  expect_contains timeout timeout.err "did not end within 5 s"
  expect_status panic 125
  expect_equal "panic, what was written before" before "$(cat panic.out)"
  expect_contains panic panic.err "a kernel panic or a reset"
  expect_contains panic panic.err "sysrq triggered crash"
}

# Signals to with-kvm alone, as a test runner sends them, while the program runs; and a reader that goes away.
start_interruptions() {
  start terminated /bin/sh -c 'echo running; sleep 1000' </dev/null
  start hung-up /bin/sh -c 'echo running; sleep 1000' </dev/null
  {
    local status=0
    # The shell keeps a pipe's status only in the foreground.
    TMPDIR=$folder/tmp "$with_kvm" /bin/sh -c 'while :; do echo y; done' </dev/null 2>unread.err || status=$?
    echo "$status" >unread.status
  } | head -n 1 >unread.out &
  started_processes[unread]=$!
}

finish_interruptions() {
  local name
  for name in terminated hung-up; do
    for ((i = 0; i < 600; ++i)); do
      [[ ! -s $name.out ]] || break
      sleep 0.1
    done
  done
  kill -TERM "${started_processes[terminated]}"
  kill -HUP "${started_processes[hung-up]}"
  expect_status terminated 143
  expect_status hung-up 129
  wait "${started_processes[unread]}"
  expect_equal "unread, what was read" y "$(cat unread.out)"
  expect_equal "unread, status" 141 "$(cat unread.status)"
}

# SIGINT is ignored by what a script starts in the background; env undoes that. This machine is never up: too little
# memory for the kernel, or interrupted before.
test_interrupt_and_failed_boot() {
  local interrupted status=0
  TMPDIR=$folder/tmp env --default-signal=INT "$with_kvm" /bin/sleep 1000 </dev/null >int.out 2>int.err &
  interrupted=$!
  start no-boot --mem 24 /bin/true </dev/null
  sleep 1
  kill -INT "$interrupted"
  wait "$interrupted" || status=$?
  expect_equal "SIGINT while booting" 130 "$status"
  expect_status no-boot 125
  expect_contains no-boot no-boot.err "before the program was started"
}

# QEMU's threads are on one processor (scripts/with-kvm says why), each machine on one of its own if there are enough.
test_processors() {
  local all taken status=0
  mkdir bin processors
  cat >bin/qemu-system-x86_64 <<'END'
#!/bin/sh
taskset --cpu-list --pid $$ >"$TMPDIR/../affinity"
END
  chmod 755 bin/qemu-system-x86_64
  TMPDIR=$folder/tmp PATH="$folder/bin:$PATH" "$with_kvm" /bin/true </dev/null >pinned.out 2>pinned.err || status=$?
  expect_equal "a QEMU that ends" 125 "$status"
  grep -qE ': [0-9]+$' affinity || fail "QEMU is not on one processor: $(<affinity)"
  all=$(allowed_processors | xargs)
  taken=$(
    for _ in $all once-more; do
      take_processor processors
      echo "$processor"
    done | xargs
  )
  expect_equal "processors taken one after the other" "$all" "${taken% *}"
  [[ " $all " == *" ${taken##* } "* ]] || fail "no processor is left, and '${taken##* }' is taken"
}

# What is taken from the machine more slowly than it is written there arrives whole all the same.
test_slow_output() {
  local status=0
  mkdir slow
  cat >slow/cat <<'END'
#!/bin/bash
(($# == 0)) || exec /bin/cat "$@"
while (($(dd bs=65536 count=1 status=none | tee -a /dev/fd/3 | wc -c) > 0)); do :; done 3>&1
END
  chmod 755 slow/cat
  # shellcheck disable=SC2016
  TMPDIR=$folder/tmp PATH="$folder/slow:$PATH" "$with_kvm" --out /large:large \
    /bin/sh -c 'head -c 4000000 /dev/urandom >/large; cat /large' </dev/null >slow.out 2>slow.err || status=$?
  expect_equal "slow output" 0 "$status"
  expect_equal "slow output, size" 4000000 "$(stat -c %s large)"
  expect_same_file "slow output" large slow.out
}

# What fails before a machine is started.
test_refusals() {
  start missing ./no-such-program </dev/null
  expect_status missing 127
  expect_contains missing missing.err "no such program: ./no-such-program"
  start missing-in-path no-such-program </dev/null
  expect_status missing-in-path 127
  : >plain
  start not-executable ./plain </dev/null
  expect_status not-executable 126
  start no-file --file no-such-file /bin/true </dev/null
  expect_status no-file 125
  expect_contains no-file no-file.err "no such file: no-such-file"
  start bad-option --no-such-option value /bin/true </dev/null
  expect_status bad-option 125
  start bad-timeout --timeout soon /bin/true </dev/null
  expect_status bad-timeout 125
  start no-program --timeout 3 </dev/null
  expect_status no-program 125
  expect_contains no-program no-program.err "no program given"
  expect_equal "refusals, standard output" "" "$(cat missing.out not-executable.out no-file.out bad-option.out)"
}

# How many processes it takes to find a program's libraries does not depend on how many there are.
start_libraries_test() {
  local i library tool few=() many=()
  for ((i = 1; i <= 24; ++i)); do
    echo "int library_$i(void) { return $i; }" | "${CC:-gcc}" -shared -fPIC -o "libnumber$i.so" -x c -
    many+=("-lnumber$i")
  done
  # shellcheck disable=SC2034 # by its name
  few=("${many[@]:0:2}")
  echo 'int library_1(void); int main(void) { return library_1() == 1 ? 9 : 1; }' >libraries.c
  for library in few many; do
    local -n chosen=$library
    # shellcheck disable=SC2016 # the loader's own variable
    "${CC:-gcc}" libraries.c -o "$library" -L. -Wl,--no-as-needed "${chosen[@]}" -Wl,-rpath,'$ORIGIN'
    mkdir "counting-$library"
    for tool in realpath ldd mkdir ln cp readlink dirname; do
      printf '#!/bin/sh\necho %s >>%q\nexec %s "$@"\n' "$tool" "$PWD/$library.calls" "$(type -P "$tool")" \
        >"counting-$library/$tool"
      chmod 755 "counting-$library/$tool"
    done
    PATH="$PWD/counting-$library:$PATH" start "libraries-$library" "./$library" </dev/null
  done
}

finish_libraries_test() {
  expect_status libraries-few 9
  expect_status libraries-many 9
  expect_equal "processes to find 24 libraries" "$(sort few.calls | uniq -c)" "$(sort many.calls | uniq -c)"
}

# What with-kvm itself cannot do is 125 and a sentence, before and after the machine has run.
test_own_failures() {
  local status=0
  env -u HOME -u XDG_CACHE_HOME "$with_kvm" /bin/true </dev/null >no-home.out 2>no-home.err || status=$?
  expect_equal "without HOME" 125 "$status"
  expect_contains "without HOME" no-home.err "neither HOME nor XDG_CACHE_HOME is set"
  status=0
  TMPDIR=$folder/no-such-folder "$with_kvm" /bin/true </dev/null >no-tmp.out 2>no-tmp.err || status=$?
  expect_equal "without TMPDIR" 125 "$status"
  expect_contains "without TMPDIR" no-tmp.err "cannot make a folder below $folder/no-such-folder"
  # With a file system of so many megabytes: too few for the machine's files, and for what comes out of it.
  if ((EUID != 0)) || ! unshare --mount true 2>/dev/null; then
    echo "not root: a full TMPDIR is not tested" >&2
    return
  fi
  mkdir small
  in_small() {
    local status=0
    # shellcheck disable=SC2016 # for the inner shell
    TMPDIR=$folder/small unshare --mount sh -c 'mount -t tmpfs -o "size=$0" tmpfs "$TMPDIR" && exec "$@"' "$@" \
      </dev/null >small.out 2>small.err || status=$?
    echo "$status"
  }
  expect_equal "a full TMPDIR" 125 "$(in_small 1m "$with_kvm" /bin/true)"
  expect_contains "a full TMPDIR" small.err "cannot write the machine's files below $folder/small"
  # Such a machine must not wait for room.
  expect_equal "output that does not fit" 125 \
    "$(in_small 64m "$with_kvm" --timeout 60 /bin/dd if=/dev/zero bs=1M count=72)"
  expect_contains "output that does not fit" small.err "$folder/small is full: what the program writes does not fit"
  expect_equal "a file that does not fit" 125 \
    "$(in_small 64m "$with_kvm" --timeout 60 --out /big /bin/dd if=/dev/zero of=/big bs=1M count=72)"
  expect_contains "a file that does not fit" small.err "$folder/small is full: what the program writes does not fit"
}

"$with_kvm" --prepare
build_probe
# Several machines at a time: they must not disturb each other, and it is quicker.
start_bytes_test
test_processors
test_slow_output
test_refusals
test_interrupt_and_failed_boot
test_own_failures
finish_bytes_test
start_libraries_test
start_endings
finish_endings
finish_libraries_test
expect_nothing_left endings
start_interruptions
finish_interruptions
expect_nothing_left interruptions

if ((failures > 0)); then
  printf '%d checks failed\n' "$failures" >&2
  exit 1
fi
echo "passed"
