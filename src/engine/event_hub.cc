#include "src/engine/event_hub.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace flxlink::engine {
namespace {

// How often one who waits looks whether its call has ended: nobody tells it.
constexpr absl::Duration kLookEvery = absl::Milliseconds(10);

bool CanEnd(const Call& call) { return call.cancellation != nullptr || call.deadline < absl::InfiniteFuture(); }

bool Wants(const EventFilter& filter, const Event& event) {
  if (!filter.channel.empty() && event.channel != filter.channel) return false;
  if (filter.job_id != 0 && event.job.job_id != filter.job_id) return false;
  if (event.kind == EventKind::kLog && event.level < filter.min_level) return false;
  if (filter.kinds.empty()) return event.kind != EventKind::kLog;
  return std::find(filter.kinds.begin(), filter.kinds.end(), event.kind) != filter.kinds.end();
}

}  // namespace

// The queue of one stream, which the hub and the stream share. Thread-safe.
class EventQueue {
 public:
  EventQueue(const EventFilter& filter, const Clock& clock, int64_t capacity)
      : filter_(filter), clock_(clock), capacity_(static_cast<size_t>(capacity)) {}

  // Returns how many events were dropped for it.
  int64_t Put(const Event& event) {
    if (!Wants(filter_, event)) return 0;
    absl::MutexLock lock(&mutex_);
    const bool is_progress = event.kind == EventKind::kJobProgress;
    const bool is_full = events_.size() >= capacity_;
    if (is_full) {
      ++missed_;
      missed_at_ = event.at;
      if (is_progress && progress_ == 0) return 1;
      DropOne();
    }
    if (is_progress) ++progress_;
    events_.push_back(event);
    changed_.Signal();
    return is_full ? 1 : 0;
  }

  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    changed_.SignalAll();
  }

  absl::StatusOr<Event> Take(const Call& call) {
    absl::MutexLock lock(&mutex_);
    for (;;) {
      if (missed_ > 0) return TakeMissed();
      if (!events_.empty()) return TakeFirst();
      if (closed_) return absl::CancelledError("the engine is gone, and no more events come from it");
      // Once it is closed the clock may be gone too.
      if (absl::Status status = CheckCall(call, clock_.Now()); !status.ok()) return status;
      if (CanEnd(call)) {
        changed_.WaitWithTimeout(&mutex_, kLookEvery);
      } else {
        changed_.Wait(&mutex_);
      }
    }
  }

 private:
  // The oldest progress or, where there is none, the oldest event.
  void DropOne() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto dropped = events_.begin();
    if (progress_ > 0) {
      dropped = std::find_if(events_.begin(), events_.end(),
                             [](const Event& event) { return event.kind == EventKind::kJobProgress; });
      --progress_;
    }
    events_.erase(dropped);
  }

  Event TakeMissed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Event event;
    event.kind = EventKind::kMissed;
    event.at = missed_at_;
    event.missed = std::exchange(missed_, 0);
    return event;
  }

  Event TakeFirst() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Event event = std::move(events_.front());
    events_.pop_front();
    if (event.kind == EventKind::kJobProgress) --progress_;
    return event;
  }

  const EventFilter filter_;
  const Clock& clock_;
  const size_t capacity_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
  int64_t progress_ ABSL_GUARDED_BY(mutex_) = 0;  // Events of progress among them.
  int64_t missed_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time missed_at_ ABSL_GUARDED_BY(mutex_);  // The last of them.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

namespace {

class QueueStream : public EventStream {
 public:
  explicit QueueStream(std::shared_ptr<EventQueue> queue) : queue_(std::move(queue)) {}
  absl::StatusOr<Event> Next(const Call& call) override { return queue_->Take(call); }

 private:
  const std::shared_ptr<EventQueue> queue_;
};

}  // namespace

EventHub::EventHub(const Clock& clock, int64_t capacity) : clock_(clock), capacity_(capacity) {}

EventHub::~EventHub() {
  absl::MutexLock lock(&mutex_);
  for (const std::weak_ptr<EventQueue>& weak : queues_) {
    if (const std::shared_ptr<EventQueue> queue = weak.lock()) queue->Close();
  }
}

std::unique_ptr<EventStream> EventHub::Subscribe(const EventFilter& filter) {
  const auto queue = std::make_shared<EventQueue>(filter, clock_, capacity_);
  absl::MutexLock lock(&mutex_);
  queues_.push_back(queue);
  streams_ = static_cast<int>(queues_.size());
  return std::make_unique<QueueStream>(queue);
}

int64_t EventHub::Publish(const Event& event) {
  if (!has_streams()) return 0;
  int64_t dropped = 0;
  absl::MutexLock lock(&mutex_);
  const auto is_gone = [&](const std::weak_ptr<EventQueue>& weak) {
    const std::shared_ptr<EventQueue> queue = weak.lock();
    if (queue != nullptr) dropped += queue->Put(event);
    return queue == nullptr;
  };
  queues_.erase(std::remove_if(queues_.begin(), queues_.end(), is_gone), queues_.end());
  streams_ = static_cast<int>(queues_.size());
  return dropped;
}

}  // namespace flxlink::engine
