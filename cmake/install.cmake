# What `cmake --install` puts where. The configuration of a fresh installation only observes, and an existing one is
# never overwritten.
include(GNUInstallDirs)

foreach(program callweir callweir-peer)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

# Made from the program's own help when it is built (app/CMakeLists.txt).
set(generated "${CMAKE_BINARY_DIR}/share")
install(FILES "${generated}/callweir.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${generated}/callweir.bash" DESTINATION share/bash-completion/completions RENAME callweir)
install(FILES "${generated}/_callweir" DESTINATION share/zsh/vendor-completions)

install(FILES packaging/callweir.service DESTINATION lib/systemd/system)
install(CODE "
  set(target \"\$ENV{DESTDIR}/etc/callweir/callweir.yaml\")
  if(NOT EXISTS \"\${target}\")
    file(INSTALL \"${CMAKE_SOURCE_DIR}/packaging/callweir.yaml\" DESTINATION \"\$ENV{DESTDIR}/etc/callweir\")
  endif()")
