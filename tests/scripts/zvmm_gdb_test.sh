#!/bin/bash
# gdb stops, steps and continues the kernel of a guest of zvmm (examples/zbi-kernel), and a trace is what its readers
# take: in the nested environment.
# usage: tests/scripts/zvmm_gdb_test.sh LIBRARY_DIR    (build/<preset>/src; exit status 77: cannot be tested here)
set -euo pipefail

export LC_ALL=C
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
build=$(realpath -- "$1/..")
readonly build
readonly zvmm=$build/zvmm/zvmm kernel=$build/examples/zbi-kernel.zbi elf=$build/examples/zbi-kernel.elf
work=$(mktemp -d)
readonly work
trap 'rm -rf -- "$work"' EXIT

if [[ ! -e $kernel ]] || ! type -P gdb qemu-system-x86_64 >/dev/null; then
  echo "there is no $kernel, no gdb or no qemu-system-x86_64"
  exit 77
fi

mistakes=0

# says REGEX: a line of the output.
says() {
  if ! grep -Eq -- "$1" "$work/output"; then
    echo "FAIL: nowhere is: $1"
    mistakes=$((mistakes + 1))
  fi
}

# gdb reads its own Python files and those of the system's Python.
python=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
"$repository/scripts/with-kvm" --timeout 900 --mem 3072 --file "$zvmm" --file "$kernel" --file "$elf" \
  --file "$(type -P gdb)" --file /usr/share/gdb --file "$python" --out /trace.json:"$work/trace.json" \
  "$repository/tests/zvmm/guest/gdb_runs.sh" "$zvmm" "$kernel" "$elf" "$(type -P gdb)" /trace.json \
  >"$work/output" 2>&1 || mistakes=1
cat -- "$work/output"

says 'Thread 1 \(VCPU 0\)'
says '^Breakpoint 1, KernelMain \(data_address='
says '^#1 .* in _start \(\) at .*start.S'
# The second of two steps is behind two instructions of one and two bytes.
says '^rip .*<KernelMain\(uint64_t\)\+[0-9]+>'
says '^[$]1 = 0x544f4f42'
says '^Breakpoint 2, TurnOff \('
says '^#1 .* in KernelMain '
says 'exited normally'
says '^zvmm with gdb: status 0'
says '^zbi-kernel: command line: gdb'
says 'received: "E16"'
says '^zvmm after a wild gdb: status 0'
says '^zvmm with a trace: status 0'

python3 - "$work/trace.json" <<'END' || mistakes=$((mistakes + 1))
import json
import sys

events = json.load(open(sys.argv[1]))["traceEvents"]
names = [e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"]
assert names == ["VCPU 0"], names
slices = [e for e in events if e["ph"] == "X"]
end = 0
for at, e in enumerate(slices):
    # One after the other, the guest and what was done about its exit in turn.
    assert e["ts"] >= end - 0.002 and e["dur"] >= 0, e
    end = e["ts"] + e["dur"]
    assert (e["name"] == "guest") == (at % 2 == 0), e
    if at % 2 == 1:
        assert e["name"] == slices[at - 1]["args"]["exit"], e
assert sum(e["args"].get("device") == "serial port" for e in slices) > 100
assert slices[-1]["args"].get("device") == "ACPI", slices[-1]
print(f"trace: {len(slices)} slices")
END

((mistakes == 0)) || exit 1
echo "zvmm with gdb: passed"
