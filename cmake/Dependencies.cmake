# The libraries that the project stands on, all from the distribution's packages. Only what is built is looked for; what
# is missing is told all at once, with the packages that have it.
set(missing_on_debian)
set(missing_on_fedora)
set(missing_text "")

# zircon_find(NAME DEBIAN_PACKAGE FEDORA_PACKAGE): find_package, but a library that is not there is noted.
macro(zircon_find name debian fedora)
  find_package(${name} QUIET)
  if(NOT ${name}_FOUND)
    list(APPEND missing_on_debian ${debian})
    list(APPEND missing_on_fedora ${fedora})
    string(APPEND missing_text "    ${name}: Debian ${debian}, Fedora ${fedora}\n")
  endif()
endmacro()

find_package(Threads REQUIRED)
zircon_find(absl libabsl-dev abseil-cpp-devel)
zircon_find(fmt libfmt-dev fmt-devel)
zircon_find(spdlog libspdlog-dev spdlog-devel)
zircon_find(Zydis libzydis-dev zydis-devel)
if(ZIRCON_BUILD_TOOLS)
  zircon_find(CLI11 libcli11-dev cli11-devel)
  zircon_find(ZLIB zlib1g-dev zlib-devel)
endif()
if(ZIRCON_BUILD_TOOLS OR ZIRCON_BUILD_TESTS)
  zircon_find(GTest libgtest-dev gtest-devel)
endif()
if(ZIRCON_BUILD_BENCHMARKS)
  zircon_find(benchmark libbenchmark-dev google-benchmark-devel)
endif()

if(ZIRCON_BUILD_TOOLS OR ZIRCON_BUILD_TESTS)
  find_package(PkgConfig QUIET)
  # zvmm --sandbox, and whoever includes <zircon-kvm/seccomp.h>.
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(seccomp QUIET IMPORTED_TARGET libseccomp>=2.5)
  endif()
  if(NOT seccomp_FOUND)
    list(APPEND missing_on_debian pkg-config libseccomp-dev)
    list(APPEND missing_on_fedora pkgconf libseccomp-devel)
    string(APPEND missing_text "    libseccomp: Debian pkg-config libseccomp-dev, Fedora pkgconf libseccomp-devel\n")
  endif()
endif()

# The model of the store finder is another disassembler.
if(ZIRCON_BUILD_TESTS)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(capstone QUIET IMPORTED_TARGET capstone)
  endif()
  if(NOT capstone_FOUND)
    list(APPEND missing_on_debian pkg-config libcapstone-dev)
    list(APPEND missing_on_fedora pkgconf capstone-devel)
    string(APPEND missing_text "    capstone: Debian pkg-config libcapstone-dev, Fedora pkgconf capstone-devel\n")
  endif()
endif()

if(missing_text)
  list(JOIN missing_on_debian " " missing_on_debian)
  list(JOIN missing_on_fedora " " missing_on_fedora)
  message(FATAL_ERROR "These libraries are missing:\n${missing_text}"
    "  To install them:\n"
    "    Debian, Ubuntu: sudo apt-get install ${missing_on_debian}\n"
    "                    or scripts/install-packages build, which installs all that a build takes\n"
    "    Fedora:         sudo dnf install ${missing_on_fedora}\n")
endif()
include(StaticZydis)
