#include "flxlink/simulated_channel.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

PushOutcome OutcomeOf(PushResult result) {
  PushOutcome outcome;
  outcome.result = result;
  return outcome;
}

PushOutcome Rejected(absl::string_view code, absl::string_view field, std::string message) {
  PushOutcome outcome = OutcomeOf(PushResult::kRejected);
  outcome.code = std::string(code);
  outcome.field = std::string(field);
  outcome.message = std::move(message);
  return outcome;
}

// What an item has of a content field stands among its fields.
void SetField(absl::string_view name, absl::string_view value, std::vector<Field>* fields) {
  for (Field& field : *fields) {
    if (field.name != name) continue;
    field.value = std::string(value);
    return;
  }
  fields->push_back({std::string(name), std::string(value)});
}

// For the first field of `mask` that is not in `settable`.
PushOutcome Unsupported(const SyncFields& mask, const SyncFields& settable) {
  const std::vector<std::string> wanted = mask.Names();
  const std::vector<std::string> possible = settable.Names();
  const auto field = std::find_if(wanted.begin(), wanted.end(), [&](const std::string& name) {
    return std::find(possible.begin(), possible.end(), name) == possible.end();
  });
  return Rejected(problem_code::kUnsupportedField, *field,
                  absl::StrCat("the platform does not let the ", *field, " be set"));
}

void SetMasked(const SyncFields& mask, const ItemValues& from, SimulatedItem* to) {
  CopyFields(mask, from, &to->values);
  to->values.content.clear();
  for (const std::string& name : mask.content()) {
    const std::string* value = from.FindContent(name);
    SetField(name, value == nullptr ? "" : *value, &to->fields);
  }
}

// A number from 0 to 1, not 1 itself, of 64 random bits. The standard library's own distributions differ between
// systems.
double ToUnit(uint64_t bits) { return std::ldexp(static_cast<double>(bits >> 11), -53); }

class SimulatedChannel : public ChannelAdapter {
 public:
  explicit SimulatedChannel(std::shared_ptr<SimulatedPlatform> platform) : platform_(std::move(platform)) {}

  const AdapterCapabilities& capabilities() const override { return platform_->capabilities(); }
  absl::StatusOr<PullPage> Pull(const PullRequest& request) const override { return platform_->Pull(request); }
  absl::StatusOr<PushReply> Push(const PushRequest& request) const override { return platform_->Push(request); }
  absl::StatusOr<PushOutcome> PollReceipt(absl::string_view receipt) const override {
    if (!capabilities().asynchronous_receipts) return ChannelAdapter::PollReceipt(receipt);
    return platform_->PollReceipt(receipt);
  }

 private:
  const std::shared_ptr<SimulatedPlatform> platform_;
};

}  // namespace

class SimulatedPlatform::Impl {
 public:
  Impl(Clock& clock, SimulatedOptions options)
      : clock_(clock),
        options_(std::move(options)),
        faults_(options_.faults),
        random_(options_.seed),
        tokens_(options_.capabilities.rate_limit.bucket_size),
        tokens_at_(clock.Now()) {}

  const AdapterCapabilities& capabilities() const { return options_.capabilities; }

  void SetItem(SimulatedItem item);
  bool EditItem(absl::string_view external_id, const SyncFields& mask, const ItemValues& values);
  bool RemoveItem(absl::string_view external_id);
  absl::optional<SimulatedItem> FindItem(absl::string_view external_id);
  std::vector<SimulatedItem> Items();
  SimulatedCounters Counters();
  void SetFaults(const SimulatedFaults& faults);

  absl::StatusOr<PullPage> Pull(const PullRequest& request);
  absl::StatusOr<PushReply> Push(const PushRequest& request);
  absl::StatusOr<PushOutcome> PollReceipt(absl::string_view receipt);

 private:
  using ItemMap = std::map<std::string, SimulatedItem, std::less<>>;

