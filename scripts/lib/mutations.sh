# shellcheck shell=bash
# The mutations of tests/mutations: reading them, and making the mistake in a file of a copy of the tree.
# Needs messages.sh; uses the caller's $original (the tree) and $repository (the copy).
# shellcheck disable=SC2154 # they are the caller's
# shellcheck disable=SC2034 # the arrays are for the caller

# By name.
declare -A why=() file=() tests=() program=() hangs=() old_lines=() new_lines=()
names=()

# The test programs by their names in a mutation, as targets, and where they are built.
declare -rA target_of=([unit]=unit_tests [scale]=scale_tests [stress]=stress_tests [faults]=fault_tests [models]=model_tests
  [limits]=limit_tests [conformance]=zircon-conformance)

# read_mutations [NAME]...: all of them, or these.
read_mutations() {
  local name path
  if (($# > 0)); then
    names=("$@")
  else
    for path in "$original"/tests/mutations/*.mutation; do
      name=${path##*/}
      names+=("${name%.mutation}")
    done
  fi
  for name in "${names[@]}"; do
    path=$original/tests/mutations/$name.mutation
    [[ -f $path ]] || die "there is no mutation '$name'; see scripts/mutations --list"
    read_mutation "$name" "$path"
  done
}

# read_mutation NAME PATH
read_mutation() {
  local name=$1 line part=head
  program[$name]=unit
  while IFS= read -r line; do
    case $part:$line in
      head:why:\ *) why[$name]=${line#why: } ;;
      head:file:\ *) file[$name]=${line#file: } ;;
      head:tests:\ *) tests[$name]=${line#tests: } ;;
      head:program:\ *) program[$name]=${line#program: } ;;
      head:hangs:\ *) hangs[$name]=${line#hangs: } ;;
      head:'--- old') part=old ;;
      old:'--- new') part=new ;;
      old:*) old_lines[$name]+=$line$'\n' ;;
      new:*) new_lines[$name]+=$line$'\n' ;;
      *) die "$2: what is '$line'?" ;;
    esac
  done <"$2"
  [[ $part == new && -n ${why[$name]:-} && -n ${file[$name]:-} && -n ${tests[$name]:-} &&
    -n ${old_lines[$name]:-} && ${old_lines[$name]} != "${new_lines[$name]:-}" ]] ||
    die "$2: it needs why, file, tests, old lines, and new ones that differ"
  [[ -n ${target_of[${program[$name]}]:-} ]] || die "$2: no program ${program[$name]}"
  [[ ${hangs[$name]:-1} =~ ^[1-9][0-9]*$ ]] || die "$2: hangs is a number of seconds"
}

# fits NAME PATH: whether the old lines are in the file, once; if not, says so.
fits() {
  local text rest
  if [[ ! -f $2 ]]; then
    echo "does not apply: there is no ${file[$1]}"
    return 1
  fi
  text=$'\n'$(<"$2")$'\n'
  rest=${text#*$'\n'"${old_lines[$1]}"}
  if [[ $rest == "$text" ]]; then
    echo "does not apply: its old lines are not in ${file[$1]}"
    return 1
  fi
  if [[ $'\n'$rest == *$'\n'"${old_lines[$1]}"* ]]; then
    echo "does not apply: its old lines are in ${file[$1]} more than once"
    return 1
  fi
}

mutated=''

# mutate NAME: makes the mistake in the copy, until restore.
mutate() {
  local text path=$repository/${file[$1]} old=$'\n'${old_lines[$1]}
  mutated=${file[$1]}
  cp -- "$path" "$repository/without_mistake"
  text=$'\n'$(<"$path")$'\n'
  text=${text%%"$old"*}$'\n'${new_lines[$1]:-}${text#*"$old"}
  printf '%s' "${text#$'\n'}" >"$path"
}

# restore: takes the mistake back.
restore() {
  [[ -z $mutated ]] || cp -- "$repository/without_mistake" "$repository/$mutated"
  mutated=''
}

# copy_tree FROM TO: all but what is built. A file that is the same already is not touched: the build goes by times. A folder
# of the copy that is no part of the tree stays.
copy_tree() {
  local from=$1 to=$2 path parts=()
  mkdir -p -- "$to"
  while IFS= read -r path; do
    parts+=("$path")
  done < <(cd "$from" && find . -mindepth 1 -maxdepth 1 ! -name build ! -name .git -printf '%P\n')
  while IFS= read -r path; do
    mkdir -p -- "$to/$(dirname -- "$path")"
    cp -- "$from/$path" "$to/$path"
  done < <(differing "$from" "$to" "${parts[@]}")
  while IFS= read -r path; do
    rm -- "$to/$path"
  done < <(cd "$to" && for path in "${parts[@]}"; do [[ ! -e $path ]] || find "$path" -type f; done |
    while IFS= read -r path; do [[ -e $from/$path ]] || printf '%s\n' "$path"; done)
}

# differing FROM TO PART...: the files of FROM that TO has not, or has otherwise.
differing() {
  local from=$1 to=$2
  shift 2
  # A checksum for every file of both, and the lines that only FROM has.
  comm -23 <(checksums "$from" "$@") <(checksums "$to" "$@") | sed 's/^[^ ]*  //'
}

# checksums FOLDER PART...
checksums() {
  (cd "$1" && shift && find "$@" -type f -print0 2>/dev/null | xargs -0 -r sha256sum | sort)
}

# gtest_events LOG: lines "RUN|OK|FAILED|SKIPPED NAME", in order. A test's own output may stand before one of them on
# the line; the list of failed tests at the end has no times, so it is not taken for results.
gtest_events() {
  sed -n -E \
    -e 's/.*\[ RUN      \] ([^ ]+)$/RUN \1/p' \
    -e 's/.*\[       OK \] ([^ ]+) \([0-9]+ ms\)$/OK \1/p' \
    -e 's/.*\[  FAILED  \] ([^ ,]+),?.* \([0-9]+ ms\)$/FAILED \1/p' \
    -e 's/.*\[  SKIPPED \] ([^ ]+) \([0-9]+ ms\)$/SKIPPED \1/p' "$1"
}
