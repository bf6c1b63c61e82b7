# zircon_combine_sources(TARGET): with ZIRCON_COMBINE_SOURCES its files are compiled a dozen at a time: most of a file's time
# goes into headers that its neighbours have too. So what stands in an anonymous namespace has a name that none of
# them has. Who changes files one by one is quicker without.
function(zircon_combine_sources target)
  if(ZIRCON_COMBINE_SOURCES)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  endif()
endfunction()
