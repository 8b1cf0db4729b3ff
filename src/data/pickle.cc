#include "data/pickle.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "data/pickle_text.h"
#include "data/unpack.h"

namespace assay {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxUnpackedBytes = 1UL << 30;
constexpr std::size_t kMaxNodes = 1'000'000;
constexpr int kMostPickleLevels = 100;
constexpr int kHighestProtocol = 5;

// Values can be shared, and can change after they were memoized. So all are kept in one list, and
// refer to each other by their index.
using Ref = std::uint32_t;
constexpr Ref kMark = 0xffffffff;  // on the stack only

struct Node {
  enum class Kind { scalar, list, tuple, dict };
  Kind kind = Kind::scalar;
  json scalar;
  std::vector<Ref> children;  // dict: key, value, key, value…
};

class Unpickler {
 public:
  Unpickler(std::string_view bytes, const std::string& where) : all_(bytes), where_(where) {}

  Result<json> run() {
    while (true) {
      const auto code = static_cast<unsigned char>(TRY(take(1))[0]);
      if (code == '.') break;
      TRY(step(code));
      if (nodes_.size() > kMaxNodes || stack_.size() > kMaxNodes) return bad("it is too large");
    }
    if (at_ != all_.size()) return bad("bytes follow its end");
    if (stack_.size() != 1 || stack_[0] == kMark) return bad("it does not end with one value");
    return to_json(stack_[0], 0);
  }

 private:
  std::unexpected<Error> bad(const std::string& why) const {
    return usage_error(where_ + " is no pickle of plain data",
                       fmt::format("at byte {}: {}", at_, why),
                       "fetch the data set again; nothing in it was run");
  }

  // ---- input
  Result<std::string_view> take(std::uint64_t count) {
    if (count > all_.size() - at_) return bad("it is cut off");
    const std::string_view bytes = all_.substr(at_, count);
    at_ += count;
    return bytes;
  }

  Result<std::string_view> take_line() {
    const std::size_t end = all_.find('\n', at_);
    if (end == std::string_view::npos) return bad("it is cut off");
    const std::string_view line = all_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

  Result<std::uint64_t> take_little_endian(std::size_t size) {
    const std::string_view bytes = TRY(take(size));
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[i]);
    return value;
  }

  Result<std::string_view> take_sized(std::size_t size_bytes) {
    const std::uint64_t size = TRY(take_little_endian(size_bytes));
    return take(size);
  }

  // ---- stack
  Status push(Node node) {
    stack_.push_back(static_cast<Ref>(nodes_.size()));
    nodes_.push_back(std::move(node));
    return {};
  }
  Status push_scalar(json value) { return push({Node::Kind::scalar, std::move(value), {}}); }
  Status push_text(std::string_view text) {
    if (!is_valid_utf8(text)) return bad("text that is not UTF-8");
    return push_scalar(std::string(text));
  }

  Result<Ref> pop() {
    if (stack_.empty() || stack_.back() == kMark) return bad("a value is missing on the stack");
    const Ref ref = stack_.back();
    stack_.pop_back();
    return ref;
  }

  Result<std::vector<Ref>> pop_to_mark() {
    std::size_t mark = stack_.size();
    while (mark > 0 && stack_[mark - 1] != kMark) --mark;
    if (mark == 0) return bad("a mark is missing on the stack");
    std::vector<Ref> values(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
    stack_.resize(mark - 1);
    return values;
  }

  Result<Node*> top(Node::Kind kind) {
    if (stack_.empty() || stack_.back() == kMark || nodes_[stack_.back()].kind != kind) {
      return bad("no list or dict on the stack to add to");
    }
    return &nodes_[stack_.back()];
  }

  Status push_container(Node::Kind kind, std::vector<Ref> children) {
    if (kind == Node::Kind::dict && children.size() % 2 != 0) return bad("a key without a value");
    return push({kind, nullptr, std::move(children)});
  }

  Status push_tuple(std::size_t count) {
    std::vector<Ref> children(count);
    for (std::size_t i = count; i-- > 0;) children[i] = TRY(pop());
    return push_container(Node::Kind::tuple, std::move(children));
  }

  Status extend(Node::Kind kind, const std::vector<Ref>& values) {
    Node* node = TRY(top(kind));
    if (kind == Node::Kind::dict && values.size() % 2 != 0) return bad("a key without a value");
    edges_ += values.size();
    if (edges_ > kMaxNodes) return bad("it is too large");
    node->children.insert(node->children.end(), values.begin(), values.end());
    return {};
  }

  Status add_one(Node::Kind kind) {
    std::vector<Ref> values(kind == Node::Kind::dict ? 2 : 1);
    for (std::size_t i = values.size(); i-- > 0;) values[i] = TRY(pop());
    return extend(kind, values);
  }

  // ---- memo
  Status put(std::uint64_t index) {
    if (stack_.empty() || stack_.back() == kMark) return bad("nothing to memoize");
    memo_[index] = stack_.back();
    return {};
  }
  Status get(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) return bad("it names a memo that is not there");
    stack_.push_back(found->second);
    return {};
  }

