# The rows of the JSON of bench/boot --work: $cpus processors, interrupts as $mode.

include "pairs";

def name(what): "\($cpus) processors, interrupts \($mode): \(what) ÷ microvm, \(pairs)";
def figure(column; what):
  row("processors.\($cpus).\($mode).\(column)"; name(what); ""; ratios(column);
    if $mode == "kernel" then 1.1 else 2 end);

figure("uptime"; "the guest's own uptime at user space"),
figure("pipe"; "a byte through a pipe and back"),
figure("shootdown"; "a page taken away while the others run")
