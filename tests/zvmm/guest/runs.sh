#!/bin/sh
# Runs zvmm with tests/zvmm/guest, where there is a KVM, and looks at what a user sees: output and exit status.
# usage: runs.sh ZVMM KERNEL     one line "ok WORDS" or "FAILED WORDS: WHY" each; then "done"
# For a busybox shell too.

zvmm=$1 kernel=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The longest that any of these takes is some seconds; a guest that hangs shall not hang the test.
limit='timeout -s KILL 300'

report() {
  if [ -z "$2" ]; then
    echo "ok $1"
  else
    echo "FAILED $1: $2"
    sed 's/^/  | /' "$work/output" "$work/errors" 2>/dev/null | tail -n 20
  fi
}

# guest COMMANDS [OPTION]...: output in $work/output, messages in $work/errors; sets status.
guest() {
  commands=$1
  shift
  status=0
  $limit "$zvmm" --kernel "$kernel" --memory 16 --cmdline "$commands" "$@" >"$work/output" 2>"$work/errors" </dev/null || status=$?
  tr -d '\r' <"$work/output" >"$work/text"
}

# expect WORDS STATUS TEXT: of the guest before; TEXT is a line of its output, or of zvmm's messages; none if empty.
expect() {
  why=''
  if [ "$status" != "$2" ]; then
    why="status $status, not $2"
  elif [ -n "$3" ] && ! grep -qxF -- "$3" "$work/text" && ! grep -qF -- "$3" "$work/errors"; then
    why="nowhere is: $3"
  fi
  report "$1" "$why"
}

off='out16=0x604,0x3400'

# ---- Ends ----

guest "lines=1 $off"
expect 'a guest turns the machine off' 0 'line 0000001 -------------------------------------------------'
guest 'out8=0xF4,42'
expect 'a guest ends with a status' 42 ''
guest 'out8=0xCF9,6'
expect 'a reset is no success' 4 'the guest asked for a reset'
guest 'out8=0x64,0xFE' --reset-status 0
expect 'a reset that is one' 0 'the guest asked for a reset'
guest "in8=0x505 out8=0x505,1 $off"
expect 'a panic is no success' 3 'in8=0x505: 0x3'
guest 'out8=0x505,1 halt'
expect 'a panic ends a guest that halts' 3 'panicked'
guest 'crash'
expect 'a triple fault' 2 'triple fault'

# ---- Output ----

# However slow the reader: more than a pipe holds, less than what lets the guest go on, and nobody reads before it is over.
guest_into_slow_reader() {
  { $limit "$zvmm" --kernel "$kernel" --memory 16 --cmdline "$1" 2>"$work/errors" </dev/null; echo $? >"$work/status"; } |
    { sleep 5; cat >"$work/output"; }
  status=$(cat "$work/status")
}
for end in "0 $off" '7 out8=0xF4,7'; do
  guest_into_slow_reader "flood=1600 ${end#* }"
  count=$(grep -c '^line' "$work/output")
  why=''
  [ "$status" = "${end%% *}" ] || why="status $status"
  [ "$count" = 1600 ] || why="$count of 1600 lines"
  report "a slow reader gets everything (${end#* })" "$why"
done

# A signal ends the waiting for a reader that never reads.
mkfifo "$work/stuck"
exec 3<>"$work/stuck"
"$zvmm" --kernel "$kernel" --memory 16 --cmdline "flood=4000 $off" 2>"$work/errors" >"$work/stuck" </dev/null &
process=$!
# The guest has begun to write. Signals come before it is done and afterwards, as it happens.
dd bs=1 count=1 <&3 >/dev/null 2>&1
while :; do
  sleep 2
  kill -TERM $process 2>/dev/null || break
done
status=0
wait $process || status=$?
exec 3>&-
expect 'a signal ends the waiting for a stuck reader' 143 'ended by signal 15'

# ---- Standard files that are not there ----

