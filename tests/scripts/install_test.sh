#!/bin/bash
# What cmake --install installs, wherever it is moved then, is all that an outside project needs: the programs of
# tests/install, built against it with the shared and the static library, found by CMake and by pkg-config.
# usage: tests/scripts/install_test.sh LIBRARY_DIR    (build/<preset>/src)
# Shows: ABI-2 ABI-3 GEN-2 INSTALL-1 INSTALL-2 INSTALL-3 INSTALL-4 INSTALL-5 INSTALL-7 INSTALL-10
set -euo pipefail

export LC_ALL=C
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
build=$(realpath -- "$1/..")
readonly build
work=$(mktemp -d)
readonly work
trap 'rm -rf -- "$work"' EXIT
# shellcheck source=tests/scripts/lib/mistakes.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/mistakes.sh"

# quietly WORDS COMMAND...: runs COMMAND; if it fails, that is a mistake, shown with what it wrote.
quietly() {
  local words=$1
  shift
  if ! "$@" >"$work/output" 2>&1 </dev/null; then
    fail "$words: $*"
    tail -n 30 -- "$work/output" >&2
    return 1
  fi
}

# A program that uses a library so built would have to be built likewise.
cached() {
  sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"
}
if [[ -n $(cached ZIRCON_SANITIZE) || $(cached ZIRCON_COVERAGE) == ON ]]; then
  echo "the library is instrumented"
  exit 77
fi

c_compiler=$(cached CMAKE_C_COMPILER)
cxx_compiler=$(cached CMAKE_CXX_COMPILER)
version=$(cached CMAKE_PROJECT_VERSION)
readonly warnings=(-Wall -Wextra -Wpedantic -Werror)
readonly c_programs=(c_program generation_2018 own_calls)

# install_tree: into $work/moved; not where it was told to be, so that no path of its own may count.
install_tree() {
  quietly "cmake --install" env DESTDIR="$work/staged" cmake --install "$build" --prefix /opt/zircon || exit 1
  mv -- "$work/staged/opt/zircon" "$work/moved"
  libraries=$(dirname -- "$(find "$work/moved" -name libzircon.so)")
  export PKG_CONFIG_PATH=$libraries/pkgconfig
}

