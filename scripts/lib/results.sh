# shellcheck shell=bash
# What the tests gave, per environment, and how it is told at the end.

# The environments in the order of the table; a script names its own.
environments=()
declare -A passed=() failed=() skipped=() why_skipped=()
# A line each: what failed and where its output is.
failure_lines=()

# add_environment NAME...
add_environment() {
  local name
  for name; do
    environments+=("$name")
    passed[$name]=0 failed[$name]=0 skipped[$name]=0
  done
}

# add_results ENVIRONMENT PASSED FAILED SKIPPED
add_results() {
  passed[$1]=$((passed[$1] + $2))
  failed[$1]=$((failed[$1] + $3))
  skipped[$1]=$((skipped[$1] + $4))
}

# add_failure ENVIRONMENT WORDS...: one failed test; said now, and again at the end.
add_failure() {
  local environment=$1
  shift
  add_results "$environment" 0 1 0
  repeat_at_end "$environment" "$@"
}

# repeat_at_end ENVIRONMENT WORDS...: as add_failure, of what has been counted already.
repeat_at_end() {
  local environment=$1
  shift
  failure_lines+=("$environment: $*")
  printf 'FAILED  %s\n' "$*"
}

# skip_environment NAME WORDS...: none of its tests is run, and why.
skip_environment() {
  why_skipped[$1]=${*:2}
  printf 'skipped: %s\n' "${*:2}"
}

# ---- Results of another shell ----
# A line each, fields by tabs: "count ENVIRONMENT PASSED FAILED SKIPPED", "skip ENVIRONMENT WORDS", "failure LINE".

forget_results() {
  local name
  for name in "${environments[@]}"; do
    passed[$name]=0 failed[$name]=0 skipped[$name]=0
  done
  why_skipped=() failure_lines=()
}

write_results() {
  local name
  for name in "${environments[@]}"; do
    printf 'count\t%s\t%d\t%d\t%d\n' "$name" "${passed[$name]}" "${failed[$name]}" "${skipped[$name]}"
  done
  for name in "${!why_skipped[@]}"; do
    printf 'skip\t%s\t%s\n' "$name" "${why_skipped[$name]}"
  done
  for name in ${failure_lines[@]+"${failure_lines[@]}"}; do
    printf 'failure\t%s\n' "$name"
  done
}

# add_written_results FILE: what was said there is not said again, but at the end.
add_written_results() {
  local what first second third fourth
  while IFS=$'\t' read -r what first second third fourth; do
    case $what in
      count) add_results "$first" "$second" "$third" "$fourth" ;;
      skip) why_skipped[$first]=$second ;;
      failure) failure_lines+=("$first") ;;
    esac
  done <"$1"
}

# ---- The end ----

sum() {
  local -n counts=$1
  local total=0 name
  for name in "${environments[@]}"; do
    total=$((total + ${counts[$name]}))
  done
  printf '%d' "$total"
}

# print_failures: everything that failed, once more.
print_failures() {
  ((${#failure_lines[@]} > 0)) || return 0
  printf '\nWhat failed:\n'
  printf '  %s\n' "${failure_lines[@]}"
}

# print_table: a line per environment. With expected counts (see expected_count), a column for them.
print_table() {
  local name
  printf '\n%-16s %8s %8s %8s %10s\n' "" passed failed skipped expected
  for name in "${environments[@]}"; do
    if [[ -n ${why_skipped[$name]:-} ]]; then
      printf '%-16s not run: %s\n' "$name" "${why_skipped[$name]}"
    else
      printf '%-16s %8d %8d %8d %10s\n' "$name" "${passed[$name]}" "${failed[$name]}" "${skipped[$name]}" \
        "$(expected_count "$name")"
    fi
  done
}

# print_closing_line: the last line of a script that runs tests, alone on its line, for programs to read.
print_closing_line() {
  printf '\n%d passed, %d failed, %d skipped\n' "$(sum passed)" "$(sum failed)" "$(sum skipped)"
}

# ---- Expected counts ----
# A file of lines "ENVIRONMENT COUNT", with '-' for the spaces in a name. Fewer tests passed than that is a failure:
# tests don't vanish unnoticed. A script without such a file leaves counts_file empty.
counts_file=''

# expected_count ENVIRONMENT: its number, or nothing.
expected_count() {
  [[ -n $counts_file && -e $counts_file ]] || return 0
  awk -v name="${1// /-}" '$1 == name { print $2 }' "$counts_file"
}

# compare_counts: adds a failure for each environment that ran and passed fewer tests than expected.
compare_counts() {
  local name expected
  for name in "${environments[@]}"; do
    expected=$(expected_count "$name")
    [[ -n $expected && -z ${why_skipped[$name]:-} ]] || continue
    if ((passed[$name] < expected)); then
      add_failure "$name" "${passed[$name]} tests passed, $expected are expected (${counts_file##*/})"
    elif ((passed[$name] > expected)); then
      printf '%s: %d tests passed, %d were expected; record it with scripts/test --update-counts\n' \
        "$name" "${passed[$name]}" "$expected"
    fi
  done
}

# update_counts: records what passed, where everything did; keeps the other lines.
update_counts() {
  local name count new
  new=$(mktemp)
  {
    echo "# How many tests pass per environment, at least. Fewer make scripts/test fail; scripts/test --update-counts"
    echo "# writes this file."
    for name in "${environments[@]}"; do
      count=$(expected_count "$name")
      if [[ -z ${why_skipped[$name]:-} ]] && ((failed[$name] == 0)); then
        count=${passed[$name]}
      fi
      [[ -z $count ]] || printf '%s %d\n' "${name// /-}" "$count"
    done
  } >"$new"
  cat -- "$new" >"$counts_file"
  rm -f -- "$new"
}
