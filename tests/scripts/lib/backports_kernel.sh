# shellcheck shell=bash
# Linux 6.12, Debian's cloud kernel from bookworm-backports, beside the nested environment's 6.1. The machine's own package
# sources stay as they are: apt is given a list of its own.
# Needs zvmm_linux.sh, begun.

readonly BACKPORTS="deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm-backports main"

# prepare_backports_kernel: sets backports_kernel, with its modules in demo/ beside it. Ends the script with status 77 where
# it cannot be had.
# shellcheck disable=SC2154 # work is begin_zvmm_linux's
prepare_backports_kernel() {
  local apt=$work/apt cache package lock options
  mkdir -p -- "$apt"/{lists,cache/archives}/partial
  printf '%s\n' "$BACKPORTS" >"$apt/sources.list"
  options=(-o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$apt/lists"
    -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
  apt-get "${options[@]}" -qq update || true
  package=$(cloud_kernel_package "${options[@]}")
  if [[ -z $package ]]; then
    echo "bookworm-backports cannot be reached"
    exit 77
  fi
  cache=$(nested_cache_dir)
  backports_kernel=$cache/$package/vmlinuz
  if [[ ! -e $backports_kernel ]]; then
    exec {lock}>"$cache/lock"
    flock "$lock"
    [[ -e $backports_kernel ]] || fetch_kernel "$cache" "$cache/$package" "$package" "${options[@]}"
    exec {lock}>&-
  fi
}
