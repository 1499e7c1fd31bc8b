#include "flxlink/simulated_channel.h"

#include <xxhash.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "src/channels/simulated/simulated_account.h"
#include "src/channels/simulated/simulated_chance.h"
#include "src/channels/simulated/simulated_items.h"
#include "src/channels/simulated/simulated_people.h"
#include "src/channels/simulated/simulated_state.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

using simulated::OutcomeOf;
using simulated::Rejected;
using simulated::SimulatedAccount;
using simulated::SimulatedChance;
using simulated::SimulatedItems;
using simulated::SimulatedPeople;
using simulated::ToUnit;

// How long keys and receipts are saved after they were given: for longer than anybody asks.
constexpr absl::Duration kRemembered = absl::Hours(48);

// How long a call waits before it asks again whether it is cancelled.
constexpr absl::Duration kLook = absl::Milliseconds(50);

// What happens by chance after some calls has nothing to do with what happened before them.
uint64_t SeedFrom(const SimulatedOptions& options) {
  constexpr uint64_t kStep = 0x9E3779B97F4A7C15;  // Odd, so that every number of calls has a seed of its own.
  return options.seed + static_cast<uint64_t>(options.earlier_calls) * kStep;
}

PushReply NoneTried(const PushRequest& request) {
  PushReply reply;
  reply.outcomes.resize(request.items.size(), OutcomeOf(PushResult::kNotTried));
  return reply;
}

absl::Status TimeIsUp() {
  return absl::DeadlineExceededError("the simulated platform did not answer in time; try again");
}

// As PushKind::max_bytes counts them.
int64_t BytesOf(const PushKind& kind, const PushItem& item) {
  size_t bytes = item.external_id.size() + item.parent_id.size() + item.handle.size();
  for (const std::string& name : item.mask.content()) {
    const std::string* text = item.values.FindContent(name);
    if (text != nullptr) bytes += text->size();
  }
  return kind.item_bytes + static_cast<int64_t>(bytes);
}

// By what the platform knows an item again. Empty: by nothing.
std::string KeyOf(const PushKind& kind, const PushRequest& request, const PushItem& item) {
  if (kind.keys == IdempotencyKeys::kItem) return item.idempotency_key;
  if (kind.keys == IdempotencyKeys::kNone || request.idempotency_key.empty()) return "";
  return absl::StrCat(request.idempotency_key, "\n", item.external_id);
}

// What is refused whole before anybody looks at an item.
absl::Status CheckShape(const PushKind& kind, absl::Span<const PushItem> items) {
  const auto size = static_cast<int64_t>(items.size());
  if (kind.max_items > 0 && size > kind.max_items) {
    return absl::InvalidArgumentError(
        absl::StrCat("a push of ", size, " items is over the limit of ", kind.max_items, "; send fewer at a time"));
  }
  int64_t bytes = 0;
  for (const PushItem& item : items) {
    bytes += BytesOf(kind, item);
    if (kind.one_parent && item.parent_id != items.front().parent_id) {
      return absl::InvalidArgumentError("a push has items of several parents; send those of one at a time");
    }
  }
  if (kind.max_bytes > 0 && bytes > kind.max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a push of ", bytes, " bytes is over the limit of ", kind.max_bytes, "; send fewer items"));
  }
  return absl::OkStatus();
}

}  // namespace

class SimulatedPlatform::Impl {
 public:
  Impl(Clock& clock, SimulatedOptions options)
      : clock_(clock),
        options_(std::move(options)),
        faults_(options_.faults),
        chance_(SeedFrom(options_)),
        items_(options_.capabilities),
        people_(options_, items_, chance_),
        account_(options_.capabilities.account, clock.Now()) {}

  const SimulatedOptions& options() const { return options_; }

  std::string Save();
  absl::Status Restore(absl::string_view saved, std::vector<SimulatedItem> items);

