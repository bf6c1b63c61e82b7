# shellcheck shell=bash
# Uses the caller's $repository.
# shellcheck disable=SC2154 # it is the caller's

# project_version: CMakeLists.txt is the one place that it stands in.
project_version() {
  sed -n 's/^  VERSION //p' "$repository/CMakeLists.txt"
}
