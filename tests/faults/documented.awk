# Makes documented.inc: which errors the header of each call names, from the text of the headers.
#
#   // Errors:
#   //   Handle errors    of handle.
#   //   Those of zx_OTHER(), but …
#   //   NO_MEMORY        out of memory.
#   zx_status_t zx_NAME(

/^\/\/ Errors/ { errors = 1; named = ""; like = "" }
/^\/\/ Errors:/ { next }

# The end of the list is an empty line of the comment; sentences between its lines are none.
errors && /^\/\/ *$/ { errors = 0 }
errors && /^\/\/   Handle errors/ { named = named " BAD_HANDLE WRONG_TYPE ACCESS_DENIED" }
errors && match($0, /[Tt]hose of zx_[a-z0-9_]+\(/) { like = substr($0, RSTART + 9, RLENGTH - 10) }
# One, or several with commas between, which may be all there is in the line.
errors && match($0, /^\/\/   [A-Z][A-Z_]+(, [A-Z][A-Z_]+)*( |$)/) {
  names_here = substr($0, RSTART + 5, RLENGTH - 5)
  gsub(/[, ]+/, " ", names_here)
  named = named " " names_here
}
/^\/\/ .*[Tt]he same as zx_/ && match($0, /zx_[a-z0-9_]+\(/) { like = substr($0, RSTART, RLENGTH - 1) }

match($0, /^zx_status_t (zx|zircon_kvm)_[a-z0-9_]+\(/) {
  call = substr($0, RSTART + 12, RLENGTH - 13)
  errors_of[call] = named
  like_of[call] = like
}

# A comment belongs to what follows it at once.
!/^\/\// { named = ""; like = ""; errors = 0 }

END {
  for (call in errors_of) {
    for (other = like_of[call]; other != ""; other = like_of[other]) {
      errors_of[call] = errors_of[call] " " errors_of[other]
    }
    count = split(errors_of[call], names, " ")
    for (i = 1; i <= count; ++i) printf "{\"%s\", ZX_ERR_%s},\n", call, names[i]
    printf "{\"%s\", ZX_OK},\n", call
  }
}
