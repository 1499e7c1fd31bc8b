// What a measured run tells: one line of JSON.

#ifndef FLXLINK_BENCH_COMPARE_LINK_REPORT_H_
#define FLXLINK_BENCH_COMPARE_LINK_REPORT_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace flxlink {

// A set of links in two numbers, whatever their order.
class LinkDigest {
 public:
  void Add(absl::string_view listing_id, absl::string_view channel_id, int64_t rule);

  int64_t links() const { return links_; }
  // The sum of the links' hashes, as 16 digits.
  std::string checksum() const;

 private:
  int64_t links_ = 0;
  uint64_t sum_ = 0;
  std::string text_;
};

// Wall time since it was made.
class Stopwatch {
 public:
  double seconds() const;

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// The resident memory of this process: now, and at most since ForgetPeakMemory.
int64_t MemoryBytes();
int64_t PeakMemoryBytes();
void ForgetPeakMemory();

class Report {
 public:
  explicit Report(absl::string_view name);

  void Add(absl::string_view key, absl::string_view text);
  void Add(absl::string_view key, double number);
  void Add(absl::string_view key, int64_t number);
  void Add(const LinkDigest& digest);
  void AddPeakMemory();
  // Writes the line to the standard output.
  void Print() const;

 private:
  std::string line_;
};

// Of a CSV file with the columns listing_id, channel_id and rule, among others and without quotes, those rows that have
// a channel id.
absl::Status DigestCsv(const std::string& path, LinkDigest* digest);

}  // namespace flxlink

#endif  // FLXLINK_BENCH_COMPARE_LINK_REPORT_H_
