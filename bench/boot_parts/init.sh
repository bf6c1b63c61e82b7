#!/bin/busybox sh
# shellcheck shell=sh
# The first process of a guest that is only there to have booted: says so, and idles until its machine is ended.

b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
$b mount -t proc proc /proc
exec </dev/null >/dev/console 2>&1
read -r uptime _ </proc/uptime
echo "boot: user space $uptime"
exec $b sleep 1000000
