# shellcheck shell=bash
# What scripts have in common that boot a stock Linux in zvmm, in the nested environment.
#
#   source ".../lib/zvmm_linux.sh"
#   begin_zvmm_linux "$1" cc         # LIBRARY_DIR, and what it takes besides
#   cat >"$work/root/init" <<'END'
#   ...
#   END
#   pack_initramfs                   # $work/initramfs
#   "$repository/scripts/with-kvm" ... "$zvmm" ...

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
}

# pack_initramfs: of the root, whose init is there by now.
pack_initramfs() {
  chmod +x -- "$work/root/init"
  (cd -- "$work/root" && find . | cpio --quiet -o -H newc) >"$work/initramfs"
}
