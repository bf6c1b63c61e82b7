#!/bin/sh
# A guest of zvmm that has a network by passt, where there is a KVM: tests/scripts/weekly/linux_passt.sh, which has put
# kernel and initramfs into /demo, and what is to be fetched into /pages.
# usage: linux_passt_runs.sh ZVMM PASST
# For a busybox shell too.

zvmm=$1 passt=$2

# passt makes a user namespace and gives up its root folder by pivot_root(). The kernel refuses the one in a changed root
# and the other where the root is the initramfs: a file system of its own is moved over that.
if [ -z "${INSIDE:-}" ]; then
  mkdir /inside
  mount -t tmpfs tmpfs /inside
  for folder in /*; do
    case $folder in
      /inside | /dev | /proc | /sys) ;;
      *) cp -a "$folder" /inside ;;
    esac
  done
  for folder in dev proc sys; do
    mkdir "/inside/$folder"
    mount --bind "/$folder" "/inside/$folder"
  done
  mkdir /inside/.with-kvm
  cp -a /.with-kvm/busybox /inside/.with-kvm
  cd /inside || exit
  mount --move . /
  INSIDE=yes exec chroot . /.with-kvm/busybox sh "$0" "$@"
fi

work=/tmp/passt
mkdir -p $work
chmod 1777 /tmp $work
ip link set lo up
busybox httpd -p 127.0.0.1:8080 -h /pages
"$passt" --foreground --stderr --runas 65534:65534 --ipv4-only --interface lo --address 10.0.2.15 \
  --netmask 255.255.255.0 --gateway 10.0.2.2 --mac-addr 52:54:00:00:00:01 --socket $work/socket 2>$work/passt &
process=$!
until [ -S $work/socket ] || ! kill -0 $process; do sleep 1; done
"$zvmm" --kernel /demo/vmlinuz --initrd /demo/initramfs --memory 256 --net unix=$work/socket \
  --cmdline "console=ttyS0 quiet panic=-1" </dev/null
echo "zvmm with passt: status $?"
cat $work/passt
