#!/bin/sh
# shellcheck shell=sh disable=SC2016 # what is in single quotes is awk's
# Boots the pairs of bench/boot, which calls this in the nested environment, and says what each boot took: a line each
# on standard output, with tabs between.

pairs=$1 memory=$2 cpus=$3 shmem=$4 thp=$5 user=$6 only=$7 work=$8 qemu=$9
shift 9

b=/.with-kvm/busybox
commandline="console=ttyS0 panic=-1"
huge=/sys/kernel/mm/transparent_hugepage

$b mount -t debugfs debugfs /sys/kernel/debug
echo "$shmem" >$huge/shmem_enabled
echo "$thp" >$huge/enabled
$b chmod 666 /dev/kvm
echo "root:x:0:0::/:/bin/sh
user:x:1000:1000::/:/bin/sh" >/etc/passwd
echo "root:x:0:
user:x:1000:" >/etc/group
$b mkdir -p /work
$b chmod 777 /work
cd /work || exit 1
$b mkfifo console

# sum FILE: of all machines there are; one is.
sum() {
  $b cat /sys/kernel/debug/kvm/*-*/"$1" 2>/dev/null | $b awk '{ n += $1 } END { print n + 0 }'
}

# Kilobytes of RAM, and of all else: RAM is what is mapped in one piece of its size, or shared with the guest.
memory_of() {
  $b awk -v ram="$((memory * 1024))" '
    /^[0-9a-f]+-[0-9a-f]+ / { shared = $2 ~ /s$/; is_ram = 0 }
    /^Size:/ { is_ram = $2 >= ram * 0.9 || (shared && $2 >= 2048) }
    /^Rss:/ { if (is_ram) { if ($2 > most) most = $2 } else beside += $2 }
    END { printf "%d\t%d", most, beside }' "/proc/$1/smaps"
}

now() {
  $b cut -d ' ' -f 1 /proc/uptime
}

# boot NAME COMMAND...
boot() {
  name=$1
  shift
  $b grep -m "$((work + 1))" -E 'boot: user space|^work: ' <console >said &
  reader=$!
  began=$(now)
  if [ "$user" != 0 ]; then
    program=$1
    shift
    set -- $b start-stop-daemon -S -c "$user:$user" -x "$program" -- "$@"
  fi
  "$@" </dev/null >console 2>errors &
  monitor=$!
  ($b sleep 600 && kill $reader) 2>/dev/null &
  watchdog=$!
  wait $reader
  ended=$(now)
  faults=$(sum pf_fixed) exits=$(sum exits)
  used=$(memory_of $monitor)
  kill $watchdog 2>/dev/null
  kill -KILL $monitor 2>/dev/null
  wait $monitor 2>/dev/null
  uptime=$($b sed -n 's/.*boot: user space \([0-9.]*\).*/\1/p' said)
  if [ -z "$uptime" ]; then
    echo "$name did not get to user space" >&2
    $b cat errors >&2
    return
  fi
  wall=$($b awk "BEGIN { printf \"%.2f\", $ended - $began }")
  worked=$($b sed -n 's/^work: \([0-9.]*\) \([0-9.]*\).*/\t\1\t\2/p' said)
  printf '%s\t%s\t%s\t%s\t%s\t%s%s\n' "$name" "$wall" "$uptime" "$faults" "$exits" "$used" "$worked"
}

zvmm() {
  boot zvmm /boot/zvmm --kernel /boot/vmlinuz --initrd /boot/initramfs --memory "$memory" --cpus "$cpus" \
    --cmdline "$commandline" "$@"
}

microvm() {
  boot microvm "$qemu" -M microvm,isa-serial=on,pit=on,pic=on,rtc=on -accel kvm -cpu host -m "$memory" -smp "$cpus" \
    -nodefaults -no-user-config -display none -serial stdio -no-reboot \
    -kernel /boot/vmlinuz -initrd /boot/initramfs -append "$commandline"
}

while [ "$pairs" -gt 0 ]; do
  [ "$only" = microvm ] || zvmm "$@"
  [ "$only" = zvmm ] || microvm
  pairs=$((pairs - 1))
done
