# Each public header, included alone, in each language it promises, with the warnings a strict
# program would turn on.
#
#   include(headers_alone.cmake)
#   zircon_add_header_tests()
#
# makes one translation unit for each header and language, and one object library for each language
# and generation (zircon_headers_alone_c11, _cxx17, _cxx20, and each with _2018), built with
# everything else: a header that needs another before it, or warns, breaks the build.

function(zircon_add_header_tests)
  set(include_dir ${PROJECT_SOURCE_DIR}/include)
  file(GLOB_RECURSE headers RELATIVE ${include_dir} CONFIGURE_DEPENDS
       ${include_dir}/zircon/*.h ${include_dir}/zircon-kvm/*.h)
  # The owners are C++ only.
  file(GLOB cxx_headers RELATIVE ${include_dir} CONFIGURE_DEPENDS ${include_dir}/lib/zx/*.h)
  if(NOT headers OR NOT cxx_headers)
    message(FATAL_ERROR "no public headers below ${include_dir}")
  endif()
  list(SORT headers)

  foreach(language c11 cxx17 cxx20)
    if(language STREQUAL c11)
      set(extension c)
    else()
      set(extension cc)
    endif()

    set(sources)
    set(language_headers ${headers})
    if(NOT language STREQUAL c11)
      list(APPEND language_headers ${cxx_headers})
    endif()
    foreach(header ${language_headers})
      string(MAKE_C_IDENTIFIER ${header} name)
      set(source ${CMAKE_CURRENT_BINARY_DIR}/headers_alone/${language}/${name}.${extension})
      # Twice, for the guard. The declaration is there because C forbids an empty unit, and a header
      # that only defines macros makes one.
      file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"#include <@header@>
#include <@header@>
extern int zircon_header_alone;
")
      list(APPEND sources ${source})
    endforeach()

    foreach(target zircon_headers_alone_${language} zircon_headers_alone_${language}_2018)
      add_library(${target} OBJECT ${sources})
      target_link_libraries(${target} PRIVATE zircon_headers)
      target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef $<$<BOOL:${ZIRCON_WERROR}>:-Werror>
        $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast>)
      if(language STREQUAL c11)
        set_target_properties(${target} PROPERTIES
          C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
      else()
        string(REPLACE cxx "" standard ${language})
        set_target_properties(${target} PROPERTIES
          CXX_STANDARD ${standard} CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
      endif()
    endforeach()
    target_compile_definitions(zircon_headers_alone_${language}_2018 PRIVATE ZX_API_2018)
  endforeach()
endfunction()
