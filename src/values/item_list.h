// The items of a task, their rows packed. An item is made anew whenever it is asked for: rows of a
// hundred thousand items would take hundreds of megabytes, and few are looked at together.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/packed_json.h"
#include "values/item.h"

namespace assay {

class ItemList {
 public:
  ItemList() = default;
  ItemList(std::initializer_list<Item> items) {
    for (const Item& item : items) push_back(item);
  }

  void reserve(std::size_t count) { items_.reserve(count); }
  void push_back(Item item) { items_.push_back(pack(std::move(item))); }
  void set(std::size_t index, Item item) { items_[index] = pack(std::move(item)); }
  // Those of the list at these places, in their order; the list is empty afterwards.
  [[nodiscard]] ItemList taken(const std::vector<std::size_t>& places) && {
    ItemList out;
    out.items_.reserve(places.size());
    for (const std::size_t place : places) out.items_.push_back(std::move(items_[place]));
    items_.clear();
    return out;
  }

  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] Item operator[](std::size_t index) const {
    const Packed& item = items_[index];
    return {item.id, item.stratum, item.group, item.row.unpacked()};
  }
  [[nodiscard]] const std::string& id(std::size_t index) const { return items_[index].id; }
  [[nodiscard]] const std::string& stratum(std::size_t index) const {
    return items_[index].stratum;
  }
  [[nodiscard]] const std::string& group(std::size_t index) const { return items_[index].group; }

  [[nodiscard]] UnpackingIterator<ItemList> begin() const { return {*this, 0}; }
  [[nodiscard]] UnpackingIterator<ItemList> end() const { return {*this, items_.size()}; }

 private:
  struct Packed {
    std::string id;
    std::string stratum;
    std::string group;
    PackedJson row;
  };
  static Packed pack(Item item) {
    return {std::move(item.id), std::move(item.stratum), std::move(item.group),
            PackedJson(item.row)};
  }

  std::vector<Packed> items_;
};

}  // namespace assay
