# shellcheck shell=bash
# Steps that run side by side: each has a log, and a line that says at every moment where it is. On a terminal the lines
# of all are one that is written anew; else each is printed when it has changed, now and then.
#
#   start_step kernel "the guest's kernel" kernel_state prepare_kernel
#   start_step build "compiling" build_state build_it
#   finish_steps kernel build        # shows them until they have ended; dies if one fails
#
# A state is a function: given the step's log it prints a few words, or nothing.
# Needs messages.sh; uses the caller's $work (a folder). The caller's way out calls end_steps.
# shellcheck disable=SC2154 # it is the caller's

declare -A step_process=() step_title=() step_state=() step_began=() step_said=()

# How often a state is printed where there is no terminal.
readonly STEP_INTERVAL=10

# start_step NAME TITLE STATE COMMAND...: in the background, in a process group of its own so that all of it can be ended.
start_step() {
  local name=$1
  step_title[$name]=$2 step_state[$name]=$3 step_began[$name]=$SECONDS step_said[$name]=''
  shift 3
  set -m
  ("$@") </dev/null >"$work/step-$name.log" 2>&1 &
  step_process[$name]=$!
  set +m
}

# step_words NAME: "compiling: [57/146]"
step_words() {
  local words
  words=$("${step_state[$1]}" "$work/step-$1.log" 2>/dev/null) || words=''
  printf '%s' "${step_title[$1]}${words:+: $words}"
}

# finish_steps NAME...: whatever else runs meanwhile is shown too.
finish_steps() {
  local waiting=("$@") name left status tick=0
  while ((${#waiting[@]} > 0)); do
    left=()
    for name in "${waiting[@]}"; do
      if [[ -z ${step_process[$name]:-} ]]; then
        continue
      elif kill -0 "${step_process[$name]}" 2>/dev/null; then
        left+=("$name")
      else
        status=0
        wait "${step_process[$name]}" || status=$?
        unset "step_process[$name]"
        step_ended "$name" "$status"
      fi
    done
    waiting=(${left[@]+"${left[@]}"})
    ((${#waiting[@]} > 0)) || break
    show_steps $((tick++))
    sleep 0.2
  done
}

# step_ended NAME STATUS
step_ended() {
  clear_steps
  if (($2 != 0)); then
    say "${step_title[$1]}: failed (status $2), after:"
    tail -n 60 -- "$work/step-$1.log" >&2
    exit "$STATUS_ENVIRONMENT"
  fi
  printf '%s: done in %d s\n' "${step_title[$1]}" $((SECONDS - step_began[$1]))
}

# show_steps TICK: a tick is a fifth of a second.
show_steps() {
  local name words line=''
  if [[ -t 1 ]]; then
    (($1 % 3 == 0)) || return 0
    for name in "${!step_process[@]}"; do
      line+="${line:+ | }$(step_words "$name")"
    done
    printf '\r\033[K%s' "${line:0:$((${COLUMNS:-$(tput cols 2>/dev/null || echo 80)} - 1))}"
    return
  fi
  (($1 % (STEP_INTERVAL * 5) == 0)) || return 0
  for name in "${!step_process[@]}"; do
    words=$(step_words "$name")
    [[ $words != "${step_said[$name]}" ]] || continue
    step_said[$name]=$words
    printf '%s\n' "$words"
  done
}

clear_steps() {
  [[ ! -t 1 ]] || printf '\r\033[K'
}

# end_steps: for the way out.
end_steps() {
  local name
  for name in "${!step_process[@]}"; do
    kill -TERM -- "-${step_process[$name]}" 2>/dev/null || true
    wait "${step_process[$name]}" 2>/dev/null || true
    unset "step_process[$name]"
  done
}

# ---- States ----

# Of ninja, and of make by CMake: the last "[57/146]" or "[ 39%]".
build_state() {
  grep -aoE '^\[ *[0-9]+(/[0-9]+|%)\]' "$1" | tail -n 1
}

# Of apt-get: what it fetches, in megabytes, then what it unpacks and sets up, of how many.
apt_state() {
  awk '
    /newly installed/ { for (i = 1; i <= NF; ++i) if ($(i + 1) == "newly") total = $i }
    /^Need to get / { need = $4 " " $5 }
    /^Get:/ { ++got; if (match($0, /\[[0-9.,]+ [kMG]?B\]$/)) size += bytes(substr($0, RSTART + 1, RLENGTH - 2)) }
    /^Reading|^Hit:|^Ign:/ { lists = 1 }
    /^Unpacking / { ++unpacked }
    /^Setting up / { ++set_up }
    function bytes(text, part) {
      split(text, part, " "); gsub(",", "", part[1])
      return part[1] * (part[2] == "kB" ? 1e3 : part[2] == "MB" ? 1e6 : part[2] == "GB" ? 1e9 : 1)
    }
    END {
      if (set_up) printf "setting up %d of %d packages", set_up, total
      else if (unpacked) printf "unpacking %d of %d packages", unpacked, total
      else if (need) printf "%.0f MB of %s fetched", size / 1e6, need
      else if (got) printf "package lists, %.0f MB fetched", size / 1e6
      else if (lists) printf "package lists"
    }' "$1"
}
