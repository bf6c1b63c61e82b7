#!/bin/sh
# shellcheck shell=sh
# What bench/report counts in a nested environment whose time is instructions.

bench=$1 steps=$2
/.with-kvm/busybox mkdir /rows
"$bench" --exits --rows=/rows/exits && "$steps" --rows=/rows/steps
