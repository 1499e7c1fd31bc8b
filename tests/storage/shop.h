// What the storage tests work with: rows as a test writes them, and a shop: one channel with short words for what is
// done to it.
//
// Whatever the shop is asked to do must succeed; it fails the test where it does not. Tests of errors call the storage
// itself.

#ifndef FLXLINK_TESTS_STORAGE_SHOP_H_
#define FLXLINK_TESTS_STORAGE_SHOP_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/conformance/storage.h"
#include "flxlink/storage.h"
#include "gtest/gtest.h"

namespace flxlink {

// A time of the tests: so many seconds after their beginning.
inline absl::Time At(int64_t second) { return absl::FromUnixSeconds(1767225600 + second); }

inline absl::StatusCode Code(const absl::Status& status) { return status.code(); }
template <typename T>
absl::StatusCode Code(const absl::StatusOr<T>& result) {
  return result.status().code();
}

constexpr absl::StatusCode kOk = absl::StatusCode::kOk;
constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kNotFound = absl::StatusCode::kNotFound;
constexpr absl::StatusCode kAlreadyExists = absl::StatusCode::kAlreadyExists;
constexpr absl::StatusCode kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr absl::StatusCode kAborted = absl::StatusCode::kAborted;

// The value of a result that must be there.
template <typename T>
T Value(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  ADD_FAILURE() << result.status();
  return T();
}

// Where a test stops to ask for pages of which one should have been empty long ago.
constexpr int kManyPages = 100;

// What BeginPush returns where nothing was overtaken.
constexpr absl::Span<const int64_t> kNothingLeftOut;

// A product variant.
struct ProductRow {
  std::string key;
  std::string sku;
  int64_t price = kAbsent;
  int64_t quantity = kAbsent;
  std::string parent = "";
  std::vector<Field> fields = {};
  int64_t sync_priority = 0;
};

// An item as a pull sees it.
struct PulledItem {
  std::string external_id;
  int64_t price = kAbsent;
  int64_t quantity = kAbsent;
  ChannelStatus status = ChannelStatus::kListed;
  std::string parent = "";
  std::vector<Field> fields = {};
};

ProductBatch ToBatch(const std::vector<ProductRow>& rows, Currency currency = {});
PullPage ToPage(const std::vector<PulledItem>& rows, std::string next_cursor = "");
ChannelConfig NamedConfig(const std::string& name);
Currency CurrencyOf(absl::string_view code);

// A pending job with an id of its own.
Job NewJob(Storage& storage, int64_t channel_id, JobKind kind = JobKind::kSync);

// Adds a pending job and makes it the head of its queue.
QueueChange Enqueue(const QueueSnapshot& queue, const Job& job);
// Gives the slot to a job of the snapshot that is pending, or was running under an owner that died.
QueueChange Claim(const QueueSnapshot& queue, int64_t job_id, OwnerId owner);
// Of the job that holds the slot.
Fence FenceOf(const Slot& slot);
// A report of nothing else.
JobReport Progress(absl::optional<int64_t> total, int64_t done, int64_t failed);
// Ends the job that holds the slot.
QueueChange Finish(const QueueSnapshot& queue, JobState state);

class Shop {
 public:
  // A new channel, on which a job runs.
  explicit Shop(StorageUnderTest& under_test, const std::string& name = "shop");

  Storage& storage() { return under_test_.storage(); }
  // Where the store keeps one.
  LinkIndex& index() { return *storage().link_index(); }
  int64_t channel_id() const { return channel_id_; }
  OwnerId owner() const { return owner_; }
  Channel channel() { return Value(storage().ReadChannel(channel_id_)); }
  // Of the job that runs.
  const Fence& fence() const { return fence_; }

  // Runs a new job, under a new owner, in place of the one that runs.
  void ChangeJob();
  // Ends the job that runs; the slot is free.
  void EndJob();

  // Writes product variants and builds all of them that are written here.
  void Stock(const std::vector<ProductRow>& rows, absl::Time at = At(0));
  ProductWriteResult WriteProducts(const std::vector<ProductRow>& rows, absl::Time at);
  std::vector<BuildOutcome> Build(const std::vector<std::string>& skus);
  // A pull of one page that is complete: what is not on it is swept.
  PullWriteResult Pull(const std::vector<PulledItem>& rows, absl::Time at = At(1));
  // Links by rule 1, listed.
  void Link(const std::string& sku, const std::string& external_id, absl::Time at = At(2));
  // Dissolves all broken links, and says how many there were; the same of doubtful ones.
  int64_t ReleaseBroken(absl::Time at);
  int64_t ReleaseDoubtful(absl::Time at);
  absl::Status Edit(const std::string& sku, ListingEdit edit, absl::Time at = At(3));
  // Settles a link as it is: what is dirty is not any more.
  void Clean(const std::string& sku);

  // `count` product variants S1, S2 … (price 100, quantity 10), items X1, X2 … as they are, linked in pairs, and dirty.
  void StockAndLink(int count);
  // The same, and clean.
  void StockAndSync(int count);

  ListingRow Listing(const std::string& sku);
  int64_t ListingId(const std::string& sku) { return Listing(sku).listing_id; }
  int64_t ItemId(const std::string& external_id);
  bool IsLiveItem(const std::string& external_id);
  // The link of a SKU that has one.
  SyncRow LinkRow(const std::string& sku);
  std::vector<LinkEvent> History(const std::string& sku);
  // The job that runs found the item gone at `at`, and so broke the link of the SKU to it.
  void ExpectBroken(const std::string& sku, const std::string& external_id, absl::Time at);
  std::vector<std::string> DirtySkus();
  QueueSnapshot Queue() { return Value(storage().ReadQueue(channel_id_)); }

 private:
  void StartJob();

  StorageUnderTest& under_test_;
  int64_t channel_id_ = 0;
  OwnerId owner_ = 0;
  Fence fence_;
};

// -- Edits, push items and settlements in a few words.

inline ListingEdit LinkTo(std::string external_id) {
  return {ListingEdit::Kind::kLink, std::move(external_id), 0, Health::kListed, ""};
}
inline ListingEdit Only(ListingEdit::Kind kind) { return {kind, "", 0, Health::kListed, ""}; }
inline ListingEdit Priority(int64_t sync_priority) {
  return {ListingEdit::Kind::kSetPriority, "", sync_priority, Health::kListed, ""};
}

// A link to be written by rule 1 with the status listed.
LinkWrite NewLink(int64_t listing_id, int64_t channel_variant_id);
// A push of these links, as they are.
PushRecord Push(int64_t push_id, const std::vector<SyncRow>& links, absl::Time call_deadline = At(100));
inline LinkPair PairOf(const SyncRow& link) { return {link.listing_id, link.channel_variant_id}; }
// Nothing is known of what `link` has on the channel.
Reconciliation Found(const SyncRow& link);
// All of `link`'s fields were applied as `values`.
Settlement Applied(const SyncRow& link, const ItemValues& values);
// The item of `link` is gone.
Settlement Gone(const SyncRow& link);
// These settlements, of one push or, 0, of none.
SettlementBatch Settled(int64_t push_id, std::vector<Settlement> rows);

}  // namespace flxlink

#endif  // FLXLINK_TESTS_STORAGE_SHOP_H_