# What is there, and that nothing speaks of the places where it was built.
check_tree() {
  local header soname file
  while read -r header; do
    cmp -s -- "$repository/include/$header" "$work/moved/include/$header" || fail "$header is not installed as it is"
  done < <(cd "$repository/include" && find . -name '*.h')
  soname=$(readelf -d "$libraries/libzircon.so" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
  [[ $soname == "libzircon.so.${version%%.*}" ]] || fail "libzircon.so is named '$soname'"
  [[ -e $libraries/$soname ]] || fail "there is no $soname"
  ! readelf -d "$libraries/libzircon.so" | grep -E 'RPATH|RUNPATH' || fail "libzircon.so has a search path"
  while IFS= read -r file; do
    fail "${file#"$work/moved/"} names a folder of the build"
  done < <(grep -rlF -e "$repository" -e "$build" -e "$work" -e /opt/zircon "$libraries/cmake" "$libraries/pkgconfig")
}

# The programs find the library beside them, and have manual pages that name all of their options.
check_programs() {
  local program page option
  [[ $(cached ZIRCON_BUILD_TOOLS) == ON ]] || return 0
  [[ $("$work/moved/bin/zvmm" --version) == "zvmm $version" ]] || fail "zvmm does not say its version"
  for program in zvmm zircon-conformance zircon-with-kvm; do
    page=$work/moved/share/man/man1/$program.1
    "$work/moved/bin/$program" --help >"$work/help" || fail "$program does not run"
    type -P man >/dev/null || continue
    quietly "the manual page" man --warnings -E UTF-8 -l -Tutf8 -Z "$page" || continue
    grep -q 'warning' "$work/output" && fail "the manual page of $program: $(grep -a warning "$work/output")"
    while read -r option; do
      grep -qF -- "${option//-/\\-}" "$page" || fail "the manual page of $program does not have $option"
    done < <(sed -nE 's/^  (-[^ ]*).*/\1/p' "$work/help")
  done
  [[ -e $work/moved/share/man/man7/zircon-kvm.7 ]] || fail "there is no manual page zircon-kvm(7)"
}

# run PROGRAM: with the installed libzircon.so.
run() {
  quietly "run" env LD_LIBRARY_PATH="$libraries" timeout --kill-after=5 60 "$1"
}

# check_needs PROGRAM LIBRARY...: of the shared libraries it takes, these are none of its own making.
check_needs() {
  local program=$1 needed
  shift
  while read -r needed; do
    [[ " $* " == *" $needed "* ]] || fail "${program##*/} takes $needed"
  done < <(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
}

# What libzircon.a may take: the language's runtime, and Zydis only if it was not to be had as sources.
runtime=(libc.so.6 libm.so.6 libstdc++.so.6 libgcc_s.so.1 ld-linux-x86-64.so.2)
! grep -q -e -lZydis "$build/package/zircon-kvm.pc" || runtime+=(libZydis.so.4.0)

# check_size PROGRAM: what a static program weighs, and that no debug information comes along. (Not of a build that is for it.)
check_size() {
  [[ $(cached CMAKE_BUILD_TYPE) != Debug ]] || return 0
  (($(stat -c %s -- "$1") < 3000000)) || fail "${1##*/} has $(stat -c %s -- "$1") bytes"
  ! readelf -S "$libraries/libzircon.a" | grep -q '\.debug_info' || fail "libzircon.a has debug information"
}

check_cmake() {
  local project=$work/cmake program
  quietly "configure" cmake -S "$repository/tests/install" -B "$project" -G Ninja \
    -DCMAKE_PREFIX_PATH="$work/moved" -DWANTED_VERSION="$version" \
    -DCMAKE_C_COMPILER="$c_compiler" -DCMAKE_CXX_COMPILER="$cxx_compiler" || return 0
  quietly "build" cmake --build "$project" || return 0
  for program in "${c_programs[@]}" cxx_program; do
    run "$project/${program}_zircon" || true
    run "$project/${program}_zircon_static" || true
    check_needs "$project/${program}_zircon_static" "${runtime[@]}"
  done
  check_needs "$project/c_program_zircon" "libzircon.so.${version%%.*}" libc.so.6
  # Another minor version is another library before 1.0.
  ! cmake -S "$repository/tests/install" -B "$work/other" -DCMAKE_PREFIX_PATH="$work/moved" \
    -DWANTED_VERSION=0.99 >/dev/null 2>&1 || fail "find_package takes version $version for 0.99"
}

# pkg_config_program NAME FLAGS...: builds tests/install/NAME with FLAGS of pkg-config.
pkg_config_program() {
  local name=$1 source=$repository/tests/install/$1.c compile=("$c_compiler" -std=c11)
  shift
  if [[ ! -e $source ]]; then
    source=${source}c
    compile=("$cxx_compiler" -std=c++17)
  fi
  quietly "build with pkg-config" "${compile[@]}" "${warnings[@]}" "-DWANTED_VERSION=\"$version\"" \
    "$source" -o "$work/$name" "$@"
}

check_pkg_config() {
  local program shared archive whole
  read -ra shared < <(pkg-config --cflags --libs zircon-kvm)
  read -ra archive < <(pkg-config --cflags --libs zircon-kvm-static)
  read -ra whole < <(pkg-config --static --cflags --libs zircon-kvm)
  [[ $(pkg-config --modversion zircon-kvm) == "$version" ]] || fail "pkg-config says another version"
  for program in "${c_programs[@]}" cxx_program; do
    ! pkg_config_program "$program" "${shared[@]}" || run "$work/$program" || true
    if pkg_config_program "$program" "${archive[@]}"; then
      run "$work/$program" || true
      check_needs "$work/$program" "${runtime[@]}"
    fi
    # There is no static Zydis.
    [[ " ${runtime[*]} " != *Zydis* ]] || continue
    if pkg_config_program "$program" -static "${whole[@]}"; then
      run "$work/$program" || true
      check_needs "$work/$program"
      check_size "$work/$program"
    fi
  done
}

install_tree
check_tree
check_programs
check_cmake
check_pkg_config
if ((mistakes > 0)); then
  echo "install_test: $mistakes failed" >&2
  exit 1
fi
echo "install_test: passed"
