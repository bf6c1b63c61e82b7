# The rows of bench/boot's JSON, Linux with one processor.

include "pairs";

row("boot.faults"; "page faults of the guest ÷ microvm"; ""; ratios("faults"); 1.5),
row("boot.wall"; "process start to user space ÷ microvm, \(pairs)"; ""; ratios("wall"); 0.75),
row("boot.uptime"; "the guest's own uptime at user space ÷ microvm, \(pairs)"; ""; ratios("uptime"); 1.05),
row("boot.beside"; "memory beside the RAM"; "MB"; each("zvmm") | map(.beside / 1000); 10),
row("boot.exits"; "exits ÷ microvm"; ""; ratios("exits"); "")
