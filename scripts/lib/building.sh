# shellcheck shell=bash
# What every script that builds does: packages, presets, and the kernel's download on a machine whose package lists
# are old.
# Needs messages.sh, nested_cache.sh; uses the caller's $repository and $scripts_lib.
# shellcheck disable=SC2154 # they are the caller's

# announce WORDS...: the heading of a step.
announce() {
  printf '\n== %s\n' "$*"
}

# build_folder PRESET: where CMakePresets.json puts it.
build_folder() {
  printf '%s' "$repository/build/$1"
}

# install_packages [GROUP]...: what is missing of the groups of scripts/install-packages. Its chatter is shown if it
# fails.
install_packages() {
  local log
  log=$(mktemp)
  if "$scripts_lib/../install-packages" "$@" >"$log" 2>&1; then
    tail -n 1 -- "$log"
    rm -f -- "$log"
    return 0
  fi
  cat -- "$log"
  rm -f -- "$log"
  return 1
}

# build_preset PRESET [TARGET]...: configures and builds; everything if no target is given. The compiler's output goes
# to a file and is shown if something fails.
build_preset() {
  local preset=$1 folder log start=$SECONDS targets=()
  shift
  folder=$(build_folder "$preset")
  log=$folder/build.log
  mkdir -p -- "$folder"
  (($# == 0)) || targets=(--target "$@")
  # A build folder that came along with a copied tree would build the tree it came from.
  if [[ -e $folder/CMakeCache.txt ]] && ! grep -qxF "CMAKE_CACHEFILE_DIR:INTERNAL=$folder" "$folder/CMakeCache.txt"; then
    rm -rf -- "$folder/CMakeCache.txt" "$folder/CMakeFiles"
  fi
  if (cd "$repository" && cmake --preset "$preset") >"$log" 2>&1 &&
    cmake --build "$folder" --parallel "$(nproc)" ${targets[@]+"${targets[@]}"} >>"$log" 2>&1; then
    printf 'built preset %s in %d s\n' "$preset" $((SECONDS - start))
    return 0
  fi
  # ninja prints a line per file; what failed stands behind FAILED.
  if ! grep -q '^FAILED:' "$log"; then
    tail -n 60 -- "$log"
  else
    awk '/^\[[0-9]+\/[0-9]+\] / { on = 0 } /^FAILED:/ { on = 1 } on && ++lines <= 200' "$log"
  fi
  printf 'the build failed (preset %s); all of its output: %s\n' "$preset" "$log"
  return 1
}

# prepare_kernel: the nested environment's kernel and initramfs, as prepare_nested_cache; with new package lists if the
# old ones don't do.
prepare_kernel() {
  # In a subshell, because failing ends the shell.
  if ! (prepare_nested_cache); then
    say "trying again with new package lists"
    if ((EUID == 0)); then
      apt-get -qq update >&2 || true
    else
      sudo apt-get -qq update >&2 || true
    fi
  fi
  prepare_nested_cache
}
