# The page of bench/report: awk -f page.awk host PART..., in the folder of the rows (bench/rows.h), whose files are
# named after their parts.

BEGIN {
  FS = "\t"
  title["exits"] = "Instructions added to an exit"
  says["exits"] = "What an exit executes by the library more than in the raw loop, kernel and user together. Exact: in a nested machine whose TSC counts instructions."
  command["exits"] = "scripts/with-kvm --icount build/release/bench/zircon_bench --exits"
  plot["exits"] = "exits.svg"
  title["steps"] = "The library's part of an exit"
  says["steps"] = "Stepped through instruction by instruction; what `read_state` and `write_state` cost is in it. Exact. Behind ≤ or > stands the budget."
  matrix["steps"] = 1
  command["steps"] = "scripts/with-kvm build/release/bench/zircon_steps --functions"
  title["calls"] = "Calls on other objects"
  says["calls"] = "One thread, when nothing happens for the first time. Exact, and without a KVM. Behind ≤ or > stands the budget."
  matrix["calls"] = 1
  command["calls"] = "build/release/bench/zircon_steps --calls --functions"
  title["faults"] = "Page faults of a guest"
  says["faults"] = "Linux with 256 MiB and one processor, to user space, in the nested environment, `shmem_enabled` never: how often the host's kernel had to find a page for it. One or two more or less from boot to boot."
  command["faults"] = "bench/boot --only zvmm"
  title["scale"] = "One more of very many"
  says["scale"] = "Instructions in user mode of one more, where there are very many, ÷ where there are few."
  command["scale"] = "build/release/tests/scale/scale_tests"
  plot["scale"] = "scale.svg"
  title["objects"] = "Calls on objects beside Linux's own"
  says["objects"] = "Taking turns in batches of a fraction of a millisecond. In brackets: the bounds of the median with 95 %."
  command["objects"] = "build/release/bench/zircon_bench --objects"
  plot["objects"] = "objects.svg"
  title["ratios"] = "A guest beside the raw ioctls"
  says["ratios"] = "Times likewise, ioctls counted."
  command["ratios"] = "scripts/with-kvm build/release/bench/zircon_bench --ratios"
  title["console"] = "Lines to a virtio console"
  says["console"] = "A Linux writes lines of 64 bytes to `/dev/hvc0`, one write for each, in zvmm and in QEMU's microvm with a virtio console on PCI: instructions of the whole nested machine, which are guest, monitor and host's kernel together."
  command["console"] = "bench/console"
  title["boot"] = "Linux to user space, beside QEMU's microvm"
  says["boot"] = "256 MiB, one processor, the same kernel, initramfs and command line; interleaved pairs in the nested environment, `shmem_enabled` never. Bounds only where there are six pairs or more."
  command["boot"] = "bench/boot"
  title["processors"] = "Linux with several processors, beside QEMU's microvm"
  says["processors"] = "As above, with 2 and 4 processors. Then a byte goes through a pipe to a process on another processor and back, and a page is taken away while the other processors run in the same process, by the guest's clock. Interrupts by the library are the default mode, by the kernel the accelerated one."
  command["processors"] = "bench/boot --work --cpus 4 --zvmm-option --interrupts --zvmm-option kernel"
}

function number(text) {
  if (text == "") return ""
  text = sprintf(text >= 100 || text == int(text) ? "%.0f" : "%.3f", text)
  if (text ~ /\./) sub(/\.?0+$/, "", text)
  return text
}

# A row for each operation, which its figures share the beginning of the key and of the name with.
function add_cell(part, text, verdict,    operation) {
  operation = $2
  sub(/: [^:]*$/, "", operation)
  if (operation != last[part]) cells[part] = cells[part] (last[part] == "" ? "" : " |\n") "| " operation
  last[part] = operation
  cells[part] = cells[part] " | " (verdict ~ /missed/ ? "**" text "**" : text)
}

FILENAME == "host" { host[++hosts] = $1 ": " $2; if ($1 == "date") date = $2; next }

!(FILENAME in lines) { parts[++part_count] = FILENAME }

{
  judged = $6 == "" ? $4 : $6
  value = number($4) ($3 == "" ? "" : " " $3)
  interval = $5 == "" ? "" : " (" number($5) "–" number($6) ")"
  verdict = $7 == "" ? "" : judged + 0 <= $7 + 0 ? "met" : "**missed**"
  line = "| " $2 " | " value interval " | " number($7) " | " verdict " |\n"
  lines[FILENAME] = lines[FILENAME] line
  if (FILENAME in matrix) add_cell(FILENAME, value ($7 == "" ? "" : (verdict == "met" ? " ≤ " : " > ") number($7)), verdict)
  if ($7 != "") {
    ++budgets
    if (verdict == "met") ++met
    else missed = missed line
  }
}

END {
  head = "| | measured | budget | |\n|---|---|---|---|\n"
  print "# Performance\n"
  print "`bench/report` measures what the [specification](../SPECIFICATION.md) has budgets for, and writes this page and"
  print "[report.json](report.json), which has the same figures for programs. A budget of a time is met if the upper bound"
  print "of its interval meets it.\n"
  printf "**%d of %d budgets are met.**", met, budgets
  if (missed != "") printf " Missed ([why](../SPECIFICATION.md#where-the-misses-come-from)):\n\n%s%s", head, missed
  print "\n\nMeasured on:\n"
  for (i = 1; i <= hosts; ++i) print "- " host[i]
  for (i = 1; i <= part_count; ++i) {
    part = parts[i]
    printf "\n## %s\n\n%s\n\n    %s\n\n", title[part], says[part], command[part]
    if (part in plot) printf "![%s](%s)\n\n", title[part], plot[part]
    if (part in matrix) {
      print "| | instructions of libzircon.so | pages of code | pages of data | system calls |\n|---|---|---|---|---|"
      print cells[part] " |"
    } else {
      printf "%s%s", head, lines[part]
    }
  }
}
