// Reads Python pickles as plain data, and refuses everything else, because a pickle is a program
// that can call any function. LiveCodeBench ships its private tests as base64 of zlib of a pickle.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace assay {

// Protocols 0 to 5, opcodes as Python's pickletools.py documents them. Text, bytes (which must be
// UTF-8), integers of 64 bits, finite floats, booleans, None, lists, tuples (as lists) and dicts
// with text keys. Any opcode that names, builds or calls something (GLOBAL, REDUCE, BUILD, INST,
// EXT…, PERSID, sets, out-of-band buffers) is a usage error that names the opcode.
// Usage errors, too: truncated or trailing bytes, a stack or memo that does not fit, values nested
// deeper than 100 or that contain themselves, more than 1 million values or 1 GiB of text once
// shared parts are written out. `where` begins the error.
[[nodiscard]] Result<nlohmann::json> unpickle(std::string_view pickle, const std::string& where);

// The same from base64 of zlib (at most 1 GiB unpacked).
[[nodiscard]] Result<nlohmann::json> unpickle_base64_zlib(std::string_view text,
                                                          const std::string& where);

// LiveCodeBench's private tests: the JSON text that the pickle holds, either by itself or as
// "input_output" in a dict.
[[nodiscard]] Result<std::string> private_tests_json(std::string_view text,
                                                     const std::string& where);

}  // namespace assay
