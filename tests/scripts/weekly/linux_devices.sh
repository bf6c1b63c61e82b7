#!/bin/bash
# A stock Linux in zvmm with two processors and a disk: it boots without a warning, a processor goes off line and returns,
# the disk is taken off the PCI bus and found again, the real-time clock interrupts. In the nested environment.
# usage: tests/scripts/weekly/linux_devices.sh LIBRARY_DIR [KERNEL MODULES]    (build/<preset>/src; exit status 77: cannot
# be tested here). KERNEL and MODULES, a folder, are the nested environment's if not given.
set -euo pipefail

# shellcheck source=tests/scripts/lib/zvmm_linux.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/zvmm_linux.sh"
begin_zvmm_linux "$1" cc
readonly kernel=${2:-$nested_kernel} modules=${3:-$(dirname -- "$nested_kernel")/demo}

cp -- "$modules"/*.ko "$work/root/modules/"
cc -static -O1 -o "$work/root/bin/rtc" "$repository/tests/zvmm/guest/rtc.c"
cat >"$work/root/init" <<'END'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
exec </dev/null >/dev/console 2>&1
for module in /modules/*.ko; do
  $b insmod "$module"
done

# Where a program runs: field 39 of its stat.
on_processor() {
  $b taskset "$1" $b sh -c "$b cut -d ' ' -f 39 /proc/self/stat"
}
cpu=/sys/devices/system/cpu/cpu1/online
echo "processors: $($b cat /sys/devices/system/cpu/online)"
for _ in 1 2 3; do
  echo 0 >$cpu
  echo "without one: $($b cat /sys/devices/system/cpu/online)"
  echo 1 >$cpu
  echo "with it again: $($b cat /sys/devices/system/cpu/online), on processor $(on_processor 2)"
done

disk() {
  tries=50
  until [ -b /dev/vda ] || [ $((tries -= 1)) -lt 0 ]; do
    $b sleep 0.1
  done
  $b dd if=/dev/vda bs=512 count=1 2>/dev/null | $b head -c 6
}
device=$($b basename "$($b readlink -f /sys/class/block/vda/device/..)")
echo "disk: $(disk)"
for _ in 1 2 3; do
  echo 1 >"/sys/bus/pci/devices/$device/remove"
  [ ! -e /dev/vda ] && echo "disk: gone"
  echo 1 >/sys/bus/pci/rescan
  echo "disk: $(disk)"
done

/bin/rtc
$b grep 'rtc0$' /proc/interrupts

/bin/warnings
$b poweroff -f
END
pack_initramfs
printf 'letter' >"$work/disk"
truncate --size 1M "$work/disk"

for interrupts in library kernel; do
  run_nested "Linux, APICs of the $interrupts" --timeout 250 --file "$zvmm" --file "$kernel:/demo/vmlinuz" \
    --file "$work/initramfs:/demo/initramfs" --file "$work/disk:/demo/disk" \
    "$zvmm" --memory 256 --cpus 2 --interrupts "$interrupts" --kernel /demo/vmlinuz --initrd /demo/initramfs --disk /demo/disk \
    --cmdline 'console=ttyS0 quiet panic=-1'
  says 1 'processors: 0-1'
  says 3 'without one: 0'
  says 3 'with it again: 0-1, on processor 1'
  says 4 'disk: letter'
  says 3 'disk: gone'
  says 1 'rtc: 3 updates'
  says 1 'rtc: alarm'
  says 1 ' *8: .*rtc0'
  no_warnings
done
finish "zvmm and Linux"
