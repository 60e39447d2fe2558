# Every library that the project borrows, as imported targets. All come from Debian 12 packages.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(date REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)

# tl::expected is one header.
find_path(EXPECTED_INCLUDE tl/expected.hpp REQUIRED)
add_library(dependency_expected INTERFACE)
add_library(dependency::expected ALIAS dependency_expected)
target_include_directories(dependency_expected SYSTEM INTERFACE "${EXPECTED_INCLUDE}")

# callweir_pkg_config(NAME MODULE...): an imported target without the architecture flags that libdpdk's
# .pc file carries (-march=corei7 would land last and switch newer instructions off).
function(callweir_pkg_config name)
  pkg_check_modules(${name}_PC REQUIRED ${ARGN})
  add_library(dependency_${name} INTERFACE)
  add_library(dependency::${name} ALIAS dependency_${name})
  target_include_directories(dependency_${name} SYSTEM INTERFACE ${${name}_PC_INCLUDE_DIRS})
  set(flags ${${name}_PC_CFLAGS_OTHER})
  list(FILTER flags EXCLUDE REGEX "^-march=")
  target_compile_options(dependency_${name} INTERFACE ${flags})
  target_link_libraries(dependency_${name} INTERFACE ${${name}_PC_LINK_LIBRARIES})
endfunction()

callweir_pkg_config(dpdk libdpdk)
callweir_pkg_config(ndpi libndpi)
callweir_pkg_config(xdp libxdp libbpf)
callweir_pkg_config(opus opus)
callweir_pkg_config(sodium libsodium)
