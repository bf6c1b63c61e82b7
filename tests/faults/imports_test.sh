#!/bin/bash
# Every function of the C library that the library calls can be made to fail (calls.inc), or stands in cannot_fail.txt.
# Shows: HOST-ERR-9
set -euo pipefail
export LC_ALL=C

folder=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
library=${1:?usage: imports_test.sh libzircon_internal.a}

# What is undefined in one object and defined in none; C++'s own, Zydis's and the sanitizers' names aside.
imported() {
  nm --undefined-only --format=posix "$library" | awk 'NF > 1 { print $1 }' | sort -u
}
defined() {
  nm --defined-only --format=posix "$library" | awk 'NF > 1 { print $1 }' | sort -u
}
known() {
  sed -n 's/^HOST_CALL(\([a-z_0-9]*\).*/\1/p' "$folder/calls.inc"
  sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$folder/cannot_fail.txt"
  echo syscall
}

unknown=$(comm -23 <(comm -23 <(imported) <(defined)) <(known | sort -u) |
  grep -vE '^(_Z|__cxa_|_Unwind_|__gxx_|Zydis|Zycore|__asan|__tsan|__ubsan|__lsan|__sanitizer|__gcov|_GLOBAL_OFFSET)' || true)
if [[ -n $unknown ]]; then
  echo "The library calls these, which neither calls.inc nor cannot_fail.txt knows:"
  echo "$unknown"
  exit 1
fi
echo "every one of $(imported | wc -l) names is known"
