#!/bin/bash
# One trap is one KVM_RUN and no other ioctl: counts the ioctls of `hello --writes N` for two N.
#
#   ioctl_count_test.sh HELLO
#
# Exit status 77 means that it cannot be tested here.
set -euo pipefail
export LC_ALL=C

readonly SKIP=77
readonly FEW=1000
readonly MANY=100000

hello=${1:?the path of hello}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
  printf 'skipped: %s\n' "$1"
  exit "$SKIP"
}

fail() {
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}

command -v strace > /dev/null || skip 'strace is not installed'
"$hello" > "$work/hello" 2>&1 || skip "hello does not run here: $(tail -n 1 "$work/hello")"
strace -f -e trace=ioctl -o "$work/probe" true 2> /dev/null || skip 'strace may not trace here'

# count N: one line for each kind of KVM ioctl, "NAME COUNT".
count() {
  strace -f -e trace=ioctl -o "$work/trace" "$hello" --writes "$1" > /dev/null
  # A call that another thread's line cuts in two is there twice; its first part counts.
  grep -o 'ioctl([0-9]*, KVM_[A-Z0-9_]*' "$work/trace" | sed 's/.*, //' | sort | uniq -c |
    awk '{ print $2, $1 }' > "$work/count.$1"
}

runs() {
  awk '$1 == "KVM_RUN" { print $2 }' "$work/count.$1"
}

count "$FEW"
count "$MANY"
grown=$(($(runs "$MANY") - $(runs "$FEW")))
printf 'KVM_RUN: %s for %s traps, %s for %s\n' "$(runs "$FEW")" "$FEW" "$(runs "$MANY")" "$MANY"
((grown == MANY - FEW)) || fail "KVM_RUN grows by $grown, not by $((MANY - FEW))"
if ! diff <(grep -v '^KVM_RUN ' "$work/count.$FEW") <(grep -v '^KVM_RUN ' "$work/count.$MANY"); then
  fail 'other ioctls grow with the number of traps'
fi
printf 'passed\n'
