# shellcheck shell=bash
# The part of the initramfs that belongs to one run: the program, its libraries, its files, and what /init has to do.
# Paths in the nested environment are the host's own absolute paths, so what a program was told of its files on the
# host (compiled-in paths, run paths, relative arguments) holds there too.
# Needs messages.sh, nested_cache.sh.

# Two trees: symbolic links to host files, which cpio follows (no copy of a large binary is made), and copied folders,
# whose own symbolic links have to stay what they are.
new_image() {
  image_links=$1/links
  image_copies=$1/copies
  image_programs=()
  mkdir -- "$image_links" "$image_copies"
}

# guest_path PATH: the absolute path that PATH, seen from the host's working folder, has in the environment.
guest_path() {
  local path
  path=$(realpath -ms -- "$1")
  merge_usr path
  printf '%s' "$path"
}

# merge_usr NAME: the path in that variable, in Debian's merged layout. A folder entry for one of these would replace the
# base image's symbolic link.
merge_usr() {
  local -n merged=$1
  case $merged in
    /bin | /bin/* | /sbin | /sbin/* | /lib | /lib/* | /lib32 | /lib32/* | /lib64 | /lib64/* | /libx32 | /libx32/*)
      merged=/usr$merged
      ;;
  esac
}

# Folders that the environment mounts over or that are ours.
is_reserved_guest_path() {
  case $1 in
    / | /dev | /dev/* | /proc | /proc/* | /sys | /sys/* | "$GUEST_HOME" | "$GUEST_HOME"/*) return 0 ;;
  esac
  return 1
}

# stage HOST_PATH GUEST_PATH: puts a file or a folder into the image; the libraries that the file needs come with
# stage_libraries.
stage() {
  local host guest
  host=$(realpath -e -- "$1" 2>/dev/null) || die "no such file: $1"
  guest=$(guest_path "$2")
  ! is_reserved_guest_path "$guest" || die "cannot put a file at $2 in the nested environment"
  [[ -r $host ]] || die "cannot read $1"
  if [[ -d $host ]]; then
    mkdir -p -- "$image_copies$guest"
    cp -a -- "$host/." "$image_copies$guest/"
  else
    stage_link "$host" "$guest"
    image_programs+=("$host")
  fi
}

stage_link() {
  mkdir -p -- "$image_links${2%/*}"
  ln -sfT -- "$1" "$image_links$2"
}

# stage_libraries: the libraries that the loader would take here for the files staged, at the paths where it found
# them. In one pass over all of them: a program has dozens, and on a busy machine each process counts.
stage_libraries() {
  local line path file=${image_programs[0]:-} found=() guests=() direct=() i
  local -A seen=()
  while IFS= read -r line; do
    case $line in
      # The heading of a file, where there are several.
      [^[:space:]]*:) file=${line%:} ;;
      *'=> not found'*)
        line=${line%% =>*}
        die "$file needs the library ${line#"${line%%[![:space:]]*}"}, which was not found"
        ;;
      *'=> /'*' (0x'*) found+=("/${line#*=> /}") ;;
      [[:space:]]/*' (0x'*) found+=("/${line#*/}") ;;
      *) ;; # the vDSO, "statically linked"
    esac
  done < <(ldd "${image_programs[@]}" 2>/dev/null)
  ((${#found[@]} > 0)) || return 0
  # Where the loader looks beside its built-in folders; entries of files that are not there do no harm.
  [[ ! -r /etc/ld.so.cache ]] || found+=(/etc/ld.so.cache)
  mapfile -d '' -t guests < <(realpath -zms -- "${found[@]% (0x*}")
  for i in "${!guests[@]}"; do
    path=${guests[i]}
    merge_usr path
    [[ -z ${seen[$path]:-} && ! -e $image_links$path ]] || continue
    seen[$path]=1
    if [[ -e $path ]]; then
      direct+=("$path")
    else
      # A host whose /lib is not /usr/lib.
      stage_link "${guests[i]}" "$path"
    fi
  done
  ((${#direct[@]} == 0)) || cp --symbolic-link --parents --target-directory="$image_links" -- "${direct[@]}"
}

# quote WORD: WORD as the shell of the environment has to see it, whatever bytes it has.
quote() {
  local escaped="'\\''"
  printf "'%s'" "${1//"'"/"$escaped"}"
}

quote_all() {
  local word
  for word; do
    printf ' '
    quote "$word"
  done
}

# write_image BASE DEST: BASE and the trees, one after the other; the kernel takes concatenated archives.
write_image() {
  {
    cat -- "$1" &&
      (cd "$image_copies" && find . -mindepth 1 -print0 | cpio --quiet -0 -o -H newc -R +0:+0) &&
      (cd "$image_links" && find . -mindepth 1 -print0 | cpio --quiet -0 -o -H newc -R +0:+0 -L)
  } >"$2"
}
