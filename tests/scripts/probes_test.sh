#!/bin/bash
# The USDT probes of the built libraries: each that docs/site/guides/probes.md lists is there, with as many arguments, and no
# other; each is a nop and none has a flag that would have to be looked at first.
# usage: tests/scripts/probes_test.sh LIBRARY_DIR    (build/<preset>/src; exit status 77: built without probes)
# Shows: INSTALL-11
set -euo pipefail

export LC_ALL=C
library_dir=$1
guide=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../../docs/site/guides/probes.md")
# shellcheck source=tests/scripts/lib/mistakes.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/mistakes.sh"

# documented: "name arguments" of each row; arguments are told apart by semicolons.
documented() {
  awk -F ' *[|] *' '$2 ~ /^`[a-z_]+`$/ && NF == 5 { gsub(/`/, "", $2); print $2, split($4, parts, ";") }' "$guide" | sort
}

# probes FILE: "name arguments address semaphore" of each place.
probes() {
  readelf --wide --notes -- "$1" | awk '
    /Provider:/ { provider = $NF }
    /^ *Name:/ { name = $2 }
    /^ *Location:/ { place = $2; semaphore = $NF; sub(/,$/, "", place) }
    /^ *Arguments:/ { if (provider == "zircon_kvm") print name, NF - 1, place, semaphore }'
}

check() {
  local file=$1 found
  found=$(probes "$file")
  if ! diff <(documented) <(cut -d ' ' -f 1,2 <<<"$found" | sort -u) >&2; then
    fail "$file has other probes than the guide lists"
  fi
  while read -r name _ place semaphore; do
    [[ $semaphore =~ ^0x0+$ ]] || fail "$file: $name has a semaphore"
    # Places in an archive's member are the linker's to know.
    [[ $file != *.so ]] || is_nop "$file" "$place" || fail "$file: $name at $place is no nop"
  done <<<"$found"
}

is_nop() {
  objdump --disassemble --no-show-raw-insn --start-address="$2" --stop-address=$(($2 + 1)) -- "$1" |
    awk '/^ *[0-9a-f]+:\t/ { nop = $2 == "nop" } END { exit !nop }'
}

if [[ -z $(probes "$library_dir/libzircon.so") ]]; then
  echo "the library has no probes: built with ZIRCON_PROBES=OFF?"
  exit 77
fi
check "$library_dir/libzircon.so"
[[ ! -e $library_dir/libzircon.a ]] || check "$library_dir/libzircon.a"

((mistakes == 0)) || exit 1
echo "probes: passed"
