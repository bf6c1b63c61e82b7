#!/bin/busybox sh
# shellcheck shell=sh
# The first process of a guest that writes to its virtio console: /lines, one write for each line of 64 bytes.

b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
$b mount -t proc proc /proc
exec </dev/null >/dev/console 2>&1
for module in /*.ko; do
  $b insmod "$module"
done
# In nanoseconds.
now() {
  $b sed -n '/^now at /{s/now at \([0-9]*\) nsecs/\1/p;q}' /proc/timer_list
}
# The host looks how often the guest has stopped before the writes and behind them.
echo "console: begins"
$b sleep 2
before=$(now)
$b dd bs=64 if=/lines of=/dev/hvc0 2>/dev/null
after=$(now)
echo "console: took $((after - before))"
$b sleep 2
$b poweroff -f
