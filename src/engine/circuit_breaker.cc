#include "src/engine/circuit_breaker.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace flxlink::engine {
namespace {

constexpr absl::Duration kCountedFor = absl::Hours(24);

std::string CounterOf(ChangeKind kind) { return absl::StrCat(ToString(kind), "_held"); }

}  // namespace

CircuitBreaker::CircuitBreaker(JobContext& context) : context_(context) {
  state_.job_id = context.job().job_id;
  for (const ChangeKind kind : kChangeKinds) {
    if (context.HasCount(CounterOf(kind))) state_.holds.Add(kind);
  }
}

bool CircuitBreaker::holds_all() const {
  return std::all_of(std::begin(kChangeKinds), std::end(kChangeKinds),
                     [&](ChangeKind kind) { return state_.holds.Has(kind); });
}

absl::Status CircuitBreaker::ReadMade() {
  if (has_read_made_) return absl::OkStatus();
  const absl::StatusOr<absl::Time> now = context_.Now();
  if (!now.ok()) return now.status();
  const absl::StatusOr<ChangeCounts> made = context_.RetryValue<ChangeCounts>(
      [&] { return context_.storage().ReadChangeCounts(context_.channel().channel_id, *now - kCountedFor); });
  if (!made.ok()) return made.status();
  made_ += *made;
  has_read_made_ = true;
  return absl::OkStatus();
}

// A share of the links is of all of them; else more than some change nothing.
absl::StatusOr<int64_t> CircuitBreaker::CountLinks() {
  const std::vector<ChangeLimit>& limits = context_.channel().config.limits;
  const int64_t channel_id = context_.channel().channel_id;
  if (std::none_of(limits.begin(), limits.end(), [](const ChangeLimit& limit) { return limit.is_percent; })) {
    return context_.RetryValue<int64_t>([&] { return context_.storage().CountLinks(channel_id, kLinksThatCount); });
  }
  const absl::StatusOr<ChannelCounts> counts =
      context_.RetryValue<ChannelCounts>([&] { return context_.storage().CountChannel(channel_id); });
  if (!counts.ok()) return counts.status();
  const auto linked = counts->by_link_state.find(LinkState::kLinked);
  return linked == counts->by_link_state.end() ? 0 : linked->second;
}

absl::StatusOr<int64_t> CircuitBreaker::Allowed(ChangeKind kind) {
  if (!links_.has_value()) {
    const absl::StatusOr<int64_t> links = CountLinks();
    if (!links.ok()) return links.status();
    links_ = *links;
  }
  return AllowedChanges(context_.channel().config.limits, kind, *links_);
}

absl::StatusOr<bool> CircuitBreaker::IsBeyond(ChangeKind kind, int64_t changes) {
  if (changes == 0 || state_.holds.Has(kind)) return false;
  const absl::Status status = ReadMade();
  if (!status.ok()) return status;
  const int64_t all = made_[kind] + planned_[kind] + changes;
  // Without limits of its own no channel allows less, so that a small job need not count its links.
  if (all <= kLeastAllowed && context_.channel().config.limits.empty()) return false;
  const absl::StatusOr<int64_t> allowed = Allowed(kind);
  if (!allowed.ok()) return allowed.status();
  return all > *allowed;
}

absl::StatusOr<bool> CircuitBreaker::MayHold(int64_t changes) {
  for (const ChangeKind kind : kChangeKinds) {
    const absl::StatusOr<bool> is_beyond = IsBeyond(kind, changes);
    if (!is_beyond.ok() || *is_beyond) return is_beyond;
  }
  return false;
}

absl::StatusOr<bool> CircuitBreaker::HoldBeyond(const ChangeCounts& changes) {
  bool holds_more = false;
  for (const ChangeKind kind : kChangeKinds) {
    const absl::StatusOr<bool> is_beyond = IsBeyond(kind, changes[kind]);
    if (!is_beyond.ok()) return is_beyond.status();
    if (!*is_beyond) continue;
    state_.holds.Add(kind);
    context_.Count(CounterOf(kind), 0);
    holds_more = true;
  }
  // Before anything is held: should the job die then, what is left of the kind would be few enough to go out.
  const absl::Status status = holds_more ? context_.Store() : absl::OkStatus();
  if (!status.ok()) return status;
  return holds_more;
}

void CircuitBreaker::NoteMade(const ChangeCounts& changes) {
  if (has_read_made_) made_ += changes;
  Unplan(changes);
}

void CircuitBreaker::Unplan(const ChangeCounts& changes) {
  for (const ChangeKind kind : kChangeKinds) planned_[kind] = std::max<int64_t>(planned_[kind] - changes[kind], 0);
}

void CircuitBreaker::NoteHeld(const ChangeCounts& changes) {
  for (const ChangeKind kind : kChangeKinds) {
    if (changes[kind] > 0) context_.Count(CounterOf(kind), changes[kind]);
  }
}

}  // namespace flxlink::engine
