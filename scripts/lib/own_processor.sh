# shellcheck shell=bash
# A processor of its own for each of the virtual machines of this user, as far as they go round.

# allowed_processors: their numbers.
allowed_processors() {
  local range
  for range in $(taskset --cpu-list --pid $$ | sed 's/.*: //; s/,/ /g'); do
    seq "${range%-*}" "${range#*-}"
  done
}

# take_processor FOLDER: sets processor to the number of one that nobody has who asks for one by this FOLDER, or else to
# any. It is taken until all have ended that this shell starts from now on, and the shell itself.
take_processor() {
  local processors lock
  mapfile -t processors < <(allowed_processors)
  for processor in "${processors[@]}"; do
    { exec {lock}>"$1/processor-$processor.lock"; } 2>/dev/null || break
    ! flock --nonblock "$lock" || return 0
    exec {lock}>&-
  done
  # shellcheck disable=SC2034 # the caller's
  processor=${processors[RANDOM % ${#processors[@]}]}
}
