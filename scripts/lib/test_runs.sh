# shellcheck shell=bash
# Runs tests and counts single test cases: ctest's, shell scripts (conformance.sh has those of zircon-conformance).
# Whatever may enter a guest is under a time limit, and also under a limit of silence.
# Needs messages.sh, results.sh, building.sh; uses the caller's $repository and $logs (a folder for outputs).
# shellcheck disable=SC2154 # they are the caller's

watched=''

# run_watched SECONDS SILENCE LOG COMMAND...: COMMAND's status, its output in LOG; 124 if it was ended because it took
# SECONDS or wrote nothing for SILENCE.
run_watched() {
  local limit=$1 silence=$2 log=$3 start=$SECONDS heard=$SECONDS size=0 new_size status=0
  shift 3
  : >"$log"
  timeout --kill-after=10 "$limit" "$@" </dev/null >"$log" 2>&1 &
  watched=$!
  while kill -0 "$watched" 2>/dev/null; do
    new_size=$(stat -c %s -- "$log")
    if ((new_size != size)); then
      size=$new_size heard=$SECONDS
    elif ((SECONDS - heard >= silence)); then
      printf '\n[ended after %d s, of which %d s without output]\n' $((SECONDS - start)) "$silence" >>"$log"
      # timeout passes it on, and kills what does not end.
      kill -TERM "$watched" 2>/dev/null || true
      wait "$watched" 2>/dev/null || true
      watched=''
      return 124
    fi
    sleep 0.2
  done
  wait "$watched" 2>/dev/null || status=$?
  watched=''
  return "$status"
}

end_watched() {
  [[ -z $watched ]] || kill -TERM "$watched" 2>/dev/null || true
}

# run_ctest ENVIRONMENT NAME PRESET ARGUMENT...: ctest with ARGUMENTs.
run_ctest() {
  local environment=$1 name=$2 log=$logs/$2.log xml=$logs/$2.xml header total bad left status=0 test
  local folder wrapper=(env)
  folder=$(build_folder "$3")
  # The thread sanitizer knows fewer address layouts than newer kernels use.
  [[ $3 != tsan ]] || wrapper=(setarch --addr-no-randomize)
  shift 3
  rm -f -- "$xml"
  "${wrapper[@]}" ctest --test-dir "$folder" --parallel "$(nproc)" --timeout 300 \
    --output-on-failure --no-tests=error --output-junit "$xml" "$@" </dev/null >"$log" 2>&1 || status=$?
  if [[ ! -s $xml ]]; then
    tail -n 40 -- "$log"
    add_failure "$environment" "ctest ran no test; its output: $log"
    return 0
  fi
  # The attributes of the only <testsuite>, a line each.
  header=$(sed -n '/<testsuite/,/>/p' "$xml")
  total=$(junit_number tests "$header")
  bad=$(junit_number failures "$header")
  left=$(($(junit_number skipped "$header") + $(junit_number disabled "$header")))
  add_results "$environment" $((total - bad - left)) "$bad" "$left"
  printf '%d passed, %d failed, %d skipped (%s)\n' $((total - bad - left)) "$bad" "$left" "$log"
  if ((bad > 0)); then
    # What the failing tests wrote, up to a point, without what passed in the same process. (awk reads to the end: a
    # pipe to head would break.)
    awk '/^ +Start +[0-9]+:/ || /^ *[0-9]+\/[0-9]+ Test .* Passed / { next }
         /\*\*\*/ { on = 1 }
         /^[0-9]+% tests passed/ { exit }
         /^\[ RUN      \]/ { running = $0 "\n"; next }
         /^\[       OK \]/ { running = ""; next }
         on && ++lines <= 300 { printf "%s%s\n", running, $0; running = "" }' "$log"
    while IFS= read -r test; do
      repeat_at_end "$environment" "$test (output: $log)"
    done < <(sed -n 's/.*<testcase name="\([^"]*\)".*status="fail".*/\1/p' "$xml")
  elif ((status != 0)); then
    tail -n 40 -- "$log"
    add_failure "$environment" "ctest ended with status $status; its output: $log"
  fi
}

