# The table of names, compiled: each name that is there and each that is not, in each language and generation.
#
#   include(names.cmake)
#   zircon_add_name_tests()
#
# makes object libraries (zircon_names_c11, _cxx17, _cxx20, and each with _2018) of names_test.c and names_test.cc, built
# with everything else by whatever compiler builds the rest; zircon_every_call, with which tests/every_call.h has all the
# calls that there are; and a test that DIFFERENCES and the headers are in step with
# the table.

find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(zircon_add_name_tests)
  set(script ${PROJECT_SOURCE_DIR}/scripts/names)
  file(GLOB table CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/names/*.names)
  foreach(generation now 2018)
    foreach(language c cxx)
      set(lines ${CMAKE_CURRENT_BINARY_DIR}/names_${language}_${generation}.inc)
      add_custom_command(
        OUTPUT ${lines}
        COMMAND ${Python3_EXECUTABLE} ${script} --${language} ${generation} > ${lines}
        DEPENDS ${script} ${table}
        VERBATIM)
    endforeach()
    foreach(standard c11 cxx17 cxx20)
      string(REGEX REPLACE "[0-9]+" "" language ${standard})
      string(REGEX REPLACE "c(xx)?" "" number ${standard})
      set(lines ${CMAKE_CURRENT_BINARY_DIR}/names_${language}_${generation}.inc)
      set(target zircon_names_${standard})
      if(generation STREQUAL 2018)
        string(APPEND target _2018)
      endif()
      if(language STREQUAL c)
        add_library(${target} OBJECT names_test.c ${lines})
        set_target_properties(${target} PROPERTIES
          C_STANDARD ${number} C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
      else()
        add_library(${target} OBJECT names_test.cc ${lines})
        set_target_properties(${target} PROPERTIES
          CXX_STANDARD ${number} CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
      endif()
      target_link_libraries(${target} PRIVATE zircon_headers)
      target_compile_definitions(${target} PRIVATE "NAMES=\"${lines}\"")
      if(generation STREQUAL 2018)
        target_compile_definitions(${target} PRIVATE ZX_API_2018)
      endif()
      target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Werror)
    endforeach()
  endforeach()

  # What tests/every_call.h includes.
  set(lines ${CMAKE_CURRENT_BINARY_DIR}/every_call/every_call.inc)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/every_call)
  add_custom_command(
    OUTPUT ${lines}
    COMMAND ${Python3_EXECUTABLE} ${script} --calls > ${lines}
    DEPENDS ${script} ${table}
    VERBATIM)
  add_custom_target(zircon_every_call_lines DEPENDS ${lines})
  add_library(zircon_every_call INTERFACE)
  add_dependencies(zircon_every_call zircon_every_call_lines)
  target_include_directories(zircon_every_call INTERFACE ${CMAKE_CURRENT_BINARY_DIR}/every_call)

  add_test(NAME names COMMAND ${Python3_EXECUTABLE} ${script} --check)
  set_tests_properties(names PROPERTIES LABELS unit)
endfunction()
