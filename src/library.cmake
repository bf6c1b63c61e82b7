# libzircon.so: only zx_*, _zx_* and zircon_kvm_* leave it (zircon.map), its dependencies included.
add_library(zircon SHARED $<TARGET_OBJECTS:zircon_objects>)
target_link_libraries(zircon
  PUBLIC zircon_headers
  PRIVATE zircon_deps)
set_target_properties(zircon PROPERTIES
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}
  LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/zircon.map)
# Nothing unloads it (nodelete): a thread of its own serves timers, the kick signal's handler is its code, and threads
# of the program come back to it when they end.
target_link_options(zircon PRIVATE
  -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/zircon.map
  -Wl,--exclude-libs,ALL
  -Wl,-z,nodelete)
if(NOT ZIRCON_SANITIZE)
  # The sanitizers' symbols come from the program.
  target_link_options(zircon PRIVATE -Wl,-z,defs)
endif()
add_library(zircon::zircon ALIAS zircon)

# libzircon.a: an archive cannot hide by a version script, so the objects are linked into one
# relocatable object and every symbol that is not of the public interface is made local. Its groups (inline
# functions and the like) become plain sections: a linker would keep one of equal groups, and where it kept another
# object's, or ours whose symbols are local, a C++ program did not link. Debug information stays in debug builds alone:
# it would be most of what is installed, and of each program.
# Zydis goes in too where scripts/fetch-zydis has fetched it (docs/decisions/0011-self-contained-archive.md).
set(combined ${CMAKE_CURRENT_BINARY_DIR}/zircon_combined.o)
if(TARGET zydis_decoder)
  set(folded $<TARGET_FILE:zydis_decoder>)
else()
  set(not_folded Zydis::Zydis)
endif()
add_custom_command(
  OUTPUT ${combined}
  COMMAND ${CMAKE_CXX_COMPILER} -r -nostdlib -no-pie -Wl,--force-group-allocation -o ${combined}.all
          $<TARGET_OBJECTS:zircon_objects> ${folded}
  COMMAND ${CMAKE_OBJCOPY} $<$<NOT:$<CONFIG:Debug>>:--strip-debug> -w --keep-global-symbol=zx_* --keep-global-symbol=_zx_*
          --keep-global-symbol=zircon_kvm_* ${combined}.all ${combined}
  DEPENDS zircon_objects $<TARGET_OBJECTS:zircon_objects> ${folded}
  COMMAND_EXPAND_LISTS VERBATIM)
add_library(zircon_static STATIC ${combined})
set_source_files_properties(${combined} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
# A program in C can be linked by the C compiler: the C++ runtime is named below.
set_target_properties(zircon_static PROPERTIES OUTPUT_NAME zircon LINKER_LANGUAGE C)
target_link_libraries(zircon_static
  PUBLIC zircon_headers
  INTERFACE ${not_folded} stdc++ m Threads::Threads)
add_library(zircon::zircon_static ALIAS zircon_static)
