#!/bin/bash
# Tests zircon-conformance itself, with the tests that it has for this (--self-test): they pass, fail, crash, hang, and
# cannot even be killed. None enters a guest.
# usage: tests/scripts/conformance_test.sh PROGRAM      (exit status: 0 passed, 1 failed)
set -euo pipefail

export LC_ALL=C
program=$(realpath -- "$1")
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT

mistakes=0

expect_equal() {
  [[ $2 == "$3" ]] && return 0
  printf 'FAIL: %s: expected "%s", got "%s"\n' "$1" "$2" "$3" >&2
  mistakes=$((mistakes + 1))
}

# expect_result TEST RESULT PATTERN: TEST's line in the table, and the line behind it.
expect_result() {
  local line
  line=$(grep -A 1 -E "^(passed|FAILED|known difference|not testable here) +SelfTest\.$1( |\$)" "$folder/output" || true)
  [[ $line == "$2 "* ]] || expect_equal "$1" "$2" "$line"
  # shellcheck disable=SC2053 # a pattern
  [[ ${line#*$'\n'} == $3 ]] || expect_equal "$1, its words" "$3" "${line#*$'\n'}"
}

# run EXPECTED_STATUS OPTION...: output in $folder/output.
run() {
  local expected=$1 status=0
  shift
  timeout --kill-after=5 200 "$program" "$@" >"$folder/output" 2>"$folder/errors" || status=$?
  expect_equal "the exit status of $*" "$expected" "$status"
}

# ---- The runner ----

start=$SECONDS
run 1 --self-test --time-limit 2 --junit "$folder/junit.xml" --json "$folder/results.json"
((SECONDS - start < 120)) || expect_equal "the time it takes" "less than 120 s" "$((SECONDS - start)) s"
expect_result Passes passed '*'
expect_result Fails FAILED '    self_checks.cc:*Expected equality*a wrong <number>'
expect_result Throws FAILED '*a step of the harness: ZX_ERR_NO_MEMORY*'
expect_result Crashes FAILED '    ended by SIG*'
expect_result Exits FAILED '    ended the program with status 0'
expect_result Differs 'known difference' '    FAULT-8: it differs'
expect_result DiffersAndFails FAILED '*Failed in another way too'
expect_result IsNotTestable 'not testable here' '    probe self-test: it is not there'
expect_result SkipsWithoutAProbe FAILED '    skipped without a probe*'
expect_result Hangs FAILED '    timed out after * s in the test'
expect_result Stops FAILED '    timed out after * s in the test, its own watchdog stuck: killed'
expect_result LeavesAProcess passed '*'
# Where a debugger is not permitted it is killed after all.
expect_result CannotBeKilled FAILED '    timed out after * s in the test, its own watchdog stuck: *killed'
expect_result PassesAtTheEnd passed '*'
expect_equal "the rows of a test" 1 "$(grep -c '^passed  *SelfTest\.Passes  .* ROW-1 ROW-2$' "$folder/output")"
expect_equal "the last line" "4 passed, 9 failed, 1 known differences, 1 not testable here" \
  "$(tail -n 1 -- "$folder/output" | sed 's/ ([0-9]* s)$//')"
expect_equal "the head" 1 "$(grep -c '^Host class  *[a-z]' "$folder/output")"
# A test's own output does not pass for a line of the table.
expect_equal "a line that only looks like one" 0 "$(grep -c '^passed  *Fake' "$folder/output" || true)"

# The files for machines can be read and say the same.
xmllint --noout --schema "$repository/tests/scripts/junit.xsd" "$folder/junit.xml" 2>"$folder/errors" ||
  expect_equal "the JUnit file's schema" "valid" "$(head -n 5 -- "$folder/errors")"
python3 - "$folder/junit.xml" "$folder/results.json" <<'END' || mistakes=$((mistakes + 1))
import collections, datetime, json, sys
import xml.etree.ElementTree as xml
suites = xml.parse(sys.argv[1]).getroot().findall("testsuite")
assert [suite.attrib["name"] for suite in suites] == ["zircon-conformance", "zircon-conformance known differences"]
numbers = [(suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) for suite in suites]
assert numbers == [("14", "9", "1"), ("1", "0", "0")], numbers
age = datetime.datetime.utcnow() - datetime.datetime.fromisoformat(suites[0].attrib["timestamp"])
assert 0 <= age.total_seconds() < 3600, age
cases = {case.attrib["classname"] + "." + case.attrib["name"]: case
         for suite in suites for case in suite.findall("testcase")}
properties = {p.attrib["name"]: p.attrib["value"] for suite in suites for p in suite.iter("property")}
assert len(cases) == 15
assert properties["contract SelfTest.Passes"] == "ROW-1 ROW-2", properties
assert properties["known_difference SelfTest.Differs"] == "FAULT-8: it differs", properties
types = {name: cases["SelfTest." + name].find("failure").attrib["type"] for name in ["Fails", "Hangs", "Crashes"]}
assert types == {"Fails": "failure", "Hangs": "timeout", "Crashes": "crash"}, types
assert "a wrong <number>" in cases["SelfTest.Fails"].find("failure").attrib["message"]
assert '<&"]]> \\x01\\xFF' in cases["SelfTest.Fails"].find("failure").text
assert "self-test" in cases["SelfTest.IsNotTestable"].find("skipped").attrib["message"]
results = json.load(open(sys.argv[2]))
counts = collections.Counter(test["result"] for test in results["tests"])
assert counts == {"passed": 4, "FAILED": 9, "known difference": 1, "not testable here": 1}, counts
assert all(results["summary"][name] == count for name, count in counts.items()), results["summary"]
assert results["tests"][0]["rows"] == ["ROW-1", "ROW-2"]
assert results["host"]["class"]
END

run 0 --self-test --filter '*SelfTest.Pass*:*Differs-*Generation*'
expect_equal "a run without failures" "2 passed, 0 failed, 1 known differences, 0 not testable here" \
  "$(tail -n 1 -- "$folder/output" | sed 's/ ([0-9]* s)$//')"
run 2 --self-test --filter '*SelfTest.Passes' --junit "$folder/no-such-folder/junit.xml"

# Several at a time come in the same order, with the same results; parts of a run are all of it.
results() {
  sed -nE 's/^(passed|FAILED|known difference|not testable here) +(SelfTest\.[A-Za-z]+).*/\1 \2/p' "$folder/output"
}
readonly -a quick=(--self-test --filter 'SelfTest.*-*Hangs:*Stops:*CannotBeKilled:*LeavesAProcess')
run 1 "${quick[@]}"
all=$(results)
run 1 "${quick[@]}" --jobs 4
expect_equal "the results of four at a time" "$all" "$(results)"
parts=''
for shard in 1/3 2/3 3/3; do
  run 1 "${quick[@]}" --shard "$shard"
  parts+=$(results)$'\n'
done
expect_equal "the results of three parts" "$(sort <<<"$all")" "$(sort <<<"${parts%$'\n'}")"
run 1 "${quick[@]}" --quiet
expect_equal "quietly: what failed" "$(grep '^FAILED' <<<"$all")" "$(results)"
expect_equal "quietly: the last line" 1 "$(tail -n 1 -- "$folder/output" | grep -c '^[0-9]* passed, ')"
run 0 --self-test --filter '*SelfTest.Passes' --quiet
expect_equal "quietly, without failures: lines" 1 "$(wc -l <"$folder/output")"

# ---- Options ----

run 0 --self-test --generation 2018 --list
expect_equal "the tests of 2018" Generation2018SelfTest.Passes "$(tr '\n' ' ' <"$folder/output" | sed 's/ $//')"
run 0 --self-test --generation current --list
expect_equal "the current tests" 0 "$(grep -c 2018 "$folder/output" || true)"
run 0 --list
expect_equal "the program's own tests are not listed" 0 "$(grep -c SelfTest "$folder/output" || true)"
(($(wc -l <"$folder/output") > 100)) || expect_equal "the number of tests" "more than 100" "$(wc -l <"$folder/output")"
run 0 --list-rows
expect_equal "a row" 1 "$(grep -c '^VCPU-ENTER-9$' "$folder/output")"
run 0 --help
expect_equal "the help" 1 "$(grep -c 'Exit status: 0 if no test failed' "$folder/output")"
run 2 --no-such-option
for shard in 0/3 4/3 1/0 1 a/b 1/3x; do run 2 --shard "$shard"; done
for jobs in 0 -1 x; do run 2 --jobs "$jobs"; done
run 2 --generation 2019
run 2 --filter NoSuchTest.*

# ---- Without KVM ----

# Root can have a /dev/kvm that is something else; elsewhere there may be none.
if ((EUID == 0)) && [[ -e /dev/kvm ]] && unshare --mount true 2>/dev/null; then
  without_kvm() {
    local status=0
    # shellcheck disable=SC2016 # for the inner shell
    timeout 100 unshare --mount sh -c 'mount --bind /dev/null /dev/kvm && exec "$0" "$@"' "$program" "$@" \
      >"$folder/output" 2>&1 || status=$?
    echo "$status"
  }
elif [[ ! -e /dev/kvm ]]; then
  without_kvm() {
    local status=0
    "$program" "$@" >"$folder/output" 2>&1 || status=$?
    echo "$status"
  }
fi
if declare -F without_kvm >/dev/null; then
  expect_equal "the exit status without KVM" 0 "$(without_kvm --junit "$folder/junit.xml")"
  expect_equal "it is said, in one line" 1 "$(grep -c 'no KVM here, nothing is tested: ' "$folder/output")"
  expect_equal "the lines without KVM" 2 "$(wc -l <"$folder/output")"
  expect_equal "no test passes without KVM" "0 passed, 0 failed, 0 known differences" \
    "$(tail -n 1 -- "$folder/output" | sed 's/, [0-9]* not.*//')"
  xmllint --noout --schema "$repository/tests/scripts/junit.xsd" "$folder/junit.xml" 2>"$folder/errors" ||
    expect_equal "the JUnit file's schema without KVM" "valid" "$(head -n 5 -- "$folder/errors")"
  expect_equal "the exit status where KVM is required" 2 "$(without_kvm --require-kvm)"
fi

# ---- The executable, the sources ----

cache=$(dirname -- "$program")/../../CMakeCache.txt
if ! grep -qE '^(ZIRCON_SANITIZE:[A-Z]*=.|ZIRCON_COVERAGE:[A-Z]*=ON)' "$cache"; then
  expect_equal "dynamic libraries needed" 0 "$(readelf --dynamic "$program" 2>&1 | grep -c NEEDED || true)"
fi
# A known difference is one of the document.
while IFS= read -r row; do
  grep -qE "^\| ([A-Z0-9-]+, )*$row(,| )" "$repository/docs/DIFFERENCES.md" ||
    expect_equal "the rows of KnownDifference()" "one of docs/DIFFERENCES.md" "$row"
done < <(cat "$repository"/tests/conformance/*_test.cc | tr '\n' ' ' | grep -oE 'KnownDifference\( *"[^"]*"' |
  sed 's/.*"\(.*\)"/\1/' | tr ' ' '\n' | sort -u)
expect_equal "tests that skip without a probe" "" \
  "$(grep -lE 'GTEST_SKIP' "$repository"/tests/conformance/*_test.cc || true)"

if ((mistakes > 0)); then
  printf '%d checks failed\n' "$mistakes" >&2
  exit 1
fi
echo "passed"
