#!/bin/bash
# What bench/report makes of what was counted: what has grown is found, and the page tells what is met.
set -euo pipefail
export LC_ALL=C

repository=$(realpath -- "$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")/../..")
parts=$repository/bench/report_parts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# row KEY FIGURE VALUE [LOW HIGH [BUDGET]]
row() {
  printf '%s\t%s\t\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" "${5:-}" "${6:-}"
}

# expect WHAT WANTED GOT
expect() {
  [[ $2 == "$3" ]] || {
    printf 'FAILED: %s\n' "$1" >&2
    diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") >&2 || true
    exit 1
  }
}

printf '# words\nsame 100\nwithin 100\ngrown 100\nless 100\nzero 0\ngone 5\n' >"$work/recorded"
{
  row same 'a' 100
  row within 'b' 102
  row grown 'c' 103
  row less 'd' 97
  row zero 'e' 1
  row new 'f' 1
} >"$work/rows"
expect 'what has grown by more than 2 %, is new or is gone fails' \
  'FAILED gone
FAILED grown
FAILED new
FAILED zero
less less
passed same
passed within' "$(awk -f "$parts/compare.awk" "$work/recorded" "$work/rows" | awk '{ print $1, $2 }' | sort)"

printf 'date\t2026-01-01\n' >"$work/host"
{
  row out.added 'OUT: instructions added' 301 '' '' 300
  row in.added 'IN: instructions added' 400 '' '' 400
  row read_state.added 'read_state: instructions added' 119
} >"$work/exits"
# The bound counts, not the median.
row channel.ratio 'channel ÷ twin' 0.19 0.18 0.21 0.2 >"$work/objects"
page=$(cd "$work" && awk -f "$parts/page.awk" host exits objects)
expect 'the page sums budgets up' '**1 of 3 budgets are met.**' "$(grep -o '^\*\*.*met\.\*\*' <<<"$page")"
expect 'the page has a row for each figure, and first those that are missed' \
  '| OUT: instructions added | 301 | 300 | **missed** |
| channel ÷ twin | 0.19 (0.18–0.21) | 0.2 | **missed** |
| OUT: instructions added | 301 | 300 | **missed** |
| IN: instructions added | 400 | 400 | met |
| read_state: instructions added | 119 |  |  |
| channel ÷ twin | 0.19 (0.18–0.21) | 0.2 | **missed** |' "$(grep '^| [^|]' <<<"$page" | grep -v measured)"
printf 'passed\n'
