#!/bin/bash
# Debian's gdb stops Debian's kernel in zvmm with two processors: a breakpoint at a function, a backtrace, a processor that
# is idle, Ctrl-C, detach; by a Unix socket, and by TCP. In the nested environment. The kernel's symbols, of its package
# -dbg, are 283 MB to fetch, so this runs once a week.
# usage: tests/scripts/weekly/linux_gdb.sh LIBRARY_DIR    (build/<preset>/src; exit status 77: cannot be tested here)
set -euo pipefail

# shellcheck source=tests/scripts/lib/zvmm_linux.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/zvmm_linux.sh"
begin_zvmm_linux "$1" gdb objcopy

# Functions and how to unwind them: of the debug information (600 MB) what `break` and `bt` take. Kept beside the kernel.
symbols=$(dirname -- "$nested_kernel")/vmlinux.symbols
if [[ ! -e $symbols ]]; then
  release=$(<"$(dirname -- "$nested_kernel")/release")
  (cd -- "$work" && apt-get -qq -o APT::Sandbox::User=root download "linux-image-$release-dbg") || {
    echo "linux-image-$release-dbg cannot be fetched"
    exit 77
  }
  dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work" "./usr/lib/debug/boot/vmlinux-$release"
  objcopy --only-keep-debug --remove-section='.debug_[!f]*' --remove-section='.rela*' \
    "$work/usr/lib/debug/boot/vmlinux-$release" "$work/symbols"
  rm -r -- "$work"/*.deb "${work:?}/usr"
  mv -- "$work/symbols" "$symbols"
fi

cat >"$work/root/init" <<'END'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t proc proc /proc
exec </dev/console >/dev/console 2>&1
echo "guest: begins"
until read -r -t 1 line; do
  read -r version </proc/version
done
echo "guest: goes on, and was told: $line"
/bin/busybox poweroff -f
END
pack_initramfs

# gdb reads its own Python files and those of the system's Python.
python=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
run_nested 'gdb' --timeout 900 --mem 3072 --file "$zvmm" --file "$(type -P gdb)" --file /usr/share/gdb \
  --file "$python" --file "$nested_kernel:/demo/vmlinuz" --file "$work/initramfs:/demo/initramfs" \
  --file "$symbols:/demo/vmlinux" "$repository/tests/zvmm/guest/linux_gdb_runs.sh" "$zvmm" "$(type -P gdb)"
says 2 '[* ] +1 +Thread 1 \(VCPU 0\).*'
says 2 '[* ] +2 +Thread 2 \(VCPU 1\).*'
says 2 'Thread [12] hit Breakpoint 1, .*do_sys_openat2.*'
says 2+ '#[0-9]+ .* in do_syscall_64 .*'
says 2 'Thread [12] received signal SIGINT.*'
says 2 'rip +0x.*'
says 2 '\[Inferior 1 \(.*\) detached\]'
says 2 'guest: goes on, and was told: end'
says 2 'zvmm with gdb by (unix|tcp)=.*: status 0'
finish "gdb and Linux"
