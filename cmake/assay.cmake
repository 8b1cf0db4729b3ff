# Options and the helpers every room's CMakeLists.txt uses.
option(ASSAY_TESTS "build the unit tests" ON)
option(ASSAY_BENCH "build the benchmarks" OFF)
option(ASSAY_WERROR "warnings are errors" ON)
option(ASSAY_FUZZ "build the fuzzers, with clang" OFF)
option(ASSAY_PRECOMPILED "read the large headers once for all sources (a missing include goes unseen)" OFF)
set(ASSAY_SANITIZE "" CACHE STRING "sanitizers: empty, 'address,undefined' or 'thread'")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
find_program(ASSAY_CCACHE ccache)
if(ASSAY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${ASSAY_CCACHE}")
endif()

add_library(assay_options INTERFACE)
# -Wrestrict: g++ 12 warns falsely inside std::string (GCC bug 105651).
target_include_directories(assay_options INTERFACE "${CMAKE_SOURCE_DIR}/src")
target_compile_options(assay_options INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers -Wno-restrict $<$<BOOL:${ASSAY_WERROR}>:-Werror>)
target_compile_definitions(assay_options INTERFACE ASSAY_VERSION="${PROJECT_VERSION}")
if(ASSAY_SANITIZE)
  target_compile_options(assay_options INTERFACE -fsanitize=${ASSAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(assay_options INTERFACE -fsanitize=${ASSAY_SANITIZE})
  # These instrument every access, a quarter of the build's time; AddressSanitizer sees null and wild
  # pointers itself.
  if(ASSAY_SANITIZE MATCHES undefined)
    target_compile_options(assay_options INTERFACE -fno-sanitize=null,alignment,object-size,vptr)
  endif()
  # g++ 12 reports false maybe-uninitialized findings under the sanitizers.
  target_compile_options(assay_options INTERFACE -Wno-maybe-uninitialized)
endif()
# The unit tests and the fuzzers share one build: libraries count their branches for libFuzzer.
if(ASSAY_FUZZ)
  target_link_options(assay_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The large headers that most sources include, read once for the libraries and once, with gmock, for
# the tests. It halves the sanitizers' build and takes an eighth off the release's; the preset dev and
# clang-tidy do without, so that each source still includes what it uses.
if(ASSAY_PRECOMPILED)
  file(WRITE "${CMAKE_BINARY_DIR}/precompiled.cc" "")
  set(large_headers <algorithm> <chrono> <expected> <filesystem> <fstream> <functional> <map> <optional>
    <string> <thread> <vector> <fmt/format.h> <nlohmann/json.hpp>)
  set(whose_headers libraries)
  if(ASSAY_TESTS)
    list(APPEND whose_headers tests)
  endif()
  foreach(whose ${whose_headers})
    add_library(assay_precompiled_${whose} OBJECT "${CMAKE_BINARY_DIR}/precompiled.cc")
    target_link_libraries(assay_precompiled_${whose} PRIVATE assay_options fmt::fmt nlohmann_json::nlohmann_json)
    target_precompile_headers(assay_precompiled_${whose} PRIVATE ${large_headers})
  endforeach()
  if(ASSAY_FUZZ)
    target_compile_options(assay_precompiled_libraries PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(ASSAY_TESTS)
    target_link_libraries(assay_precompiled_tests PRIVATE GTest::gmock)
    target_precompile_headers(assay_precompiled_tests PRIVATE <gmock/gmock.h>)
  endif()
endif()

function(assay_precompiled target whose)
  if(ASSAY_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM assay_precompiled_${whose})
  endif()
endfunction()

# The release and sanitizer presets compile several sources of a target as one (CMAKE_UNITY_BUILD),
# which halves their time. Targets whose sources use the same name for different things in their
# anonymous namespaces say SEPARATE; ALONE names single sources of that kind.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)

# assay_library(<room> [SEPARATE] [OPTIMIZED] [ALONE a.cc] SOURCES a.cc b.cc DEPS base values
#   PRIVATE_LIBS fmt::fmt)
# DEPS are other rooms. OPTIMIZED: by every preset, and so without its precompiled headers.
function(assay_library room)
  cmake_parse_arguments(ARG "SEPARATE;OPTIMIZED" "" "SOURCES;ALONE;DEPS;PRIVATE_LIBS;LIBS" ${ARGN})
  add_library(assay_${room} STATIC ${ARG_SOURCES})
  if(ARG_SEPARATE)
    set_target_properties(assay_${room} PROPERTIES UNITY_BUILD OFF)
  endif()
  set_source_files_properties(${ARG_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_link_libraries(assay_${room} PUBLIC assay_options ${ARG_LIBS} PRIVATE ${ARG_PRIVATE_LIBS})
  if(ARG_OPTIMIZED)
    target_compile_options(assay_${room} PRIVATE -O2)
  else()
    assay_precompiled(assay_${room} libraries)
  endif()
  if(ASSAY_FUZZ)
    target_compile_options(assay_${room} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  foreach(dep ${ARG_DEPS})
    target_link_libraries(assay_${room} PUBLIC assay_${dep})
  endforeach()
endfunction()

# assay_test(<room> [SEPARATE] [ALONE a_test.cc] SOURCES a_test.cc ... [LIBS ...] [LABELS tsan])
# One executable a room: <room>_test. Tests may read ASSAY_SOURCE_DIR and use ASSAY_BINARY_DIR.
function(assay_test room)
  if(NOT ASSAY_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "SEPARATE" "" "SOURCES;ALONE;LIBS;LABELS" ${ARGN})
  add_executable(${room}_test ${ARG_SOURCES})
  if(ARG_SEPARATE)
    set_target_properties(${room}_test PROPERTIES UNITY_BUILD OFF)
  endif()
  set_source_files_properties(${ARG_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_link_libraries(${room}_test PRIVATE assay_${room} ${ARG_LIBS} GTest::gtest GTest::gmock GTest::gtest_main)
  assay_precompiled(${room}_test tests)
  target_compile_definitions(${room}_test PRIVATE
    ASSAY_SOURCE_DIR="${CMAKE_SOURCE_DIR}" ASSAY_BINARY_DIR="${CMAKE_BINARY_DIR}")
  gtest_discover_tests(${room}_test TEST_PREFIX "${room}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${ARG_LABELS};unit" TIMEOUT 300)
endfunction()
