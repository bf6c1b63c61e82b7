# The target zydis_decoder, a static library, where the sources are that scripts/fetch-zydis fetches: the package
# libzydis-dev has none. Only what the library uses: the decoder, which needs nothing of Zycore but headers.
set(cache "$ENV{XDG_CACHE_HOME}")
if(cache STREQUAL "")
  set(cache "$ENV{HOME}/.cache")
endif()
string(REGEX MATCH "^[0-9]+\\.[0-9]+\\.[0-9]+" version "${Zydis_VERSION}")
set(ZIRCON_ZYDIS_SOURCES "${cache}/zircon-kvm/zydis-${version}" CACHE PATH "Where scripts/fetch-zydis has put them")
set(zydis_sources "${ZIRCON_ZYDIS_SOURCES}/src")

if(EXISTS "${zydis_sources}/Decoder.c")
  set(files Decoder DecoderData MetaInfo Mnemonic Register Segment SharedData String Utils Zydis)
  list(TRANSFORM files PREPEND "${zydis_sources}/")
  list(TRANSFORM files APPEND ".c")
  add_library(zydis_decoder STATIC EXCLUDE_FROM_ALL ${files})
  # Its headers are the package's, which the library is compiled with too.
  target_include_directories(zydis_decoder PRIVATE ${zydis_sources})
  target_compile_definitions(zydis_decoder PRIVATE
    ZYDIS_STATIC_BUILD ZYCORE_STATIC_BUILD ZYDIS_DISABLE_FORMATTER ZYDIS_DISABLE_ENCODER)
endif()
