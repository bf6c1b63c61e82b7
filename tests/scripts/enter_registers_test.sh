#!/bin/bash
# That zx_vcpu_enter of an optimised libzircon.so keeps the caller's vector registers on every way: its own code has no
# instruction that names one, and it calls nothing but functions that keep them (base/vector_registers.h).
# usage: tests/scripts/enter_registers_test.sh LIBRARY_DIR    (where libzircon.so is)
# Shows: VCPU-ENTER-24
set -euo pipefail

export LC_ALL=C
readonly library=$1/libzircon.so

code=$(objdump --disassemble=_zx_vcpu_enter --demangle --no-show-raw-insn -- "$library" | grep -E '^ +[0-9a-f]+:')
if ! grep -q 'syscall' <<<"$code"; then
  echo "enter_registers_test: skipped: nothing is inlined, so that all is kept around"
  exit 77
fi
# By a jump as well, out of the function.
wrong=$(grep -E '%[xyz]mm|\bcall|jmp.*<' <<<"$code" | grep -vE '<_zx_vcpu_enter(\+0x[0-9a-f]+)?>|KeepingVectors<' || true)
if [[ -n $wrong ]]; then
  printf 'FAIL: in zx_vcpu_enter:\n%s\n' "$wrong" >&2
  exit 1
fi
echo "enter_registers_test: passed"
