#!/bin/busybox sh
# shellcheck shell=sh
# The first process of a guest that is only there to have booted: says so, works if there is something to do, and idles
# until its machine is ended.

b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
$b mount -t proc proc /proc
exec </dev/null >/dev/console 2>&1
read -r uptime _ </proc/uptime
echo "boot: user space $uptime"
[ ! -e /processors ] || /processors
exec $b sleep 1000000
