#!/bin/busybox sh
# shellcheck shell=sh
# The first process of the demo's guest: says which guest this is, runs a 32-bit program, shows that time advances,
# reads and writes its disk, turns the machine off.
# The host side, scripts/demo, reads the lines that begin with "demo:".

b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
$b mount -t proc proc /proc
exec </dev/null >/dev/console 2>&1

# The kernel's own lines would come between; its last one, "reboot: Power down", is wanted, and is of level "emergency".
echo 1 >/proc/sys/kernel/printk

timer_interrupts() {
  # shellcheck disable=SC2016 # awk expands it
  # "LOC:  123  456   Local timer interrupts", a column per processor.
  $b awk '/^ *LOC:/ { sum = 0; for (i = 2; $i ~ /^[0-9]+$/; ++i) sum += $i; print sum }' /proc/interrupts
}

# The last line of the initramfs's own making: only this run of scripts/demo knows it.
echo "demo: nonce $($b cat /nonce)"
echo "demo: kernel $($b uname -r)"
echo "demo: processor $($b sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | $b head -n 1)"
echo "demo: call32 $(/bin/call32)"
echo "demo: processors $($b grep -c ^processor /proc/cpuinfo)"
before=$(timer_interrupts)
read -r uptime _ </proc/uptime
echo "demo: sleeping"
$b sleep 1
echo "demo: awake"
read -r uptime_after _ </proc/uptime
echo "demo: slept $($b awk "BEGIN { print $uptime_after - $uptime }")"
echo "demo: timer interrupts $(($(timer_interrupts) - before))"
for module in /modules/*.ko; do
  $b insmod "$module"
done
# A disk is looked through after its driver has come.
tries=50
until [ -b /dev/vda ] || [ $((tries -= 1)) -lt 0 ]; do
  $b sleep 0.1
done
$b mount -t ext4 /dev/vda /disk
echo "demo: letter $($b cat /disk/letter)"
echo "answer to $($b cat /disk/letter)" >/disk/answer
$b umount /disk
# Opened before anybody is asked to speak: the driver drops what comes before it is ready.
exec 3<>/dev/hvc0
echo "demo: listening" >&3
read -r told <&3
echo "demo: hvc0 $told" >&3
echo "demo: turning the machine off"
$b poweroff -f
