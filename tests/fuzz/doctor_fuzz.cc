// What the worker's Python says of a machine, over arbitrary bytes: facts, or an error; and facts
// that rules can go through, whatever they say.
#include <cstdint>
#include <string_view>

#include "check.h"
#include "doctor/machine.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using assay::fuzz::check;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(assay::parse_hardware(text));
  check(assay::parse_software(text));
  check(assay::parse_all_reduce(text));
  check(assay::parse_hub_look(text));
  return 0;
}
