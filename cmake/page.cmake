# The built page (dashboard/web/dist, made by npm) becomes a part of the dashboard's library; without it the library
# says how to build it.
set(page "${CMAKE_SOURCE_DIR}/dashboard/web/dist")
file(GLOB_RECURSE page_files CONFIGURE_DEPENDS "${page}/*")
string(MD5 page_names "${page_files}") # so that a file that is gone makes it anew, too
set(page_source "${CMAKE_BINARY_DIR}/generated/web_page.cpp")
add_custom_command(OUTPUT "${page_source}"
  COMMAND "${CMAKE_COMMAND}" "-DPAGE=${page}" "-DOUTPUT=${page_source}" "-DNAMES=${page_names}"
    -P "${CMAKE_SOURCE_DIR}/cmake/embed_page.cmake"
  DEPENDS ${page_files} "${CMAKE_SOURCE_DIR}/cmake/embed_page.cmake"
  COMMENT "Embedding the dashboard's page" VERBATIM)
target_sources(callweir_dashboard PRIVATE "${page_source}")
