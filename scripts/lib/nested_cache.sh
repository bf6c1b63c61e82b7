# shellcheck shell=bash
# What every nested run shares, made once and kept under the user's cache folder:
#
#   zircon-kvm/x86/kernel-HASH/      the kernel (vmlinuz) and its modules, named in the order of insertion: those that
#                                    /init inserts, and in demo/ those for the guest of scripts/demo
#   zircon-kvm/x86/base-HASH.cpio    busybox, the modules, /init: the part of the initramfs that is always the same
#   zircon-kvm/x86/lock              held while something is added
#
# Whatever is there is complete: it is made under another name and renamed. So readers need no lock.
# Needs messages.sh; uses the caller's $scripts_lib (the folder of this file).

# The guest-side folder of everything that is ours; nested_init.sh, nested_image.sh and with-kvm agree on it.
readonly GUEST_HOME=/.with-kvm

# The modules the environment is after, and those the guest of scripts/demo is; what they depend on is found by reading
# them.
readonly NESTED_MODULES=(kvm-amd virtio_pci virtio_console)
readonly DEMO_MODULES=(virtio_pci virtio_console virtio_blk virtio_net)

nested_cache_dir() {
  local base=${XDG_CACHE_HOME:-}
  [[ -n $base || -n ${HOME:-} ]] || die "neither HOME nor XDG_CACHE_HOME is set: there is no place for the kernel"
  [[ -n $base ]] || base=$HOME/.cache
  # Absolute, because QEMU is started in another folder.
  realpath -ms -- "$base/zircon-kvm/x86"
}

# require_cache_room: dies if there is no room for the kernel's package, unpacked.
require_cache_room() {
  local cache
  cache=$(nested_cache_dir)
  (($(free_megabytes "$cache") >= 400)) || die "$cache has less than 400 MB left: make room and try again"
}

# prepare_nested_cache: makes what is missing and sets nested_kernel and nested_base to the files to boot.
prepare_nested_cache() {
  local cache folder lock
  prepare_nested_kernel
  cache=$(nested_cache_dir)
  folder=$(dirname -- "$nested_kernel")
  nested_base=$cache/base-$(nested_base_key "$folder").cpio
  if [[ ! -e $nested_base ]]; then
    exec {lock}>"$cache/lock"
    flock "$lock"
    [[ -e $nested_base ]] || build_nested_base "$cache" "$folder" "$nested_base"
    exec {lock}>&-
  fi
}

# nested_kernel_file: where the kernel is, or will be.
nested_kernel_file() {
  printf '%s/kernel-%s/vmlinuz' "$(nested_cache_dir)" "$(nested_kernel_key)"
}

# prepare_nested_kernel: the first half, which takes nothing but apt; sets nested_kernel.
prepare_nested_kernel() {
  local cache folder lock
  cache=$(nested_cache_dir)
  mkdir -p -- "$cache" || die "cannot make the cache folder $cache"
  nested_kernel=$(nested_kernel_file)
  folder=$(dirname -- "$nested_kernel")
  if [[ ! -e $nested_kernel ]]; then
    exec {lock}>"$cache/lock"
    flock "$lock"
    [[ -e $nested_kernel ]] || fetch_nested_kernel "$cache" "$folder"
    exec {lock}>&-
  fi
}

# A kernel that was fetched for fewer modules is fetched anew.
nested_kernel_key() {
  printf '%s\n' "${NESTED_MODULES[@]}" / "${DEMO_MODULES[@]}" | sha256sum | head -c 16
}

# fetch_nested_kernel CACHE FOLDER
fetch_nested_kernel() {
  local package
  require_command apt-get nested
  # shellcheck disable=SC2119 # none here
  package=$(cloud_kernel_package)
  [[ -n $package ]] || die "apt knows no linux-image-cloud-amd64; run apt-get update as root"
  fetch_kernel "$1" "$2" "$package"
}

# cloud_kernel_package [APT_OPTION]...: the name of Debian's cloud kernel, which is small, quick to boot, and has KVM as
# modules; nothing if apt does not know it.
# shellcheck disable=SC2120 # tests give options
cloud_kernel_package() {
  # apt-cache fails for an unknown name; the empty answer says it all.
  apt-cache "$@" depends --important linux-image-cloud-amd64 2>/dev/null |
    sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)$/\1/p' | head -n 1 || true
}

