#!/bin/bash
# The binary interface is the recorded one (tests/abi/recorded), and scripts/abi notices what breaks programs.
# usage: tests/scripts/abi_test.sh LIBRARY_DIR    (build/<preset>/src)
# Shows: ABI-2 ABI-3 ABI-5 GEN-1 INSTALL-6
set -euo pipefail

export LC_ALL=C
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
library=$(realpath -- "$1/libzircon.so")
readonly library
cache=$(dirname -- "$library")/../CMakeCache.txt
readonly recorded=$repository/tests/abi/recorded
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mistakes=0

skip() {
  echo "$*"
  exit 77
}

type -P abidw >/dev/null || skip "abidw is not installed (scripts/install-packages test)"
# Other compilers and sanitizers describe the same types in other words.
! grep -qE '^ZIRCON_SANITIZE:[A-Z]*=.|^ZIRCON_COVERAGE:BOOL=ON|^CMAKE_CXX_COMPILER:[A-Z]*=.*clang' "$cache" ||
  skip "not an ordinary build by gcc"

# expect STATUS WORDS OPTION...: what scripts/abi gives, and a piece of what it prints.
expect() {
  local status=0 printed
  printed=$("$repository/scripts/abi" --library "$library" "${@:3}" 2>&1) || status=$?
  if [[ $status != "$1" || $printed != *"$2"* ]]; then
    printf 'FAIL: line %s: expected status %s and "%s", got %s and:\n%s\n' \
      "${BASH_LINENO[0]}" "$1" "$2" "$status" "$printed" >&2
    mistakes=$((mistakes + 1))
  fi
}

# with_headers SED_SCRIPT FILE: $work/include as the headers, with that change.
with_headers() {
  rm -rf -- "$work/include"
  cp -r -- "$repository/include" "$work/include"
  sed -i -E "$1" "$work/include/$2"
  ! cmp -s -- "$work/include/$2" "$repository/include/$2" || { echo "nothing to change in $2" >&2 && exit 1; }
}

# with_record SED_SCRIPT FILE: $work/recorded as the record, with that change.
with_record() {
  rm -rf -- "$work/recorded"
  cp -r -- "$recorded" "$work/recorded"
  sed -i -E "$1" "$work/recorded/$2"
  ! cmp -s -- "$work/recorded/$2" "$recorded/$2" || { echo "nothing to change in $2" >&2 && exit 1; }
}

expect 0 "as recorded"
if ((mistakes > 0)); then
  echo "abi_test: the binary interface differs" >&2
  exit 1
fi

# A member that changes its name, its size, or its place, in one generation.
with_headers 's/uint64_t live_handles;/uint64_t open_handles;/; /MEMBER.*live_handles/d' zircon-kvm/host.h
expect 1 "live_handles" --headers "$work/include"
with_headers 's,uint8_t inst_buf\[[^]]*\],uint8_t code[15],; /MEMBER.*inst_buf/d' zircon/syscalls/hypervisor.h
expect 1 "== types-2018.abi" --headers "$work/include"
with_headers 's/^typedef uint32_t zx_rights_t;/typedef int32_t zx_rights_t;/' zircon/types.h
expect 1 "zx_rights_t" --headers "$work/include"
# A number.
with_headers 's/^(#define ZX_ERR_BAD_STATE) .*/\1 (-21)/' zircon/errors.h
expect 1 "+ZX_ERR_BAD_STATE (-21)" --headers "$work/include"
# A new type and a new macro.
with_headers 's/^typedef uint32_t zx_rights_t;/&\ntypedef uint8_t zx_flavour_t;/' zircon/types.h
expect 1 "type_zx_flavour_t" --headers "$work/include"
with_headers 's/^#define ZX_ERR_BAD_STATE /#define ZX_ERR_BAD_TASTE (-99)\n&/' zircon/errors.h
expect 1 "+ZX_ERR_BAD_TASTE (-99)" --headers "$work/include"
# A call that is gone, one that is not recorded, and one whose argument has another type.
with_record "s/(name|id)='_zx_vmo_read('|@)/\1='_zx_vmo_look\2/g" library.abi
expect 1 "_zx_vmo_look" --recorded "$work/recorded"
with_record "/<elf-symbol name='_?zx_vmo_read'/d" library.abi
expect 1 "_zx_vmo_read" --recorded "$work/recorded"
with_record "/name='zx_vcpu_kick'|name='_zx_vcpu_kick'/,/<\/function-decl>/ s/(<parameter type-id=')[0-9a-f]+/\1b59d7dce/" \
  library.abi
expect 1 "zx_vcpu_kick" --recorded "$work/recorded"

if ((mistakes > 0)); then
  echo "abi_test: $mistakes failed" >&2
  exit 1
fi
echo "abi_test: passed"
