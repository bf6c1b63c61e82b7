# shellcheck shell=bash
# A part of the tests beside the others, since neither keeps two processors busy: in a shell of its own, which is shown
# and counted when it is joined.
# Needs results.sh, test_runs.sh; uses the caller's $logs (a folder for outputs).
# shellcheck disable=SC2154 # they are the caller's

beside='' beside_name=''

# start_beside NAME FUNCTION: one at a time.
start_beside() {
  beside_name=$1
  rm -f -- "$logs/$1.results"
  (
    # shellcheck disable=SC2064 # the shell's own; what it has started ends with it
    trap 'end_watched; exit 1' HUP INT TERM
    forget_results
    "$2"
    write_results >"$logs/$1.results"
  ) </dev/null >"$logs/$1.log" 2>&1 &
  beside=$!
}

# join_beside: waits for it. Without its results it is a failure of the environment of its name.
join_beside() {
  local status=0
  wait "$beside" || status=$?
  beside=''
  cat -- "$logs/$beside_name.log"
  if [[ -s $logs/$beside_name.results ]]; then
    add_written_results "$logs/$beside_name.results"
  else
    add_failure "$beside_name" "did not get to its end (status $status; output: $logs/$beside_name.log)"
  fi
}

end_beside() {
  [[ -z $beside ]] || kill -TERM "$beside" 2>/dev/null || true
}
