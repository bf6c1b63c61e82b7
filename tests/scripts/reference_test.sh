#!/bin/bash
# Tests docs/reference: what filter.py and man_pages.py make of a small header, and that what a comment lacks is found. And
# docs/site: that pages.py has a page for each call and a place for each row, which scripts/reference links.
# usage: tests/scripts/reference_test.sh      (exit status: 0 passed, 1 failed)
set -euo pipefail

export LC_ALL=C.UTF-8
repository=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
readonly repository
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
mistakes=0

make_tree() {
  rm -rf -- "$folder/tree"
  mkdir -p -- "$folder/tree/docs/contract" "$folder/tree/include/zircon"
  cd -- "$folder/tree"
  printf '# Apples\n\n| APPLE-1 | Red in <zircon/apple.h>, [as](b.md). |\n| GEN-1 † | #GP. |\n' >docs/contract/apple-tree.md
  cat >include/zircon/apple.h <<'H'
// zircon/apple.h: apples.
//
//   zx_apple_pick(tree, 1, &apple);
//
//   Tree      what <zircon/tree.h> has.

// Sorts. Sweet first.
#define ZX_APPLE_SWEET 1u
#define ZX_APPLE_SOUR 2u  // Not before October.
#if ZX_DETAIL_API_2018
#define ZX_APPLE_OLD 3u
#endif

// One apple.
typedef struct zx_apple {
  uint32_t size;  // In mm.
  uint32_t sort;
  const char* name;
} zx_apple_t;

ZX_DETAIL_MEMBER(zx_apple_t, size, 0, 4);
ZX_DETAIL_MEMBER(zx_apple_t, sort, 4, 4);
ZX_DETAIL_MEMBER(zx_apple_t, name, 8, 8);

// Picks one. Owner thread only.
//
//   tree             tree; READ.
//   sort             ZX_APPLE_SWEET or ZX_APPLE_OLD; any of
//                    ZX_APPLE_*.
//   out              receives it.
//
// Errors:
//   Handle errors    of tree.
//   BUFFER_TOO_SMALL none.
// then:
//   NOT_FOUND, BAD_STATE  none is left.
//
// 2018: fewer sorts.
//
// Contract: APPLE, GEN.
zx_status_t zx_apple_pick(zx_handle_t tree, uint32_t sort,
                          zx_apple_t* out) ZX_DETAIL_CALL_2018(apple_pick);

// The second names.
ZX_DETAIL_TWIN(apple_pick);
H
}

fail() {
  printf 'FAIL: line %s: %s\n' "${BASH_LINENO[1]:-}" "$*" >&2
  mistakes=$((mistakes + 1))
}

# makes LINE...: these lines follow each other in what becomes of FILE.
makes() {
  local file=$1 printed wanted
  shift
  printed=$("$repository/docs/reference/filter.py" --root . "$file")
  wanted=$(printf '%s\n' "$@")
  [[ $'\n'$printed$'\n' == *$'\n'"$wanted"$'\n'* ]] || fail "not made: $wanted"$'\n'"from $file but: $printed"
}

# finds TEXT: a fault; without TEXT: none.
finds() {
  local status=0 printed
  printed=$("$repository/docs/reference/filter.py" --check --root . include/zircon/apple.h) || status=$?
  if [[ -n $1 ]]; then
    [[ $status == 1 && $printed == *"$1"* ]] || fail "expected '$1', got $status and: $printed"
  else
    [[ $status == 0 && -z $printed ]] || fail "expected nothing, got $status and: $printed"
  fi
  make_tree
}

header=include/zircon/apple.h
make_tree
makes "$header" '/// @file zircon/apple.h' '/// apples.'
makes "$header" '/// @code{.c}' '/// zx_apple_pick(tree, 1, &apple);' '/// @endcode'
makes "$header" '/// <dt>Tree</dt><dd>what zircon/tree.h has.</dd>'
makes "$header" '/// @name Sorts' '/// Sweet first.' '/// @{' '' '/// Sorts. Sweet first.' '#define ZX_APPLE_SWEET 1u' \
  '/// Not before October.' '#define ZX_APPLE_SOUR 2u' '#if ZX_DETAIL_API_2018' '/// Sorts. Sweet first.' \
  '#define ZX_APPLE_OLD 3u' '#endif' '/// @}'
makes "$header" '/// One apple.' '///' 'typedef struct zx_apple {' '  /// In mm. (Offset 0, size 4.)' '  uint32_t size;' \
  '  /// (Offset 4, size 4.)' '  uint32_t sort;' '  /// (Offset 8, size 8.)' '  const char* name;' '} zx_apple_t;'
