#!/.with-kvm/busybox sh
# shellcheck shell=sh
# The first process of a nested environment: makes it look like a small Linux, inserts KVM, runs one program, reports.
# The host side is scripts/with-kvm. The virtio-serial ports between the two:
#   1 standard output   2 standard error   3 reports, a line each   4 files to hand back, as tar   5 standard input
# Written to the console, a message is seen by the user when the run fails.

home=/.with-kvm
b=$home/busybox
export PATH=/usr/sbin:/usr/bin

mount_file_systems() {
  $b mount -t devtmpfs devtmpfs /dev
  $b mkdir -p /dev/pts /dev/shm
  $b mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
  $b mount -t tmpfs -o mode=1777 tmpfs /dev/shm
  $b mount -t proc proc /proc
  $b mount -t sysfs sysfs /sys
  $b ln -s /proc/self/fd /dev/fd
  $b ln -s /proc/self/fd/0 /dev/stdin
  $b ln -s /proc/self/fd/1 /dev/stdout
  $b ln -s /proc/self/fd/2 /dev/stderr

  # The run's own files may lie below /tmp (a test's temporary folder): they move along.
  $b mkdir $home/tmp
  $b mount -t tmpfs -o mode=1777 tmpfs $home/tmp
  $b cp -a /tmp/. $home/tmp && $b rm -rf /tmp && $b mkdir /tmp
  $b mount --move $home/tmp /tmp
  $b chmod 1777 /tmp /var/tmp
}

insert_modules() {
  for module in "$home"/modules/*.ko; do
    $b insmod "$module" || echo "with-kvm: cannot insert $module"
  done
}

wait_for_ports() {
  until [ -c /dev/vport0p1 ] && [ -c /dev/vport0p2 ] && [ -c /dev/vport0p3 ] && [ -c /dev/vport0p4 ] &&
    [ -c /dev/vport0p5 ]; do
    $b usleep 5000
  done
}

# The program gets pipes, as it would from a shell or a test runner: a port takes only one opener and writes in parts.
run_program() {
  $b mkfifo $home/stdin $home/stdout $home/stderr
  $b cat $home/stdout >/dev/vport0p1 &
  stdout_pump=$!
  $b cat $home/stderr >/dev/vport0p2 &
  stderr_pump=$!
  stdin=/dev/null
  if [ -e $home/run/has-stdin ]; then
    stdin=$home/stdin
    $b cat /dev/vport0p5 >$home/stdin &
  fi
  echo "with-kvm: starting the program"
  # From here on the program's time counts.
  echo started >&3
  # In the foreground, because the shell makes background processes ignore SIGINT and SIGQUIT; in a session of its own,
  # so that a signal to its process group does not meet the pumps; in a subshell, because otherwise the shell would
  # redirect itself and announce "Segmentation fault" on the program's standard error.
  (exec $b setsid $b sh $home/run/job <$stdin >$home/stdout 2>$home/stderr 3>&-)
  status=$?
  end_remaining_processes
  wait $stdout_pump $stderr_pump
}

# A process that the program left behind would keep the pipes open, and the run from ending.
end_remaining_processes() {
  for process in /proc/[0-9]*; do
    process=${process#/proc/}
    case $process in
      1 | "$stdout_pump" | "$stderr_pump") ;;
      *) kill -KILL "$process" 2>/dev/null ;;
    esac
  done
}

# Reports "missing N" for the Nth file to hand back that is not there; sends the others as N.
send_files() {
  [ $# -gt 0 ] || return 0
  $b mkdir $home/files
  number=0
  for path; do
    if [ -d "$path" ]; then
      $b cp -a "$path" "$home/files/$number" || echo "lost $number" >&3
    elif [ -e "$path" ]; then
      $b cp -L "$path" "$home/files/$number" || echo "lost $number" >&3
    else
      echo "missing $number" >&3
    fi
    number=$((number + 1))
  done
  $b tar -c -f /dev/vport0p4 -C $home/files . || echo "lost all" >&3
}

# Reports "sent BYTES BYTES BYTES", what the ports 1, 2 and 4 were given: the kernel keeps what the host has not taken yet, a
# megabyte and more, and a write does not wait for that.
report_sent() {
  $b mkdir $home/debug
  $b mount -t debugfs debugfs $home/debug || return
  sent=''
  for port in 1 2 4; do
    sent="$sent $($b sed -n 's/^bytes_sent: //p' $home/debug/virtio-ports/vport0p$port)"
  done
  echo "sent$sent" >&3
}

mount_file_systems
exec >/dev/console 2>&1
echo "with-kvm: inserting modules"
insert_modules
[ -c /dev/kvm ] && $b chmod 666 /dev/kvm
$b ip link set lo up
$b hostname nested
# The kernel's own limit, 4096, is less than what Debian gives every process.
# shellcheck disable=SC3045 # busybox has it
ulimit -Hn 524288
wait_for_ports
exec 3>/dev/vport0p3
run_program
# Sets the positional parameters to the paths to hand back.
# shellcheck disable=SC1091 # made for each run
. $home/run/files
send_files "$@"
report_sent
echo "exit $status" >&3
# The host ends the machine when it has all of that; should it not, this is the quickest way out.
$b sleep 300
echo b >/proc/sysrq-trigger
