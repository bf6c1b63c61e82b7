#!/bin/bash
# Tests scripts/contract: a small tree in which all is well, and the same tree with one fault each.
# usage: tests/scripts/contract_test.sh      (exit status: 0 passed, 1 failed)
set -euo pipefail

export LC_ALL=C.UTF-8
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
mistakes=0

# The tree in which all is well.
make_tree() {
  rm -rf -- "$folder/tree"
  mkdir -p -- "$folder/tree/docs/contract" "$folder/tree/tests/unit"
  cd -- "$folder/tree"
  cat >docs/contract/a.md <<'MD'
| Id | Promise |
|---|---|
| APPLE-1 | Red. |
| APPLE-2 † | Round, as APPLE-1. |
| PEAR-TREE-1 | High. |
MD
  cat >docs/DIFFERENCES.md <<'MD'
| Row | What differs | Why | Test |
|---|---|---|---|
| APPLE-2 | Flat. | Wind. | Apple.Flat |

| What | Calls |
|---|---|
| plums | none (APPLE-1) |
MD
  cat >tests/unit/apple_test.cc <<'CC'
TEST(Apple, Red) {
  Shows(
      "APPLE-1 "
      "PEAR-TREE-1");
}
// Shows("APPLE-99");
TEST_F(Apple, Flat) { EXPECT_TRUE(true); }
CC
  mkdir -p include/zircon
  cat >include/zircon/apple.h <<'H'
// Picks one.
//
// Contract: APPLE, PEAR-TREE.
zx_status_t zx_apple_pick(uint32_t size,
                          zx_handle_t* out) ZX_DETAIL_CALL_2018(apple_pick);
// Not exported.
static inline int zx_apple_size(int a) { return a; }
H
}

# expect STATUS TEXT [OPTION...]: what scripts/contract gives for the tree, and a line that it prints.
expect() {
  local status=0 printed
  printed=$("$repository/scripts/contract" "${@:3}" "$folder/tree" 2>&1) || status=$?
  if [[ $status != "$1" || $printed != *"$2"* ]]; then
    printf 'FAIL: line %s: expected %s and "%s", got %s and:\n%s\n' \
      "${BASH_LINENO[0]}" "$1" "$2" "$status" "$printed" >&2
    mistakes=$((mistakes + 1))
  fi
  make_tree
}

make_tree
expect 0 "contract: 3 rows, 2 shown by tests, 0 faults"
expect 0 $'APPLE-1\n    Apple.Red\nAPPLE-2\n    difference: Apple.Flat\nPEAR-TREE-1\n    Apple.Red' --list

sed -i 's/APPLE-1 "/APPLE-1 APPLE-3 "/' tests/unit/apple_test.cc
expect 1 "tests/unit/apple_test.cc:2: Apple.Red shows APPLE-3, and there is no such row"

sed -i 's/Red) {/Red) { int i = 0;/' tests/unit/apple_test.cc
expect 1 "tests/unit/apple_test.cc:2: Shows() is not the first line of a test"

sed -i 's/| APPLE-2 |/| APPLE-2, APPLE-4 |/' docs/DIFFERENCES.md
expect 1 "docs/DIFFERENCES.md:3: there is no row APPLE-4"

sed -i 's/as APPLE-1/as PEAR-TREE-7/' docs/contract/a.md
expect 1 "docs/contract/a.md:4: there is no row PEAR-TREE-7"

echo '| PEAR-TREE-1 | Twice. |' >>docs/contract/a.md
expect 1 "docs/contract/a.md:6: PEAR-TREE-1 stands at docs/contract/a.md:5 already"

sed -i 's/PEAR-TREE-1//' tests/unit/apple_test.cc
expect 1 "docs/contract/a.md:5: PEAR-TREE-1 is shown by no test and does not stand in docs/DIFFERENCES.md"

sed -i 's/PEAR-TREE-1//' tests/unit/apple_test.cc
expect 0 "contract: 2 rows, 1 shown by tests, 0 faults" --only 'APP*,PEAR'

sed -i 's/| PEAR-TREE-1 |/| PEAR-TREE-1 † |/' docs/contract/a.md
expect 1 "docs/contract/a.md:5: PEAR-TREE-1 has a † and does not stand in docs/DIFFERENCES.md"

sed -i 's/APPLE-2 †/APPLE-2/' docs/contract/a.md
expect 1 "docs/DIFFERENCES.md:3: APPLE-2 has no † at docs/contract/a.md:4"

sed -i 's/Apple.Flat/Apple.Square/' docs/DIFFERENCES.md
expect 1 "docs/DIFFERENCES.md:3: there is no test Apple.Square"

sed -i 's,Apple.Flat,tests/scripts/apple_test.sh,' docs/DIFFERENCES.md
expect 1 "docs/DIFFERENCES.md:3: there is no file tests/scripts/apple_test.sh"

sed -i 's/Apple.Flat/(to be named)/' docs/DIFFERENCES.md
expect 1 "docs/DIFFERENCES.md:3: no test is named for APPLE-2"

sed -i 's/Apple.Flat/cannot be shown here: no wind/' docs/DIFFERENCES.md
expect 0 "0 faults"

sed -i 's/PEAR-TREE-1//' tests/unit/apple_test.cc
echo '# Shows: PEAR-TREE-1' >tests/unit/pear_test.sh
echo '  // Shows: APPLE-1 APPLE-2' >tests/unit/pear.inc
expect 0 "contract: 3 rows, 3 shown by tests, 0 faults"

sed -i '/Contract:/d' include/zircon/apple.h
expect 1 "include/zircon/apple.h:3: the comment of zx_apple_pick does not end with '// Contract: FAMILY, ... .'"

sed -i 's/PEAR-TREE/PEAR/' include/zircon/apple.h
expect 1 "include/zircon/apple.h:4: zx_apple_pick names PEAR, and there is no such family"

if ((mistakes > 0)); then
  echo "contract_test: $mistakes failed" >&2
  exit 1
fi
echo "contract_test: passed"
