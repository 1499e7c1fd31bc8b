// Events: what an engine does, told while it does it. The log is a kind of them.
//
//   flxlink::EventFilter filter;
//   filter.channel = "shop";
//   std::unique_ptr<flxlink::EventStream> stream = engine->Subscribe(filter);
//   for (;;) {
//     const absl::StatusOr<flxlink::Event> event = stream->Next();
//     if (!event.ok()) break;  // The engine is gone.
//     …
//   }
//
// Threads. Events wait in a queue of their stream until somebody takes them: flxlink calls no code of a host's to tell
// them. A stream may be read by any number of threads, and may outlive its engine.
//
// Only what this engine does itself is told. Jobs that another engine runs on the same store, in this process or
// another one, show when they are read.
//
// No event carries a secret: what a credential resolver has given to an adapter is struck out of every text.

#ifndef FLXLINK_EVENT_H_
#define FLXLINK_EVENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/call.h"
#include "flxlink/job.h"
#include "flxlink/problem.h"

namespace flxlink {

enum class EventKind : uint8_t {
  // Events were dropped because the stream's queue was full: `missed` says how many. Told before what is left of them.
  kMissed,
  // A job was made, joined with another wish, moved, begun, yielded or ended: `job` as it is now.
  kJobState,
  // A job came further: `channel`, and `job` with its progress, without options, counts and problems.
  kJobProgress,
  // Links were made, broken, healed or dissolved: `links` says how many since the last such event of the job, which is
  // told page by page: a million links are some hundred events. One that a person made or dissolved names its `sku`
  // (and, if it was made, its `external_id`) and has no job; an edit that finds it made or dissolved tells nothing.
  kLinks,
  // A pull, fetch or sync gave a listing variant an attention: `sku`, `external_id`, `problem`, `job`. Told again each
  // time a sync comes to the same, but for what is fixed (field_fixed, inventory_not_tracked), which is told once.
  kAttentionRaised,
  // A pull, fetch or sync found that a listing variant's attention is over: `sku`, `external_id`, `job`, and as
  // `problem` what it was. Not told where the link ends or is made anew, nor where a pull or a forced sync ends a
  // refusal; nor, rarely, where the storage's answer got lost.
  kAttentionCleared,
  // Something went wrong outside of jobs, and everything else goes on: `where` ("channel shop", "schedule nightly of
  // channel shop", "the queues in storage") and `problem`. What fails again and again is told each time it was tried,
  // with growing waits up to a minute.
  kTrouble,
  // An entry of the log: `level`, and code, arguments and message as `problem`. What an adapter tells
  // (CallContext::Log) has the code adapter_said, the level that it gives it, and its `job`.
  kLog,
};

// "missed", "job_state", "job_progress", "links", "attention_raised", "attention_cleared", "trouble", "log".
absl::string_view ToString(EventKind kind);

enum class LogLevel : uint8_t {
  kDebug,    // Each call of an adapter that failed and is tried again.
  kInfo,     // Jobs that are made, begin, yield and end; schedules that fire.
  kWarning,  // Jobs that fail.
  kError,    // Trouble outside of jobs.
};

// "debug", "info", "warning", "error".
absl::string_view ToString(LogLevel level);

// What became of links.
struct LinkChanges {
  int64_t made = 0;
  int64_t broken = 0;    // The item is gone.
  int64_t healed = 0;    // It came back.
  int64_t released = 0;  // Dissolved.
};

// Which of its members are set goes by the kind; the others are empty.
struct Event {
  EventKind kind = EventKind::kMissed;
  // By the engine's clock.
  absl::Time at;
  // The channel's name. Empty: it concerns no single one.
  std::string channel;
  // job_id 0: there is no job.
  Job job;
  LinkChanges links;
  std::string sku;
  std::string external_id;
  std::string where;
  LogLevel level = LogLevel::kDebug;
  Problem problem;
  int64_t missed = 0;
};

// Which events a stream is to have. What is left as it is keeps nothing out, but for the log. kMissed always comes.
struct EventFilter {
  // Only of this channel.
  std::string channel;
  // Only of these kinds. Default: all but the log.
  std::vector<EventKind> kinds;
  // Only of this job. 0: of all.
  int64_t job_id = 0;
  // Of the log, only entries of this level and above. Default: kInfo.
  LogLevel min_level = LogLevel::kInfo;
};

// The events of one subscription, the oldest first; those of one job come in the order in which they happened. While
// the queue is full (EngineOptions::event_capacity) progress is dropped first, then what is oldest.
//
// Thread-safe.
class EventStream {
 public:
  virtual ~EventStream() = default;

  // Waits for the next event and takes it. CANCELLED: the engine is gone and all of its events were taken, or the call
  // was cancelled. DEADLINE_EXCEEDED: there was none in time; with a deadline that has passed it does not wait at all.
  virtual absl::StatusOr<Event> Next(const Call& call) = 0;
  absl::StatusOr<Event> Next() { return Next(Call()); }
};

}  // namespace flxlink

#endif  // FLXLINK_EVENT_H_
