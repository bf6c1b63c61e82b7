#!/bin/sh
# shellcheck shell=sh disable=SC2016 # what is in single quotes is awk's
# Runs the pairs of bench/console, which calls this in the nested environment, and says how each guest wrote its lines: a
# line each on standard output, with tabs between: name, nanoseconds, exits, lines that arrived.
# usage: inside.sh PAIRS QEMU

pairs=$1 qemu=$2

b=/.with-kvm/busybox
commandline="console=ttyS0 panic=-1 quiet"

$b mount -t debugfs debugfs /sys/kernel/debug
$b mkdir -p /work
cd /work || exit 1

exits() {
  $b cat /sys/kernel/debug/kvm/*-*/exits 2>/dev/null | $b awk '{ n += $1 } END { print n + 0 }'
}

# until_said WORDS: or the monitor is gone.
until_said() {
  until $b grep -q "^console: $1" output || ! kill -0 $monitor 2>/dev/null; do
    $b sleep 0.2
  done
}

# run NAME COMMAND...
run() {
  name=$1
  shift
  # Into a file, so that no reader has a part in it.
  : >output
  "$@" </dev/null >output 2>errors &
  monitor=$!
  until_said begins
  before=$(exits)
  until_said took
  after=$(exits)
  wait $monitor
  took=$($b sed -n 's/^console: took \([0-9]*\).*/\1/p' output)
  if [ -z "$took" ]; then
    echo "$name did not write its lines" >&2
    $b grep -v "^line " output >&2
    $b cat errors >&2
    return
  fi
  printf '%s\t%s\t%s\t%s\n' "$name" "$took" $((after - before)) "$($b grep -c '^line ' output)"
}

while [ "$pairs" -gt 0 ]; do
  run zvmm /boot/zvmm --kernel /boot/vmlinuz --initrd /boot/initramfs --memory 256 --cmdline "$commandline"
  run qemu "$qemu" -M microvm,pcie=on,isa-serial=on,pit=on,pic=on,rtc=on -accel kvm -cpu host -m 256 \
    -nodefaults -no-user-config -display none -no-reboot \
    -chardev stdio,id=console,mux=on,signal=off -serial chardev:console \
    -device virtio-serial-pci -device virtconsole,chardev=console \
    -kernel /boot/vmlinuz -initrd /boot/initramfs -append "$commandline"
  pairs=$((pairs - 1))
done
