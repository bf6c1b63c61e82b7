# shellcheck shell=bash
# What test scripts have in common that go on after a mistake: they count them.

mistakes=0

# fail WORDS...
fail() {
  printf 'FAIL: %s\n' "$*" >&2
  mistakes=$((mistakes + 1))
}
