# Writes a C++ source that carries files in the executable. Run as a script:
#   cmake -DOUTPUT=out.cc -DFUNCTION=box_files "-DFILES=a|b" [-DHEADER=sandbox/embedded.h] -P embed.cmake
# HEADER declares the function.
if(NOT HEADER)
  set(HEADER sandbox/embedded.h)
endif()
set(arrays "")
set(table "")
set(index 0)
string(REPLACE "|" ";" files "${FILES}")
foreach(file ${files})
  file(READ "${file}" hex HEX)
  get_filename_component(name "${file}" NAME)
  string(REGEX REPLACE "(................................................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char kFile${index}[] = {\n${bytes}0};\n")
  string(APPEND table "    {\"${name}\", {reinterpret_cast<const char*>(kFile${index}), sizeof kFile${index} - 1}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${OUTPUT}.new" "// Made by cmake/embed.cmake.
#include \"${HEADER}\"

namespace assay {
namespace {
${arrays}
const EmbeddedFile kFiles[] = {
${table}};
}  // namespace

std::span<const EmbeddedFile> ${FUNCTION}() { return kFiles; }

}  // namespace assay
")
file(COPY_FILE "${OUTPUT}.new" "${OUTPUT}" ONLY_IF_DIFFERENT)
file(REMOVE "${OUTPUT}.new")
