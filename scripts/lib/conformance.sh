# shellcheck shell=bash
# Runs zircon-conformance, counts its results, and compares them with docs/CONFORMANCE.md, where the results of each
# class of machines are kept.
# Needs messages.sh, results.sh, test_runs.sh; uses the caller's $repository and $logs (a folder for outputs).
# shellcheck disable=SC2154 # they are the caller's

# A run as a whole; and without a line. A test that cannot be killed takes the longest: 1.5 times its limit.
readonly CONFORMANCE_HOST=(1200 240) CONFORMANCE_NESTED=(1800 480)

conformance_document() {
  printf '%s' "$repository/docs/CONFORMANCE.md"
}

# run_conformance ENVIRONMENT NAME host|nested PROGRAM: output in $logs/NAME.log, JUnit XML in $logs/NAME.xml.
run_conformance() {
  local environment=$1 where=$3 program=$4 log=$logs/$2.log xml=$logs/$2.xml status=0
  local command limits line test
  if [[ $where == nested ]]; then
    limits=("${CONFORMANCE_NESTED[@]}")
    command=("$repository/scripts/with-kvm" --timeout "$((limits[0] - 200))" --out "/results.xml:$xml" "$program"
      --junit /results.xml)
  else
    limits=("${CONFORMANCE_HOST[@]}")
    command=("$program" --junit "$xml")
  fi
  rm -f -- "$xml"
  run_watched "${limits[@]}" "$log" "${command[@]}" || status=$?
  line=$(tail -n 1 -- "$log")
  if [[ ! $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ known\ differences,\ ([0-9]+)\ not\ testable ]]; then
    tail -n 30 -- "$log"
    add_failure "$environment" "zircon-conformance did not come to its end, status $status (output: $log)"
    return 0
  fi
  # What differs as documented is as it should be.
  add_results "$environment" $((BASH_REMATCH[1] + BASH_REMATCH[3])) "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]}"
  printf '%s: %s (%s)\n' "$(conformance_class "$log")" "$line" "$log"
  while IFS= read -r test; do
    repeat_at_end "$environment" "$test (output: $log)"
  done < <(conformance_results "$log" | sed -n 's/^FAILED\t//p')
  if ((BASH_REMATCH[2] == 0 && status != 0)); then
    add_failure "$environment" "zircon-conformance ended with status $status (output: $log)"
  fi
  compare_conformance "$environment" "$log"
}

# conformance_class LOG: what the machine is.
conformance_class() {
  sed -n 's/^Host class  *//p' "$1" | head -n 1
}

# conformance_table FILE: the table of results, as printed.
conformance_table() {
  awk '/^Result  *Test / { on = 1 } on && (/^$/ || /^```/) { exit } on' "$1"
}

# conformance_results FILE: lines "RESULT<tab>TEST" of that table.
conformance_results() {
  conformance_table "$1" | sed -n -E 's/^(passed|FAILED|known difference|not testable here) +([^ ]+).*/\1\t\2/p'
}

# conformance_section CLASS: what the document has under that heading, without it.
conformance_section() {
  awk -v heading="## $1" '$0 == heading { on = 1; next } on && /^## / { exit } on' "$(conformance_document)" 2>/dev/null ||
    true
}

# compare_conformance ENVIRONMENT LOG: adds a failure for each test that the document has as passed, for this class of
# machines, and that has come to anything else but a failure, which is counted already.
compare_conformance() {
  local environment=$1 log=$2 class section now test changed=0 result
  class=$(conformance_class "$log")
  section=$(mktemp)
  now=$(mktemp)
  conformance_section "$class" >"$section"
  conformance_results "$log" >"$now"
  if [[ ! -s $section ]]; then
    printf 'docs/CONFORMANCE.md has no results for this class of machines (%s)\n' "$class"
  fi
  while IFS= read -r test; do
    result=$(awk -F '\t' -v test="$test" '$2 == test { print $1 }' "$now")
    [[ $result != passed && $result != FAILED ]] || continue
    add_failure "$environment" "$test: ${result:-gone}, and has passed before (docs/CONFORMANCE.md)"
    changed=$((changed + 1))
  done < <(conformance_results "$section" | sed -n 's/^passed\t//p')
  if [[ -s $section ]] && ! cmp -s <(conformance_results "$section") "$now"; then
    printf 'the results are not those of docs/CONFORMANCE.md; scripts/conformance --update records them\n'
  fi
  rm -f -- "$section" "$now"
}

# update_conformance LOG...: writes the document anew, with the results of these runs; what it has of other classes
# stays. A run with failures is not recorded.
update_conformance() {
  local log class classes=() new
  declare -A logs_of=()
  for log; do
    [[ -s $log ]] || continue
    class=$(conformance_class "$log")
    if conformance_results "$log" | grep -q '^FAILED'; then
      printf 'not recorded, for it has failures: %s\n' "$class"
    else
      logs_of[$class]=$log
    fi
  done
  mapfile -t classes < <({
    sed -n 's/^## //p' "$(conformance_document)" 2>/dev/null || true
    ((${#logs_of[@]} == 0)) || printf '%s\n' "${!logs_of[@]}"
  } | sort -u)
  new=$(mktemp)
  {
    cat <<'END'
# What machines do

The results of `zircon-conformance` for each class of machines that it has been run on, as it prints them.
`scripts/conformance --update` writes this file; `scripts/test` fails when a test that has passed here, on the same
class of machines, does anything else. A known difference stands in [DIFFERENCES.md](DIFFERENCES.md), the rows in
[the contract](contract/README.md).
END
    for class in "${classes[@]}"; do
      printf '\n## %s\n' "$class"
      if [[ -n ${logs_of[$class]:-} ]]; then
        log=${logs_of[$class]}
        printf '\n%s\n\n```\n' "$(tail -n 1 -- "$log" | sed 's/ ([0-9]* s)$/./')"
        conformance_table "$log"
        printf '```\n'
      else
        # Without the blank lines at its end.
        printf '%s\n' "$(conformance_section "$class")"
      fi
    done
  } >"$new"
  cat -- "$new" >"$(conformance_document)"
  rm -f -- "$new"
}
