# shellcheck shell=bash
# What scripts have in common that boot a stock Linux in zvmm, in the nested environment.
#
#   source ".../lib/zvmm_linux.sh"
#   begin_zvmm_linux "$1" cc         # LIBRARY_DIR, and what it takes besides
#   cat >"$work/root/init" <<'END'
#   ...
#   END
#   pack_initramfs                   # $work/initramfs
#   run_nested 'Linux' ... "$zvmm" ...
#   says 1 'version: .*'
#   finish 'zvmm and Linux'

export LC_ALL=C
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../../..")
readonly repository
readonly scripts_lib=$repository/scripts/lib
# shellcheck source=scripts/lib/messages.sh
source "$scripts_lib/messages.sh"
# shellcheck source=scripts/lib/nested_cache.sh
source "$scripts_lib/nested_cache.sh"

# begin_zvmm_linux LIBRARY_DIR TOOL...: sets zvmm; nested_kernel; and work, a folder that goes at the end, with the root of
# an initramfs that has busybox. Ends the script with status 77 where zvmm or a tool is missing.
begin_zvmm_linux() {
  local tool
  zvmm=$(realpath -- "$1/..")/zvmm/zvmm
  readonly zvmm
  shift
  if [[ ! -e $zvmm ]]; then
    echo "there is no $zvmm"
    exit 77
  fi
  for tool in qemu-system-x86_64 busybox cpio "$@"; do
    if ! type -P "$tool" >/dev/null; then
      echo "there is no $tool"
      exit 77
    fi
  done
  prepare_nested_cache
  work=$(mktemp -d)
  readonly work
  trap 'rm -rf -- "$work"' EXIT
  mkdir -p -- "$work"/root/{bin,dev,proc,sys,modules}
  cp -- "$(type -P busybox)" "$work/root/bin/busybox"
  cat >"$work/root/bin/warnings" <<'END'
#!/bin/busybox sh
# What the kernel has said of level "warning" and worse, for no_warnings.
/bin/busybox dmesg -r | /bin/busybox sed -n 's/^<[0-4]>\[ *[0-9.]*\] /warning: /p'
echo "end of warnings"
END
  chmod +x -- "$work/root/bin/warnings"
}

# pack_initramfs: of the root, whose init is there by now.
pack_initramfs() {
  chmod +x -- "$work/root/init"
  (cd -- "$work/root" && find . | cpio --quiet -o -H newc) >"$work/initramfs"
}

# ---- What came of it ----

mistakes=0

# mistake WORDS...
mistake() {
  echo "FAIL: $*"
  mistakes=$((mistakes + 1))
}

# run_nested NAME ARGUMENT...: scripts/with-kvm, whose status is to be 0. What it writes is shown behind NAME, and is what
# says looks at.
run_nested() {
  local status=0
  name=$1
  shift
  "$repository/scripts/with-kvm" "$@" >"$work/output" 2>&1 </dev/null || status=$?
  tr -d '\r' <"$work/output" >"$work/lines"
  sed "s/^/$name: /" -- "$work/lines"
  ((status == 0)) || mistake "$name: status $status"
}

# says TIMES LINE: so many lines of the last run are LINE, a regular expression; with "+" behind TIMES so many or more.
says() {
  local count
  count=$(grep -Ecx -- "$2" "$work/lines" || true)
  if [[ $1 == *+ ]]; then
    ((count >= ${1%+})) || mistake "$name: $count times, not at least ${1%+}: $2"
  else
    ((count == $1)) || mistake "$name: $count times, not $1: $2"
  fi
}

# no_warnings: what the last run's /bin/warnings says is expected.
no_warnings() {
  local warning
  says 1 'end of warnings'
  while IFS= read -r warning; do
    mistake "$name: $warning"
  done < <(grep '^warning: ' "$work/lines" |
    grep -Evf <(grep -Ev '^(#|$)' "$repository/tests/scripts/lib/expected_warnings"))
}

# finish WORDS...: the end of the script.
finish() {
  ((mistakes == 0)) || exit 1
  echo "$*: passed"
}
