#!/bin/bash
# zvmm boots a Zircon boot image (examples/zbi-kernel), which says what it was given: on this machine's KVM, and in the
# nested environment.
# usage: tests/scripts/zbi_boot_test.sh LIBRARY_DIR    (build/<preset>/src; exit status 77: cannot be tested here)
set -euo pipefail

export LC_ALL=C
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
build=$(realpath -- "$1/..")
readonly build
readonly zvmm=$build/zvmm/zvmm kernel=$build/examples/zbi-kernel.zbi
work=$(mktemp -d)
readonly work
trap 'rm -rf -- "$work"' EXIT

if [[ ! -e $kernel ]]; then
  echo "there is no $kernel"
  exit 77
fi

mistakes=0 ran=0

fail() {
  printf 'FAIL: %s\n' "$1" >&2
  sed 's/^/  | /' -- "$work/output" >&2
  mistakes=$((mistakes + 1))
}

# check WORDS STATUS EXPECTED COMMAND...: the command's status and its whole output, without carriage returns.
check() {
  local words=$1 want=$2 expected=$3 status=0
  shift 3
  "$@" >"$work/output" 2>&1 </dev/null || status=$?
  ran=$((ran + 1))
  if [[ $status != "$want" ]]; then
    fail "$words: exit status $status, not $want"
  elif ! diff <(tr -d '\r' <"$work/output") - <<<"$expected" >"$work/difference"; then
    fail "$words: it says something else"
  fi
}

# report END_OF_RAM COMMAND_LINE RAMDISK
report() {
  local item line='zbi-kernel:'
  printf '%s command line: %s\n' "$line" "$2"
  for item in MEM_CONFIG E820_TABLE; do
    printf '%s %s: 0x0 to 0x9fc00: RAM\n' "$line" "$item"
    printf '%s %s: 0x9fc00 to 0xa0000: reserved\n' "$line" "$item"
    printf '%s %s: 0xe0000 to 0x100000: reserved\n' "$line" "$item"
    printf '%s %s: 0x100000 to %s: RAM\n' "$line" "$item" "$1"
  done
  printf '%s ACPI_RSDP: 0xe0000, tables FACP APIC\n' "$line"
  printf '%s ramdisk: %s\n' "$line" "$3"
  printf '%s turning the machine off\n' "$line"
}

printf 'the text of the ramdisk' >"$work/ramdisk"
head -c 20000000 /dev/zero | tr '\0' 'x' >"$work/large"

# Whether this machine's KVM runs guests at all is the smallest one's to say.
if timeout --kill-after=5 60 "$build/examples/hello" >/dev/null 2>&1; then
  check "host, small" 0 "$(report 0x1000000 'a "command" line' none)" \
    timeout --kill-after=5 60 "$zvmm" --kernel "$kernel" --memory 16 --cmdline 'a "command" line'
  check "host, with a ramdisk" 0 "$(report 0x8000000 '' '23 bytes: the text of the ramdisk')" \
    timeout --kill-after=5 60 "$zvmm" --kernel "$kernel" --memory 128 --cmdline '' --initrd "$work/ramdisk"
  check "host, with a large ramdisk" 0 \
    "$(report 0x2000000 large "20000000 bytes: $(printf 'x%.0s' {1..64})")" \
    timeout --kill-after=5 60 "$zvmm" --kernel "$kernel" --memory 32 --cmdline large --initrd "$work/large"
fi
if type -P qemu-system-x86_64 >/dev/null; then
  check "nested" 0 "$(report 0x8000000 nested '23 bytes: the text of the ramdisk')" \
    "$repository/scripts/with-kvm" --timeout 120 --file "$kernel:/boot/kernel" --file "$work/ramdisk:/boot/ramdisk" \
    "$zvmm" --kernel /boot/kernel --memory 128 --cmdline nested --initrd /boot/ramdisk
fi

# Before anything is run: these need no KVM.
check "a ramdisk that does not fit" 1 \
  'zvmm: the boot image and its ramdisk do not fit into the guest'\''s memory: at least 25 MiB are needed (--memory)' \
  timeout --kill-after=5 60 "$zvmm" --kernel "$kernel" --memory 16 --initrd "$work/large"
head -c 3000 "$kernel" >"$work/cut"
check "an image that is cut off" 1 \
  "zvmm: $work/cut: the boot image is damaged: at offset 0, the container has $(($(stat -c %s "$kernel") - 32)) bytes, \
and the file is cut off at 2968" \
  timeout --kill-after=5 60 "$zvmm" --kernel "$work/cut"
check "neither Linux nor Zircon" 1 \
  "zvmm: $work/large: not a Linux kernel image (bzImage or ELF) nor a Zircon boot image: it has no header of these" \
  timeout --kill-after=5 60 "$zvmm" --kernel "$work/large"

((mistakes == 0)) || exit 1
echo "zbi boot: $ran runs passed"
