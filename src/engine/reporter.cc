#include "src/engine/reporter.h"

#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "flxlink/channel_adapter.h"

namespace flxlink::engine {
namespace {

constexpr CounterName kJobsEnded{"flxlink_jobs_ended_total", "Jobs that ended, by kind and state."};
constexpr CounterName kRunSeconds{"flxlink_job_run_seconds_total", "Seconds that jobs of a kind ran."};
constexpr CounterName kJobRows{"flxlink_job_counts_total",
                               "What jobs counted (items pulled and sent, links made …), by the name of the count."};
constexpr CounterName kCalls{"flxlink_adapter_calls_total", "Calls of adapters, by call and result."};
constexpr CounterName kThrottles{"flxlink_throttled_total", "Calls that a channel throttled."};
constexpr CounterName kMissedEvents{"flxlink_events_missed_total", "Events that a full stream dropped."};
constexpr CounterName kTroubles{"flxlink_troubles_total", "What went wrong outside of jobs."};

// The job without what can be large.
Job WithoutLists(const Job& job) {
  Job brief = job;
  brief.options = {};
  brief.counts.clear();
  brief.problems.clear();
  return brief;
}

std::string ResultOf(const absl::Status& status) {
  if (IsThrottled(status)) return "throttled";
  return absl::AsciiStrToLower(absl::StatusCodeToString(status.code()));
}

LogLevel LevelOf(JobState state) { return state == JobState::kFailed ? LogLevel::kWarning : LogLevel::kInfo; }

std::string Describe(const Job& job) {
  return absl::StrCat("job ", job.job_id, " (", ToString(job.kind), " ", job.channel, ") is ", ToString(job.state),
                      job.error.has_value() ? ": " : "", job.error.value_or(Problem()).message);
}

void Add(absl::string_view name, int64_t amount, LinkChanges* links) {
  if (name == "linked") links->made += amount;
  if (name == "broken") links->broken += amount;
  if (name == "healed") links->healed += amount;
  if (name == "released" || name == "released_doubtful" || name == "dissolved") links->released += amount;
}

bool IsEmpty(const LinkChanges& links) {
  return links.made == 0 && links.broken == 0 && links.healed == 0 && links.released == 0;
}

}  // namespace

Reporter::Reporter(const EngineOptions& options)
    : clock_(*options.clock), hub_(*options.clock, options.event_capacity) {}

Event Reporter::Start(EventKind kind, absl::string_view channel) const {
  Event event;
  event.kind = kind;
  event.at = clock_.Now();
  event.channel = std::string(channel);
  return event;
}

void Reporter::Publish(const Event& event) {
  const int64_t missed = hub_.Publish(event);
  if (missed > 0) counters_.Add(kMissedEvents, {}, static_cast<double>(missed));
}

void Reporter::Log(LogLevel level, absl::string_view channel, const Job* job, Problem problem) {
  if (!hub_.has_streams()) return;
  Event event = Start(EventKind::kLog, channel);
  event.level = level;
  if (job != nullptr) event.job = WithoutLists(*job);
  event.problem = secrets_.Redact(std::move(problem));
  Publish(event);
}

void Reporter::JobChanged(const Job& job) {
  if (IsFinal(job.state)) {
    counters_.Add(kJobsEnded, {{"kind", std::string(ToString(job.kind))}, {"state", std::string(ToString(job.state))}},
                  1);
  }
  if (!hub_.has_streams()) return;
  Event event = Start(EventKind::kJobState, job.channel);
  event.job = job;
  Publish(event);
  Log(LevelOf(job.state), job.channel, &job,
      MakeProblem(absl::StrCat("job_", ToString(job.state)), {{"job", absl::StrCat(job.job_id)}}, Describe(job)));
}

void Reporter::JobRan(const Job& job, absl::Duration time) {
  counters_.Add(kRunSeconds, {{"kind", std::string(ToString(job.kind))}}, absl::ToDoubleSeconds(time));
}

void Reporter::Progressed(const Job& job, const JobProgress& progress) {
  if (!hub_.has_streams()) return;
  Event event = Start(EventKind::kJobProgress, job.channel);
  event.job = WithoutLists(job);
  event.job.progress = progress;
  Publish(event);
}

void Reporter::Counted(const Job& job, const JobCounts& more) {
  LinkChanges links;
  for (const auto& [name, amount] : more) {
    counters_.Add(kJobRows, {{"channel", job.channel}, {"kind", std::string(ToString(job.kind))}, {"count", name}},
                  static_cast<double>(amount));
    Add(name, amount, &links);
  }
  if (IsEmpty(links) || !hub_.has_streams()) return;
  Event event = Start(EventKind::kLinks, job.channel);
  event.job = WithoutLists(job);
  event.links = links;
  Publish(event);
}

void Reporter::AttentionRaised(const Job& job, absl::string_view sku, absl::string_view external_id,
                               const Problem& problem) {
  Attention(EventKind::kAttentionRaised, job, sku, external_id, problem);
}

void Reporter::AttentionCleared(const Job& job, absl::string_view sku, absl::string_view external_id,
                                const Problem& problem) {
  Attention(EventKind::kAttentionCleared, job, sku, external_id, problem);
}

void Reporter::Attention(EventKind kind, const Job& job, absl::string_view sku, absl::string_view external_id,
                         const Problem& problem) {
  if (!hub_.has_streams()) return;
  Event event = Start(kind, job.channel);
  event.job = WithoutLists(job);
  event.sku = std::string(sku);
  event.external_id = std::string(external_id);
  event.problem = secrets_.Redact(problem);
  Publish(event);
}

void Reporter::LinkEdited(absl::string_view channel, absl::string_view sku, absl::string_view external_id,
                          const LinkChanges& links) {
  Event event = Start(EventKind::kLinks, channel);
  event.sku = std::string(sku);
  event.external_id = std::string(external_id);
  event.links = links;
  Publish(event);
}

void Reporter::Called(absl::string_view channel, absl::string_view call, const absl::Status& status) {
  const std::string name(channel);
  counters_.Add(kCalls, {{"channel", name}, {"call", std::string(call)}, {"result", ResultOf(status)}}, 1);
  if (IsThrottled(status)) counters_.Add(kThrottles, {{"channel", name}}, 1);
  if (status.ok() || !hub_.has_streams()) return;
  Problem problem = ProblemFrom(status);
  problem.message = absl::StrCat(call, ": ", problem.message);
  Log(LogLevel::kDebug, channel, nullptr, std::move(problem));
}

void Reporter::AdapterSaid(const Job& job, LogLevel level, absl::string_view text) {
  Log(level, job.channel, &job, MakeProblem(problem_code::kAdapterSaid, {{"channel", job.channel}}, std::string(text)));
}

void Reporter::Trouble(absl::string_view channel, absl::string_view where, const absl::Status& status) {
  counters_.Add(kTroubles, {}, 1);
  Event event = Start(EventKind::kTrouble, channel);
  event.where = std::string(where);
  event.problem = secrets_.Redact(ProblemFrom(status));
  Publish(event);
  Problem entry = ProblemFrom(status);
  entry.message = absl::StrCat(where, ": ", entry.message);
  Log(LogLevel::kError, channel, nullptr, std::move(entry));
}

}  // namespace flxlink::engine
