// How a thread that finds nothing to do sleeps until there may be something: it is woken by the storage's bell, and
// asks every poll_interval whether somebody else, in another process perhaps, has changed a queue.

#ifndef FLXLINK_SRC_ENGINE_LOOKOUT_H_
#define FLXLINK_SRC_ENGINE_LOOKOUT_H_

#include <cstdint>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/engine.h"
#include "flxlink/storage.h"

namespace flxlink::engine {

// Of one thread. First Begin, then look, then, if nothing is to be done, Sleep: what changes after Begin is not slept
// through.
class Lookout {
 public:
  // Must outlive it.
  explicit Lookout(const EngineOptions& options) : options_(options) {}

  void Begin();
  // The look failed: it has to be done again, whether or not anything changes.
  void Forget() { number_.reset(); }
  // Sleeps for `duration`, at most for a poll_interval, and not beyond a ring of the bell.
  void Sleep(absl::Duration duration) const;
  // Whether a look may show something else than it did after Begin. Asks storage only where the bell was not rung.
  bool HasChanged() const;
  // The same without asking storage.
  bool was_rung() const { return options_.storage->work_bell().rings() != heard_; }

 private:
  // Nothing where it cannot be had.
  absl::optional<uint64_t> ReadNumber() const;

  const EngineOptions& options_;
  uint64_t heard_ = 0;
  absl::optional<uint64_t> number_;  // Nothing: it is not known what a look would show.
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_LOOKOUT_H_
