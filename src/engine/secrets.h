// The secrets that an engine's adapters were given, to be struck out of whatever is told.

#ifndef FLXLINK_SRC_ENGINE_SECRETS_H_
#define FLXLINK_SRC_ENGINE_SECRETS_H_

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flxlink/problem.h"

namespace flxlink::engine {

// Thread-safe.
class Secrets {
 public:
  void Add(absl::string_view secret);

  // The text with each secret replaced by "***".
  std::string Redact(absl::string_view text) const;
  Problem Redact(Problem problem) const;
  // Its message and its problem; other payloads stay.
  absl::Status Redact(const absl::Status& status) const;

 private:
  bool empty() const;

  mutable absl::Mutex mutex_;
  // The longest first: one may be a part of another.
  std::vector<std::string> secrets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_SECRETS_H_
