#!/bin/bash
# The small programs of examples/ print what their banners say, on the host's KVM or in the nested environment, and each
# is short enough to be read at once.
#   examples_test.sh EXAMPLES_DIR    (build/<preset>/examples)
set -euo pipefail

export LC_ALL=C
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
programs=$(realpath -- "$1")
readonly programs
# Each program's source, below examples/. hello is tested by scripts/test, zbi-kernel by zbi_boot_test.sh.
readonly examples=(mmio-device/mmio_device.c bell/bell.c timer-interrupt/timer_interrupt.c
  two-processors/two_processors.c kick/kick.c memory-on-demand/memory_on_demand.c thread-pool/thread_pool.cc)
readonly MOST_LINES=149
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# shellcheck source=tests/scripts/lib/mistakes.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/mistakes.sh"

# name_of SOURCE: the program.
name_of() {
  local name=${1##*/}
  printf '%s' "${name%%.*}"
}

# printed_by_banner SOURCE: the lines that stand further in than the banner's text.
printed_by_banner() {
  sed -n '/^\/\//!q; s,^//   ,,p' "$repository/examples/$1"
}

# Every folder here is one that this test or another knows.
check_complete() {
  local folder source known=' hello zbi-kernel '
  for source in "${examples[@]}"; do
    known+="${source%%/*} "
    (($(wc -l <"$repository/examples/$source") <= MOST_LINES)) || fail "$source has more than $MOST_LINES lines"
    grep -qF "(${source%%/*}/" "$repository/examples/README.md" || fail "examples/README.md does not name $source"
  done
  for folder in "$repository"/examples/*/; do
    folder=$(basename -- "$folder")
    [[ $known == *" $folder "* ]] || fail "examples/$folder is not tested"
  done
}

# run_all: each program's output, and its status as the last line, in $work/results/NAME. In one machine if one is needed.
run_all() {
  local source files=()
  mkdir -- "$work/results"
  {
    printf '#!/bin/sh\ncd %q || exit\n' "$work/results"
    for source in "${examples[@]}"; do
      printf '{ timeout 60 %q; echo "status $?"; } >%q 2>&1\n' "$programs/$(name_of "$source")" "$(name_of "$source")"
    done
  } >"$work/run"
  chmod 755 "$work/run"
  if [[ -w /dev/kvm ]]; then
    "$work/run"
    return
  fi
  for source in "${examples[@]}"; do
    files+=(--file "$programs/$(name_of "$source")")
  done
  "$repository/scripts/with-kvm" "${files[@]}" --file "$work/results" --out "$work/results" "$work/run"
}

check_output() {
  local name expected
  name=$(name_of "$1")
  expected=$(printed_by_banner "$1"; echo "status 0")
  [[ $expected != "status 0" ]] || fail "the banner of $1 has no output"
  diff -u --label "the banner of $1" --label "what it printed" - "$work/results/$name" <<<"$expected" >&2 || fail "$1"
}

check_complete
run_all
for source in "${examples[@]}"; do
  check_output "$source"
done
if ((mistakes > 0)); then
  echo "examples_test: $mistakes failed" >&2
  exit 1
fi
echo "examples_test: passed"
