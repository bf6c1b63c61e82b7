# Makes rows.inc: which rows of the contract each test shows, from the text of the tests. A test begins by
#   TEST_F(Suite, Name) {
#     Shows("ROW-1 ROW-2"
#           "ROW-3");

# A test's head may take several lines.
head != "" || /^TEST(_F|_P)?\(/ {
  head = head " " $0
  if (head !~ /\{/) next
  sub(/^ *TEST[^(]*\(/, "", head)
  sub(/\).*/, "", head)
  gsub(/ /, "", head)
  sub(/,/, ".", head)
  test = head
  head = ""
  next
}

shows != "" || /^  Shows\(/ {
  shows = shows $0
  if (shows !~ /\);/ || test == "") next
  rows = ""
  count = split(shows, parts, "\"")
  for (i = 2; i <= count; i += 2) rows = rows " " parts[i]
  gsub(/ +/, " ", rows)
  sub(/^ /, "", rows)
  printf "{\"%s\", \"%s\"},\n", test, rows
  shows = ""
  test = ""
}
