// A JSON value as a few bytes: parsed, a row of a data set takes three times the room of its text.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace assay {

class PackedJson {
 public:
  PackedJson() : PackedJson(Json()) {}
  explicit PackedJson(const Json& value) {
    Json::to_cbor(value, bytes_);
    bytes_.shrink_to_fit();
  }
  // The same value, whole numbers and text byte for byte.
  [[nodiscard]] Json unpacked() const { return Json::from_cbor(bytes_); }

 private:
  std::string bytes_;  // CBOR
};

// What a list that keeps its elements packed gives to a loop: each element made anew.
template <typename List>
class UnpackingIterator {
 public:
  UnpackingIterator(const List& list, std::size_t index) : list_(&list), index_(index) {}
  [[nodiscard]] auto operator*() const { return (*list_)[index_]; }
  UnpackingIterator& operator++() {
    ++index_;
    return *this;
  }
  [[nodiscard]] bool operator==(const UnpackingIterator& other) const {
    return index_ == other.index_;
  }

 private:
  const List* list_;
  std::size_t index_;
};

}  // namespace assay
