# The plots of bench/report, of the rows (bench/rows.h) in this folder, into the folder `out`: a line for each figure, with
# its budget as a stroke.

set datafile separator "\t"
set style fill solid 0.8 noborder
set grid x linecolor "#dddddd"
set border 3 linecolor "#666666"
set tics nomirror noenhanced
set key above noenhanced

lines(name) = int(system("cat " . name . " 2>/dev/null | wc -l"))
# What all of a plot's figures end with stands below the plot.
common(name) = name eq "exits" ? ": instructions added" : name eq "scale" ? ": at " : "\t"
label(name) = name eq "exits" ? "instructions added to the raw loop's" : \
              name eq "scale" ? "÷ where there are few" : "median and its bounds (95 %)"
short(text, end) = strstrt(text, end) > 0 ? text[1:strstrt(text, end) - 1] : text

do for [name in "exits scale objects"] {
  count = lines(name)
  if (count > 0) {
    set terminal svg size 860, 110 + 30 * count font "sans-serif,13" background "#ffffff"
    set output out . "/" . name . ".svg"
    set yrange [count - 0.4 : -0.6]
    set xlabel label(name)
    unset logscale
    set xrange [0:*]
    if (name eq "objects") {
      set xrange [*:*]
      set logscale x
      plot name using 4:0:5:6:ytic(short(strcol(2), common(name))) with xerrorbars \
             pointtype 7 pointsize 0.7 linewidth 2 linecolor "#3b6ea8" title "measured", \
           name using 7:($0 - 0.4):(0):(0.8) with vectors nohead linewidth 3 linecolor "#b03a2e" title "budget"
    } else {
      plot name using 4:0:(0):4:($0 - 0.3):($0 + 0.3):ytic(short(strcol(2), common(name))) with boxxyerror \
             linecolor "#3b6ea8" title "measured", \
           name using 7:($0 - 0.4):(0):(0.8) with vectors nohead linewidth 3 linecolor "#b03a2e" title "budget"
    }
  }
}
