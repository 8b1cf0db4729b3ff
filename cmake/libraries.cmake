# The libraries that assay is built from. With ASSAY_PORTABLE (preset `portable`, tools/portable)
# all but the C library are linked statically, so that one file runs on Debian 12, Ubuntu 24.04 and
# whatever else has a C library as new as the build's.
option(ASSAY_PORTABLE "link all libraries but the C library statically" OFF)

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
