# cmake --install: the headers, both libraries, and what finds them: a CMake package and pkg-config files.
#
#   find_package(zircon-kvm)        zircon::zircon          libzircon.so
#                                   zircon::zircon_static   libzircon.a
#                                   zircon::zx              <lib/zx/...>, C++17; with either of the above
#   pkg-config zircon-kvm           libzircon.so, and with --static libzircon.a
#   pkg-config zircon-kvm-static    libzircon.a by its file name, for a program that is otherwise dynamic
#
# The installed tree may be moved. tests/install are programs that use it. The component "tools" is what runs without the
# library if ZIRCON_STATIC_TOOLS names both programs; scripts/package makes an archive of it.
include(CMakePackageConfigHelpers)

set_target_properties(zircon_headers PROPERTIES EXPORT_NAME headers)
set_target_properties(zircon_zx PROPERTIES EXPORT_NAME zx)

set(zircon_programs)
foreach(program zvmm zircon-conformance)
  if(TARGET ${program})
    list(APPEND zircon_programs ${program})
  endif()
endforeach()

# First: what has not been built is told before anything is copied.
set(built "$<TARGET_FILE:zircon>;$<TARGET_FILE:zircon_static>")
foreach(program IN LISTS zircon_programs)
  list(APPEND built "$<TARGET_FILE:${program}>")
endforeach()
install(CODE "
  foreach(file IN ITEMS ${built})
    if(NOT EXISTS \"\${file}\")
      message(FATAL_ERROR \"zircon-kvm is not built yet, so there is nothing to install. First: cmake --build ${PROJECT_BINARY_DIR}\")
    endif()
  endforeach()" ALL_COMPONENTS)

install(TARGETS zircon zircon_static zircon_headers zircon_zx
  EXPORT zircon-kvm
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE CHANGELOG.md SECURITY.md docs/DIFFERENCES.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/contract DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(zircon_programs)
  install(TARGETS ${zircon_programs} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)

  # scripts/with-kvm as zircon-with-kvm, for machines without KVM.
  set(with_kvm_dir ${CMAKE_INSTALL_DATADIR}/zircon-kvm)
  install(PROGRAMS scripts/with-kvm scripts/install-packages DESTINATION ${with_kvm_dir} COMPONENT tools)
  install(FILES
    scripts/lib/messages.sh scripts/lib/nested_cache.sh scripts/lib/nested_image.sh scripts/lib/nested_init.sh
    scripts/lib/own_processor.sh
    DESTINATION ${with_kvm_dir}/lib COMPONENT tools)
  file(RELATIVE_PATH with_kvm "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_DATADIR}/zircon-kvm/with-kvm")
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  file(CREATE_LINK ${with_kvm} ${PROJECT_BINARY_DIR}/bin/zircon-with-kvm SYMBOLIC)
  install(FILES ${PROJECT_BINARY_DIR}/bin/zircon-with-kvm DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
  install(FILES docs/man/zircon-with-kvm.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)
endif()
# Manual pages of the programs are what they say of themselves; sanitizers do not let them speak everywhere.
install(FILES docs/man/zircon-kvm.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
set(words_zvmm "boots a Linux or Zircon kernel in a virtual machine")
set(words_zircon-conformance "checks that the Zircon hypervisor calls keep their promises on this machine")
if(zircon_programs AND NOT ZIRCON_SANITIZE AND NOT ZIRCON_COVERAGE)
  set(pages)
  foreach(program IN LISTS zircon_programs)
    set(page ${PROJECT_BINARY_DIR}/man/man1/${program}.1)
    add_custom_command(
      OUTPUT ${page}
      COMMAND sh -c "\"$1\" --help | awk -v name=\"$2\" -v words=\"$3\" -v version=\"$4\" -f \"$5\" >\"$6\"" sh
              $<TARGET_FILE:${program}> ${program} ${words_${program}} ${PROJECT_VERSION}
              ${PROJECT_SOURCE_DIR}/docs/man/program_page.awk ${page}
      DEPENDS ${program} ${PROJECT_SOURCE_DIR}/docs/man/program_page.awk
      VERBATIM)
    list(APPEND pages ${page})
  endforeach()
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man/man1)
  add_custom_target(program_pages ALL DEPENDS ${pages})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)
endif()
if(ZIRCON_BUILD_DOCS)
  install(DIRECTORY ${PROJECT_BINARY_DIR}/reference/html DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(DIRECTORY ${PROJECT_BINARY_DIR}/reference/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
endif()

# What libzircon.a leaves to the program: see library.cmake.
set(zircon_private_packages "Threads")
set(zircon_private_libraries "-lstdc++ -lm -pthread")
if(NOT TARGET zydis_decoder)
  string(PREPEND zircon_private_packages "Zydis ")
  string(PREPEND zircon_private_libraries "-lZydis ")
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/zircon-kvm)
set(package_build_dir ${PROJECT_BINARY_DIR}/package)
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/zircon-kvm-config.cmake.in ${package_build_dir}/zircon-kvm-config.cmake
  INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 each minor version may change the ABI.
write_basic_package_version_file(${package_build_dir}/zircon-kvm-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${package_build_dir}/zircon-kvm-config.cmake
  ${package_build_dir}/zircon-kvm-config-version.cmake
  DESTINATION ${package_dir})
install(EXPORT zircon-kvm
  NAMESPACE zircon::
  FILE zircon-kvm-targets.cmake
  DESTINATION ${package_dir})

# Relative to the .pc file, unless the folders were given as absolute ones.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(pc_prefix ${CMAKE_INSTALL_PREFIX})
  set(pc_libdir ${CMAKE_INSTALL_FULL_LIBDIR})
  set(pc_includedir ${CMAKE_INSTALL_FULL_INCLUDEDIR})
else()
  file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(pc_prefix "\${pcfiledir}/${up}")
  set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
foreach(name zircon-kvm zircon-kvm-static)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${package_build_dir}/${name}.pc @ONLY)
  install(FILES ${package_build_dir}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