  void SetItem(SimulatedItem item);
  bool EditItem(absl::string_view external_id, const SyncFields& mask, const ItemValues& values,
                const SimulatedPlace& place);
  bool RemoveItem(absl::string_view external_id);
  absl::optional<SimulatedItem> FindItem(absl::string_view external_id);
  std::vector<SimulatedItem> Items();
  SimulatedCounters Counters();
  std::vector<SimulatedDeed> Deeds();
  void ForgetMarks();
  void SetFaults(const SimulatedFaults& faults);

  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call, const SimulatedPlace& place);
  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call, const SimulatedPlace& place);
  void PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done,
                   const SimulatedPlace& place);
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext& call);

 private:
  using Rows = std::vector<const SimulatedItems::Row*>;

  // An item of a push that has not landed yet.
  struct Waiting {
    const PushKind* kind;
    PushItem item;
    SimulatedPlace place;
    std::string key;       // Empty: it has none that counts.
    std::string receipt;   // Empty: it is of a push that is late.
    bool is_lost = false;  // Nobody hears what becomes of it.
    int64_t number = 0;    // Of its receipt: the later it was accepted, the higher.
  };
  // What was answered to an item.
  struct Answer {
    PushOutcome outcome;
    absl::Time given;
  };
  using Answers = std::map<std::string, Answer, std::less<>>;
  using AnswerRecords = google::protobuf::RepeatedPtrField<internal::SimulatedAnswerRecord>;
  // A push on its way. It arrives in its time, whatever becomes of its sender meanwhile.
  struct Sent {
    const PushRequest* request = nullptr;
    size_t number = 0;  // Of the request.
    const SimulatedPlace* place = nullptr;
    absl::Time began;  // The call.
    absl::Duration latency;
    absl::Time due;
    bool has_slot = false;
    absl::optional<absl::StatusOr<PushReply>> reply{};  // Once it has arrived.
  };

  void SaveAnswers(const Answers& answers, AnswerRecords* records) const;
  static Answers RestoreAnswers(const AnswerRecords& records);
  void SaveWaiting(absl::Time due, const Waiting& waiting, internal::SimulatedWaitingRecord* record) const;
  void RestoreWaiting(const internal::SimulatedWaitingRecord& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Status BeUnderWay(int64_t SimulatedCounters::*counter, const CallCost& cost, const CallContext& call);
  absl::Status LetLatencyPass(absl::Duration latency, const CallContext& call);
  absl::Status Admit(const CallCost& cost, size_t items) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Busy() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Timeout() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Where a page of a pull begins.
  struct PullStart {
    std::string mark;                   // For the pull after this one.
    absl::optional<std::string> after;  // The last item that was seen; nullopt: none was.
    int64_t changed_after = 0;

    std::string ToCursor() const { return after.has_value() ? absl::StrCat(mark, ">", *after) : mark; }
  };

  std::string MarkNow() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<PullStart> StartOf(const PullRequest& request) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::optional<int64_t> NumberOf(absl::string_view mark) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The items as a read shows them that is so late. `old` keeps them where they are others than now.
  const SimulatedItems::Rows& RowsBefore(absl::Duration lag, SimulatedItems::Rows* old) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ChannelVariantBatch Show(const Rows& rows, const SimulatedPlace& place, std::vector<ItemProblem>* problems)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  bool IsLate(absl::Span<const PushRequest> requests, const CallContext& call) const;
  std::deque<Sent> Send(absl::Span<const PushRequest> requests, const SimulatedPlace& place, absl::Time began,
                        absl::Duration left);
  absl::StatusOr<PushReply> Await(Sent* sent);
  absl::StatusOr<PushReply> Arrive(const Sent& sent) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<PushReply> Take(const PushKind& kind, const PushRequest& request, const SimulatedPlace& place,
                                 absl::Time began) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckItems(const PushKind& kind, const PushRequest& request, const SimulatedPlace& place) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Delay(const PushKind& kind, const PushRequest& request, const SimulatedPlace& place, absl::Time began)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PushOutcome Try(const Waiting& item, absl::Time began) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PushOutcome TakeOnce(const Waiting& item, bool is_accepted, absl::Time began) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PushOutcome TakeAnew(const Waiting& item, bool is_accepted, absl::Time began) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PushOutcome Accept(const Waiting& item, absl::Time began) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PushOutcome Land(const Waiting& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Supersede(const Waiting& landed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LetTheWorldGoOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LandWhatIsDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { LetArrive(clock_.Now()); }
  void LetArrive(absl::Time by) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LetLand(absl::Time by) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // What the platform says to an item, without doing anything yet: kApplied where it would do it.
  PushOutcome Judge(const PushKind& kind, const PushItem& item, const SimulatedPlace& place) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsRefusedByChance(const PushItem& item) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock& clock_;
  const SimulatedOptions options_;

  absl::Mutex mutex_;
  SimulatedFaults faults_ ABSL_GUARDED_BY(mutex_);
  SimulatedChance chance_ ABSL_GUARDED_BY(mutex_);
  SimulatedItems items_ ABSL_GUARDED_BY(mutex_);
  SimulatedPeople people_ ABSL_GUARDED_BY(mutex_);
  SimulatedAccount account_ ABSL_GUARDED_BY(mutex_);
  std::multimap<absl::Time, Sent*> on_their_way_ ABSL_GUARDED_BY(mutex_);  // By when they arrive.
  std::multimap<absl::Time, Waiting> waiting_ ABSL_GUARDED_BY(mutex_);     // By when they land.
  Answers receipts_ ABSL_GUARDED_BY(mutex_);                               // kAccepted: not decided yet.
  int64_t receipts_given_ ABSL_GUARDED_BY(mutex_) = 0;
  Answers keys_ ABSL_GUARDED_BY(mutex_);  // By idempotency key.
  SimulatedCounters counters_ ABSL_GUARDED_BY(mutex_);
  int64_t marks_forgotten_ ABSL_GUARDED_BY(mutex_) = 0;  // Times that all were.
};

// -- Chance.

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

// -- From one process to the next.

std::string SimulatedPlatform::Impl::Save() {
  absl::MutexLock lock(&mutex_);
  internal::SimulatedStateRecord state;
  items_.Save(state.mutable_items());
  people_.Save(state.mutable_people());
  account_.Save(state.mutable_account());
  for (const auto& [due, waiting] : waiting_) SaveWaiting(due, waiting, state.add_waiting());
  SaveAnswers(receipts_, state.mutable_receipts());
  SaveAnswers(keys_, state.mutable_keys());
  state.set_receipts_given(receipts_given_);
  state.set_marks_forgotten(marks_forgotten_);
  return simulated::PackState(state);
}

absl::Status SimulatedPlatform::Impl::Restore(absl::string_view saved, std::vector<SimulatedItem> items) {
  absl::MutexLock lock(&mutex_);
  if (saved.empty()) {
    items_.SetAll(std::move(items), absl::InfinitePast());
    return absl::OkStatus();
  }
  const absl::StatusOr<internal::SimulatedStateRecord> state = simulated::UnpackState(saved);
  if (!state.ok()) return state.status();
  items_.Restore(state->items());
  people_.Restore(state->people());
  account_.Restore(state->account());
  for (const internal::SimulatedWaitingRecord& record : state->waiting()) RestoreWaiting(record);
  receipts_ = RestoreAnswers(state->receipts());
  keys_ = RestoreAnswers(state->keys());
  receipts_given_ = state->receipts_given();
  marks_forgotten_ = state->marks_forgotten();
  // Before anything lands that was on its way meanwhile, so that a field that is edited does not take back the others.
  items_.SetAll(std::move(items), clock_.Now());
  return absl::OkStatus();
}

void SimulatedPlatform::Impl::SaveAnswers(const Answers& answers, AnswerRecords* records) const {
  const absl::Time oldest = clock_.Now() - kRemembered;
  for (const auto& [name, answer] : answers) {
    if (answer.given < oldest) continue;
    internal::SimulatedAnswerRecord* record = records->Add();
    record->set_name(name);
    record->set_given(simulated::Encode(answer.given));
    simulated::Encode(answer.outcome, record);
  }
}

SimulatedPlatform::Impl::Answers SimulatedPlatform::Impl::RestoreAnswers(const AnswerRecords& records) {
  Answers answers;
  for (const internal::SimulatedAnswerRecord& record : records) {
    answers[record.name()] = {simulated::Decode(record), simulated::DecodeTime(record.given())};
  }
  return answers;
}

void SimulatedPlatform::Impl::SaveWaiting(absl::Time due, const Waiting& waiting,
                                          internal::SimulatedWaitingRecord* record) const {
  record->set_due(simulated::Encode(due));
  record->set_kind(waiting.kind->name);
  simulated::Encode(waiting.item, record->mutable_item());
  simulated::Encode(waiting.place, record->mutable_place());
  record->set_key(waiting.key);
  record->set_receipt(waiting.receipt);
  record->set_is_lost(waiting.is_lost);
  record->set_number(waiting.number);
}

// Of a kind that there is not any more nothing lands.
void SimulatedPlatform::Impl::RestoreWaiting(const internal::SimulatedWaitingRecord& record) {
  const PushKind* kind = FindPushKind(options_.capabilities, record.kind());
  if (kind == nullptr) return;
  waiting_.emplace(simulated::DecodeTime(record.due()),
                   Waiting{kind, simulated::Decode(record.item()), simulated::Decode(record.place()), record.key(),
                           record.receipt(), record.is_lost(), record.number()});
}

// -- By hand.

void SimulatedPlatform::Impl::SetItem(SimulatedItem item) {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  items_.Set(std::move(item), clock_.Now());
}

bool SimulatedPlatform::Impl::EditItem(absl::string_view external_id, const SyncFields& mask, const ItemValues& values,
                                       const SimulatedPlace& place) {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  return items_.Edit(external_id, mask, values, place, clock_.Now());
}

bool SimulatedPlatform::Impl::RemoveItem(absl::string_view external_id) {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  return items_.Remove(external_id, clock_.Now());
}

absl::optional<SimulatedItem> SimulatedPlatform::Impl::FindItem(absl::string_view external_id) {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  const auto found = items_.rows().find(external_id);
  if (found == items_.rows().end()) return absl::nullopt;
  return found->second.item;
}

std::vector<SimulatedItem> SimulatedPlatform::Impl::Items() {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  std::vector<SimulatedItem> items;
  for (const auto& [id, row] : items_.rows()) items.push_back(row.item);
  return items;
}

SimulatedCounters SimulatedPlatform::Impl::Counters() {
  absl::MutexLock lock(&mutex_);
  LandWhatIsDue();
  SimulatedCounters counters = counters_;
  counters.deeds = static_cast<int64_t>(people_.deeds().size());
  return counters;
}

std::vector<SimulatedDeed> SimulatedPlatform::Impl::Deeds() {
  absl::MutexLock lock(&mutex_);
  return people_.deeds();
}

void SimulatedPlatform::Impl::ForgetMarks() {
  absl::MutexLock lock(&mutex_);
  ++marks_forgotten_;
}

void SimulatedPlatform::Impl::SetFaults(const SimulatedFaults& faults) {
  absl::MutexLock lock(&mutex_);
  faults_ = faults;
}

// -- What befalls every call.

// Counts a read, and lets its latency pass outside of the lock, so that calls of several threads are under way at the
// same time.
absl::Status SimulatedPlatform::Impl::BeUnderWay(int64_t SimulatedCounters::*counter, const CallCost& cost,
                                                 const CallContext& call) {
  absl::Duration latency;
  {
    absl::MutexLock lock(&mutex_);
    ++(counters_.*counter);
    if (!account_.TakeSlot(cost)) return Busy();
    latency = chance_.Between(faults_.min_latency, faults_.max_latency);
  }
  const absl::Status status = LetLatencyPass(latency, call);
  absl::MutexLock lock(&mutex_);
  account_.FreeSlot(cost);
  return status;
}

absl::Status SimulatedPlatform::Impl::LetLatencyPass(absl::Duration latency, const CallContext& call) {
  if (call.cancelled()) return absl::CancelledError("the call was cancelled; ask again");
  const absl::Duration end = std::min(latency, std::max(call.time_left(), absl::ZeroDuration()));
  for (absl::Duration passed; passed < end; passed += kLook) {
    clock_.Sleep(std::min(kLook, end - passed));
    if (call.cancelled()) return absl::CancelledError("the call was cancelled; ask again");
  }
  return end < latency ? TimeIsUp() : absl::OkStatus();
}

absl::Status SimulatedPlatform::Impl::Admit(const CallCost& cost, size_t items) {
  if (chance_.Happens(faults_.unavailable)) {
    ++counters_.calls_unavailable;
    return absl::UnavailableError("the simulated platform cannot be reached; try again");
  }
  if (chance_.Happens(faults_.throttled)) return Busy();
  const absl::Status status = account_.TakeTokens(cost, static_cast<int64_t>(items), clock_.Now());
  if (!status.ok()) ++counters_.calls_throttled;
  return status;
}

absl::Status SimulatedPlatform::Impl::Busy() {
  ++counters_.calls_throttled;
  return WithRetryAfter(absl::ResourceExhaustedError("the simulated platform is busy; try again later"),
                        faults_.retry_after);
}

absl::Status SimulatedPlatform::Impl::Timeout() {
  if (chance_.Below(2) == 0) return absl::UnavailableError("the connection to the simulated platform broke; try again");
  return TimeIsUp();
}

// -- Reads.

absl::StatusOr<PullPage> SimulatedPlatform::Impl::Pull(const PullRequest& request, const CallContext& call,
                                                       const SimulatedPlace& place) {
  if (request.limit <= 0) return absl::InvalidArgumentError("a page's limit must be at least 1");
  const CallCost& cost = options_.capabilities.pull_cost;
  if (absl::Status status = BeUnderWay(&SimulatedCounters::pulls, cost, call); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  LetTheWorldGoOn();
  absl::StatusOr<PullStart> start = StartOf(request);
  if (!start.ok()) return start.status();
  SimulatedItems::Rows old;
  const SimulatedItems::Rows& all = RowsBefore(options_.capabilities.pull_lag, &old);
  const int64_t last_change = items_.LastChangeBy(clock_.Now() - options_.capabilities.pull_lag);
  Rows rows;
  for (auto at = start->after.has_value() ? all.upper_bound(*start->after) : all.begin(); at != all.end(); ++at) {
    if (at->second.changed > start->changed_after) rows.push_back(&at->second);
    if (static_cast<int64_t>(rows.size()) > request.limit) break;
  }
  const bool is_last = static_cast<int64_t>(rows.size()) <= request.limit;
  if (!is_last) rows.pop_back();
  if (absl::Status status = Admit(cost, rows.size()); !status.ok()) return status;
  PullPage page;
  if (chance_.Happens(faults_.not_ready)) {
    ++counters_.pages_not_ready;
    page.next_cursor = start->ToCursor();
    page.ask_again_after = faults_.retry_after;
    return page;
  }
  page.items = Show(rows, place, &page.problems);
  counters_.items_pulled += page.items.size();
  if (!is_last) {
    start->after = rows.back()->item.external_id;
    page.next_cursor = start->ToCursor();
  } else if (options_.capabilities.since.has_value()) {
    page.mark = start->mark;
    if (!request.mark.empty()) page.deleted = items_.Removed(start->changed_after, last_change);
  }
  return page;
}

// What a pull that begins now shows is all that happened by then; the overlap is what it does not rely on.
std::string SimulatedPlatform::Impl::MarkNow() const {
  const AdapterCapabilities& capabilities = options_.capabilities;
  const absl::Duration overlap = capabilities.since.value_or(SinceReads()).overlap;
  return absl::StrCat(marks_forgotten_, "-", items_.LastChangeBy(clock_.Now() - capabilities.pull_lag - overlap));
}

// nullopt: it was not given, or is forgotten.
absl::optional<int64_t> SimulatedPlatform::Impl::NumberOf(absl::string_view mark) const {
  const std::vector<absl::string_view> parts = absl::StrSplit(mark, absl::MaxSplits('-', 1));
  int64_t forgotten = 0;
  int64_t number = 0;
  const bool is_mark = options_.capabilities.since.has_value() && parts.size() == 2 &&
                       absl::SimpleAtoi(parts[0], &forgotten) && absl::SimpleAtoi(parts[1], &number);
  if (!is_mark || forgotten != marks_forgotten_) return absl::nullopt;
  return number;
}

// A cursor is the mark of its pull, '>' and the last item that was seen, so that a pull goes on rightly whatever comes
// and goes meanwhile.
absl::StatusOr<SimulatedPlatform::Impl::PullStart> SimulatedPlatform::Impl::StartOf(const PullRequest& request) const {
  PullStart start;
  const size_t end = std::min(request.cursor.find('>'), request.cursor.size());
  start.mark = request.cursor.empty() ? MarkNow() : request.cursor.substr(0, end);
  if (end < request.cursor.size()) start.after = request.cursor.substr(end + 1);
  start.changed_after = -1;
  if (request.mark.empty()) return start;
  const absl::optional<int64_t> number = NumberOf(request.mark);
  if (!number.has_value()) return absl::AbortedError("the simulated platform does not know that mark; pull everything");
  start.changed_after = *number;
  return start;
}

const SimulatedItems::Rows& SimulatedPlatform::Impl::RowsBefore(absl::Duration lag, SimulatedItems::Rows* old) const {
  if (lag == absl::ZeroDuration()) return items_.rows();
  *old = items_.RowsAt(clock_.Now() - lag);
  return *old;
}

ChannelVariantBatch SimulatedPlatform::Impl::Show(const Rows& rows, const SimulatedPlace& place,
                                                  std::vector<ItemProblem>* problems) {
  Rows readable;
  for (const SimulatedItems::Row* row : rows) {
    if (!chance_.Happens(faults_.page_problem)) {
      readable.push_back(row);
      continue;
    }
    const std::string& id = row->item.external_id;
    problems->push_back({id, MakeProblem(problem_code::kUnreadableItem, {{"external_id", id}},
                                         absl::StrCat("the item ", model::Quote(id), " could not be read"))});
  }
  return items_.Batch(readable, place);
}

absl::StatusOr<FetchReply> SimulatedPlatform::Impl::Fetch(const FetchRequest& request, const CallContext& call,
                                                          const SimulatedPlace& place) {
  const auto size = static_cast<int64_t>(request.external_ids.size());
  if (size > options_.capabilities.fetch_limit) {
    return absl::InvalidArgumentError(absl::StrCat("a fetch of ", size, " items is over the limit of ",
                                                   options_.capabilities.fetch_limit, "; ask for fewer at a time"));
  }
  const CallCost& cost = options_.capabilities.fetch_cost;
  if (absl::Status status = BeUnderWay(&SimulatedCounters::fetches, cost, call); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  LetTheWorldGoOn();
  if (absl::Status status = Admit(cost, request.external_ids.size()); !status.ok()) return status;
  FetchReply reply;
  SimulatedItems::Rows old;
  const SimulatedItems::Rows& all = RowsBefore(options_.capabilities.fetch_lag, &old);
  Rows rows;
  for (const std::string& id : request.external_ids) {
    const auto found = all.find(id);
    if (found == all.end()) {
      reply.missing.push_back(id);
    } else {
      rows.push_back(&found->second);
    }
  }
  reply.items = Show(rows, place, &reply.problems);
  counters_.items_fetched += reply.items.size();
  return reply;
}

// -- Pushes.

void SimulatedPlatform::Impl::PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call,
                                          PushDone done, const SimulatedPlace& place) {
  const absl::Time began = clock_.Now();
  // In this order: it may take long to ask whether the call is cancelled.
  if (call.cancelled() || IsLate(requests, call)) {
    for (size_t i = 0; i < requests.size(); ++i) done(i, NoneTried(requests[i]));
    return;
  }
  const absl::Duration left = std::max(call.time_left(), absl::ZeroDuration());
  absl::Duration passed;
  for (Sent& sent : Send(requests, place, began, left)) {
    const absl::Duration end = std::min(sent.latency, left);
    // Whoever was told of an answer meanwhile took his time while the others were on their way.
    const absl::Duration wait = std::min(end - passed, sent.due - clock_.Now());
    if (wait > absl::ZeroDuration()) clock_.Sleep(wait);
    passed = std::max(passed, end);
    absl::StatusOr<PushReply> reply = Await(&sent);
    if (end < sent.latency && reply.ok()) reply = TimeIsUp();
    done(sent.number, std::move(reply));
  }
}

// Whether they would go out when their call is over. A kind without a timeout never does.
bool SimulatedPlatform::Impl::IsLate(absl::Span<const PushRequest> requests, const CallContext& call) const {
  if (requests.empty() || call.time_left() > absl::ZeroDuration()) return false;
  const PushKind* kind = FindPushKind(options_.capabilities, requests.front().kind);
  return kind != nullptr && kind->timeout > absl::ZeroDuration();
}

// In the order in which they arrive.
std::deque<SimulatedPlatform::Impl::Sent> SimulatedPlatform::Impl::Send(absl::Span<const PushRequest> requests,
                                                                        const SimulatedPlace& place, absl::Time began,
                                                                        absl::Duration left) {
  absl::MutexLock lock(&mutex_);
  std::deque<Sent> all;
  for (size_t i = 0; i < requests.size(); ++i) {
    const PushKind* kind = FindPushKind(options_.capabilities, requests[i].kind);
    Sent& sent = all.emplace_back();
    sent.request = &requests[i];
    sent.number = i;
    sent.place = &place;
    sent.began = began;
    sent.latency = chance_.Between(faults_.min_latency, faults_.max_latency);
    sent.due = clock_.Now() + std::min(sent.latency, left);
    sent.has_slot = kind == nullptr || account_.TakeSlot(kind->cost);
  }
  const auto is_before = [](const Sent& a, const Sent& b) { return a.latency < b.latency; };
  std::stable_sort(all.begin(), all.end(), is_before);
  for (Sent& sent : all) on_their_way_.emplace(sent.due, &sent);
  return all;
}

// Others may have asked since it was due, and been shown what it set.
absl::StatusOr<PushReply> SimulatedPlatform::Impl::Await(Sent* sent) {
  absl::MutexLock lock(&mutex_);
  LetArrive(std::max(sent->due, clock_.Now()));
  return *std::move(sent->reply);
}

absl::StatusOr<PushReply> SimulatedPlatform::Impl::Arrive(const Sent& sent) {
  const PushRequest& request = *sent.request;
  ++counters_.pushes;
  const PushKind* kind = FindPushKind(options_.capabilities, request.kind);
  if (kind == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("there is no push kind ", model::Quote(request.kind)));
  }
  if (!sent.has_slot) return Busy();
  account_.FreeSlot(kind->cost);
  people_.Act(faults_, clock_.Now());
  if (absl::Status status = Admit(kind->cost, request.items.size()); !status.ok()) return status;
  if (absl::Status status = CheckShape(*kind, request.items); !status.ok()) return status;
  if (absl::Status status = CheckItems(*kind, request, *sent.place); !status.ok()) return status;
  counters_.items_pushed += static_cast<int64_t>(request.items.size());
  return Take(*kind, request, *sent.place, sent.began);
}

absl::StatusOr<PushReply> SimulatedPlatform::Impl::Take(const PushKind& kind, const PushRequest& request,
                                                        const SimulatedPlace& place, absl::Time began) {
  if (chance_.Happens(faults_.push_late)) {
    ++counters_.pushes_late;
    Delay(kind, request, place, began);
    return Timeout();
  }
  PushReply reply;
  for (const PushItem& item : request.items) {
    reply.outcomes.push_back(Try({&kind, item, place, KeyOf(kind, request, item), std::string()}, began));
  }
  if (chance_.Happens(faults_.push_lost_reply)) {
    ++counters_.replies_lost;
    return Timeout();
  }
  return reply;
}

// Whether there is an item in a push for which the platform refuses all of it.
absl::Status SimulatedPlatform::Impl::CheckItems(const PushKind& kind, const PushRequest& request,
                                                 const SimulatedPlace& place) const {
  if (kind.takes_good_items) return absl::OkStatus();
  for (const PushItem& item : request.items) {
    const PushOutcome outcome = Judge(kind, item, place);
    if (outcome.result == PushResult::kRejected || outcome.result == PushResult::kNotFound) {
      return absl::InvalidArgumentError(absl::StrCat("item ", model::Quote(item.external_id), ": ", outcome.message,
                                                     "; nothing of the push was done, send it without that item"));
    }
  }
  return absl::OkStatus();
}

void SimulatedPlatform::Impl::Delay(const PushKind& kind, const PushRequest& request, const SimulatedPlace& place,
                                    absl::Time began) {
  const absl::Time due = began + chance_.Between(absl::ZeroDuration(), kind.timeout);
  for (const PushItem& item : request.items) {
    waiting_.emplace(due, Waiting{&kind, item, place, KeyOf(kind, request, item), std::string()});
  }
}

PushOutcome SimulatedPlatform::Impl::Try(const Waiting& item, absl::Time began) {
  if (chance_.Happens(faults_.item_unavailable)) return OutcomeOf(PushResult::kUnavailable);
  if (chance_.Happens(faults_.item_not_tried)) return OutcomeOf(PushResult::kNotTried);
  if (chance_.Happens(faults_.item_throttled)) {
    PushOutcome outcome = OutcomeOf(PushResult::kThrottled);
    outcome.retry_after = faults_.retry_after;
    return outcome;
  }
  const bool is_accepted = item.kind->receipt_timeout > absl::ZeroDuration() && chance_.Happens(faults_.accepted);
  return TakeOnce(item, is_accepted, began);
}

PushOutcome SimulatedPlatform::Impl::TakeAnew(const Waiting& item, bool is_accepted, absl::Time began) {
  return is_accepted ? Accept(item, began) : Land(item);
}

PushOutcome SimulatedPlatform::Impl::TakeOnce(const Waiting& item, bool is_accepted, absl::Time began) {
  if (item.key.empty()) return TakeAnew(item, is_accepted, began);
  const auto found = keys_.find(item.key);
  if (found != keys_.end()) {
    ++counters_.items_repeated;
    return found->second.outcome;
  }
  PushOutcome outcome = TakeAnew(item, is_accepted, began);
  const bool is_done = outcome.result == PushResult::kApplied || outcome.result == PushResult::kAccepted;
  if (is_done) keys_.emplace(item.key, Answer{outcome, clock_.Now()});
  return outcome;
}

PushOutcome SimulatedPlatform::Impl::Accept(const Waiting& item, absl::Time began) {
  PushOutcome outcome = Judge(*item.kind, item.item, item.place);
  if (outcome.result != PushResult::kApplied) return outcome;
  outcome.result = PushResult::kAccepted;
  outcome.receipt = absl::StrCat("receipt-", ++receipts_given_);
  receipts_.emplace(outcome.receipt, Answer{outcome, clock_.Now()});
  Waiting waiting = item;
  waiting.number = receipts_given_;
  waiting.receipt = outcome.receipt;
  waiting.is_lost = chance_.Happens(faults_.receipt_lost);
  if (waiting.is_lost && chance_.Below(2) == 0) return outcome;
  const absl::Time due = clock_.Now() + chance_.Between(absl::ZeroDuration(), faults_.max_receipt_delay);
  waiting_.emplace(std::min(due, began + item.kind->receipt_timeout), std::move(waiting));
  return outcome;
}

PushOutcome SimulatedPlatform::Impl::Land(const Waiting& item) {
  PushOutcome outcome = Judge(*item.kind, item.item, item.place);
  if (outcome.result != PushResult::kApplied) return outcome;
  ++counters_.items_applied;
  if (item.kind->later_wins) Supersede(item);
  return items_.Land(*item.kind, item.item, item.place, clock_.Now());
}

// Takes what `landed` sets out of what was submitted before it and waits.
void SimulatedPlatform::Impl::Supersede(const Waiting& landed) {
  for (auto& [due, waiting] : waiting_) {
    const bool is_earlier = landed.number == 0 || waiting.number < landed.number;
    if (!is_earlier || waiting.receipt.empty() || !waiting.kind->later_wins) continue;
    if (waiting.item.external_id != landed.item.external_id || !(waiting.place == landed.place)) continue;
    waiting.item.mask = DifferenceOf(waiting.item.mask, landed.item.mask);
  }
}

// What happened on the platform since the call before.
void SimulatedPlatform::Impl::LetTheWorldGoOn() {
  LandWhatIsDue();
  people_.Act(faults_, clock_.Now());
}

// In the order of their times: what has arrived by then, and what has landed before and since.
void SimulatedPlatform::Impl::LetArrive(absl::Time by) {
  while (!on_their_way_.empty() && on_their_way_.begin()->first <= by) {
    Sent& sent = *on_their_way_.begin()->second;
    on_their_way_.erase(on_their_way_.begin());
    LetLand(sent.due);
    sent.reply = Arrive(sent);
  }
  LetLand(by);
}

void SimulatedPlatform::Impl::LetLand(absl::Time by) {
  while (!waiting_.empty() && waiting_.begin()->first <= by) {
    const Waiting landing = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    if (landing.receipt.empty()) {
      TakeOnce(landing, /*is_accepted=*/false, by);
    } else {
      PushOutcome outcome = Land(landing);
      if (!landing.is_lost) receipts_[landing.receipt].outcome = std::move(outcome);
    }
  }
}

PushOutcome SimulatedPlatform::Impl::Judge(const PushKind& kind, const PushItem& item,
                                           const SimulatedPlace& place) const {
  PushOutcome outcome = items_.Judge(kind, item, place);
  if (outcome.result != PushResult::kApplied || !IsRefusedByChance(item)) return outcome;
  return Rejected(problem_code::kRejected, "", "the platform does not like these values");
}

// -- Receipts.

absl::StatusOr<std::vector<PushOutcome>> SimulatedPlatform::Impl::PollReceipts(absl::Span<const std::string> receipts,
                                                                               const CallContext& call) {
  const CallCost& cost = options_.capabilities.poll_cost;
  if (absl::Status status = BeUnderWay(&SimulatedCounters::polls, cost, call); !status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  LetTheWorldGoOn();
  if (absl::Status status = Admit(cost, receipts.size()); !status.ok()) return status;
  std::vector<PushOutcome> outcomes;
  for (const std::string& receipt : receipts) {
    const auto found = receipts_.find(receipt);
    if (found == receipts_.end()) {
      return absl::NotFoundError(
          absl::StrCat("the simulated platform gave no receipt ", model::Quote(receipt), "; push the item again"));
    }
    outcomes.push_back(found->second.outcome);
  }
  return outcomes;
}

// -- The public face.

AdapterCapabilities DefaultSimulatedCapabilities() {
  PushKind items;
  items.name = "items";
  items.fields = {{SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus, SyncField::kCompareAtPrice},
                  {"title", "description"}};
  items.takes_good_items = true;

  AdapterCapabilities capabilities;
  capabilities.status_set = {ChannelStatus::kListed, ChannelStatus::kHidden, ChannelStatus::kDead};
  capabilities.own_ids = true;
  capabilities.complete_pull = true;
  capabilities.fetch_limit = 100;
  capabilities.push_kinds = {items};
  return capabilities;
}

AdapterCapabilities SplitSimulatedCapabilities() {
  AdapterCapabilities capabilities = DefaultSimulatedCapabilities();
  capabilities.kept_by_parent = {SyncField::kStatus};
  capabilities.account.buckets = {{"catalog", 1000, 50}, {"inventory", 500, 25}};
  CallCost catalog;
  catalog.bucket = "catalog";
  catalog.base = 2;
  capabilities.pull_cost = capabilities.fetch_cost = catalog;

  PushKind prices;
  prices.name = "prices";
  prices.fields = {SyncField::kPrice, SyncField::kCompareAtPrice};
  prices.max_items = 100;
  prices.one_parent = true;
  prices.cost = catalog;
  prices.takes_good_items = true;

  PushKind quantities;
  quantities.name = "quantities";
  quantities.fields = {SyncField::kQuantity};
  quantities.max_items = 250;
  quantities.cost.bucket = "inventory";
  quantities.takes_good_items = true;
  quantities.compares = {SyncField::kQuantity};
  quantities.keys = IdempotencyKeys::kItem;

  PushKind statuses;
  statuses.name = "statuses";
  statuses.fields = {SyncField::kStatus};
  statuses.max_items = 100;
  statuses.cost = catalog;
  statuses.takes_good_items = true;

  capabilities.push_kinds = {prices, quantities, statuses};
  return capabilities;
}

SimulatedPlatform::SimulatedPlatform(Clock& clock, SimulatedOptions options)
    : impl_(std::make_unique<Impl>(clock, std::move(options))) {}
SimulatedPlatform::~SimulatedPlatform() = default;

const SimulatedOptions& SimulatedPlatform::options() const { return impl_->options(); }
std::string SimulatedPlatform::Save() { return impl_->Save(); }
absl::Status SimulatedPlatform::Restore(absl::string_view saved, std::vector<SimulatedItem> items) {
  return impl_->Restore(saved, std::move(items));
}
void SimulatedPlatform::SetItem(SimulatedItem item) { impl_->SetItem(std::move(item)); }
bool SimulatedPlatform::EditItem(absl::string_view external_id, const SyncFields& mask, const ItemValues& values,
                                 const SimulatedPlace& place) {
  return impl_->EditItem(external_id, mask, values, place);
}
bool SimulatedPlatform::RemoveItem(absl::string_view external_id) { return impl_->RemoveItem(external_id); }
absl::optional<SimulatedItem> SimulatedPlatform::FindItem(absl::string_view external_id) {
  return impl_->FindItem(external_id);
}
std::vector<SimulatedItem> SimulatedPlatform::Items() { return impl_->Items(); }
SimulatedCounters SimulatedPlatform::Counters() { return impl_->Counters(); }
std::vector<SimulatedDeed> SimulatedPlatform::Deeds() { return impl_->Deeds(); }
void SimulatedPlatform::ForgetMarks() { impl_->ForgetMarks(); }
void SimulatedPlatform::SetFaults(const SimulatedFaults& faults) { impl_->SetFaults(faults); }
absl::StatusOr<PullPage> SimulatedPlatform::Pull(const PullRequest& request, const CallContext& call,
                                                 const SimulatedPlace& place) {
  return impl_->Pull(request, call, place);
}
absl::StatusOr<FetchReply> SimulatedPlatform::Fetch(const FetchRequest& request, const CallContext& call,
                                                    const SimulatedPlace& place) {
  return impl_->Fetch(request, call, place);
}
absl::StatusOr<PushReply> SimulatedPlatform::Push(const PushRequest& request, const CallContext& call,
                                                  const SimulatedPlace& place) {
  absl::StatusOr<PushReply> reply;
  impl_->PushSeveral(
      {request}, call, [&](size_t, absl::StatusOr<PushReply> answer) { reply = std::move(answer); }, place);
  return reply;
}
void SimulatedPlatform::PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done,
                                    const SimulatedPlace& place) {
  impl_->PushSeveral(requests, call, done, place);
}
absl::StatusOr<std::vector<PushOutcome>> SimulatedPlatform::PollReceipts(absl::Span<const std::string> receipts,
                                                                         const CallContext& call) {
  return impl_->PollReceipts(receipts, call);
}

}  // namespace flxlink