dd if=/dev/zero of="$work/disk" bs=1024 count=64 2>/dev/null
status=0
$limit "$zvmm" --kernel "$kernel" --memory 16 --cmdline "lines=20 $off" --disk "$work/disk" </dev/null >&- 2>&- || status=$?
why=''
[ "$status" = 0 ] || why="status $status"
[ "$(tr -d '\0' <"$work/disk" | wc -c)" = 0 ] || why='the text is in the disk image'
report 'without standard output and error' "$why"
status=0
$limit "$zvmm" --kernel "$kernel" --memory 16 --cmdline "lines=20 $off" --disk "$work/disk" <&- >"$work/output" 2>"$work/errors" || status=$?
why=''
[ "$status" = 0 ] || why="status $status"
[ "$(grep -c '^line' "$work/output")" = 20 ] || why='output is missing'
report 'without standard input' "$why"

# ---- Little of everything ----

# So few descriptors that it cannot start, up to enough: a sentence and status 1, or it works.
worked=0 files=3
while [ "$files" -le 60 ] && [ "$worked" -lt 3 ]; do
  status=0
  # shellcheck disable=SC3045 # busybox and dash have it
  (ulimit -n "$files"; exec $limit "$zvmm" --kernel "$kernel" --memory 16 --cmdline "lines=1 $off" --disk "$work/disk") \
    >"$work/output" 2>"$work/errors" </dev/null || status=$?
  case $status in
    0) worked=$((worked + 1)) ;;
    1) [ -s "$work/errors" ] || report "$files descriptors" 'status 1 and not a word' ;;
    127) ;; # Not even its libraries.
    *) report "$files descriptors" "status $status" ;;
  esac
  files=$((files + 1))
done
why=''
[ "$worked" -gt 0 ] || why='it never worked'
report 'few descriptors' "$why"

# A disk write beyond RLIMIT_FSIZE is an I/O error of the guest's; the unit tests have it. Here: the process lives.
dd if=/dev/zero of="$work/odd" bs=1000 count=3 2>/dev/null
guest "$off" --disk "$work/odd"
expect 'an image of odd size' 0 'has 3000 bytes, and the guest sees 2560'

# ---- The sandbox ----

guest "lines=3 $off" --sandbox --disk "$work/disk" --serial "file=$work/serial" --console virtio
expect 'a guest in the sandbox' 0 'line 0000003 -------------------------------------------------'
guest 'crash' --sandbox --stats-json "$work/statistics"
expect 'a triple fault in the sandbox' 2 'triple fault'
why=''
[ -s "$work/statistics" ] || why='no statistics'
report 'a file made at the end, in the sandbox' "$why"
# All threads are in it, and a signal ends it as ever.
rm -f "$work/output" "$work/errors"
"$zvmm" --kernel "$kernel" --memory 16 --cmdline 'lines=1 halt' --sandbox >"$work/output" 2>"$work/errors" </dev/null &
process=$!
until [ -s "$work/output" ] || ! kill -0 $process 2>/dev/null; do sleep 1; done
why=''
for thread in "/proc/$process/task"/*; do
  grep -q '^Seccomp:[[:space:]]*2$' "$thread/status" || why="not $(cat "$thread/comm")"
done
report 'every thread is in the sandbox' "$why"
kill -TERM $process
status=0
wait $process || status=$?
expect 'a signal ends it in the sandbox' 143 'ended by signal 15'

# ---- What it costs, while it runs ----

# What another run has left there is no sign that this one has begun.
rm -f "$work/output" "$work/errors"
"$zvmm" --kernel "$kernel" --memory 16 --cmdline 'lines=1 halt' --stats --stats-json "$work/now" >"$work/output" 2>"$work/errors" </dev/null &
process=$!
until [ -s "$work/output" ] || ! kill -0 $process 2>/dev/null; do sleep 1; done
kill -USR1 $process
until [ -s "$work/now" ] || ! kill -0 $process 2>/dev/null; do sleep 1; done
why=''
grep -q 'statistics of' "$work/errors" || why='nothing on standard error'
grep -q '"seconds": ' "$work/now" || why='nothing in the file'
report 'SIGUSR1 asks for the statistics' "$why"
kill -TERM $process
status=0
wait $process || status=$?
expect 'and it runs on' 143 'ended by signal 15'

echo "done"
