# add_zbi_kernel(NAME SOURCE...): NAME.zbi, a bootable Zircon boot image, beside the executables of the folder. Its code
# is a guest's, not a program's of this machine: no library, no start-up code, and no register that a kernel must first
# turn on. The start-up code and the linker's script are those of examples/zbi-kernel.
set(ZBI_KERNEL_FOLDER ${CMAKE_CURRENT_LIST_DIR}/../examples/zbi-kernel)

function(add_zbi_kernel name)
  add_executable(${name} ${ARGN} ${ZBI_KERNEL_FOLDER}/start.S)
  target_link_libraries(${name} PRIVATE zircon_headers zircon_warnings)
  target_include_directories(${name} PRIVATE ${ZBI_KERNEL_FOLDER})
  target_compile_options(${name} PRIVATE
    -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none
    -mgeneral-regs-only -mno-red-zone -O2
    # Whatever the build is instrumented with.
    -fno-sanitize=all $<$<BOOL:${ZIRCON_COVERAGE}>:-fno-profile-arcs -fno-test-coverage>
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti -fno-threadsafe-statics>)
  target_link_options(${name} PRIVATE
    -nostdlib -static -no-pie -Wl,--no-warn-rwx-segments -Wl,--build-id=none -Wl,-T,${ZBI_KERNEL_FOLDER}/kernel.ld
    -fno-sanitize=all)
  set_target_properties(${name} PROPERTIES
    SUFFIX .elf LINK_DEPENDS ${ZBI_KERNEL_FOLDER}/kernel.ld)
  get_target_property(folder ${name} RUNTIME_OUTPUT_DIRECTORY)
  if(NOT folder)
    set(folder ${CMAKE_CURRENT_BINARY_DIR})
  endif()
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} -O binary -j .zbi $<TARGET_FILE:${name}> ${folder}/${name}.zbi
    BYPRODUCTS ${folder}/${name}.zbi
    VERBATIM)
endfunction()