  Result<std::uint64_t> line_index() {
    const std::string_view line = TRY(take_line());
    std::uint64_t index = 0;
    const auto r = std::from_chars(line.data(), line.data() + line.size(), index);
    if (r.ec != std::errc() || r.ptr != line.data() + line.size()) return bad("a bad memo number");
    return index;
  }

  // ---- opcodes, by kind
  Status step(unsigned char code) {
    const std::optional<Status> done = [&]() -> std::optional<Status> {
      if (auto s = structure(code)) return s;
      if (auto s = number(code)) return s;
      if (auto s = text(code)) return s;
      return container(code);
    }();
    if (done) return *done;
    return bad(fmt::format("opcode {} is not allowed", opcode_name(code)));
  }

  std::optional<Status> structure(unsigned char code) {
    switch (code) {
      case 0x80:
        return protocol();
      case 0x95:
        return frame();
      case '(':
        stack_.push_back(kMark);
        return Status();
      case '0':
        return pop_any();
      case '1':
        return pop_mark();
      case '2':
        return duplicate();
      case 'N':
        return push_scalar(nullptr);
      case 0x88:
        return push_scalar(true);
      case 0x89:
        return push_scalar(false);
      case 0x94:
        return put(memo_.size());
      case 'p':
        return indexed(line_index(), &Unpickler::put);
      case 'q':
        return indexed(take_little_endian(1), &Unpickler::put);
      case 'r':
        return indexed(take_little_endian(4), &Unpickler::put);
      case 'g':
        return indexed(line_index(), &Unpickler::get);
      case 'h':
        return indexed(take_little_endian(1), &Unpickler::get);
      case 'j':
        return indexed(take_little_endian(4), &Unpickler::get);
      default:
        return std::nullopt;
    }
  }

  Status indexed(const Result<std::uint64_t>& index, Status (Unpickler::*action)(std::uint64_t)) {
    if (!index) return std::unexpected(index.error());
    return (this->*action)(*index);
  }

  Status protocol() {
    const std::uint64_t version = TRY(take_little_endian(1));
    if (version > kHighestProtocol) return bad(fmt::format("protocol {} is not known", version));
    return {};
  }
  Status frame() {  // only a hint for buffering, so it is skipped
    const std::uint64_t size = TRY(take_little_endian(8));
    if (size > all_.size() - at_) return bad("it is cut off");
    return {};
  }
  Status pop_any() {
    if (stack_.empty()) return bad("a value is missing on the stack");
    stack_.pop_back();
    return {};
  }
  Status pop_mark() {
    TRY(pop_to_mark());
    return {};
  }
  Status duplicate() {
    if (stack_.empty() || stack_.back() == kMark) return bad("a value is missing on the stack");
    stack_.push_back(stack_.back());
    return {};
  }

  std::optional<Status> number(unsigned char code) {
    switch (code) {
      case 'I':
        return line_integer(true);
      case 'L':
        return line_integer(false);
      case 'J':
        return fixed_integer(4, true);
      case 'K':
        return fixed_integer(1, false);
      case 'M':
        return fixed_integer(2, false);
      case 0x8a:
        return long_integer(1);
      case 0x8b:
        return long_integer(4);
      case 'F':
        return line_float();
      case 'G':
        return binary_float();
      default:
        return std::nullopt;
    }
  }

