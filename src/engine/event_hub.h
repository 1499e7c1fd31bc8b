// Where events go: to the queue of every stream that wants them.

#ifndef FLXLINK_SRC_ENGINE_EVENT_HUB_H_
#define FLXLINK_SRC_ENGINE_EVENT_HUB_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "flxlink/clock.h"
#include "flxlink/event.h"

namespace flxlink::engine {

class EventQueue;

// Thread-safe.
class EventHub {
 public:
  // `clock` must outlive it. `capacity`: events that wait in one stream at the most.
  EventHub(const Clock& clock, int64_t capacity);
  // Ends the streams: what they still have can be taken, and then they are CANCELLED.
  ~EventHub();

  std::unique_ptr<EventStream> Subscribe(const EventFilter& filter);

  // Whether anybody may want what is told now; if not, there is no need to put it together.
  bool has_streams() const { return streams_ > 0; }

  // Returns how many events were dropped for it.
  int64_t Publish(const Event& event);

 private:
  const Clock& clock_;
  const int64_t capacity_;
  std::atomic<int> streams_{0};
  absl::Mutex mutex_;
  std::vector<std::weak_ptr<EventQueue>> queues_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_EVENT_HUB_H_
