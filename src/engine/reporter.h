// Where the engine says what goes wrong outside of jobs: the one place from which a host learns of it.

#ifndef FLXLINK_SRC_ENGINE_REPORTER_H_
#define FLXLINK_SRC_ENGINE_REPORTER_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flxlink/engine.h"

namespace flxlink::engine {

// Thread-safe.
class Reporter {
 public:
  // `options` must outlive it.
  explicit Reporter(const EngineOptions& options) : options_(options) {}

  // Something failed, and everything else goes on. `where`: "channel shop", say.
  void Trouble(absl::string_view where, const absl::Status& status) const {
    if (options_.on_trouble) options_.on_trouble(where, status);
  }

 private:
  const EngineOptions& options_;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_REPORTER_H_
