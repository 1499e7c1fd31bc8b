// Where the engine tells what happens: the one place that events, the log and the counters come from.

#ifndef FLXLINK_SRC_ENGINE_REPORTER_H_
#define FLXLINK_SRC_ENGINE_REPORTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flxlink/engine.h"
#include "flxlink/event.h"
#include "flxlink/job.h"
#include "flxlink/metrics.h"
#include "src/engine/counters.h"
#include "src/engine/event_hub.h"
#include "src/engine/secrets.h"

namespace flxlink::engine {

// Thread-safe.
class Reporter {
 public:
  // The options' clock must outlive it.
  explicit Reporter(const EngineOptions& options);

  Secrets& secrets() { return secrets_; }
  std::unique_ptr<EventStream> Subscribe(const EventFilter& filter) { return hub_.Subscribe(filter); }
  std::vector<Metric> ReadCounters() const { return counters_.Read(); }

  // A queue was changed: the job is now so.
  void JobChanged(const Job& job);
  // The job ran for so long and came to its end.
  void JobRan(const Job& job, absl::Duration time);
  void Progressed(const Job& job, const JobProgress& progress);
  // The job counted so much more.
  void Counted(const Job& job, const JobCounts& more);
  void AttentionRaised(const Job& job, absl::string_view sku, absl::string_view external_id, const Problem& problem);
  void AttentionCleared(const Job& job, absl::string_view sku, absl::string_view external_id, const Problem& problem);
  // A person made or dissolved a link.
  void LinkEdited(absl::string_view channel, absl::string_view sku, absl::string_view external_id,
                  const LinkChanges& links);
  // An adapter answered a call ("pull", "fetch", "push", "poll").
  void Called(absl::string_view channel, absl::string_view call, const absl::Status& status);
  // An adapter tells the log of something during a call of that job.
  void AdapterSaid(const Job& job, LogLevel level, absl::string_view text);
  // Something failed outside of jobs, and everything else goes on. `where`: "channel shop", say. An empty channel: it
  // is no single channel's.
  void Trouble(absl::string_view channel, absl::string_view where, const absl::Status& status);

 private:
  // An event of that kind, now.
  Event Start(EventKind kind, absl::string_view channel) const;
  void Publish(const Event& event);
  // An event of that kind about an attention.
  void Attention(EventKind kind, const Job& job, absl::string_view sku, absl::string_view external_id,
                 const Problem& problem);
  void Log(LogLevel level, absl::string_view channel, const Job* job, Problem problem);

  const Clock& clock_;
  Secrets secrets_;
  Counters counters_;
  EventHub hub_;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_REPORTER_H_
