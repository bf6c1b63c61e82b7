#!/bin/bash
# What the built libraries show to programs: zx_*, _zx_* and zircon_kvm_*, each zx_NAME the same function as _zx_NAME and
# weak, every call of the headers in both generations, and nothing else.
# usage: tests/scripts/symbols_test.sh LIBRARY_DIR    (where libzircon.so is; libzircon.a is looked at if it is there)
# Shows: ABI-2 ABI-3 ABI-4 GEN-2
set -euo pipefail

export LC_ALL=C
library_dir=$1
headers=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../../include")
# shellcheck source=tests/scripts/lib/mistakes.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/mistakes.sh"

# symbols FILE OPTION...: "address type name" of what is defined.
symbols() {
  # A version is no function.
  nm --defined-only "${@:2}" -- "$1" | awk 'NF == 3 && $2 != "A" {sub(/@.*/, "", $3); print}'
}

# declared: the names that the headers give programs, a line each; of a call that differs in 2018 also that one's.
declared() {
  # A declaration up to its semicolon as one line; what is before it on the line goes.
  cat -- "$headers"/zircon/calls/*.h "$headers"/zircon/{status,threads}.h "$headers"/zircon-kvm/{debug,host}.h |
    sed 's,//.*,,' | tr '\n' ' ' | tr ';' '\n' |
    sed -nE '/ZX_DETAIL_CALL/ { s/.*[ *](zx_[a-z0-9_]+|zircon_kvm_[a-z0-9_]+)\(.*ZX_DETAIL_CALL(_2018)?.*/\1 \2/; p }' |
    while read -r name generation; do
      echo "$name"
      [[ $name != zx_* ]] || echo "_$name"
      [[ -z $generation ]] || printf '%s\n' "${name}_2018" "_${name}_2018"
    done
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
  while read -r name; do
    [[ -n ${address_of[$name]:-} ]] || fail "$file: there is no $name, which the headers declare"
    unset "address_of[$name]"
  done <<<"$calls"
  for name in "${!address_of[@]}"; do
    [[ $name =~ ^_?zx_(time|duration)_ ]] || fail "$file: the headers declare no $name"
  done
  ((count > 25)) || fail "$file: only $count calls"
  while read -r _ type name; do
    [[ $name != zx_* || $type == W ]] || fail "$file: $name is not weak"
    [[ $name != _zx_* || $type == T ]] || fail "$file: $name can be replaced"
  done < <(symbols "$@")
}

calls=$(declared)

check "$library_dir/libzircon.so" --dynamic
if [[ -f $library_dir/libzircon.a ]]; then
  check "$library_dir/libzircon.a" --extern-only
fi

if ((mistakes > 0)); then
  echo "symbols_test: $mistakes failed" >&2
  exit 1
fi
echo "symbols_test: passed"
