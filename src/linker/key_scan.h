// Reads columns of keys into partitions.

#ifndef FLXLINK_LINKER_KEY_SCAN_H_
#define FLXLINK_LINKER_KEY_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/executor.h"
#include "flxlink/link_rule.h"
#include "flxlink/linker.h"
#include "src/linker/big_array.h"
#include "src/linker/column_scan.h"
#include "src/linker/key_code.h"
#include "src/linker/key_partitions.h"

namespace flxlink::linker {

// What the options' `check` returns, if there is one.
absl::Status CheckGoesOn(const MatchOptions& options);

// What is the same for all columns of a match.
struct KeyWork {
  // Calls `task` for 0 … count-1, each once, on the threads that there are; the int before it tells one thread at work
  // from another, below the executor's width. Stops at the first error of the options' `check`.
  absl::Status ForEach(int count, absl::FunctionRef<void(int worker, int index)> task) const;

  Executor* executor = nullptr;
  const MatchOptions* options = nullptr;
  PartitionLayout layout;
  std::vector<KeyMemory>* memories = nullptr;  // By worker.
  uint64_t seed = 0;
};

// A column of keys, and where what is known of its rows goes.
struct ScanTarget {
  const VariantSource* source = nullptr;
  int column = 0;
  bool live_only = true;  // Rows that are not live have no keys.
  BigArray<KeyCode>* codes = nullptr;
};

// Scans one or two columns, as the sides of a match, and calls `join` for every partition of their keys, on the threads
// that there are and as often over the sources as the memory demands. Beforehand codes[row] is kNotLive, kNullKey or,
// of a row with a key, kUnmatched.
absl::Status ScanAndJoin(
    const std::vector<ScanTarget>& targets, const std::vector<Normalizer>& normalizers, const KeyWork& work,
    absl::FunctionRef<void(int worker, absl::Span<const KeyWriter> writers, size_t partition)> join);

}  // namespace flxlink::linker

#endif  // FLXLINK_LINKER_KEY_SCAN_H_
