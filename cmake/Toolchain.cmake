# Compiler settings shared by everything in this tree.
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo" FORCE)
endif()
# As the benchmarks are measured.
string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Hidden by default: only what a version script or an attribute names is exported.
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

find_program(ZIRCON_CCACHE ccache)
if(ZIRCON_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${ZIRCON_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ZIRCON_CCACHE})
endif()

add_library(zircon_warnings INTERFACE)
target_compile_options(zircon_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wno-unused-parameter
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  $<$<BOOL:${ZIRCON_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(zircon_warnings INTERFACE
    -Wthread-safety -Werror=thread-safety
    # Debian 12's absl and gtest headers are clean under gcc; clang 14 is stricter about these two.
    -Wno-unknown-warning-option -Wno-c99-designator)
endif()

if(ZIRCON_SANITIZE)
  add_compile_options(-fsanitize=${ZIRCON_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ZIRCON_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # For programs in C, because the library is not.
    add_link_options(-fsanitize-link-c++-runtime)
    link_libraries($<$<LINK_LANGUAGE:C>:stdc++>)
  endif()
  if(ZIRCON_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  if(ZIRCON_SANITIZE MATCHES "thread")
    # gcc warns that the sanitizer does not model atomic_thread_fence; the code states every
    # ordering that matters on the atomics themselves or is exempted where it stands.
    add_compile_options(-Wno-tsan)
  endif()
endif()

if(ZIRCON_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(ZIRCON_COVERAGE)
  add_compile_options(--coverage -O0 -fno-inline -fprofile-update=atomic)
  # For tests that look at instructions: gcc has no macro that tells.
  add_compile_definitions(ZIRCON_COVERAGE)
  add_link_options(--coverage)
endif()
