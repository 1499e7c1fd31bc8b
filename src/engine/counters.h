// The counters of an engine: numbers that only grow, by name and labels.

#ifndef FLXLINK_SRC_ENGINE_COUNTERS_H_
#define FLXLINK_SRC_ENGINE_COUNTERS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flxlink/field.h"
#include "flxlink/metrics.h"

namespace flxlink::engine {

// A counter's name and what it counts. Lives as long as the program.
struct CounterName {
  absl::string_view name;
  absl::string_view help;
};

// Thread-safe.
class Counters {
 public:
  // The labels of one counter have the same names in the same order each time.
  void Add(const CounterName& counter, std::vector<Field> labels, double amount);

  // All that were counted, by name and then labels.
  std::vector<Metric> Read() const;

 private:
  struct Counter {
    absl::string_view help;
    double value = 0;
  };
  // Its name, and its labels with their values.
  using Key = std::pair<absl::string_view, std::vector<std::pair<std::string, std::string>>>;

  mutable absl::Mutex mutex_;
  std::map<Key, Counter> counters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_COUNTERS_H_
