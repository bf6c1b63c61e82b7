# PROGRAM --help | awk -v name=PROGRAM -v words='what it is' -v version=N -f program_page.awk: its manual page.
function text(line) {
  gsub(/\\/, "\\e", line)
  gsub(/-/, "\\-", line)
  sub(/^[.']/, "\\\\\\&&", line)
  return line
}
function put(line) { body = body line "\n" }
# Lines that stand further in are shown as they are.
function prose(line) {
  if (line ~ /^ / && !as_is) { put(".nf"); as_is = 1 }
  if (line !~ /^ / && as_is) { put(".fi"); as_is = 0 }
  if (line == "") put(".PP")
  else put(text(line))
}

/^Usage: / {
  synopsis = substr($0, 8)
  if (as_is) { put(".fi"); as_is = 0 }
  put(".SH OPTIONS")
  in_options = 1
  next
}
in_options && /^[A-Z][^.]*:$/ && $0 !~ /^Exit status|^Example/ {
  if ($0 != "Options:") put(".SS " text(substr($0, 1, length($0) - 1)))
  next
}
# "  -k,--kernel FILE   what it is", or the latter on a line of its own.
in_options && /^  -/ {
  line = substr($0, 3)
  at = match(line, /   *[^ ]/)
  put(".TP")
  put(".B " text(at ? substr(line, 1, at - 1) : line))
  if (at) put(text(substr(line, at + RLENGTH - 1)))
  next
}
in_options && /^          / { sub(/^ */, ""); put(text($0)); next }
in_options && /^$/ { next }
/^Exit status:$/ { in_options = 0; if (as_is) { put(".fi"); as_is = 0 }; put(".SH EXIT STATUS"); next }
{
  if (in_options) { in_options = 0; put(".SH NOTES") }
  prose($0)
}

END {
  if (as_is) put(".fi")
  printf ".TH %s 1 \"\" \"zircon\\-kvm %s\" \"Zircon on KVM\"\n", name, version
  printf ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.B %s\n.SH DESCRIPTION\n%s", text(name), text(words), text(synopsis), body
  print ".SH SEE ALSO\n.BR zircon\\-kvm (7)"
}
