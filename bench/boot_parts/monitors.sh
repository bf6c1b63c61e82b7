# shellcheck shell=bash
# What bench/boot and bench/console have in common: guests of zvmm and of QEMU's microvm side by side.
# Needs messages.sh; uses the caller's $work (a folder).
# shellcheck disable=SC2154 # it is the caller's

# QEMU looks for its parts here, on Debian.
readonly QEMU_DATA=/usr/share/qemu
readonly QEMU_FILES=(bios-microvm.bin qboot.rom linuxboot_dma.bin kvmvapic.bin)

# find_qemu: sets qemu, and qemu_options to the options of with-kvm that bring it along.
find_qemu() {
  local file
  require_command qemu-system-x86_64 nested
  qemu=$(type -P qemu-system-x86_64)
  qemu_options=(--file "$qemu")
  for file in "${QEMU_FILES[@]}"; do
    [[ ! -e $QEMU_DATA/$file ]] || qemu_options+=(--file "$QEMU_DATA/$file")
  done
}

# make_initramfs DEST INIT [FILE]...: busybox, the guest's first process, and files in its root.
make_initramfs() {
  local root=$work/root
  mkdir -p -- "$root"/{bin,dev,proc}
  cp -- "$(type -P busybox)" "$root/bin/busybox"
  cp -- "$2" "$root/init"
  chmod 755 "$root/init" "$root/bin/busybox"
  (($# == 2)) || cp -- "${@:3}" "$root/"
  (cd "$root" && find . -mindepth 1 -print0 | sort -z | cpio --quiet -0 -o -H newc -R +0:+0) | gzip -1 >"$1"
}