# junit_number ATTRIBUTE TEXT
junit_number() {
  local number=0
  [[ ! $2 =~ [[:space:]]$1=\"([0-9]+)\" ]] || number=${BASH_REMATCH[1]}
  printf '%d' "$number"
}

# run_hello ENVIRONMENT NAME COMMAND...: COMMAND is the example, which is a test as well.
run_hello() {
  local environment=$1 name=$2 log=$logs/$2.log status=0
  shift 2
  run_watched 180 180 "$log" "$@" || status=$?
  if ((status == 0)) && [[ $(<"$log") == "Hello from the guest" ]]; then
    add_results "$environment" 1 0 0
    echo "hello: passed"
  else
    tail -n 20 -- "$log"
    add_failure "$environment" "hello, status $status (output: $log)"
  fi
}

# run_nested_program ENVIRONMENT SECONDS PROGRAM [ARGUMENT]...: a program in the nested environment as a whole, which is one
# test; it may take SECONDS once it runs. Its last line says how it went.
run_nested_program() {
  local environment=$1 seconds=$2 program=$3 name log attempt status
  shift 3
  name=$(basename -- "$program")
  log=$logs/$name.log
  for attempt in first second; do
    status=0
    run_watched $((seconds + 200)) $((seconds + 200)) "$log" \
      "$repository/scripts/with-kvm" --timeout "$seconds" "$program" "$@" || status=$?
    [[ $attempt == first && $status == 125 ]] || break
    # Hostile guests bring down QEMU's emulated processor now and then (an assertion of its own), which says nothing of
    # the library.
    echo "$name: the virtual machine has failed, not the program; once more"
    tail -n 5 -- "$log"
  done
  if ((status == 0)); then
    add_results "$environment" 1 0 0
    printf '%s: %s\n' "$name" "$(tail -n 1 -- "$log")"
  else
    tail -n 20 -- "$log"
    add_failure "$environment" "$name, status $status (output: $log)"
  fi
}

# run_script_tests ENVIRONMENT ARGUMENT SCRIPT...: each is one test, called with ARGUMENT; status 77 says skipped.
run_script_tests() {
  local environment=$1 argument=$2 script name log status start
  shift 2
  for script; do
    name=${script##*/}
    log=$logs/$name.log
    start=$SECONDS status=0
    run_watched 900 900 "$log" "$script" "$argument" || status=$?
    case $status in
      0)
        add_results "$environment" 1 0 0
        printf '%s: passed in %d s\n' "$name" $((SECONDS - start))
        ;;
      77)
        add_results "$environment" 0 0 1
        printf '%s: skipped: %s\n' "$name" "$(tail -n 1 -- "$log")"
        ;;
      *)
        tail -n 40 -- "$log"
        add_failure "$environment" "$name, status $status (output: $log)"
        ;;
    esac
  done
}

# host_kvm_can PRESET: asks the library, as built with PRESET, whether guests can run on this host; sets host_kvm_words to
# its answer. Status 3 is a "no".
host_kvm_can() {
  local folder program compiler status=0 sanitizers flags=(-std=c++20)
  folder=$(build_folder "$1")
  program=$folder/host_kvm_check
  sanitizers=$(sed -n 's/^ZIRCON_SANITIZE:[A-Z]*=//p' "$folder/CMakeCache.txt")
  [[ -z $sanitizers ]] || flags+=("-fsanitize=$sanitizers")
  # Sanitizers are the compiler's own, and need C++'s part of it for the library.
  compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$folder/CMakeCache.txt")
  if ! "${compiler:-c++}" "${flags[@]}" -x c++ -o "$program" -I "$repository/include" - -L "$folder/src" -lzircon \
    "-Wl,-rpath,$folder/src" <<'END'; then
#include <stdio.h>
#include <zircon-kvm/host.h>
int main() {
  char words[512] = "";
  const zx_status_t status = zircon_kvm_check(words, sizeof(words));
  puts(words);
  return status == ZX_OK ? 0 : 3;
}
END
    host_kvm_words="the check whether guests can run here does not build"
    return 1
  fi
  host_kvm_words=$(timeout --kill-after=5 60 setarch --addr-no-randomize "$program" 2>&1 </dev/null) || status=$?
  ((status == 0)) && return 0
  # Anything but the library's "no" is not an answer.
  ((status == 3)) || host_kvm_words="the check itself ended with status $status: $host_kvm_words"
  return "$status"
}
