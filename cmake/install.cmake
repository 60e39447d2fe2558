# What `cmake --install` puts where. The configuration of a fresh installation only observes, and an existing one is
# never overwritten.
include(GNUInstallDirs)

foreach(program callweir callweir-peer)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

install(FILES packaging/callweir.service DESTINATION lib/systemd/system)
install(CODE "
  set(target \"\$ENV{DESTDIR}/etc/callweir/callweir.yaml\")
  if(NOT EXISTS \"\${target}\")
    file(INSTALL \"${CMAKE_SOURCE_DIR}/packaging/callweir.yaml\" DESTINATION \"\$ENV{DESTDIR}/etc/callweir\")
  endif()")
