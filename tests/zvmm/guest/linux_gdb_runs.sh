#!/bin/sh
# gdb and a Linux in zvmm --gdb, where there is a KVM. What they say is the caller's to look at:
# tests/scripts/weekly/linux_gdb.sh, which has put kernel, initramfs and symbols into /demo.
# usage: linux_gdb_runs.sh ZVMM GDB
# For a busybox shell too.

zvmm=$1 gdb=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ip link set lo up

# debug ADDRESS_OF_ZVMM ADDRESS_OF_GDB
debug() {
  mkfifo "$work/input"
  "$zvmm" --kernel /demo/vmlinuz --initrd /demo/initramfs --memory 256 --cpus 2 \
    --cmdline "console=ttyS0 quiet nokaslr panic=-1" --gdb "$1,nowait" <"$work/input" >"$work/output" 2>&1 &
  process=$!
  exec 3>"$work/input"
  until grep -q '^guest: begins' "$work/output" || ! kill -0 $process; do sleep 1; done
  cat >"$work/commands" <<END
set pagination off
set confirm off
set debuginfod enabled off
set remotetimeout 120
target remote $2
info threads
break do_sys_openat2
continue
bt
delete
thread apply all -s bt
shell (sleep 5; kill -INT \$PPID) &
continue
info registers rip
detach
END
  timeout -s KILL 400 "$gdb" -q -nx -batch -x "$work/commands" /demo/vmlinux 2>&1
  echo end >&3
  exec 3>&-
  wait $process
  echo "zvmm with gdb by $1: status $?"
  cat "$work/output"
  rm "$work/input"
}

debug "unix=$work/socket" "$work/socket"
debug tcp=1234 127.0.0.1:1234
