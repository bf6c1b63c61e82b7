#!/usr/bin/env bash
# The program in README.md compiles and runs a guest, on the host's KVM or in the nested environment.
#   readme_test.sh LIBRARY_DIR    (where libzircon.so is)
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
library_dir=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk '/^```c$/ {inside = 1; next} /^```$/ {inside = 0} inside' "$root/README.md" >"$work/guest.c"
cc -std=c11 -Wall -Wextra -Werror -I"$root/include" "$work/guest.c" -o "$work/guest" \
  -L"$library_dir" -lzircon -Wl,-rpath,"$library_dir"

expected="ZX_OK: key 42, port 0x10, byte '!'"
if [[ -w /dev/kvm ]]; then
  printed=$(timeout 60 "$work/guest")
else
  printed=$("$root/scripts/with-kvm" "$work/guest")
fi
if [[ $printed != "$expected" ]]; then
  printf 'expected: %s\nprinted:  %s\n' "$expected" "$printed" >&2
  exit 1
fi
