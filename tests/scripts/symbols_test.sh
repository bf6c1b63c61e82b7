#!/bin/bash
# What the built libraries show to programs: zx_*, _zx_* and zircon_kvm_*, each zx_NAME the same function as _zx_NAME,
# weak in the static library, and nothing else.
# usage: tests/scripts/symbols_test.sh LIBRARY_DIR    (where libzircon.so is; libzircon.a is looked at if it is there)
# Shows: ABI-2 ABI-3 ABI-4
set -euo pipefail

export LC_ALL=C
library_dir=$1
mistakes=0

fail() {
  printf 'FAIL: %s\n' "$*" >&2
  mistakes=$((mistakes + 1))
}

# symbols FILE OPTION...: "address type name" of what is defined.
symbols() {
  # A version is no function.
  nm --defined-only "${@:2}" -- "$1" | awk 'NF == 3 && $2 != "A" {sub(/@.*/, "", $3); print}'
}

# check FILE OPTION...: names, and pairs at one address.
check() {
  local file=$1 address type name count=0
  local -A address_of=()
  while read -r address type name; do
    # Plain names: C linkage.
    [[ $name =~ ^(zx_|_zx_|zircon_kvm_)[a-z0-9_]+$ ]] || fail "$file shows $name"
    [[ $type == [TW] ]] || fail "$file: $name is no function but of type $type"
    address_of[$name]=$address
  done < <(symbols "$@")
  for name in "${!address_of[@]}"; do
    # zx_time_* and zx_duration_* are inline functions of <zircon/time.h>.
    [[ $name == zx_* && ! $name =~ ^zx_(time|duration)_ ]] || continue
    count=$((count + 1))
    [[ ${address_of[_$name]:-none} == "${address_of[$name]}" ]] || fail "$file: _$name is not $name"
  done
  for name in "${!address_of[@]}"; do
    [[ $name != _zx_* || -n ${address_of[${name#_}]:-} ]] || fail "$file: there is no ${name#_}"
  done
  ((count > 25)) || fail "$file: only $count calls"
}

check "$library_dir/libzircon.so" --dynamic
if [[ -f $library_dir/libzircon.a ]]; then
  check "$library_dir/libzircon.a" --extern-only
  while read -r _ type name; do
    [[ $name != zx_* || $type == W ]] || fail "libzircon.a: $name is not weak"
    [[ $name != _zx_* || $type == T ]] || fail "libzircon.a: $name can be replaced"
  done < <(symbols "$library_dir/libzircon.a" --extern-only)

  # A program's own zx_NAME, that reaches the library's.
  work=$(mktemp -d)
  trap 'rm -rf -- "$work"' EXIT
  cat >"$work/own.c" <<'C'
#include <stdint.h>
typedef int32_t zx_status_t;
zx_status_t _zx_handle_close(uint32_t handle);
zx_status_t zx_handle_close(uint32_t handle) { return handle == 0 ? 77 : _zx_handle_close(handle); }
int main(void) { return zx_handle_close(0) == 77 && zx_handle_close(3) == -11 ? 0 : 1; }
C
  cc "$work/own.c" -c -o "$work/own.o"
  read -ra libraries < <(pkg-config --libs absl_base absl_synchronization)
  if c++ "$work/own.o" "$library_dir/libzircon.a" -o "$work/own" "${libraries[@]}" -lspdlog -lfmt -lZydis -lpthread \
    2>"$work/linking"; then
    "$work/own" || fail "a program cannot have its own zx_handle_close"
  else
    echo "the program with its own zx_handle_close is left out: $(tail -1 "$work/linking")"
  fi
fi

if ((mistakes > 0)); then
  echo "symbols_test: $mistakes failed" >&2
  exit 1
fi
echo "symbols_test: passed"