  Status line_integer(bool may_be_bool) {
    std::string_view line = TRY(take_line());
    if (may_be_bool && line == "00") return push_scalar(false);
    if (may_be_bool && line == "01") return push_scalar(true);
    if (line.ends_with('L')) line.remove_suffix(1);
    std::int64_t value = 0;
    const auto r = std::from_chars(line.data(), line.data() + line.size(), value);
    if (r.ec != std::errc() || r.ptr != line.data() + line.size()) return bad("a bad integer");
    return push_scalar(value);
  }
  Status fixed_integer(std::size_t size, bool is_signed) {
    const std::uint64_t value = TRY(take_little_endian(size));
    if (is_signed) return push_scalar(static_cast<std::int32_t>(static_cast<std::uint32_t>(value)));
    return push_scalar(static_cast<std::int64_t>(value));
  }
  Status long_integer(std::size_t size_bytes) {  // two's complement, little-endian
    const std::string_view bytes = TRY(take_sized(size_bytes));
    if (bytes.size() > sizeof(std::int64_t)) return bad("an integer of more than 64 bits");
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80U) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
      value = value << 8U | static_cast<unsigned char>(bytes[i]);
    }
    return push_scalar(static_cast<std::int64_t>(value));
  }
  Status line_float() {
    const std::string_view line = TRY(take_line());
    double value = 0;
    const auto r = std::from_chars(line.data(), line.data() + line.size(), value);
    if (r.ec != std::errc() || r.ptr != line.data() + line.size()) return bad("a bad float");
    return push_float(value);
  }
  Status binary_float() {  // IEEE 754, big-endian
    std::uint64_t bits = 0;
    for (const char byte : TRY(take(8))) bits = bits << 8U | static_cast<unsigned char>(byte);
    return push_float(std::bit_cast<double>(bits));
  }
  Status push_float(double value) {
    if (!std::isfinite(value)) return bad("a float that is not finite");
    return push_scalar(value);
  }

  std::optional<Status> text(unsigned char code) {
    switch (code) {
      case 'U':
      case 'C':
      case 0x8c:
        return sized_text(1);
      case 'T':
      case 'B':
      case 'X':
        return sized_text(4);
      case 0x8d:
      case 0x8e:
      case 0x96:
        return sized_text(8);
      case 'V':
        return line_text(&raw_unicode);
      case 'S':
        return line_text(&quoted_literal);
      default:
        return std::nullopt;
    }
  }
  Status sized_text(std::size_t size_bytes) { return push_text(TRY(take_sized(size_bytes))); }
  Status line_text(std::optional<std::string> (*decode)(std::string_view)) {
    const std::optional<std::string> value = decode(TRY(take_line()));
    if (!value) return bad("text that cannot be read");
    return push_text(*value);
  }

  std::optional<Status> container(unsigned char code) {
    using enum Node::Kind;
    switch (code) {
      case ']':
        return push_container(list, {});
      case ')':
        return push_container(tuple, {});
      case '}':
        return push_container(dict, {});
      case 'l':
        return marked(list);
      case 't':
        return marked(tuple);
      case 'd':
        return marked(dict);
      case 0x85:
        return push_tuple(1);
      case 0x86:
        return push_tuple(2);
      case 0x87:
        return push_tuple(3);
      case 'a':
        return add_one(list);
      case 's':
        return add_one(dict);
      case 'e':
        return extend_marked(list);
      case 'u':
        return extend_marked(dict);
      default:
        return std::nullopt;
    }
  }
  Status marked(Node::Kind kind) { return push_container(kind, TRY(pop_to_mark())); }
  Status extend_marked(Node::Kind kind) { return extend(kind, TRY(pop_to_mark())); }

  // ---- result
  Result<json> to_json(Ref ref, int depth) {
    const Node& node = nodes_[ref];
    if (depth > kMostPickleLevels)
      return bad("values nested too deeply, or one that contains itself");
    if (++written_ > kMaxNodes) return bad("it is too large once shared values are written out");
    if (node.kind == Node::Kind::scalar) {
      if (node.scalar.is_string()) text_bytes_ += node.scalar.get_ref<const std::string&>().size();
      if (text_bytes_ > kMaxUnpackedBytes) return bad("it is too large");
      return node.scalar;
    }
    if (node.kind != Node::Kind::dict) {
      json out = json::array();
      for (const Ref child : node.children) out.push_back(TRY(to_json(child, depth + 1)));
      return out;
    }
    json out = json::object();
    for (std::size_t i = 0; i < node.children.size(); i += 2) {
      const Node& key = nodes_[node.children[i]];
      if (!key.scalar.is_string()) return bad("a dict key that is not text");
      out[key.scalar.get<std::string>()] = TRY(to_json(node.children[i + 1], depth + 1));
    }
    return out;
  }

  std::string_view all_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::vector<Node> nodes_;
  std::vector<Ref> stack_;
  std::unordered_map<std::uint64_t, Ref> memo_;
  std::size_t edges_ = 0;
  std::size_t written_ = 0;
  std::size_t text_bytes_ = 0;
};

}  // namespace

Result<json> unpickle(std::string_view pickle, const std::string& where) {
  return Unpickler(pickle, where).run();
}

Result<json> unpickle_base64_zlib(std::string_view text, const std::string& where) {
  const std::string packed = TRY(decode_base64(text, where));
  const std::string pickle = TRY(inflate_zlib(packed, kMaxUnpackedBytes, where));
  return unpickle(pickle, where);
}

Result<std::string> private_tests_json(std::string_view text, const std::string& where) {
  json value = TRY(unpickle_base64_zlib(text, where));
  if (value.is_object() && value.contains("input_output")) value = value["input_output"];
  if (value.is_string()) return value.get<std::string>();
  return usage_error(where + " holds no tests", "neither JSON text nor a dict with 'input_output'",
                     "is this LiveCodeBench's layout?");
}

}  // namespace assay
