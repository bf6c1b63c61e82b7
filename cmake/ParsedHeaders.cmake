# What nearly every test includes, parsed once for all test programs: it takes most of a file's time.
#   target_precompile_headers(NAME REUSE_FROM parsed_headers)
# An executable, because parsed headers fit only what is compiled as position-independent as they were.
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/parsed_headers.cc CONTENT "int main() {}\n")
add_executable(parsed_headers ${CMAKE_CURRENT_BINARY_DIR}/parsed_headers.cc)
target_link_libraries(parsed_headers PRIVATE GTest::gtest zircon_warnings)
target_precompile_headers(parsed_headers PRIVATE
  <gtest/gtest.h> <algorithm> <array> <atomic> <chrono> <functional> <thread>)
