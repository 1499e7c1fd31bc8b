#include "src/engine/account_limits.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace flxlink::engine {
namespace {

// Who waited for as long as it was told gets its tokens, whatever the rounding.
constexpr double kRounding = 1e-6;

// What is saved for bulk calls of each token that urgent ones take: every tenth of all.
constexpr double kSavedOfEach = 1.0 / 9;

// Callers read the clock before they come here, so they may come in another order. What is earlier by more than this is
// a clock that was set back.
constexpr absl::Duration kOutOfOrder = absl::Seconds(1);

// Whether a platform said something that a bucket can be limited by.
bool IsLimit(const absl::optional<double>& told) { return told.has_value() && std::isfinite(*told) && *told > 0; }

}  // namespace

void AccountLimits::SetLimits(const Account& account, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  for (const Bucket& limit : account.buckets) {
    BucketState& bucket = buckets_[limit.name];
    Refill(bucket, now);
    Limit(bucket, limit);
  }
  for (const CallSlots& limit : account.slots) slots_[limit.name].most = limit.most;
}

int64_t AccountLimits::Ask(const CallCost& cost, int64_t items, Lane lane) {
  absl::MutexLock lock(&mutex_);
  CallState state;
  state.lane = lane;
  state.tokens = cost.base + cost.per_item * static_cast<double>(items);
  const auto bucket = buckets_.find(cost.bucket);
  if (bucket != buckets_.end()) state.bucket = &bucket->second;
  const auto slots = slots_.find(cost.slots);
  if (slots != slots_.end()) state.slots = &slots->second;
  state.stage = state.slots == nullptr ? Stage::kWaitsForTokens : Stage::kWaitsForSlot;
  calls_.emplace(++last_call_, state);
  return last_call_;
}

absl::Duration AccountLimits::Try(int64_t call, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  CallState& state = calls_.at(call);
  if (state.stage == Stage::kWaitsForSlot) {
    if (!TakeSlot(call, state)) return absl::InfiniteDuration();
    state.stage = Stage::kWaitsForTokens;
  }
  const absl::Duration wait = TakeTokens(call, state, now);
  if (wait <= absl::ZeroDuration()) BeginCall(call, state);
  return wait;
}

void AccountLimits::BeginCall(int64_t call, CallState& state) {
  state.stage = Stage::kUnderWay;
  if (state.bucket == nullptr) return;
  for (auto& [number, other] : calls_) {
    if (number == call || other.stage != Stage::kUnderWay || other.bucket != state.bucket) continue;
    state.beside += other.tokens;
    other.beside += state.tokens;
  }
}

void AccountLimits::End(int64_t call) {
  absl::MutexLock lock(&mutex_);
  const auto found = calls_.find(call);
  const CallState& state = found->second;
  if (state.slots != nullptr && state.stage != Stage::kWaitsForSlot) --state.slots->open;
  calls_.erase(found);
}

void AccountLimits::TakeLevel(absl::Span<const int64_t> calls, const BucketLevel& level, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  const auto found = buckets_.find(level.name);
  if (found == buckets_.end()) return;
  BucketState& bucket = found->second;
  Refill(bucket, now);
  if (IsLimit(level.size)) bucket.told_size = level.size;
  if (IsLimit(level.refill_per_second)) bucket.told_refill = level.refill_per_second;
  Limit(bucket, bucket.limit);
  if (!level.left.has_value() || std::isnan(*level.left)) return;
  const double most = std::min(std::max(0.0, *level.left), bucket.limit.size);
  const double least = std::min(most, std::max(0.0, most - CostBeside(calls, bucket)));
  bucket.tokens = std::min(std::max(bucket.tokens, least), most);
}

double AccountLimits::CostBeside(absl::Span<const int64_t> calls, const BucketState& bucket) const {
  double most = 0;
  for (const int64_t call : calls) {
    const CallState& state = calls_.at(call);
    most = std::max(most, state.bucket == &bucket ? state.beside : bucket.limit.size);
  }
  return calls.empty() ? bucket.limit.size : most;
}

void AccountLimits::TakeThrottled(int64_t call, absl::Duration retry_after, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  BucketState* bucket = calls_.at(call).bucket;
  if (bucket == nullptr) return;
  Refill(*bucket, now);
  bucket->tokens = 0;
  bucket->closed_until = std::max(bucket->closed_until, now + retry_after);
}

void AccountLimits::Limit(BucketState& bucket, Bucket limit) {
  limit.size = bucket.told_size.value_or(limit.size);
  limit.refill_per_second = bucket.told_refill.value_or(limit.refill_per_second);
  // What never refills cannot be counted: a size was told of a bucket of which nothing else is known.
  if (limit.refill_per_second <= 0) limit.size = 0;
  // Where there was no limit nothing was counted either: who begins to count begins with a full bucket.
  bucket.tokens = bucket.limit.size <= 0 ? limit.size : std::min(bucket.tokens, limit.size);
  bucket.limit = std::move(limit);
}

absl::Duration AccountLimits::UntilOpen(const BucketState& bucket, absl::Time now) {
  return std::max(absl::ZeroDuration(), bucket.closed_until - now);
}

