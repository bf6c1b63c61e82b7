#!/bin/sh
# zvmm --gdb and Debian's gdb, and zvmm --trace, where there is a KVM. What they say is the caller's to look at.
# usage: gdb_runs.sh ZVMM KERNEL ELF GDB TRACE     KERNEL: examples/zbi-kernel; TRACE is written
# For a busybox shell too.

zvmm=$1 kernel=$2 elf=$3 gdb=$4 trace=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/commands" <<'END'
set pagination off
set confirm off
set debuginfod enabled off
set remotetimeout 120
target remote GDB_SOCKET
info threads
break KernelMain
continue
bt
stepi
stepi
info registers rip
print/x *(unsigned int *)$rdi
break TurnOff
continue
bt
finish
END
sed -i "s,GDB_SOCKET,$work/socket," "$work/commands"

"$zvmm" --kernel "$kernel" --memory 16 --cmdline gdb --gdb "unix=$work/socket" >"$work/output" 2>&1 </dev/null &
process=$!
until [ -S "$work/socket" ] || ! kill -0 $process 2>/dev/null; do sleep 1; done
timeout -s KILL 400 "$gdb" -q -nx -batch -x "$work/commands" "$elf" 2>&1
# The guest has turned its machine off under gdb's eyes.
wait $process
echo "zvmm with gdb: status $?"
cat "$work/output"

# What is not the protocol's: it is answered, the machine lives, and the next one is served.
"$zvmm" --kernel "$kernel" --memory 16 --cmdline wild --gdb "unix=$work/socket" >"$work/output" 2>&1 </dev/null &
process=$!
until [ -S "$work/socket" ] || ! kill -0 $process 2>/dev/null; do sleep 1; done
printf '%s' 'set remotetimeout 120
target remote SOCKET
maintenance packet m,,
maintenance packet Z9zz
maintenance packet vCont;zz
detach
' | sed "s,SOCKET,$work/socket," >"$work/commands"
timeout -s KILL 400 "$gdb" -q -nx -batch -x "$work/commands" "$elf" 2>&1
wait $process
echo "zvmm after a wild gdb: status $?"

"$zvmm" --kernel "$kernel" --memory 16 --cmdline trace --trace "$trace" >"$work/output" 2>&1 </dev/null
echo "zvmm with a trace: status $?"
