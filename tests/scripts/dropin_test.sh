#!/bin/bash
# A VMM written against Zircon's documented API (tests/dropin) compiles in either generation with an include path and a
# link line, and runs: on this machine's KVM if that can run guests, and in the nested environment.
# usage: tests/scripts/dropin_test.sh LIBRARY_DIR    (build/<preset>/src; exit status 77: cannot be tested here)
# Shows: GEN-2 ZX-5
set -euo pipefail

export LC_ALL=C
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
library=$(realpath -- "$1")
readonly library
work=$(mktemp -d)
readonly work
trap 'rm -rf -- "$work"' EXIT

readonly flags=(-std=c++17 -Wall -Wextra -Werror)

if [[ -n $(sed -n 's/^ZIRCON_SANITIZE:[A-Z]*=//p' "$library/../CMakeCache.txt") ]]; then
  echo "the library is instrumented"
  exit 77
fi

mistakes=0 ran=0

# run WORDS COMMAND...: status 77 says that no guest can run there.
run() {
  local words=$1 status=0
  shift
  "$@" >"$work/output" 2>&1 </dev/null || status=$?
  case $status in
    0) ran=$((ran + 1)) ;;
    77) ;;
    *)
      printf 'FAIL: %s: exit status %d\n' "$words" "$status" >&2
      tail -n 20 -- "$work/output" >&2
      mistakes=$((mistakes + 1))
      ;;
  esac
}

for generation in current 2018; do
  program=$work/dropin-$generation
  defines=()
  [[ $generation == current ]] || defines=(-DZX_API_2018)
  c++ "${flags[@]}" ${defines[@]+"${defines[@]}"} -I "$repository/include" "$repository"/tests/dropin/*.{cc,S} \
    -L "$library" -lzircon -pthread -Wl,-rpath,"$library" -o "$program"
  run "$generation, host" timeout --kill-after=5 60 "$program"
  if type -P qemu-system-x86_64 >/dev/null; then
    run "$generation, nested" "$repository/scripts/with-kvm" --timeout 120 "$program"
  fi
done
((mistakes == 0)) || exit 1
((ran > 0)) || exit 77
echo "dropin: $ran runs passed"
