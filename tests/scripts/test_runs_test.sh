#!/bin/bash
# Tests how scripts/test counts: scripts/lib/test_runs.sh, conformance.sh and results.sh, with programs that write what
# zircon-conformance writes and end in every way it can.
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
# shellcheck source=scripts/lib/conformance.sh
source "$scripts_lib/conformance.sh"
# shellcheck source=scripts/lib/beside.sh
source "$scripts_lib/beside.sh"

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

add_environment here
# A command that writes nothing for too long, and one that takes too long.
status=0
run_watched 60 1 "$folder/log" sleep 100 || status=$?
expect_equal "a silent command" 124 "$status"
expect_equal "a silent command's log" 1 "$(grep -c 'without output' "$folder/log")"
status=0
run_watched 1 60 "$folder/log" sleep 100 || status=$?
expect_equal "a slow command" 124 "$status"
status=0
run_watched 60 60 "$folder/log" false || status=$?
expect_equal "a failing command" 1 "$status"

# A part beside the others: its results are added when it is joined, and not what was there when it began.
add_environment there
part_beside() {
  add_results here 1 0 2
  add_failure there "a thing: with words"
}
part_that_ends_early() {
  add_results here 1 0 0
  exit 0
}
part_that_waits() {
  run_watched 100 100 "$folder/waits.log" bash -c 'echo $$; exec sleep 100'
}
add_results here 5 0 0
start_beside there part_beside
add_results here 2 0 0
join_beside >"$folder/output"
expect_counts "a part beside" "8 0 2"
expect_equal "another environment of it" "0 1 0" "${passed[there]} ${failed[there]} ${skipped[there]}"
expect_equal "what failed in it" "there: a thing: with words" "${failure_lines[*]}"
expect_equal "what it wrote" "FAILED  a thing: with words" "$(<"$folder/output")"
start_beside there part_that_ends_early
join_beside >"$folder/output"
expect_equal "a part that ends early" "0 2 0" "${passed[there]} ${failed[there]} ${skipped[there]}"
start_beside there part_that_waits
until [[ -s $folder/waits.log ]]; do sleep 0.1; done
end_beside
join_beside >"$folder/output"
expect_equal "a part that is ended" "0 3 0" "${passed[there]} ${failed[there]} ${skipped[there]}"
waiting=$(<"$folder/waits.log")
while kill -0 "$waiting" 2>/dev/null; do sleep 0.1; done
expect_counts "parts that end early" "0 0 0"
environments=(here) failure_lines=()

# zircon-conformance as it comes to its end in every way. The document that it is compared with:
mkdir -- "$folder/docs"
cat >"$folder/docs/CONFORMANCE.md" <<'END'
# Title

## Class A

```
Result             Test                                                             Rows of the contract
passed             A.Good                                                           ROW-1
known difference   A.Differs
    ROW-2: words
passed             A.Other
```

## Class B

```
Result             Test                                                             Rows of the contract
passed             B.Only
```
END
cat >"$folder/program" <<'END'
#!/bin/bash
kind=$(basename -- "$0")
[[ $kind != dies ]] || exit 9
echo "Host class     Class A"
echo
echo "Result             Test                                                             Rows of the contract"
echo "passed             A.Good                                                           ROW-1"
echo "known difference   A.Differs"
echo "    ROW-2: words"
case $kind in
  fails) printf 'FAILED             A.Other\n    words\n    | passed             A.Fake\n' ;;
  changes) printf 'not testable here  A.Other\n    probe x: words\n' ;;
  *) echo "passed             A.Other" ;;
esac
echo
case $kind in
  fails) echo "1 passed, 1 failed, 1 known differences, 0 not testable here (3 s)" ;;
  changes) echo "1 passed, 0 failed, 1 known differences, 1 not testable here (3 s)" ;;
  *) echo "2 passed, 0 failed, 1 known differences, 0 not testable here (3 s)" ;;
esac
[[ $kind != fails ]] || exit 1
[[ $kind != lies ]] || exit 7
END
chmod 755 "$folder/program"

# Its own document.
conformance_document() {
  printf '%s' "$folder/docs/CONFORMANCE.md"
}

conformance() {
  cp -- "$folder/program" "$folder/$1"
  failure_lines=()
  run_conformance here "$1" host "$folder/$1" >"$folder/output"
}

conformance good
expect_counts "a good run" "3 0 0"
expect_equal "a good run's advice" 0 "$(grep -c update "$folder/output" || true)"
conformance fails
expect_counts "a failed test" "2 1 0"
expect_equal "a failed test's line" "here: A.Other (output: $logs/fails.log)" "${failure_lines[*]}"
conformance changes
expect_counts "a test that no longer passes" "2 1 1"
expect_equal "its line" "here: A.Other: not testable here, and has passed before (docs/CONFORMANCE.md)" \
  "${failure_lines[*]}"
conformance dies
expect_counts "a program that dies" "0 1 0"
conformance lies
expect_counts "a program with a bad status" "3 1 0"
run_conformance here missing host "$folder/no-such-program" >"$folder/output"
expect_counts "no program" "0 1 0"

cp -- "$folder/docs/CONFORMANCE.md" "$folder/before.md"
update_conformance "$logs/fails.log" >"$folder/output"
expect_equal "a run with failures is not recorded" "$(conformance_results "$folder/before.md")" \
  "$(conformance_results "$folder/docs/CONFORMANCE.md")"
update_conformance "$logs/changes.log"
conformance_section "Class A" >"$folder/section"
expect_equal "what is recorded" "$(conformance_results "$logs/changes.log")" "$(conformance_results "$folder/section")"
conformance_section "Class B" >"$folder/section"
expect_equal "the other class" "passed"$'\t'"B.Only" "$(conformance_results "$folder/section")"
cp -- "$folder/docs/CONFORMANCE.md" "$folder/before.md"
update_conformance "$logs/changes.log"
expect_equal "recorded twice" "$(<"$folder/before.md")" "$(<"$folder/docs/CONFORMANCE.md")"

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