void AccountLimits::Refill(BucketState& bucket, absl::Time now) {
  const absl::Duration passed = now - bucket.filled_at;
  if (passed < absl::ZeroDuration() && passed > -kOutOfOrder) return;
  // A clock that was set back refills nothing, and makes nobody wait longer.
  if (passed < absl::ZeroDuration()) bucket.closed_until += passed;
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(passed));
  bucket.tokens = std::min(bucket.limit.size, bucket.tokens + seconds * bucket.limit.refill_per_second);
  bucket.filled_at = now;
}

// How much there must be for the call to have its own, so that those before it can have theirs.
double AccountLimits::Needed(const Wanted& wanted, double saved_for_bulk) {
  const double needed = wanted.before + wanted.own;
  if (wanted.lane == Lane::kUrgent) return needed + std::min(saved_for_bulk, wanted.first_bulk);
  return saved_for_bulk + kRounding >= needed ? needed : needed + wanted.urgent;
}

// What is saved for bulk calls once this one has taken its own.
void AccountLimits::Save(const Wanted& wanted, double most, double* saved_for_bulk) {
  if (wanted.lane == Lane::kBulk) {
    *saved_for_bulk = std::max(0.0, *saved_for_bulk - wanted.own);
  } else if (wanted.bulk_waits) {
    *saved_for_bulk = std::min(most, *saved_for_bulk + wanted.own * kSavedOfEach);
  }
}

double AccountLimits::TokensOf(const CallState& state) {
  return state.bucket == nullptr ? 0 : std::min(state.tokens, state.bucket->limit.size);
}

Lane AccountLimits::LaneOf(const CallState& state) const {
  const auto waits_for_its_slot = [&](const auto& entry) {
    const CallState& other = entry.second;
    return other.lane == Lane::kUrgent && other.stage == Stage::kWaitsForSlot && other.slots == state.slots;
  };
  const bool hurries = state.stage == Stage::kWaitsForTokens && state.slots != nullptr &&
                       std::any_of(calls_.begin(), calls_.end(), waits_for_its_slot);
  return hurries ? Lane::kUrgent : state.lane;
}

AccountLimits::Wanted AccountLimits::WantedWith(int64_t call, const CallState& state) const {
  const bool slots = state.stage == Stage::kWaitsForSlot;
  const auto wants = [&](const CallState& other) { return slots ? 1 : TokensOf(other); };
  Wanted wanted;
  wanted.lane = LaneOf(state);
  wanted.own = wants(state);
  for (const auto& [number, other] : calls_) {
    const bool same = slots ? other.slots == state.slots : other.bucket == state.bucket;
    if (number == call || other.stage != state.stage || !same) continue;
    const Lane lane = LaneOf(other);
    if (lane == wanted.lane && number < call) wanted.before += wants(other);
    if (lane == Lane::kUrgent) {
      wanted.urgent += wants(other);
    } else if (!std::exchange(wanted.bulk_waits, true)) {
      wanted.first_bulk = wants(other);
    }
  }
  return wanted;
}

bool AccountLimits::TakeSlot(int64_t call, const CallState& state) {
  SlotsState& slots = *state.slots;
  const Wanted wanted = WantedWith(call, state);
  // There are no parts of slots.
  const double needed = Needed(wanted, std::floor(slots.saved_for_bulk + kRounding));
  if (static_cast<double>(slots.most - slots.open) < needed) return false;
  ++slots.open;
  Save(wanted, static_cast<double>(slots.most), &slots.saved_for_bulk);
  return true;
}

absl::Duration AccountLimits::TakeTokens(int64_t call, const CallState& state, absl::Time now) {
  if (state.bucket == nullptr) return absl::ZeroDuration();
  BucketState& bucket = *state.bucket;
  Refill(bucket, now);
  const absl::Duration until_open = UntilOpen(bucket, now);
  if (bucket.limit.size <= 0) return until_open;
  const Wanted wanted = WantedWith(call, state);
  double needed = Needed(wanted, bucket.saved_for_bulk);
  // Where it is the next of the urgent ones, a bucket that is full will not hold more by waiting.
  if (wanted.before <= 0 && wanted.lane == Lane::kUrgent) needed = std::min(needed, bucket.limit.size);
  if (bucket.tokens + kRounding < needed) {
    const absl::Duration refilled = absl::Seconds((needed - bucket.tokens) / bucket.limit.refill_per_second);
    return std::max(until_open, absl::Ceil(refilled, absl::Microseconds(1)));
  }
  if (until_open > absl::ZeroDuration()) return until_open;
  bucket.tokens = std::max(0.0, bucket.tokens - wanted.own);
  Save(wanted, bucket.limit.size, &bucket.saved_for_bulk);
  // Saved is what is there, unless a bulk call waits for the rest of it.
  if (!wanted.bulk_waits) bucket.saved_for_bulk = std::min(bucket.saved_for_bulk, bucket.tokens);
  return absl::ZeroDuration();
}

CallPermit::CallPermit(std::shared_ptr<AccountLimits> limits, const CallCost& cost, int64_t items, Lane lane)
    : limits_(std::move(limits)), call_(limits_->Ask(cost, items, lane)) {}

CallPermit::CallPermit(CallPermit&& other) noexcept : limits_(std::move(other.limits_)), call_(other.call_) {}

CallPermit& CallPermit::operator=(CallPermit&& other) noexcept {
  limits_.swap(other.limits_);
  std::swap(call_, other.call_);
  return *this;
}

CallPermit::~CallPermit() {
  if (limits_ != nullptr) limits_->End(call_);
}

}  // namespace flxlink::engine
