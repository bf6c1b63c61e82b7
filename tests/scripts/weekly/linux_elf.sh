#!/bin/bash
# zvmm boots the ELF file that is packed in Debian's kernel image, its vmlinux: by its PVH entry, and with the note that
# names that taken away by its 64-bit entry. In the nested environment.
# usage: tests/scripts/weekly/linux_elf.sh LIBRARY_DIR    (build/<preset>/src; exit status 77: cannot be tested here)
set -euo pipefail

# shellcheck source=tests/scripts/lib/zvmm_linux.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/zvmm_linux.sh"
begin_zvmm_linux "$1" lz4 python3

python3 - "$nested_kernel" "$work/pvh" "$work/plain" <<'END'
import struct
import subprocess
import sys

image = open(sys.argv[1], "rb").read()
# setup_sects, payload_offset and payload_length of the boot protocol.
start = (image[0x1F1] + 1) * 512 + struct.unpack_from("<I", image, 0x248)[0]
packed = image[start:start + struct.unpack_from("<I", image, 0x24C)[0] - 4]  # behind it: how long it is unpacked
assert packed.startswith(b"\x02\x21\x4c\x18"), "not by LZ4"
elf = bytearray(subprocess.run(["lz4", "-dc"], input=packed, stdout=subprocess.PIPE, check=True).stdout)
open(sys.argv[2], "wb").write(elf)
table, size, count = (struct.unpack_from(form, elf, at)[0] for form, at in (("<Q", 32), ("<H", 54), ("<H", 56)))
for i in range(count):
    if struct.unpack_from("<I", elf, table + i * size)[0] == 4:  # PT_NOTE
        struct.pack_into("<I", elf, table + i * size, 0)
open(sys.argv[3], "wb").write(elf)
END

cat >"$work/root/init" <<'END'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
$b mount -t proc proc /proc
exec </dev/null >/dev/console 2>&1
echo "command line: $($b cat /proc/cmdline)"
$b dmesg | $b grep -E 'ACPI: RSDP|x2apic|PVH' | $b sed 's/^.*\] /dmesg: /'
$b poweroff -f
END
pack_initramfs

for kind in pvh plain; do
  run_nested "$kind" --timeout 250 --file "$zvmm" --file "$work/$kind:/demo/vmlinux" \
    --file "$work/initramfs:/demo/initramfs" "$zvmm" --memory 256 --kernel /demo/vmlinux --initrd /demo/initramfs \
    --cmdline "console=ttyS0 quiet panic=-1 kind=$kind"
  says 1 "command line: console=ttyS0 quiet panic=-1 kind=$kind"
done
finish "ELF kernels"
