#!/bin/bash
# A stock Linux 6.1 and a 6.12 boot in zvmm, with one processor and with two, without a warning; and with too little memory
# for its kernel zvmm says how much it takes. In the nested environment.
# usage: tests/scripts/weekly/linux_warnings.sh LIBRARY_DIR    (build/<preset>/src; exit status 77: cannot be tested here)
set -euo pipefail

# shellcheck source=tests/scripts/lib/zvmm_linux.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/zvmm_linux.sh"
# shellcheck source=tests/scripts/lib/backports_kernel.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/backports_kernel.sh"
begin_zvmm_linux "$1" xz
prepare_backports_kernel

cat >"$work/root/init" <<'END'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
exec </dev/null >/dev/console 2>&1
for module in /modules/*.ko; do
  $b insmod "$module" || echo "$module is not inserted"
done
tries=50
until [ -b /dev/vda ] || [ $((tries -= 1)) -lt 0 ]; do
  $b sleep 0.1
done
echo "kernel: $($b uname -r)"
echo "processors: $($b cat /sys/devices/system/cpu/online)"
echo "disk: $($b head -c 6 /dev/vda)"
# The log has its beginning still.
$b dmesg | $b sed -n 's/^\[ *0.000000\] Linux version .*/the log is whole/p'
/bin/warnings
$b poweroff -f
END
printf 'letter' >"$work/disk"
truncate --size 1M "$work/disk"

for kernel in "$nested_kernel" "$backports_kernel"; do
  release=$(<"$(dirname -- "$kernel")/release")
  rm -f -- "$work"/root/modules/*
  cp -- "$(dirname -- "$kernel")"/demo/*.ko "$work/root/modules/"
  pack_initramfs
  for cpus in 1 2; do
    run_nested "$release, $cpus" --timeout 250 --file "$zvmm" --file "$kernel:/demo/vmlinuz" \
      --file "$work/initramfs:/demo/initramfs" --file "$work/disk:/demo/disk" \
      "$zvmm" --memory 256 --cpus "$cpus" --kernel /demo/vmlinuz --initrd /demo/initramfs --disk /demo/disk \
      --cmdline 'console=ttyS0 quiet panic=-1'
    says 1 "kernel: ${release//[.+]/.}"
    says 1 "processors: $( ((cpus == 1)) && echo 0 || echo "0-$((cpus - 1))")"
    says 1 'disk: letter'
    says 1 'the log is whole'
    no_warnings
  done
done

# It is 72 MiB large when it has unpacked itself, and there is the initramfs.
for memory in 64 72; do
  status=0
  name="$release, $memory MiB"
  "$zvmm" --kernel "$backports_kernel" --initrd "$work/initramfs" --memory "$memory" >"$work/lines" 2>&1 </dev/null ||
    status=$?
  sed "s/^/$name: /" -- "$work/lines"
  ((status == 1)) || mistake "$name: status $status"
  says 1 "zvmm: the kernel and its initrd do not fit into the guest's memory: at least [0-9]+ MiB are needed \(--memory\)"
done

finish "Linux without warnings"
