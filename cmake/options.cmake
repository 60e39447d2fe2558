# Language level, warnings, sanitizers and compiler cache, for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

option(CALLWEIR_FUZZ "build the libFuzzer targets (clang only)" OFF)
set(CALLWEIR_SANITIZE "" CACHE STRING "sanitizers, as in -fsanitize=")

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False at -O3 in g++ 12 (GCC bug 105651 and kin): string concatenation, vectors grown from literals, fmt 9.
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
endif()
# x86-64-v2 is what every server of the last fifteen years has; the data path needs its CRC and SSE4.
add_compile_options(-march=x86-64-v2 -maes)
if(CALLWEIR_SANITIZE)
  add_compile_options(-fsanitize=${CALLWEIR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CALLWEIR_SANITIZE})
endif()
if(CALLWEIR_FUZZ)
  # g++ is the compiler whose warnings are errors; what clang warns of beside is not to stop the fuzzers.
  add_compile_options(-Wno-error)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