# fetch_kernel CACHE FOLDER PACKAGE [APT_OPTION]...: the kernel and its modules into FOLDER. It is unpacked, never installed.
# Called with the lock held.
fetch_kernel() {
  local cache=$1 folder=$2 package=$3 place release size
  shift 3
  place=$(new_work_folder "$cache")
  size=$(apt-cache "$@" show --no-all-versions "$package" | sed -n 's/^Size: //p')
  say "fetching a kernel, once ($package, $((size / 1000000)) MB)"
  # As root, apt would warn that its unprivileged user cannot write into our private folder.
  (cd "$place" && apt-get -qq -o APT::Sandbox::User=root "$@" download "$package" >"$place/apt.log" 2>&1) || {
    cat -- "$place/apt.log" >&2
    require_cache_room
    die "cannot download $package; if apt's lists are old, run apt-get update as root"
  }
  dpkg-deb --extract "$place"/*.deb "$place/tree" || die "cannot unpack $package"

  release=$(basename -- "$place"/tree/boot/vmlinuz-*)
  release=${release#vmlinuz-}
  mkdir -p "$place/kernel/demo"
  cp -- "$place/tree/boot/vmlinuz-$release" "$place/kernel/vmlinuz"
  printf '%s\n' "$release" >"$place/kernel/release"
  collect_modules "$place/tree/lib/modules/$release" "$place/kernel" "${NESTED_MODULES[@]}"
  collect_modules "$place/tree/lib/modules/$release" "$place/kernel/demo" "${DEMO_MODULES[@]}"
  mv -T -- "$place/kernel" "$folder"
  rm -rf -- "$place"
}

# collect_modules TREE DEST MODULE...: copies the modules with their dependencies as DEST/00-NAME.ko, 01-… in the order
# in which they can be inserted. The dependencies stand in the modules themselves, so neither kmod nor depmod is needed.
collect_modules() {
  local tree=$1 dest=$2 count=0 module
  local -A seen=()
  for module in "${@:3}"; do
    collect_module "$tree" "$dest" "$module"
  done
}

collect_module() {
  local tree=$1 dest=$2 name=${3//-/_} file depends dependency
  [[ -z ${seen[$name]:-} ]] || return 0
  seen[$name]=1
  # File names may have '-' where module names have '_'.
  file=$(find "$tree" -name "${name//_/[-_]}.ko*" -print -quit)
  # No file: the module is built into this kernel.
  [[ -n $file ]] || return 0
  case $file in
    *.xz) xz -dc -- "$file" >"$dest/module" ;;
    *.zst) zstd -qdc -- "$file" >"$dest/module" ;;
    *) cp -- "$file" "$dest/module" ;;
  esac
  depends=$(grep --text --null-data '^depends=' "$dest/module" | tr -d '\0' || true)
  mv -- "$dest/module" "$dest/$name"
  for dependency in $(tr ',' ' ' <<<"${depends#depends=}"); do
    collect_module "$tree" "$dest" "$dependency"
  done
  mv -- "$dest/$name" "$dest/$(printf '%02d-%s.ko' "$count" "$name")"
  count=$((count + 1))
}

# The base image depends on the kernel, on busybox and on these scripts; a change of any makes a new one.
# shellcheck disable=SC2154 # scripts_lib is the caller's
nested_base_key() {
  local busybox
  require_command busybox nested
  busybox=$(type -P busybox)
  cat -- "$1/release" "$busybox" "$scripts_lib/nested_init.sh" "$scripts_lib/nested_cache.sh" |
    sha256sum | head -c 16
}

build_nested_base() {
  local cache=$1 folder=$2 image=$3 work root busybox applet
  require_command cpio nested
  busybox=$(type -P busybox)
  ! ldd "$busybox" >/dev/null 2>&1 || die "'$busybox' is not static; run scripts/install-packages nested"
  work=$(new_work_folder "$cache")
  root=$work/root
  # Debian's merged layout: paths below /bin, /sbin, /lib* are staged below /usr (nested_image.sh).
  mkdir -p "$root"/{dev,etc,proc,root,run,sys,tmp,usr/{bin,lib,lib32,lib64,libx32,sbin},var/tmp,"$GUEST_HOME"/modules}
  for applet in bin lib lib32 lib64 libx32 sbin; do
    ln -s "usr/$applet" "$root/$applet"
  done
  cp -- "$busybox" "$root$GUEST_HOME/busybox"
  cp -- "$scripts_lib/nested_init.sh" "$root$GUEST_HOME/init"
  chmod 755 "$root$GUEST_HOME/busybox" "$root$GUEST_HOME/init"
  cp -- "$folder"/*.ko "$root$GUEST_HOME/modules/"
  for applet in $("$busybox" --list); do
    ln -s "$GUEST_HOME/busybox" "$root/usr/bin/$applet"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  printf '127.0.0.1 localhost nested\n::1 localhost\n' >"$root/etc/hosts"
  (cd "$root" && find . -print0 | LC_ALL=C sort -z | cpio --quiet -0 -o -H newc -R +0:+0) >"$work/base.cpio" ||
    die "cannot write to $cache"
  mv -- "$work/base.cpio" "$image"
  rm -rf -- "$work"
}

# new_work_folder CACHE: a folder beside the result, so that renaming is atomic. Called with the lock held: whatever
# other such folder exists was left by a run that was killed.
new_work_folder() {
  rm -rf -- "$1"/work.*
  mktemp -d -- "$1/work.XXXXXXXX"
}
