# shellcheck shell=bash
# Messages and failures, the same for every script here. Everything goes to standard error: standard output belongs
# to the programs that the scripts run.

# The exit status that says "the script or its environment failed, not the program it ran".
readonly STATUS_ENVIRONMENT=125

say() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
  say "$@"
  exit "$STATUS_ENVIRONMENT"
}

# Where this stands, in the tree or installed.
installer=$(dirname -- "$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")")/install-packages
readonly installer

# require_command COMMAND PACKAGE_GROUP: dies, naming the remedy, unless COMMAND can be run.
require_command() {
  type -P "$1" >/dev/null || die "'$1' is not installed; run $installer $2"
}

# free_megabytes FOLDER: what its file system still takes.
free_megabytes() {
  df --output=avail --block-size=1M -- "$1" 2>/dev/null | tail -n 1 | tr -d ' ' | grep -E '^[0-9]+$' || echo 0
}
