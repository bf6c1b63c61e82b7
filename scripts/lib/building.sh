# shellcheck shell=bash
# What every script that builds does: packages, presets, and the kernel's download on a machine whose package lists
# are old.
# Needs messages.sh, nested_cache.sh; uses the caller's $repository and $scripts_lib.
# shellcheck disable=SC2154 # they are the caller's

# announce WORDS...: the heading of a step.
announce() {
  printf '\n== %s\n' "$*"
}

# build_folder PRESET: build/PRESET of the tree, or of the folder that ZIRCON_KVM_BUILD names.
build_folder() {
  printf '%s' "${ZIRCON_KVM_BUILD:-$repository/build}/$1"
}

# require_build_folder: dies unless something can be written there.
require_build_folder() {
  local folder=${ZIRCON_KVM_BUILD:-$repository/build}
  { mkdir -p -- "$folder" && [[ -w $folder ]]; } 2>/dev/null ||
    die "cannot write to $folder; the environment variable ZIRCON_KVM_BUILD names another folder to build in"
}

# install_packages [GROUP]...: what is missing of the groups of scripts/install-packages. Its chatter is shown if it
# fails.
install_packages() {
  local log
  log=$(mktemp)
  if "$installer" "$@" >"$log" 2>&1; then
    tail -n 1 -- "$log"
    rm -f -- "$log"
    return 0
  fi
  cat -- "$log"
  rm -f -- "$log"
  return 1
}

# configure_and_build PRESET [TARGET]...: everything if no target is given; with the output of CMake and ninja.
configure_and_build() {
  local preset=$1 folder targets=()
  shift
  folder=$(build_folder "$preset")
  (($# == 0)) || targets=(--target "$@")
  # A build folder that came along with a copied tree would build the tree it came from.
  if [[ -e $folder/CMakeCache.txt ]] && ! grep -qxF "CMAKE_CACHEFILE_DIR:INTERNAL=$folder" "$folder/CMakeCache.txt"; then
    rm -rf -- "$folder/CMakeCache.txt" "$folder/CMakeFiles"
  fi
  (cd "$repository" && cmake --preset "$preset" -B "$folder") &&
    cmake --build "$folder" --parallel "$(nproc)" ${targets[@]+"${targets[@]}"} -- -k 0
}

# build_preset PRESET [TARGET]...: the same, in few words: what the compiler says goes to a file and is shown if
# something fails.
build_preset() {
  local preset=$1 folder log start=$SECONDS
  require_build_folder
  folder=$(build_folder "$preset")
  log=$folder/build.log
  mkdir -p -- "$folder"
  if configure_and_build "$@" >"$log" 2>&1; then
    printf 'built preset %s in %d s\n' "$preset" $((SECONDS - start))
    return 0
  fi
  show_build_failure "$log"
  printf 'the build failed (preset %s); all of its output: %s\n' "$preset" "$log"
  return 1
}

# show_build_failure LOG
show_build_failure() {
  # ninja prints a line per file; what failed stands behind FAILED.
  if ! grep -q '^FAILED:' "$1"; then
    tail -n 60 -- "$1"
  else
    awk '/^\[[0-9]+\/[0-9]+\] / { on = 0 } /^FAILED:/ { on = 1 } on && ++lines <= 200' "$1"
  fi
}

# with_new_lists COMMAND: COMMAND, and once more with new package lists if it fails with the old ones.
with_new_lists() {
  # In a subshell, because failing ends the shell.
  if ! ("$1"); then
    require_cache_room
    say "trying again with new package lists"
    if ((EUID == 0)); then
      apt-get -qq update >&2 || true
    else
      sudo apt-get -qq update >&2 || true
    fi
  fi
  "$1"
}

# prepare_kernel: the nested environment's kernel and initramfs, as prepare_nested_cache; prepare_kernel_alone: the kernel.
prepare_kernel() { with_new_lists prepare_nested_cache; }
prepare_kernel_alone() { with_new_lists prepare_nested_kernel; }