makes "$header" '/// Picks one. Owner thread only.' '///' '/// @param[in] tree tree; READ.' \
  '/// @param[in] sort #ZX_APPLE_SWEET or ZX_APPLE_OLD; any of ZX_APPLE_&lowast;.' '/// @param[out] out receives it.' \
  '///' '/// @par Rights' '/// tree: #ZX_RIGHT_READ.' '///' '/// @return #ZX_OK, or the first error that applies.' '///' \
  '/// @par Errors, in the order in which they are checked' '/// <dl>' \
  '/// <dt>#ZX_ERR_BAD_HANDLE, #ZX_ERR_WRONG_TYPE, #ZX_ERR_ACCESS_DENIED</dt><dd>of tree.</dd>' \
  '/// <dt>#ZX_ERR_BUFFER_TOO_SMALL</dt><dd>none.</dd>' '/// </dl>' '///' '/// then:' '///' '/// <dl>' \
  '/// <dt>#ZX_ERR_NOT_FOUND, #ZX_ERR_BAD_STATE</dt><dd>none is left.</dd>' '/// </dl>' '///' \
  '/// @par The generation of 2018' '/// Fewer sorts.' '///' '/// @par Threads' '/// Only the thread that owns the VCPU.' \
  '///' '/// @par Contract' '/// @ref contract_apple_tree "APPLE", @ref contract_apple_tree "GEN".' '///' \
  'zx_status_t zx_apple_pick(zx_handle_t tree, uint32_t sort,'
makes "$header" '// The second names.' 'ZX_DETAIL_TWIN(apple_pick);'
makes docs/contract/apple-tree.md '# Apples {#contract_apple_tree}' '' '| APPLE-1 | Red in \<zircon/apple.h>, as. |' \
  '| GEN-1 † | \#GP. |'
finds ''

# The manual page, and that of the second name.
"$repository/docs/reference/man_pages.py" 1.2.3 man3 "$header"
page=$(printf '%s\n' '.TH zx_apple_pick 3 "" "zircon-kvm 1.2.3" "Zircon on KVM"' '.SH NAME' 'zx_apple_pick \- Picks one' \
  '.SH SYNOPSIS' '.nf' '#include <zircon/apple.h>' '.PP' \
  'zx_status_t zx_apple_pick(zx_handle_t tree, uint32_t sort, zx_apple_t* out);' '.fi' \
  '.SH DESCRIPTION' 'Owner thread only.' '.SH ARGUMENTS' '.TP' '.B tree' 'tree; READ.' \
  '.TP' '.B sort' 'ZX_APPLE_SWEET or ZX_APPLE_OLD; any of ZX_APPLE_*.' '.TP' '.B out' 'receives it.' \
  '.SH RETURN VALUE' 'ZX_OK, or the first error that applies.' \
  '.SH ERRORS' 'In the order in which they are checked:' \
  '.TP' '.B ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE, ZX_ERR_ACCESS_DENIED' 'of tree.' \
  '.TP' '.B ZX_ERR_BUFFER_TOO_SMALL' 'none.' '.PP' 'Then:' \
  '.TP' '.B ZX_ERR_NOT_FOUND, ZX_ERR_BAD_STATE' 'none is left.' '.SH THREADS' 'Only the thread that owns the VCPU.' \
  '.SH THE GENERATION OF 2018' 'Fewer sorts.' '.SH CONTRACT' 'APPLE, GEN.')
[[ $(<man3/zx_apple_pick.3) == "$page"* ]] || fail "the manual page is $(<man3/zx_apple_pick.3)"
[[ $(readlink man3/_zx_apple_pick.3) == zx_apple_pick.3 ]] || fail "the second name's page is no link"

sed -i '/^\/\/   sort/,+1d' "$header"
finds "zx_apple_pick: the argument sort is not described"
sed -i 's/^\/\/   sort/\/\/   sour/' "$header"
finds "zx_apple_pick: there is no argument sour"
sed -i 's/Contract: APPLE/Contract: PLUM/' "$header"
finds "zx_apple_pick: there is no family PLUM in docs/contract"
sed -i '1s/.*/\/\/ Apples./' "$header"
finds "include/zircon/apple.h:1: the banner does not begin with the header's name"

# Each row stands in one place of the site, each call on one page, and they lead to each other.
# shellcheck disable=SC2016 # the backquotes are meant
check_site() {
  mkdir -p -- "$folder/xml"
  printf '    <briefdescription>\nx\n    </briefdescription>\n    <detaileddescription>\n    </detaileddescription>\n  </compounddef>\n' \
    >"$folder/xml/apple_8h.xml"
  "$repository/docs/site/pages.py" "$folder/site" "$folder/xml"
  [[ $(<"$folder/xml/apple_8h.xml") == "  </compounddef>" ]] || fail "a header's own description is left in the XML"
  diff <(sed -nE 's/^\| ([A-Z][A-Z0-9-]*-[0-9]+)( †)? \|.*/\1/p' "$repository"/docs/contract/*.md | sort) \
    <(grep -hoP '\{promise\}`\K[^`]+' "$folder"/site/contract/*.md | sort) || fail "rows differ from those of the contract"
  diff <(sed -nE 's/^ZX_DETAIL_TWIN(_2018)?\((.*)\);/zx_\2/p' "$repository"/include/zircon/calls/*.h | sort) \
    <(grep -hoP '^## \Kzx_\w+' "$folder"/site/calls/*.md | grep -v '^zx_status_get_string\|_thrd_\|_pthread_' | sort) ||
    fail "calls differ from those of the headers"
  grep -qF '**Contract.** {family}`TRAP`, {family}`TRAP-IO`' "$folder/site/calls/guest.md" || fail "a call does not name its rows"
  grep -qF '*Of these calls:* {c:func}`zx_guest_set_trap`' "$folder/site/contract/traps.md" || fail "rows do not name their calls"
}
check_site

if ((mistakes > 0)); then
  echo "reference_test: $mistakes failed" >&2
  exit 1
fi
echo "reference_test: passed"
