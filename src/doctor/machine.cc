#include "doctor/machine.h"

#include <functional>

#include "base/json.h"
#include "base/secrets.h"
#include "base/text.h"

namespace assay {
namespace {

// Throws where it is no object: find() would only find nothing.
auto find_in(const Json& object, const char* field) {
  if (!object.is_object()) (void)object.at(field);
  return object.find(field);
}

// null and absent are the same: not told.
template <typename T>
std::optional<T> told(const Json& object, const char* field) {
  const auto it = find_in(object, field);
  if (it == object.end() || it->is_null()) return std::nullopt;
  return it->get<T>();
}

template <typename T>
T told_or(const Json& object, const char* field, T otherwise) {
  return told<T>(object, field).value_or(std::move(otherwise));
}

std::string text_of(const Json& object, const char* field) {
  return told_or<std::string>(object, field, "");
}

const Json& part(const Json& object, const char* field) {
  static const Json nothing = Json::object();
  const auto it = find_in(object, field);
  return it == object.end() || it->is_null() ? nothing : *it;
}

GpuProcess process_from(const Json& row) {
  return {row.at("pid").get<std::int64_t>(), text_of(row, "name"),
          told<std::uint64_t>(row, "used_bytes"), told_or(row, "left_over", false)};
}

Gpu gpu_from(const Json& row) {
  Gpu out;
  out.index = row.at("index").get<std::string>();
  out.name = text_of(row, "name");
  out.lost = told_or(row, "lost", false);
  out.memory_total_bytes = told<std::uint64_t>(row, "memory_total_bytes");
  out.memory_used_bytes = told<std::uint64_t>(row, "memory_used_bytes");
  if (const auto pair = told<std::vector<int>>(row, "compute_capability")) {
    out.compute_capability = ComputeCapability{pair->at(0), pair->at(1)};
  }
  const std::string mig = text_of(row, "mig");
  out.mig = mig == "slice" ? Mig::slice : mig == "no slices" ? Mig::no_slices : Mig::off;
  out.vgpu = told_or(row, "vgpu", false);
  out.tells_energy = told_or(row, "tells_energy", false);
  for (const Json& p : part(row, "processes")) out.processes.push_back(process_from(p));
  return out;
}

GpuFacts gpus_from(const Json& value) {
  GpuFacts out;
  const std::string state = text_of(value, "nvml");
  out.state = state == "ok"       ? DriverState::ok
              : state == "broken" ? DriverState::broken
                                  : DriverState::absent;
  out.why = text_of(value, "why");
  out.other_maker = told_or(value, "other_maker", false);
  out.driver = text_of(value, "driver");
  out.driver_cuda = text_of(value, "driver_cuda");
  out.asked = told<std::string>(value, "asked");
  out.not_there = told<std::string>(value, "not_there");
  for (const Json& row : part(value, "gpus")) out.gpus.push_back(gpu_from(row));
  return out;
}

ModelNeeds needs_from(const Json& value) {
  return {told<std::uint64_t>(value, "weights_bytes"), told<int>(value, "weight_bits"),
          told<int>(value, "activation_bits"), text_of(value, "format"),
          told<std::uint64_t>(value, "kv_bytes_per_token")};
}

Hardware hardware_from(const Json& value) {
  Hardware out;
  const Json& memory = part(value, "memory");
  out.memory_total_bytes = told<std::uint64_t>(memory, "total_bytes");
  out.memory_available_bytes = told<std::uint64_t>(memory, "available_bytes");
  if (!value.at("gpus").is_null()) out.gpus = gpus_from(value.at("gpus"));
  if (const Json& pci = part(value, "pci"); !pci.empty()) {
    out.pci = PciFacts{told_or<std::vector<std::string>>(pci, "iommu_types", {}),
                       told_or<std::vector<std::string>>(pci, "acs_bridges", {}),
                       told_or(pci, "acs_unread", false), told_or(pci, "virtual_machine", false)};
  }
  for (const auto& [folder, needs] : part(value, "models").items()) {
    out.models[folder] = needs_from(needs);
  }
  return out;
}

KernelChoice choice_from(const Json& row) {
  KernelChoice out;
  out.fact.layer = text_of(row, "layer");
  out.fact.name = row.at("name").get<std::string>();
  out.fact.weight_bits = told<int>(row, "weight_bits");
  out.fact.activation_bits = told<int>(row, "activation_bits");
  out.fact.emulated = told<bool>(row, "emulated");
  out.allowed = row.at("allowed").get<bool>();
  out.why = text_of(row, "why");
  return out;
}

Software software_from(const Json& value) {
  Software out;
  out.torch = text_of(value, "torch");
  out.torch_cuda = text_of(value, "torch_cuda");
  out.arch_list = told_or<std::vector<std::string>>(value, "arch_list", {});
  out.vllm = text_of(value, "vllm");
  out.platform = text_of(value, "platform");
  for (const auto& [form, rows] : part(value, "kernels").items()) {
    if (rows.is_null()) continue;
    for (const Json& row : rows) out.kernels[form].push_back(choice_from(row));
  }
  out.why = text_of(value, "why");
  return out;
}

AllReduce all_reduce_from(const Json& value) {
  AllReduce out;
  out.verified = value.at("verified").get<bool>();
  out.transports = told_or<std::vector<std::string>>(value, "transports", {});
  for (const Json& row : part(value, "all_reduces")) {
    out.sizes.push_back({row.at("bytes").get<std::uint64_t>(), row.at("microseconds").get<double>(),
                         row.at("gb_per_s").get<double>(), text_of(row, "by")});
  }
  if (const Json& failed = part(value, "failed"); !failed.empty()) {
    out.failed =
        AllReduceFailure{text_of(failed, "what"), told_or<std::vector<int>>(failed, "ranks", {}),
                         text_of(failed, "phase"), told_or(failed, "after_s", 0.0),
                         sanitize_utf8(text_of(failed, "why"))};
  }
  return out;
}

HubSight sight_from(const Json& value) {
  HubSight out;
  const auto status = hub_status_named(text_of(value, "status"));
  out.result.status = status.value_or(HubStatus::error);
  out.result.renamed_to = text_of(value, "renamed_to");
  out.result.commit = text_of(value, "commit");
  out.result.folder = text_of(value, "folder");
  out.result.files = told_or(value, "files", 0);
  out.result.bytes = told_or<std::uint64_t>(value, "bytes", 0);
  out.result.message = without_secrets(text_of(value, "message"));
  out.online = told_or(value, "online", false);
  out.gated = told_or(value, "gated", false);
  out.whole = told_or(value, "whole", false);
  out.bytes_to_fetch = told_or<std::uint64_t>(value, "bytes_to_fetch", 0);
  if (const Json& needs = part(value, "needs"); !needs.empty()) out.needs = needs_from(needs);
  return out;
}

HubLook hub_look_from(const Json& value) {
  HubLook out;
  out.endpoint = without_secrets(text_of(value, "endpoint"));
  out.reachable = told_or(value, "reachable", false);
  out.why = without_secrets(text_of(value, "why"));
  out.date_s = told<double>(value, "date_s");
  out.cache = text_of(value, "cache");
  out.bytes_to_fetch = told_or<std::uint64_t>(value, "bytes_to_fetch", 0);
  for (const Json& row : value.at("found")) out.found.push_back(sight_from(row));
  return out;
}

template <typename T>
Result<T> parsed(std::string_view text, const char* module,
                 const std::function<T(const Json&)>& from) {
  const Result<Json> value = parse_json(trim(text), module);
  std::string why = value ? "" : value.error().why;
  if (value) {
    try {
      return from(*value);
    } catch (const Json::exception& e) {
      why = e.what();
    }
  }
  return environment_error(std::string(module) + " printed what cannot be read", why,
                           "install assay's worker of this version again (tools/setup)");
}

}  // namespace

Result<Hardware> parse_hardware(std::string_view text) {
  return parsed<Hardware>(text, "assay_worker.machine hardware", hardware_from);
}

Result<Software> parse_software(std::string_view text) {
  return parsed<Software>(text, "assay_worker.machine software", software_from);
}

Result<AllReduce> parse_all_reduce(std::string_view text) {
  return parsed<AllReduce>(text, "assay_worker.all_reduce", all_reduce_from);
}

Result<HubLook> parse_hub_look(std::string_view text) {
  return parsed<HubLook>(text, "assay_worker.hub_look", hub_look_from);
}

}  // namespace assay