  // An item of a push that has not landed yet.
  struct Waiting {
    PushItem item;
    std::string receipt;  // Empty: it is of a push that is late.
  };

  bool Happens(double rate) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t Below(uint64_t end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return random_() % end; }
  absl::Duration Between(absl::Duration min, absl::Duration max) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void LetLatencyPass();
  absl::Status Admit(double cost) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status TakeTokens(double cost) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drift() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Timeout() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  PullPage PageFrom(ItemMap::const_iterator first, int64_t limit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<std::string> FieldNames(ItemMap::const_iterator first, ItemMap::const_iterator last) const;

  absl::Status CheckWhole(const PushRequest& request) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Delay(const PushRequest& request, absl::Time began) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PushOutcome Try(const PushItem& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PushOutcome TakeOnce(const PushItem& item, bool may_accept) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PushOutcome Accept(const PushItem& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PushOutcome Land(const PushItem& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LandWhatIsDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // What the platform says to an item, without doing anything yet: kApplied where it would do it.
  PushOutcome Judge(const PushItem& item) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PushOutcome JudgeValues(const PushItem& item) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsRefusedByChance(const PushItem& item) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock& clock_;
  const SimulatedOptions options_;

  absl::Mutex mutex_;
  SimulatedFaults faults_ ABSL_GUARDED_BY(mutex_);
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  ItemMap items_ ABSL_GUARDED_BY(mutex_);
  std::multimap<absl::Time, Waiting> waiting_ ABSL_GUARDED_BY(mutex_);                // By when they land.
  std::map<std::string, PushOutcome, std::less<>> receipts_ ABSL_GUARDED_BY(mutex_);  // kAccepted: not decided yet.
  std::map<std::string, PushOutcome> keys_ ABSL_GUARDED_BY(mutex_);                   // By idempotency key.
  double tokens_ ABSL_GUARDED_BY(mutex_);
  absl::Time tokens_at_ ABSL_GUARDED_BY(mutex_);
  SimulatedCounters counters_ ABSL_GUARDED_BY(mutex_);
};

// -- Chance.

bool SimulatedPlatform::Impl::Happens(double rate) { return rate > 0 && ToUnit(random_()) < rate; }

absl::Duration SimulatedPlatform::Impl::Between(absl::Duration min, absl::Duration max) {
  const int64_t span = absl::ToInt64Microseconds(max - min);
  if (span <= 0) return min;
  return min + absl::Microseconds(static_cast<int64_t>(Below(static_cast<uint64_t>(span) + 1)));
}

// A refusal for good hangs on what is refused and on nothing else.
bool SimulatedPlatform::Impl::IsRefusedByChance(const PushItem& item) const {
  if (faults_.item_rejected <= 0) return false;
  std::string content = absl::StrCat(item.external_id, "\n", FormatSyncFields(item.mask));
  for (const SyncField field : kSyncFields) {
    if (item.mask.Has(field)) absl::StrAppend(&content, "\n", item.values.Get(field));
  }
  for (const std::string& name : item.mask.content()) {
    const std::string* value = item.values.FindContent(name);
    absl::StrAppend(&content, "\n", value == nullptr ? "" : *value);
  }
  return ToUnit(XXH3_64bits_withSeed(content.data(), content.size(), options_.seed)) < faults_.item_rejected;
}

// -- By hand.

void SimulatedPlatform::Impl::SetItem(SimulatedItem item) {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  std::string id = item.external_id;
  items_.insert_or_assign(std::move(id), std::move(item));
}

bool SimulatedPlatform::Impl::EditItem(absl::string_view external_id, const SyncFields& mask,
                                       const ItemValues& values) {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  const auto found = items_.find(external_id);
  if (found == items_.end()) return false;
  SetMasked(mask, values, &found->second);
  return true;
}

bool SimulatedPlatform::Impl::RemoveItem(absl::string_view external_id) {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  const auto found = items_.find(external_id);
  if (found == items_.end()) return false;
  items_.erase(found);
  return true;
}

absl::optional<SimulatedItem> SimulatedPlatform::Impl::FindItem(absl::string_view external_id) {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  const auto found = items_.find(external_id);
  if (found == items_.end()) return absl::nullopt;
  return found->second;
}

std::vector<SimulatedItem> SimulatedPlatform::Impl::Items() {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  std::vector<SimulatedItem> items;
  for (const auto& [id, item] : items_) items.push_back(item);
  return items;
}

SimulatedCounters SimulatedPlatform::Impl::Counters() {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  return counters_;
}

void SimulatedPlatform::Impl::SetFaults(const SimulatedFaults& faults) {
  absl::MutexLock lock(&mutex_);
  faults_ = faults;
}

// -- What befalls every call.

// Outside of the lock, so that calls of several threads are under way at the same time.
void SimulatedPlatform::Impl::LetLatencyPass() {
  absl::Duration latency;
  {
    absl::MutexLock lock(&mutex_);
    latency = Between(faults_.min_latency, faults_.max_latency);
  }
  if (latency > absl::ZeroDuration()) clock_.Sleep(latency);
}

absl::Status SimulatedPlatform::Impl::Admit(double cost) {
  LandWhatIsDue();
  if (Happens(faults_.drift)) Drift();
  if (Happens(faults_.unavailable)) {
    ++counters_.calls_unavailable;
    return absl::UnavailableError("the simulated platform cannot be reached; try again");
  }
  if (Happens(faults_.throttled)) {
    ++counters_.calls_throttled;
    return WithRetryAfter(absl::ResourceExhaustedError("the simulated platform is busy; try again later"),
                          faults_.retry_after);
  }
  return TakeTokens(cost);
}

absl::Status SimulatedPlatform::Impl::TakeTokens(double cost) {
  const RateLimit& limit = options_.capabilities.rate_limit;
  if (limit.bucket_size <= 0) return absl::OkStatus();
  const absl::Time now = clock_.Now();
  const double refill = absl::ToDoubleSeconds(now - tokens_at_) * limit.refill_per_second;
  tokens_ = std::min(limit.bucket_size, tokens_ + std::max(refill, 0.0));
  tokens_at_ = now;
  // Who waited for as long as he was told is let in, whatever the rounding.
  constexpr double kRounding = 1e-6;
  if (tokens_ + kRounding >= cost) {
    tokens_ = std::max(tokens_ - cost, 0.0);
    return absl::OkStatus();
  }
  ++counters_.calls_throttled;
  const absl::Duration wait = absl::Seconds((cost - tokens_) / limit.refill_per_second);
  return WithRetryAfter(absl::ResourceExhaustedError("the simulated platform's rate limit is used up; try again later"),
                        absl::Ceil(wait, absl::Microseconds(1)));
}

void SimulatedPlatform::Impl::Drift() {
  if (items_.empty()) return;
  ++counters_.drifts;
  SimulatedItem& item = std::next(items_.begin(), static_cast<int64_t>(Below(items_.size())))->second;
  if (Below(2) == 0) {
    item.values.price = static_cast<int64_t>(Below(10000));
  } else {
    item.values.quantity = static_cast<int64_t>(Below(100));
  }
}

absl::Status SimulatedPlatform::Impl::Timeout() {
  if (Below(2) == 0) return absl::UnavailableError("the connection to the simulated platform broke; try again");
  return absl::DeadlineExceededError("the simulated platform did not answer in time; try again");
}

// -- Pulls.

absl::StatusOr<PullPage> SimulatedPlatform::Impl::Pull(const PullRequest& request) {
  if (request.limit <= 0) return absl::InvalidArgumentError("a page's limit must be at least 1");
  LetLatencyPass();
  absl::MutexLock lock(&mutex_);
  ++counters_.pulls;
  if (absl::Status status = Admit(options_.capabilities.rate_limit.pull_cost); !status.ok()) return status;
  // The cursor is the last item that was seen, so that a pull goes on rightly whatever comes and goes meanwhile.
  const auto first = request.cursor.empty() ? items_.begin() : items_.upper_bound(request.cursor);
  PullPage page = PageFrom(first, request.limit);
  counters_.items_pulled += page.items.size();
  return page;
}

PullPage SimulatedPlatform::Impl::PageFrom(ItemMap::const_iterator first, int64_t limit) const {
  auto last = first;
  for (int64_t i = 0; i < limit && last != items_.end(); ++i) ++last;
  PullPage page;
  page.items.fields.names = FieldNames(first, last);
  page.items.fields.columns.resize(page.items.fields.names.size());
  for (auto it = first; it != last; ++it) {
    const SimulatedItem& item = it->second;
    page.items.external_id.Add(item.external_id);
    page.items.parent_id.Add(item.parent_id);
    AddValues(item.values, &page.items);
    for (size_t i = 0; i < page.items.fields.names.size(); ++i) {
      page.items.fields.columns[i].Add(FieldValue(item.fields, page.items.fields.names[i]));
    }
  }
  if (last != items_.end()) page.next_cursor = std::prev(last)->first;
  return page;
}

// The declared ones and the content that can be set; where none are declared also those that the items have, in the
// order in which they come up.
std::vector<std::string> SimulatedPlatform::Impl::FieldNames(ItemMap::const_iterator first,
                                                             ItemMap::const_iterator last) const {
  std::vector<std::string> names = options_.capabilities.link_fields;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const std::string& name : options_.capabilities.can_set.content()) add(name);
  if (!options_.capabilities.link_fields.empty()) return names;
  for (auto it = first; it != last; ++it) {
    for (const Field& field : it->second.fields) add(field.name);
  }
  return names;
}

// -- Pushes.

absl::StatusOr<PushReply> SimulatedPlatform::Impl::Push(const PushRequest& request) {
  const absl::Time began = clock_.Now();
  LetLatencyPass();
  absl::MutexLock lock(&mutex_);
  ++counters_.pushes;
  if (absl::Status status = Admit(options_.capabilities.rate_limit.push_cost); !status.ok()) return status;
  if (absl::Status status = CheckWhole(request); !status.ok()) return status;
  counters_.items_pushed += static_cast<int64_t>(request.items.size());
  if (Happens(faults_.push_late)) {
    ++counters_.pushes_late;
    Delay(request, began);
    return Timeout();
  }
  PushReply reply;
  for (const PushItem& item : request.items) reply.outcomes.push_back(Try(item));
  if (Happens(faults_.push_lost_reply)) {
    ++counters_.replies_lost;
    return Timeout();
  }
  return reply;
}

// Whether there is something in a push for which the platform refuses all of it.
absl::Status SimulatedPlatform::Impl::CheckWhole(const PushRequest& request) const {
  const int64_t limit = options_.capabilities.push_limit;
  const auto size = static_cast<int64_t>(request.items.size());
  if (limit > 0 && size > limit) {
    return absl::InvalidArgumentError(
        absl::StrCat("a push of ", size, " items is over the limit of ", limit, "; send fewer at a time"));
  }
  if (options_.capabilities.partial_success) return absl::OkStatus();
  for (const PushItem& item : request.items) {
    const PushOutcome outcome = Judge(item);
    if (outcome.result == PushResult::kRejected || outcome.result == PushResult::kNotFound) {
      return absl::InvalidArgumentError(absl::StrCat("item ", model::Quote(item.external_id), ": ", outcome.message,
                                                     "; nothing of the push was done, send it without that item"));
    }
  }
  return absl::OkStatus();
}

void SimulatedPlatform::Impl::Delay(const PushRequest& request, absl::Time began) {
  const absl::Time due = began + Between(absl::ZeroDuration(), options_.capabilities.push_timeout);
  for (const PushItem& item : request.items) waiting_.emplace(due, Waiting{item, std::string()});
}

PushOutcome SimulatedPlatform::Impl::Try(const PushItem& item) {
  if (Happens(faults_.item_unavailable)) return OutcomeOf(PushResult::kUnavailable);
  if (Happens(faults_.item_not_tried)) return OutcomeOf(PushResult::kNotTried);
  if (Happens(faults_.item_throttled)) {
    PushOutcome outcome = OutcomeOf(PushResult::kThrottled);
    outcome.retry_after = faults_.retry_after;
    return outcome;
  }
  return TakeOnce(item, options_.capabilities.asynchronous_receipts);
}

PushOutcome SimulatedPlatform::Impl::TakeOnce(const PushItem& item, bool may_accept) {
  const bool keyed = options_.idempotency_keys && !item.idempotency_key.empty();
  if (keyed) {
    const auto found = keys_.find(item.idempotency_key);
    if (found != keys_.end()) {
      ++counters_.items_repeated;
      return found->second;
    }
  }
  PushOutcome outcome = may_accept ? Accept(item) : Land(item);
  const bool done = outcome.result == PushResult::kApplied || outcome.result == PushResult::kAccepted;
  if (keyed && done) keys_.emplace(item.idempotency_key, outcome);
  return outcome;
}

PushOutcome SimulatedPlatform::Impl::Accept(const PushItem& item) {
  PushOutcome outcome = Judge(item);
  if (outcome.result != PushResult::kApplied) return outcome;
  outcome.result = PushResult::kAccepted;
  outcome.receipt = absl::StrCat("receipt-", receipts_.size() + 1);
  receipts_.emplace(outcome.receipt, outcome);
  waiting_.emplace(clock_.Now() + Between(absl::ZeroDuration(), faults_.max_receipt_delay),
                   Waiting{item, outcome.receipt});
  return outcome;
}

PushOutcome SimulatedPlatform::Impl::Land(const PushItem& item) {
  PushOutcome outcome = Judge(item);
  if (outcome.result != PushResult::kApplied) return outcome;
  ++counters_.items_applied;
  SimulatedItem& target = items_.find(item.external_id)->second;
  SetMasked(item.mask, item.values, &target);
  if (item.mask.Has(SyncField::kStatus) && options_.capabilities.grouping == PushGrouping::kProduct &&
      !target.parent_id.empty()) {
    for (auto& [id, sibling] : items_) {
      if (sibling.parent_id == target.parent_id) sibling.values.status = item.values.status;
    }
  }
  return outcome;
}

void SimulatedPlatform::Impl::LandWhatIsDue() {
  const absl::Time now = clock_.Now();
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const Waiting landing = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    if (landing.receipt.empty()) {
      TakeOnce(landing.item, /*may_accept=*/false);
    } else {
      receipts_[landing.receipt] = Land(landing.item);
    }
  }
}

// -- What the platform thinks of an item.

PushOutcome SimulatedPlatform::Impl::Judge(const PushItem& item) const {
  const auto found = items_.find(item.external_id);
  if (found == items_.end()) {
    PushOutcome outcome = OutcomeOf(PushResult::kNotFound);
    outcome.message = "the platform has no such item";
    return outcome;
  }
  PushOutcome outcome = JudgeValues(item);
  if (outcome.result != PushResult::kApplied) return outcome;
  const bool expects = options_.capabilities.compare_and_set && item.expected_quantity != kAbsent;
  if (expects && found->second.values.quantity != item.expected_quantity) {
    outcome.result = PushResult::kConflict;
    outcome.message = absl::StrCat("the quantity is ", found->second.values.quantity);
  }
  return outcome;
}

PushOutcome SimulatedPlatform::Impl::JudgeValues(const PushItem& item) const {
  const SyncFields settable = IntersectionOf(item.mask, options_.capabilities.can_set);
  if (!(settable == item.mask)) return Unsupported(item.mask, settable);
  for (const SyncField field : {SyncField::kPrice, SyncField::kCompareAtPrice}) {
    if (!item.mask.Has(field) || item.values.Get(field) >= 0) continue;
    return Rejected(problem_code::kInvalidPrice, ToString(field), "the price is below zero");
  }
  const std::vector<ChannelStatus>& statuses = options_.capabilities.status_set;
  if (item.mask.Has(SyncField::kStatus) &&
      std::find(statuses.begin(), statuses.end(), item.values.status) == statuses.end()) {
    return Rejected(problem_code::kUnsupportedStatus, "status",
                    absl::StrCat("the platform has no status \"", ToString(item.values.status), "\""));
  }
  if (IsRefusedByChance(item)) return Rejected(problem_code::kRejected, "", "the platform does not like these values");
  return OutcomeOf(PushResult::kApplied);
}

// -- Receipts.

absl::StatusOr<PushOutcome> SimulatedPlatform::Impl::PollReceipt(absl::string_view receipt) {
  LetLatencyPass();
  absl::MutexLock lock(&mutex_);
  ++counters_.polls;
  if (absl::Status status = Admit(options_.capabilities.rate_limit.poll_cost); !status.ok()) return status;
  const auto found = receipts_.find(receipt);
  if (found != receipts_.end()) return found->second;
  return absl::NotFoundError(
      absl::StrCat("the simulated platform gave no receipt ", model::Quote(receipt), "; push the item again"));
}

// -- The public face.

AdapterCapabilities DefaultSimulatedCapabilities() {
  AdapterCapabilities capabilities;
  capabilities.can_set = {{SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus, SyncField::kCompareAtPrice},
                          {"title", "description"}};
  capabilities.status_set = {ChannelStatus::kListed, ChannelStatus::kHidden, ChannelStatus::kDead};
  capabilities.partial_success = true;
  capabilities.complete_pull = true;
  return capabilities;
}

SimulatedPlatform::SimulatedPlatform(Clock& clock, SimulatedOptions options)
    : impl_(std::make_unique<Impl>(clock, std::move(options))) {}
SimulatedPlatform::~SimulatedPlatform() = default;

const AdapterCapabilities& SimulatedPlatform::capabilities() const { return impl_->capabilities(); }
void SimulatedPlatform::SetItem(SimulatedItem item) { impl_->SetItem(std::move(item)); }
bool SimulatedPlatform::EditItem(absl::string_view external_id, const SyncFields& mask, const ItemValues& values) {
  return impl_->EditItem(external_id, mask, values);
}
bool SimulatedPlatform::RemoveItem(absl::string_view external_id) { return impl_->RemoveItem(external_id); }
absl::optional<SimulatedItem> SimulatedPlatform::FindItem(absl::string_view external_id) {
  return impl_->FindItem(external_id);
}
std::vector<SimulatedItem> SimulatedPlatform::Items() { return impl_->Items(); }
SimulatedCounters SimulatedPlatform::Counters() { return impl_->Counters(); }
void SimulatedPlatform::SetFaults(const SimulatedFaults& faults) { impl_->SetFaults(faults); }
absl::StatusOr<PullPage> SimulatedPlatform::Pull(const PullRequest& request) { return impl_->Pull(request); }
absl::StatusOr<PushReply> SimulatedPlatform::Push(const PushRequest& request) { return impl_->Push(request); }
absl::StatusOr<PushOutcome> SimulatedPlatform::PollReceipt(absl::string_view receipt) {
  return impl_->PollReceipt(receipt);
}

void RegisterSimulatedChannel(AdapterRegistry& registry, std::shared_ptr<SimulatedPlatform> platform,
                              std::string name) {
  registry.Register(
      std::move(name),
      [platform =
           std::move(platform)](const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
        if (context.config.settings.empty()) return std::make_unique<SimulatedChannel>(platform);
        return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kBadSetting,
                             {{"channel", context.config.name}, {"setting", context.config.settings.front().first}},
                             absl::StrCat("channel ", model::Quote(context.config.name),
                                          ": the simulated adapter has no settings; remove ",
                                          model::Quote(context.config.settings.front().first)));
      });
}

}  // namespace flxlink
