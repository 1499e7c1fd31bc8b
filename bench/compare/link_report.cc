#include "bench/compare/link_report.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace flxlink {
namespace {

// A line of /proc/self/status that ends in "kB".
int64_t StatusBytes(absl::string_view name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, absl::ByAnyChar(": \t"), absl::SkipEmpty());
    int64_t kib = 0;
    if (words.size() > 1 && words[0] == name && absl::SimpleAtoi(words[1], &kib)) return kib * 1024;
  }
  return 0;
}

}  // namespace

void LinkDigest::Add(absl::string_view listing_id, absl::string_view channel_id, int64_t rule) {
  text_.clear();
  absl::StrAppend(&text_, listing_id, ",", channel_id, ",", rule);
  sum_ += XXH3_64bits(text_.data(), text_.size());
  ++links_;
}

std::string LinkDigest::checksum() const { return absl::StrFormat("%016x", sum_); }

double Stopwatch::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

int64_t MemoryBytes() { return StatusBytes("VmRSS"); }
int64_t PeakMemoryBytes() { return StatusBytes("VmHWM"); }

// See proc(5).
void ForgetPeakMemory() { std::ofstream("/proc/self/clear_refs") << "5"; }

Report::Report(absl::string_view name) : line_(absl::StrCat("{\"name\": \"", name, "\"")) {}

void Report::Add(absl::string_view key, absl::string_view text) {
  absl::StrAppend(&line_, ", \"", key, "\": \"", text, "\"");
}

void Report::Add(absl::string_view key, double number) {
  absl::StrAppend(&line_, ", \"", key, "\": ", absl::StrFormat("%.6g", number));
}

void Report::Add(absl::string_view key, int64_t number) { absl::StrAppend(&line_, ", \"", key, "\": ", number); }

void Report::Add(const LinkDigest& digest) {
  Add("links", digest.links());
  Add("checksum", digest.checksum());
}

void Report::AddPeakMemory() { Add("peak_mib", static_cast<double>(PeakMemoryBytes() >> 20)); }

void Report::Print() const { std::cout << line_ << "}" << std::endl; }

absl::Status DigestCsv(const std::string& path, LinkDigest* digest) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return absl::NotFoundError(absl::StrCat(path, ": it cannot be read"));
  std::vector<absl::string_view> cells = absl::StrSplit(line, ',');
  const auto column = [&](absl::string_view name) {
    return static_cast<size_t>(std::find(cells.begin(), cells.end(), name) - cells.begin());
  };
  const size_t listing_id = column("listing_id");
  const size_t channel_id = column("channel_id");
  const size_t rule = column("rule");
  const size_t columns = cells.size();
  if (std::max({listing_id, channel_id, rule}) >= columns) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": it has not the columns listing_id, channel_id and rule"));
  }
  while (std::getline(file, line)) {
    cells = absl::StrSplit(line, ',');
    int64_t number = 0;
    if (cells.size() != columns) return absl::InvalidArgumentError(absl::StrCat(path, ": bad line: ", line));
    if (cells[channel_id].empty()) continue;
    if (!absl::SimpleAtoi(cells[rule], &number)) return absl::InvalidArgumentError(absl::StrCat(path, ": bad rule"));
    digest->Add(cells[listing_id], cells[channel_id], number);
  }
  return absl::OkStatus();
}

}  // namespace flxlink
