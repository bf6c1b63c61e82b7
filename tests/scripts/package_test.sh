#!/bin/bash
# What is quick of packaging: the version is the same wherever it stands, and each installed file is in exactly one package.
# scripts/package and scripts/fresh-machine do the rest.
# usage: tests/scripts/package_test.sh LIBRARY_DIR    (build/<preset>/src)
# Shows: INSTALL-8 INSTALL-9
set -euo pipefail

export LC_ALL=C
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
# shellcheck source=scripts/lib/version.sh
source "$repository/scripts/lib/version.sh"
build=$(realpath -- "$1/..")
readonly build
work=$(mktemp -d)
readonly work
trap 'rm -rf -- "$work"' EXIT
# shellcheck source=tests/scripts/lib/mistakes.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/mistakes.sh"

# says WORDS EXPECTED ACTUAL
says() {
  [[ $2 == "$3" ]] || fail "$1 says '$3', not '$2'"
}

# CMakeLists.txt is the one place; what cannot take it from there is compared.
check_version() {
  local version
  version=$(project_version)
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "CMakeLists.txt has no version"
  says "the build" "$version" "$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")"
  says "zircon-kvm.pc" "$version" "$(sed -n 's/^Version: //p' "$build/package/zircon-kvm.pc")"
  says "the library's name" "libzircon.so.$version" "$(basename -- "$(realpath -- "$build/src/libzircon.so")")"
  says "CHANGELOG.md" "$version" "$(sed -nE 's/^## ([0-9.]+).*/\1/p' "$repository/CHANGELOG.md" | head -n 1)"
  says "README.md" "${version%.*}" "$(sed -nE 's/^find_package\(zircon-kvm ([0-9.]+) .*/\1/p' "$repository/README.md")"
}

# claim PATTERN: the installed files that it names: themselves, or all below. A line of debhelper's may have a place too.
claim() {
  local pattern=${1%% *}
  # Where Debian's libraries are by architecture, this machine's may not be.
  pattern=${pattern/#usr\/lib\/\*/$libraries}
  (
    cd "$work/staged"
    # shellcheck disable=SC2086 # the pattern is meant
    find $pattern ! -type d 2>/dev/null || true
  )
}

check_contents() {
  local file pattern count
  DESTDIR=$work/staged cmake --install "$build" --prefix /usr >"$work/log" 2>&1 || {
    cat -- "$work/log" >&2
    fail "cmake --install"
    return
  }
  libraries=$(cd "$work/staged" && dirname -- "$(find usr -name libzircon.a)")
  cat -- "$repository"/packaging/debian/*.install "$repository/packaging/debian/not-installed" |
    while IFS= read -r pattern; do claim "$pattern"; done | sort >"$work/claimed"
  (cd "$work/staged" && find usr ! -type d | sort) >"$work/installed"
  while read -r count file; do
    ((count == 1)) || fail "$count packages have $file"
  done < <(uniq -c <"$work/claimed")
  while IFS= read -r file; do
    fail "no package has $file"
  done < <(comm -13 <(uniq <"$work/claimed") "$work/installed")
  # What is built here without documentation has no such files.
  for pattern in usr/bin/zvmm usr/bin/zircon-with-kvm usr/include/zircon/syscalls.h; do
    grep -qxF "$pattern" "$work/claimed" || fail "no package has $pattern"
  done
}

check_version
check_contents
if ((mistakes > 0)); then
  echo "package_test: $mistakes failed" >&2
  exit 1
fi
echo "package_test: passed"
