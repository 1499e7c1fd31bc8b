#include "src/linker/key_scan.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/ascii.h"

namespace flxlink::linker {
namespace {

// Tasks that are begun between two calls of the options' `check`, for each thread.
constexpr int kTasksARound = 64;

// One pass: fills the partitions of a range.
class KeyScan {
 public:
  KeyScan(const std::vector<ScanTarget>& targets, const std::vector<Normalizer>& normalizers, const KeyWork& work,
          PartitionRange* range)
      : targets_(targets), normalizers_(normalizers), work_(work), range_(range) {
    const auto workers = static_cast<size_t>(work.executor->width());
    writers_.reserve(workers);
    for (size_t i = 0; i < workers; ++i) writers_.emplace_back(work.layout, &(*work.memories)[i], range);
    scratches_.resize(workers);
    statuses_.resize(workers);
    rows_.resize(targets.size(), std::vector<int64_t>(workers));
  }

  // `first`: this is the first pass, which also writes the codes.
  absl::Status Run(bool first) {
    std::vector<std::pair<size_t, int>> parts;  // Target, part.
    for (size_t target = 0; target < targets_.size(); ++target) {
      for (int part = 0; part < targets_[target].source->part_count(); ++part) parts.emplace_back(target, part);
    }
    const absl::Status status = work_.ForEach(static_cast<int>(parts.size()), [&](int worker, int index) {
      const auto [target, part] = parts[static_cast<size_t>(index)];
      ReadPart(static_cast<size_t>(worker), target, part, first);
    });
    if (!status.ok()) return status;
    for (const absl::Status& read : statuses_) {
      if (!read.ok()) return read;
    }
    return CheckRows();
  }

  absl::Span<const KeyWriter> writers() const { return writers_; }

 private:
  absl::Status CheckRows() const {
    for (size_t target = 0; target < targets_.size(); ++target) {
      int64_t rows = 0;
      for (const int64_t of_worker : rows_[target]) rows += of_worker;
      if (absl::Status status = CheckScannedRows(*targets_[target].source, rows); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  void ReadPart(size_t worker, size_t target, int part, bool first) {
    if (!statuses_[worker].ok()) return;
    statuses_[worker] = ScanPart(*targets_[target].source, part, targets_[target].column, &rows_[target][worker],
                                 [&](const ColumnChunk& chunk) {
                                   writers_[worker].FollowRange();
                                   AddChunk(worker, target, chunk, first);
                                   range_->AddRowsRead(chunk.values.size());
                                   return absl::OkStatus();
                                 });
  }

  void AddChunk(size_t worker, size_t target, const ColumnChunk& chunk, bool first) {
    KeyWriter& writer = writers_[worker];
    const bool live_only = targets_[target].live_only;
    BigArray<KeyCode>& codes = *targets_[target].codes;
    for (int64_t i = 0; i < chunk.values.size(); ++i) {
      const int64_t row = chunk.row_base + i;
      KeyCode code = kNotLive;
      if (!live_only || chunk.IsLive(i)) {
        const absl::optional<absl::string_view> key = KeyOf(chunk.values[i], &scratches_[worker]);
        code = key.has_value() ? kUnmatched : kNullKey;
        if (key.has_value()) {
          writer.Add(static_cast<MatchSide>(target), XXH3_64bits_withSeed(key->data(), key->size(), work_.seed),
                     static_cast<int32_t>(row), *key);
        }
      }
      if (first) codes[static_cast<size_t>(row)] = code;
    }
  }

  // Most values are their own keys, which is told without a call.
  absl::optional<absl::string_view> KeyOf(absl::string_view value, std::string* scratch) const {
    if (normalizers_.empty() && !value.empty() && absl::ascii_isgraph(static_cast<unsigned char>(value[0]))) {
      return value;
    }
    return NormalizeKey(normalizers_, value, scratch);
  }

  const std::vector<ScanTarget>& targets_;
  const std::vector<Normalizer>& normalizers_;
  const KeyWork& work_;
  PartitionRange* const range_;
  // By worker:
  std::vector<KeyWriter> writers_;
  std::vector<std::string> scratches_;
  std::vector<absl::Status> statuses_;
  std::vector<std::vector<int64_t>> rows_;  // By target, then by worker: rows read.
};

}  // namespace

absl::Status CheckGoesOn(const MatchOptions& options) { return options.check ? options.check() : absl::OkStatus(); }

absl::Status KeyWork::ForEach(int count, absl::FunctionRef<void(int worker, int index)> task) const {
  const int workers = executor->width();
  for (int begin = 0; begin < count; begin += workers * kTasksARound) {
    if (absl::Status status = CheckGoesOn(*options); !status.ok()) return status;
    const int end = std::min(count, begin + workers * kTasksARound);
    std::atomic<int> next{begin};
    executor->ParallelFor(std::min(workers, end - begin), [&](int worker) {
      for (int index = next++; index < end; index = next++) task(worker, index);
    });
  }
  return absl::OkStatus();
}

absl::Status ScanAndJoin(
    const std::vector<ScanTarget>& targets, const std::vector<Normalizer>& normalizers, const KeyWork& work,
    absl::FunctionRef<void(int worker, absl::Span<const KeyWriter> writers, size_t partition)> join) {
  int64_t rows = 0;
  for (const ScanTarget& target : targets) rows += target.source->row_count();
  const size_t partitions = work.layout.count();
  size_t partitions_a_pass = partitions;
  for (size_t begin = 0; begin < partitions; begin += partitions_a_pass) {
    for (KeyMemory& memory : *work.memories) memory.Recycle();
    PartitionRange range(begin, std::min(partitions, begin + partitions_a_pass), rows);
    KeyScan scan(targets, normalizers, work, &range);
    absl::Status status = scan.Run(begin == 0);
    if (!status.ok()) return status;
    partitions_a_pass = range.end() - begin;
    status = work.ForEach(static_cast<int>(partitions_a_pass), [&](int worker, int index) {
      join(worker, scan.writers(), begin + static_cast<size_t>(index));
    });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace flxlink::linker
