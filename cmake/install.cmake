# What `cmake --install` puts where. The configuration of a fresh installation only observes, and an existing one is
# never overwritten.
include(GNUInstallDirs)

foreach(program callweir callweir-dashboard callweir-peer)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

# Made from the program's own help when it is built (app/CMakeLists.txt).
set(generated "${CMAKE_BINARY_DIR}/share")
install(FILES "${generated}/callweir.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${generated}/callweir.bash" DESTINATION share/bash-completion/completions RENAME callweir)
# Where Debian's zsh looks.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  install(FILES "${generated}/_callweir" DESTINATION share/zsh/vendor-completions)
else()
  install(FILES "${generated}/_callweir" DESTINATION share/zsh/site-functions)
endif()

# The unit names the programs where they land: `--prefix` is known only now.
install(CODE "
  set(bindir \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  foreach(unit callweir callweir-dashboard)
    configure_file(\"${CMAKE_SOURCE_DIR}/packaging/\${unit}.service.in\" \"${generated}/\${unit}.service\" @ONLY)
  endforeach()")
install(FILES "${generated}/callweir.service" "${generated}/callweir-dashboard.service"
  DESTINATION lib/systemd/system)
install(FILES "${CMAKE_SOURCE_DIR}/packaging/callweir.sysusers" DESTINATION lib/sysusers.d RENAME callweir.conf)
install(CODE "
  if(NOT EXISTS \"\$ENV{DESTDIR}/etc/callweir/callweir.yaml\")
    file(INSTALL \"${CMAKE_SOURCE_DIR}/packaging/callweir.yaml\" DESTINATION /etc/callweir) # below DESTDIR by itself
  endif()")
