#!/bin/bash
# zvmm as a user sees it, with guests of a few instructions: tests/zvmm/guest/runs.sh, on this machine's KVM and in the
# nested environment.
# usage: tests/scripts/zvmm_guest_test.sh LIBRARY_DIR    (build/<preset>/src; exit status 77: cannot be tested here)
set -euo pipefail

export LC_ALL=C
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
build=$(realpath -- "$1/..")
readonly build
readonly zvmm=$build/zvmm/zvmm kernel=$build/tests/zvmm/guest/test-guest.zbi runs=$repository/tests/zvmm/guest/runs.sh
output=$(mktemp)
readonly output
trap 'rm -f -- "$output"' EXIT

if [[ ! -e $kernel ]]; then
  echo "there is no $kernel"
  exit 77
fi

mistakes=0 places=0

# look WHERE COMMAND...: runs it, and looks at what it says.
look() {
  local where=$1 status=0
  shift
  places=$((places + 1))
  "$@" >"$output" 2>&1 || status=$?
  sed "s/^/$where: /" -- "$output"
  if [[ $status != 0 ]] || grep -q '^FAILED' -- "$output" || ! grep -qx 'done' -- "$output"; then
    echo "FAIL: $where: status $status"
    mistakes=$((mistakes + 1))
  fi
}

# Whether this machine's KVM runs guests at all is the smallest one's to say.
if timeout --kill-after=5 60 "$build/examples/hello" >/dev/null 2>&1; then
  look "host" sh "$runs" "$zvmm" "$kernel"
fi
if type -P qemu-system-x86_64 >/dev/null; then
  look "nested" "$repository/scripts/with-kvm" --timeout 900 --file "$zvmm" --file "$kernel" "$runs" "$zvmm" "$kernel"
fi

((places > 0)) || exit 77
((mistakes == 0)) || exit 1
echo "zvmm with a guest: passed in $places places"
