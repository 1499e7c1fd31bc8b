#include "src/channels/simulated/simulated_account.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "flxlink/channel_adapter.h"
#include "src/channels/simulated/simulated_state.h"

namespace flxlink::simulated {

SimulatedAccount::SimulatedAccount(const Account& account, absl::Time now) : account_(account) {
  for (const Bucket& bucket : account.buckets) tokens_[bucket.name] = {bucket.size, now};
}

absl::Status SimulatedAccount::TakeTokens(const CallCost& cost, int64_t items, absl::Time now) {
  const auto is_meant = [&](const Bucket& bucket) { return bucket.name == cost.bucket && bucket.size > 0; };
  const auto bucket = std::find_if(account_.buckets.begin(), account_.buckets.end(), is_meant);
  if (bucket == account_.buckets.end()) return absl::OkStatus();
  Tokens& tokens = tokens_[bucket->name];
  const double refill = absl::ToDoubleSeconds(now - tokens.at) * bucket->refill_per_second;
  tokens.left = std::min(bucket->size, tokens.left + std::max(refill, 0.0));
  tokens.at = now;
  const double needed = std::min(bucket->size, cost.base + cost.per_item * static_cast<double>(items));
  // Who waited for as long as he was told is let in, whatever the rounding.
  constexpr double kRounding = 1e-6;
  if (tokens.left + kRounding >= needed) {
    tokens.left = std::max(tokens.left - needed, 0.0);
    return absl::OkStatus();
  }
  const absl::Duration wait = absl::Seconds((needed - tokens.left) / bucket->refill_per_second);
  return WithRetryAfter(absl::ResourceExhaustedError(absl::StrCat("the simulated platform's rate limit \"",
                                                                  bucket->name, "\" is used up; try again later")),
                        absl::Ceil(wait, absl::Microseconds(1)));
}

bool SimulatedAccount::TakeSlot(const CallCost& cost) {
  for (const CallSlots& slots : account_.slots) {
    if (slots.name != cost.slots) continue;
    if (calls_at_once_[slots.name] >= slots.most) return false;
    ++calls_at_once_[slots.name];
  }
  return true;
}

void SimulatedAccount::FreeSlot(const CallCost& cost) {
  const auto found = calls_at_once_.find(cost.slots);
  if (found != calls_at_once_.end()) --found->second;
}

void SimulatedAccount::Save(internal::SimulatedAccountRecord* record) const {
  for (const auto& [bucket, tokens] : tokens_) {
    internal::SimulatedTokensRecord* to = record->add_tokens();
    to->set_bucket(bucket);
    to->set_left(tokens.left);
    to->set_at(Encode(tokens.at));
  }
}

void SimulatedAccount::Restore(const internal::SimulatedAccountRecord& record) {
  for (const internal::SimulatedTokensRecord& tokens : record.tokens()) {
    tokens_[tokens.bucket()] = {tokens.left(), DecodeTime(tokens.at())};
  }
}

}  // namespace flxlink::simulated
