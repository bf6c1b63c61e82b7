# Test files compiled a dozen at a time (ZIRCON_COMBINE_TESTS): most of a file's time goes into headers and templates that
# its neighbours have too.
#
#   zircon_combine_tests(LIST NAME)
#
# replaces in LIST by NAME_1.cc, NAME_2.cc … what can be combined. A test file can if everything in it stands in one
# anonymous namespace, whose names combine_tests.awk makes its own, and if it has no macro of its own: those would be its
# neighbours' too. (A source's properties count if they are set before.)
function(zircon_combine_tests list_name name)
  set(alone)
  set(combined)
  foreach(source IN LISTS ${list_name})
    get_filename_component(source ${source} ABSOLUTE)
    file(STRINGS ${source} reasons REGEX "^(#define|#undef|extern \"C\" {)" LIMIT_COUNT 1)
    file(STRINGS ${source} anonymous REGEX "^namespace {$" LIMIT_COUNT 1)
    get_source_file_property(definitions ${source} COMPILE_DEFINITIONS)
    if(reasons OR definitions OR NOT anonymous OR NOT source MATCHES "_test\\.cc$")
      list(APPEND alone ${source})
    else()
      list(APPEND combined ${source})
    endif()
  endforeach()
  set(script ${PROJECT_SOURCE_DIR}/cmake/combine_tests.awk)
  if(NOT combined)
    return()
  endif()
  # Of equal size, nearly.
  list(LENGTH combined size)
  math(EXPR batches "(${size} + 11) / 12")
  set(at 0)
  foreach(batch RANGE 1 ${batches})
    math(EXPR length "(${size} - ${at} + ${batches} - ${batch}) / (${batches} - ${batch} + 1)")
    list(SUBLIST combined ${at} ${length} files)
    math(EXPR at "${at} + ${length}")
    set(file ${CMAKE_CURRENT_BINARY_DIR}/${name}_${batch}.cc)
    add_custom_command(
      OUTPUT ${file}
      COMMAND awk -f ${script} ${files} > ${file}
      DEPENDS ${script} ${files}
      VERBATIM)
    list(APPEND alone ${file})
  endforeach()
  set(${list_name} ${alone} PARENT_SCOPE)
endfunction()
