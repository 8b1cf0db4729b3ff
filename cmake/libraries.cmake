# The libraries that assay is built from. With ASSAY_PORTABLE (preset `portable`, tools/portable)
# all but the C library are linked statically, so that one file runs wherever the C library is as new
# as the one that was linked: ASSAY_OLDER_LIBC holds an older one than the build's.
option(ASSAY_PORTABLE "link all libraries but the C library statically" OFF)
set(ASSAY_OLDER_LIBC "" CACHE PATH "folder with an older C library to link with; empty: this machine's")

find_package(PkgConfig REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(Threads REQUIRED)

if(NOT ASSAY_PORTABLE)
  find_package(yaml-cpp REQUIRED)
  find_package(fmt REQUIRED)
  find_package(SQLite3 REQUIRED)
  find_package(CURL REQUIRED)
  find_package(OpenSSL REQUIRED)
  find_package(ZLIB REQUIRED)
  pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
  pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
  return()
endif()

# assay_static(<target> <library> [<library it needs>...])
# The package configurations of Debian name shared libraries, so these targets are made here.
function(assay_static target library)
  find_library(ASSAY_STATIC_${library} "lib${library}.a" REQUIRED)
  add_library(${target} STATIC IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${ASSAY_STATIC_${library}}")
  target_link_libraries(${target} INTERFACE ${ARGN})
endfunction()

assay_static(ZLIB::ZLIB z)
assay_static(OpenSSL::Crypto crypto Threads::Threads ${CMAKE_DL_LIBS})
assay_static(OpenSSL::SSL ssl OpenSSL::Crypto)
assay_static(SQLite::SQLite3 sqlite3 Threads::Threads ${CMAKE_DL_LIBS} m)
assay_static(PkgConfig::SECCOMP seccomp)
assay_static(yaml-cpp yaml-cpp)
# Not in Debian as static libraries, or only with half of Kerberos and LDAP: tools/portable makes
# them in build/portable-libraries.
assay_static(CURL::libcurl curl OpenSSL::SSL Threads::Threads)
target_compile_definitions(CURL::libcurl INTERFACE CURL_STATICLIB)
assay_static(PkgConfig::LIBZIP zip ZLIB::ZLIB)
target_include_directories(PkgConfig::LIBZIP INTERFACE "${CMAKE_PREFIX_PATH}/include")
target_include_directories(CURL::libcurl INTERFACE "${CMAKE_PREFIX_PATH}/include")
add_library(assay_fmt STATIC cmake/fmt.cc)
target_compile_features(assay_fmt PUBLIC cxx_std_20)
add_library(fmt::fmt ALIAS assay_fmt)

add_link_options(-static-libstdc++ -static-libgcc -Wl,--gc-sections -Wl,-s)

# Compiled with this machine's headers and linked with the older library, which says of every symbol
# the version that it had there. What it lacks of what libstdc++, libgcc and our code want is in
# older_glibc.cc. libpthread and libdl were libraries of their own before glibc 2.34.
if(ASSAY_OLDER_LIBC)
  set(older_glibc "${CMAKE_BINARY_DIR}/older_glibc.o")
  execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -std=c++20 -O2 -fno-builtin -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections
    -c "${CMAKE_SOURCE_DIR}/cmake/older_glibc.cc" -o "${older_glibc}" COMMAND_ERROR_IS_FATAL ANY)
  set(folders "${ASSAY_OLDER_LIBC}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}"
    "${ASSAY_OLDER_LIBC}/lib/${CMAKE_LIBRARY_ARCHITECTURE}")
  list(GET folders 0 first)
  add_link_options("--sysroot=${ASSAY_OLDER_LIBC}" "-B${first}")
  foreach(folder ${folders}) # by hand: link_directories would have it searched when the program runs
    add_link_options("-L${folder}")
  endforeach()
  set(CMAKE_CXX_STANDARD_LIBRARIES "${older_glibc} -lpthread -ldl -lm")
endif()
