#!/bin/bash
# A stock Linux that may use neither the local APIC's timer nor KVM's clock boots in zvmm by the interrupts of the 8254,
# and of the HPET where there is one; and it reads the SMBIOS tables. In the nested environment.
# usage: tests/scripts/zvmm_clock_test.sh LIBRARY_DIR    (build/<preset>/src; exit status 77: cannot be tested here)
set -euo pipefail

# shellcheck source=tests/scripts/lib/zvmm_linux.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/zvmm_linux.sh"
begin_zvmm_linux "$1"

cat >"$work/root/init" <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox sleep 1
/bin/busybox grep -E 'timer|LOC' /proc/interrupts
echo "clock: $(/bin/busybox cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
echo "events: $(/bin/busybox cat /sys/devices/system/clockevents/clockevent0/current_device)"
echo "maker: $(/bin/busybox cat /sys/class/dmi/id/sys_vendor)"
/bin/busybox poweroff -f
END
pack_initramfs

# boot NAME OPTION...
boot() {
  run_nested "$1" --timeout 250 --file "$nested_kernel:/demo/vmlinuz" --file "$work/initramfs:/demo/initramfs" \
    "$zvmm" "${@:2}" --memory 128 --kernel /demo/vmlinuz --initrd /demo/initramfs \
    --cmdline 'console=ttyS0 quiet panic=-1 nolapic_timer no-kvmclock tsc=unstable'
}

boot 'the 8254'
says 1 ' *0: +[0-9]{3,} +IO-APIC +2-edge +timer'
says 1 'LOC: +0 .*'
says 1 'events: pit'
says 1 'maker: QEMU'
boot 'the HPET' --hpet
says 1 ' *0: +[0-9]{3,} +IO-APIC +2-edge +timer'
says 1 'LOC: +0 .*'
says 1 'clock: hpet'
says 1 'events: hpet'
finish "zvmm's clocks"
