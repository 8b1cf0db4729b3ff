#include "doctor/ask.h"

#include <fmt/format.h>
#include <mntent.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "base/files.h"
#include "base/json.h"
#include "base/secrets.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

using Seconds = Deadline::Seconds;

// Limits of each question, so that all of them end in about a minute.
constexpr Seconds kHardwareS{25};
constexpr Seconds kSoftwareS{90};  // Python's imports from a cold disk; seconds from a warm one
constexpr Seconds kHubS{20};
constexpr double kAllReduceS = 60;
constexpr double kAllReduceWithoutPeersS = 30;
constexpr Seconds kKillS{5};  // what all_reduce.py may take longer, for ending its ranks

constexpr std::size_t kLargestAnswerBytes = 4UL << 20;

struct Call {
  std::vector<std::string> words;  // after "-m"
  std::string input;
  Seconds limit;
  bool fails_with_answer = false;  // an exit code of 3 comes with an answer
};

Result<std::string> call(const WorkerPython& where, const Call& call) {
  SpawnOptions options;
  options.argv = {where.python, "-m"};
  options.argv.insert(options.argv.end(), call.words.begin(), call.words.end());
  options.env = where.env;
  options.new_session = true;  // a Ctrl-C is ours, and ends it
  const CommandResult done =
      TRY(run_command(options, call.input, where.until.at_most(call.limit), kLargestAnswerBytes));
  const std::string what = join(call.words, " ");
  if (done.timed_out) {
    return environment_error(fmt::format("no answer within {:.0f} s", call.limit.count()), what,
                             "try it by hand");
  }
  if (done.exit_code == 0 || (call.fails_with_answer && done.exit_code == 3)) return done.out;
  const std::vector<std::string> lines = split(trim(done.err), '\n');
  return environment_error(
      fmt::format("{} ended with {}", call.words.front(), done.exit_code),
      without_secrets(sanitize_utf8(lines.back())).substr(0, 300),
      fmt::format("check that '{} -m {} --help' works", where.python, call.words.front()));
}

Json asked_of(const VariantNeeds& v) {
  Json out = Json::object();
  if (!v.dtype.empty()) out["dtype"] = v.dtype;
  if (!v.quantization.empty()) out["quantization"] = v.quantization;
  return out;
}

Json row_of(const HubQuestion& q) {
  return {{"kind", q.request.kind == HubKind::model ? "model" : "dataset"},
          {"id", q.request.id},
          {"revision", q.request.revision},
          {"allow", q.request.allow}};
}

// `options`: beside the limit.
Result<HubLook> look_at_hub(const WorkerPython& where, const Json& rows,
                            const std::vector<std::string>& options) {
  Call question{{"assay_worker.hub_look", fmt::format("--limit-s={}", kHubS.count())},
                dump_json(rows),
                kHubS + kKillS};
  question.words.insert(question.words.end(), options.begin(), options.end());
  return parse_hub_look(TRY(call(where, question)));
}

struct CloseMounts {
  void operator()(FILE* file) const { ::endmntent(file); }
};

struct Mount {
  fs::path folder;
  std::string device;
  std::string type;
};

std::vector<Mount> mounts() {
  std::vector<Mount> out;
  const std::unique_ptr<FILE, CloseMounts> table(::setmntent("/proc/self/mounts", "re"));
  if (!table) return out;
  mntent entry{};
  std::array<char, 4096> text{};
  while (::getmntent_r(table.get(), &entry, text.data(), static_cast<int>(text.size())) !=
         nullptr) {
    out.push_back({entry.mnt_dir, entry.mnt_fsname, entry.mnt_type});
  }
  return out;
}

dev_t device_of(const fs::path& place) {
  struct stat info{};
  return ::stat(place.c_str(), &info) == 0 ? info.st_dev : 0;
}

// The folder a file system hangs on: the highest one above `place` that is of its device.
fs::path mount_of(fs::path place) {
  const dev_t device = device_of(place);
  while (place.has_relative_path() && device_of(place.parent_path()) == device) {
    place = place.parent_path();
  }
  return place;
}

}  // namespace

Result<Hardware> ask_hardware(const WorkerPython& where, GpuQuestion gpus,
                              const std::vector<VariantNeeds>& local_models) {
  Call question{{"assay_worker.machine", "hardware"}, "", kHardwareS};
  if (gpus == GpuQuestion::leave) question.words.emplace_back("--no-gpus");
  Json asked = Json::object();
  for (const VariantNeeds& v : local_models) {
    question.words.push_back("--model=" + v.model);
    asked[v.model] = asked_of(v);
  }
  question.words.push_back("--asked=" + dump_json(asked));
  return parse_hardware(TRY(call(where, question)));
}

Result<Software> ask_software(const WorkerPython& where, const std::vector<std::string>& formats) {
  Call question{{"assay_worker.machine", "software"}, "", kSoftwareS};
  for (const std::string& format : formats) question.words.push_back("--format=" + format);
  return parse_software(TRY(call(where, question)));
}

Result<AllReduce> ask_all_reduce(const WorkerPython& where, int ranks, PeerAccess peers) {
  const double limit_s = peers == PeerAccess::with ? kAllReduceS : kAllReduceWithoutPeersS;
  Call question{{"assay_worker.all_reduce", fmt::format("--ranks={}", ranks),
                 fmt::format("--limit-s={}", limit_s)},
                "",
                Seconds(limit_s) + kKillS,
                /*fails_with_answer=*/true};
  question.words.emplace_back(peers == PeerAccess::with ? "--vllm" : "--no-p2p");
  return parse_all_reduce(TRY(call(where, question)));
}

Result<HubLook> ask_hub(const WorkerPython& where, const std::vector<HubQuestion>& questions,
                        const std::vector<VariantNeeds>& variants) {
  Json rows = Json::array();
  for (const HubQuestion& q : questions) {
    Json row = row_of(q);
    const auto variant = std::ranges::find(variants, q.request.id, &VariantNeeds::model);
    if (variant != variants.end()) row["asked"] = asked_of(*variant);
    rows.push_back(std::move(row));
  }
  return look_at_hub(where, rows, {});
}

Result<HubLook> ask_hub_for_sizes(const WorkerPython& where,
                                  const std::vector<HubQuestion>& questions) {
  Json rows = Json::array();
  for (const HubQuestion& q : questions) rows.push_back(row_of(q));
  return look_at_hub(where, rows, {"--sizes"});
}

Result<FileSystem> file_system_of(const fs::path& folder) {
  const fs::path there = nearest_existing(folder);
  const std::uint64_t free = TRY(free_disk_bytes(there));
  return FileSystem{mount_of(there), free, ::access(there.c_str(), W_OK) == 0};
}

std::vector<FileSystem> other_disks() {
  std::vector<FileSystem> out;
  const dev_t root = device_of("/");
  std::vector<dev_t> seen{root};
  for (const Mount& mount : mounts()) {
    // Disks and shares have a source with a slash; tmpfs, overlays and the kernel's own have not.
    if (mount.device.find('/') == std::string::npos || mount.type == "squashfs") continue;
    std::error_code code;
    if (!fs::is_directory(mount.folder, code)) continue;
    const dev_t device = device_of(mount.folder);
    if (std::ranges::find(seen, device) != seen.end()) continue;
    seen.push_back(device);
    const auto free = free_disk_bytes(mount.folder);
    if (free) out.push_back({mount.folder, *free, true});
  }
  std::ranges::sort(out, std::ranges::greater(), &FileSystem::free_bytes);
  return out;
}

}  // namespace assay
