#!/bin/bash
# Tests how scripts/test counts: scripts/lib/test_runs.sh and scripts/lib/results.sh, with programs that write what a
# gtest program writes and end in every way one can.
# usage: tests/scripts/test_runs_test.sh      (exit status: 0 passed, 1 failed)
set -euo pipefail

export LC_ALL=C
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
readonly scripts_lib=$repository/scripts/lib
# shellcheck source=scripts/lib/messages.sh
source "$scripts_lib/messages.sh"
# shellcheck source=scripts/lib/nested_cache.sh
source "$scripts_lib/nested_cache.sh"
# shellcheck source=scripts/lib/building.sh
source "$scripts_lib/building.sh"
# shellcheck source=scripts/lib/results.sh
source "$scripts_lib/results.sh"
# shellcheck source=scripts/lib/test_runs.sh
source "$scripts_lib/test_runs.sh"

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
logs=$folder/logs
mkdir -- "$logs"

mistakes=0

expect_equal() {
  [[ $2 == "$3" ]] && return 0
  printf 'FAIL: %s: expected "%s", got "%s"\n' "$1" "$2" "$3" >&2
  mistakes=$((mistakes + 1))
}

# expect_counts WHAT "PASSED FAILED SKIPPED": since the last call.
expect_counts() {
  expect_equal "$1" "$2" "${passed[here]} ${failed[here]} ${skipped[here]}"
  passed[here]=0 failed[here]=0 skipped[here]=0
}

# A program with tests A.Good, A.Left, A.Bad and A.Last; $1 says what A.Bad does. It knows --gtest_filter=-A:B.
cat >"$folder/program" <<'END'
#!/bin/bash
kind=$1
filter=
for argument; do
  case $argument in --gtest_filter=-*) filter=:${argument#*=-}: ;; esac
done
echo "[==========] Running tests."
for name in Good Left Bad Last; do
  [[ $filter != *":A.$name:"* ]] || continue
  echo "[ RUN      ] A.$name"
  case $name in
    Good) echo -n "some output without an end"; echo "[       OK ] A.$name (3 ms)" ;;
    Left) echo "[  SKIPPED ] A.$name (0 ms)" ;;
    Last) echo "[       OK ] A.$name (0 ms)" ;;
    Bad)
      case $kind in
        good | dies-at-end) echo "[       OK ] A.$name (0 ms)" ;;
        fails) echo "[  FAILED  ] A.$name, where GetParam() = 3 (2 ms)" ;;
        hangs) sleep 1000 ;;
        crashes) kill -SEGV $$ ;;
      esac ;;
  esac
done
echo "[==========] 4 tests from 1 test suite ran. (5 ms total)"
echo "[  PASSED  ] some"
[[ $kind != fails ]] || echo "[  FAILED  ] A.Bad, where GetParam() = 3"
[[ $kind != dies-at-end ]] || exit 9
[[ $kind != fails ]] || exit 1
END
chmod 755 "$folder/program"

add_environment here
gtest() {
  run_gtest here "$1" 60 2 "$folder/program" "$1" >"$folder/output"
}

gtest good
expect_counts "a good program" "3 0 1"
expect_equal "a good program's failures" 0 "${#failure_lines[@]}"
gtest fails
expect_counts "a failed test" "2 1 1"
expect_equal "a failed test's line" "here: A.Bad (output: $logs/fails.log)" "${failure_lines[-1]}"
gtest hangs
expect_counts "a test that hangs" "2 1 1"
expect_equal "the line of a test that hangs" "here: A.Bad: did not end (output: $logs/hangs.log)" "${failure_lines[-1]}"
gtest crashes
expect_counts "a test that crashes" "2 1 1"
expect_equal "the line of a test that crashes" \
  "here: A.Bad: ended the program with status 139 (output: $logs/crashes.log)" "${failure_lines[-1]}"
run_gtest here dies-at-end 60 2 "$folder/program" dies-at-end >"$folder/output"
expect_counts "a program that dies at its end" "3 1 1"
run_gtest here missing 60 2 "$folder/no-such-program" >"$folder/output"
expect_counts "no program" "0 1 0"

# Scripts: passed, failed, skipped.
for status in 0 1 77; do
  printf '#!/bin/sh\nexit %d\n' "$status" >"$folder/script$status"
  chmod 755 "$folder/script$status"
done
run_script_tests here "$folder" "$folder/script0" "$folder/script1" "$folder/script77" >"$folder/output"
expect_counts "three scripts" "1 1 1"

# Expected counts.
counts_file=$folder/counts
add_environment "two words" absent
failure_lines=()
add_results "two words" 5 0 0
add_results here 3 0 0
skip_environment absent "for the test" >"$folder/output"
update_counts
expect_equal "the counts written" "here 3;two-words 5;" "$(grep -v '^#' "$counts_file" | tr '\n' ';')"
compare_counts
expect_equal "equal counts" 0 "${#failure_lines[@]}"
add_results "two words" 1 0 0
compare_counts >"$folder/output"
expect_equal "more tests" 0 "${#failure_lines[@]}"
expect_equal "more tests, the advice" 1 "$(grep -c update-counts "$folder/output")"
printf 'two-words 7\nabsent 9\n' >"$counts_file"
compare_counts >"$folder/output"
expect_equal "fewer tests" "two words: 6 tests passed, 7 are expected (counts)" "${failure_lines[*]}"
expect_equal "the closing line" "9 passed, 1 failed, 0 skipped" "$(print_closing_line | tail -n 1)"

if ((mistakes > 0)); then
  printf '%d checks failed\n' "$mistakes" >&2
  exit 1
fi
echo "passed"
