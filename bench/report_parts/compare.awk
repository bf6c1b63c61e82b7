# awk -f compare.awk RECORDED ROWS: what has been counted (bench/rows.h) beside what has been recorded. A line each, with
# tabs between: passed, less or FAILED; the key; words.

BEGIN { OFS = "\t" }

FNR == NR {
  if ($0 !~ /^#/) recorded[$1] = $2
  next
}

{
  split($0, field, "\t")
  key = field[1]
  value = field[4] + 0
  seen[key] = 1
}

!(key in recorded) {
  print "FAILED", key, value " counted, and nothing is recorded"
  next
}

{
  words = value " counted, " recorded[key] " recorded"
  if (value > recorded[key] * 1.02) print "FAILED", key, words
  else print value < recorded[key] * 0.98 ? "less" : "passed", key, words
}

END {
  for (key in recorded) if (!(key in seen)) print "FAILED", key, "recorded, and not counted any more"
}
