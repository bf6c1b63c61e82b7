# shellcheck shell=bash
# The parts of scripts/reliability.
# Needs messages.sh, building.sh, results.sh, nested_cache.sh, test_runs.sh; uses the caller's $repository, $logs (a folder for outputs) and $minutes.
# shellcheck disable=SC2154 # they are the caller's

# judge PART NAME LOG STATUS: one test of the part.
judge() {
  if (($4 == 0)); then
    add_results "$1" 1 0 0
    printf '%s: passed\n' "$2"
  else
    tail -n 30 -- "$3"
    add_failure "$1" "$2, status $4 (output: $3)"
  fi
}

# run_gtests PART PROGRAM: each of its tests in a process of its own.
run_gtests() {
  local part=$1 program=$2 test status log
  while IFS= read -r test; do
    log=$logs/$part-${test//\//-}.log
    status=0
    timeout --kill-after=10 7200 "$program" --gtest_color=no --gtest_filter="$test" </dev/null >"$log" 2>&1 || status=$?
    judge "$part" "$test" "$log" "$status"
    grep -oE '<property name="(points|passes)" value="[0-9]+"' "$log" || true
  done < <("$program" --gtest_list_tests | awk '/^[^ ]/ { suite = $1 } /^ / { print suite $1 }')
}

# fuzzers FOLDER: those that have been built.
fuzzers() {
  find "$1/tests/fuzz" -maxdepth 1 -type f -name '*_fuzz' -perm -u+x | sort
}

# fuzz PART PROGRAM SECONDS: from its corpus on; what it finds new stays in the folder of the outputs.
fuzz() {
  local part=$1 program=$2 seconds=$3 name status=0 log found
  name=$(basename -- "$program")
  log=$logs/$part-$name.log
  found=$logs/corpus/$name
  mkdir -p -- "$found"
  # Its own time is processor time, as long as no more run than there are processors.
  (cd "$logs" && timeout --kill-after=60 $((seconds * 20)) "$program" -max_total_time="$seconds" -print_final_stats=1 \
    -rss_limit_mb=4096 -max_len=4096 "$found" "$repository/tests/fuzz/corpus/${name%_fuzz}") </dev/null >"$log" 2>&1 || status=$?
  judge "$part" "$name" "$log" "$status"
  grep -E '^stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "$log" || true
}

part_faults() {
  build_preset dev fault_tests || { add_failure "$1" "the build (preset dev)"; return; }
  run_gtests "$1" "$(build_folder dev)/tests/faults/fault_tests"
  build_preset asan fault_tests || { add_failure "$1" "the build (preset asan)"; return; }
  run_gtests "$1" "$(build_folder asan)/tests/faults/fault_tests"
}

part_fuzz() {
  local program
  build_preset fuzz tests/fuzz/all || { add_failure "$1" "the build (preset fuzz)"; return; }
  while IFS= read -r program; do
    [[ $program == */threads_fuzz ]] || fuzz "$1" "$program" $((minutes * 60))
  done < <(fuzzers "$(build_folder fuzz)")
}

part_threads() {
  build_preset fuzz-threads tests/fuzz/threads_fuzz || { add_failure "$1" "the build (preset fuzz-threads)"; return; }
  fuzz "$1" "$(build_folder fuzz-threads)/tests/fuzz/threads_fuzz" $((minutes * 60))
}

part_limits() {
  build_preset release limit_tests || { add_failure "$1" "the build (preset release)"; return; }
  ZIRCON_LIMITS=full run_gtests "$1" "$(build_folder release)/tests/limits/limit_tests"
}

# build_endurance PART PROGRAM: a program of tests/endurance, and what it runs in.
build_endurance() {
  build_preset release "$2" || { add_failure "$1" "the build (preset release)" && return 1; }
  (prepare_kernel) || { add_failure "$1" "the nested environment cannot be prepared" && return 1; }
}

# In machines of two minutes: QEMU's emulated processor does not outlive hostile guests for long (assertions of its own),
# and a machine that has failed, which is told from a program that has, is taken for none at all.
part_hostile() {
  local left=$((minutes * 60)) seed passed=0 broken=0 seconds status log=$logs/hostile_guests.log
  build_endurance "$1" hostile_guests || return 0
  seed=$(date +%s)
  while ((left > 0 && broken <= passed + 10)); do
    seconds=$((left < 120 ? left : 120)) status=0
    run_watched $((seconds + 1100)) $((seconds + 1100)) "$log" "$repository/scripts/with-kvm" --timeout $((seconds + 900)) \
      "$(build_folder release)/tests/endurance/hostile_guests" --seconds "$seconds" --seed "$seed" || status=$?
    case $status in
      0)
        passed=$((passed + 1)) left=$((left - seconds))
        printf 'seed %d: %s\n' "$seed" "$(tail -n 1 -- "$log")"
        ;;
      125)
        broken=$((broken + 1))
        printf 'seed %d: the virtual machine has failed, not the program: %s\n' "$seed" "$(grep -A 1 'QEMU said' "$log" | tail -n 1)"
        ;;
      *)
        judge "$1" "hostile_guests --seed $seed" "$log" "$status"
        return 0
        ;;
    esac
    seed=$((seed + 1))
  done
  printf '%d machines, and %d that failed themselves\n' "$passed" "$broken"
  judge "$1" hostile_guests "$log" $((left > 0))
}

part_soak() {
  build_endurance "$1" soak || return 0
  run_nested_program "$1" $((minutes * 360 + 900)) "$(build_folder release)/tests/endurance/soak" --seconds $((minutes * 360))
}
