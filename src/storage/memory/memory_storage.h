// A store in this process's memory: ordered containers behind one mutex, kept as simple as the contract allows, since
// it is the reference that other implementations are compared with.

#ifndef FLXLINK_SRC_STORAGE_MEMORY_MEMORY_STORAGE_H_
#define FLXLINK_SRC_STORAGE_MEMORY_MEMORY_STORAGE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "flxlink/clock.h"
#include "flxlink/storage.h"
#include "flxlink/storage_kit/rules.h"
#include "src/storage/memory/memory_agenda.h"
#include "src/storage/memory/memory_channel.h"

namespace flxlink::memory {

// A source of product variants.
struct MemorySource {
  int64_t imports = 0;    // The number of the last one.
  bool unproved = false;  // A key of it could not be read.
  // By the key of what the source states, the last import that did.
  absl::btree_map<std::string, int64_t> imported;
};

// A product variant.
struct MemoryProduct : storage::ProductState {
  int64_t product_id = 0;
  std::string key;
  // The listing variants that were built from it, by channel and id.
  absl::btree_set<std::pair<int64_t, int64_t>> listings;
};

// Thread-safe. Its functions are in one source a section of storage.h: memory_channels.cc, memory_catalog.cc,
// memory_lists.cc, memory_links.cc, memory_link_base.cc, memory_sync.cc, memory_jobs.cc. Each operation checks
// everything before it changes anything.
class MemoryStorage : public Storage, public LinkIndex {
 public:
  explicit MemoryStorage(const Clock& clock) : clock_(clock) {}

  absl::StatusOr<int64_t> ReserveIds(int64_t count) override;
  absl::StatusOr<absl::Time> Now() override { return clock_.Now(); }

  // Channels
  absl::StatusOr<Channel> CreateChannel(const ChannelConfig& config) override;
  absl::StatusOr<Channel> ReadChannel(absl::string_view name) override;
  absl::StatusOr<Channel> ReadChannel(int64_t channel_id) override;
  absl::StatusOr<std::vector<Channel>> ReadChannels() override;
  absl::Status WriteChannel(int64_t channel_id, int64_t expected_revision, const ChannelConfig& config,
                            const absl::optional<ChannelConfig>& draft, bool moves_policy) override;
  absl::Status RemoveChannel(int64_t channel_id) override;

  // Catalog
  absl::StatusOr<ProductWriteResult> WriteProducts(const ProductBatch& batch, absl::Time now) override;
  absl::StatusOr<ProductBatch> ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                            int64_t limit) override;
  absl::StatusOr<int64_t> CountProducts(int64_t after_id) override;
  absl::StatusOr<std::vector<BuildOutcome>> WriteListings(const Fence& fence, const ListingBatch& batch,
                                                          absl::Time now) override;
  absl::StatusOr<std::vector<ListingRow>> ReadListings(int64_t channel_id, const ListingFilter& filter,
                                                       int64_t after_id, int64_t limit) override;
  absl::StatusOr<PullState> BeginPull(const Fence& fence, absl::string_view since) override;
  absl::StatusOr<PullWriteResult> WritePulledPages(const Fence& fence, int64_t pull_number,
                                                   absl::Span<const PullPage> pages, absl::Time now) override;
  absl::StatusOr<int64_t> CountAbsentLinks(int64_t channel_id, int64_t pull_number) override;
  absl::StatusOr<SweepResult> HoldAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                         absl::Time now) override;
  absl::StatusOr<SweepResult> SweepAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                          absl::Time now) override;
  absl::Status EndPull(const Fence& fence, int64_t pull_number, bool complete, absl::string_view mark,
                       absl::Time now) override;
  absl::StatusOr<PullWriteResult> WriteFetched(const Fence& fence, const FetchReply& reply, absl::Time now) override;
  absl::StatusOr<ProductRemovalResult> RemoveProducts(absl::Span<const std::string> skus, absl::Time now) override;
  absl::StatusOr<ProductImport> BeginImport(absl::string_view source) override;
  absl::StatusOr<AbsentResult> SweepImport(const ProductImport& import, AbsentProducts absent, int64_t limit,
                                           absl::Time now) override;
  absl::StatusOr<ProductBatch> ReadRemovedProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                   int64_t limit) override;
  absl::StatusOr<std::vector<ItemRow>> ReadItems(int64_t channel_id, const ItemFilter& filter, int64_t after_id,
                                                 int64_t limit) override;
  absl::StatusOr<std::vector<NamedItem>> FindItems(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                                   absl::Span<const std::string> aliases, int64_t after_id,
                                                   int64_t limit) override;
  absl::StatusOr<ChannelCounts> CountChannel(int64_t channel_id) override;

  // Links
  absl::StatusOr<ListingKeyPage> ReadListingKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                 int64_t after_id, int64_t limit) override;
  absl::StatusOr<ChannelKeyPage> ReadChannelKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                 int64_t after_id, int64_t limit) override;
  absl::StatusOr<ListingKeyPage> ReadListingKeysById(int64_t channel_id, absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override;
  absl::StatusOr<ChannelKeyPage> ReadChannelKeysById(int64_t channel_id, absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override;
  absl::StatusOr<std::vector<LinkHolder>> ReadHolders(int64_t channel_id,
                                                      absl::Span<const int64_t> channel_variant_ids) override;
  absl::StatusOr<std::vector<LinkPair>> ReadHandUnlinks(int64_t channel_id, LinkPair after, int64_t limit) override;
  absl::StatusOr<LinkWriteResult> WriteLinks(const Fence& fence, int64_t read_edit_version,
                                             absl::Span<const LinkWrite> rows, absl::Time now) override;
  absl::StatusOr<std::vector<LinkPair>> ReadBrokenLinks(int64_t channel_id, int64_t after_id, int64_t limit) override;
  absl::StatusOr<std::vector<DoubtfulLink>> ReadDoubtfulLinks(int64_t channel_id, int64_t after_id,
                                                              int64_t limit) override;
  absl::StatusOr<std::vector<SightedAttention>> HoldUnlinks(const Fence& fence, absl::Span<const LinkPair> links,
                                                            absl::Time now) override;
  absl::StatusOr<int64_t> ReleaseLinks(const Fence& fence, absl::Span<const LinkPair> links,
                                       const ChangeCounts& changes, absl::Time now) override;
  absl::StatusOr<std::vector<EditOutcome>> EditListings(int64_t channel_id, absl::Span<const ListingEdit> edits,
                                                        absl::Time now) override;
  absl::StatusOr<std::vector<LinkHistoryRow>> ReadLinkHistory(int64_t channel_id, const HistoryFilter& filter,
                                                              LinkEventPlace after, int64_t limit) override;

  // The link base
  LinkIndex* link_index() override { return this; }
  absl::StatusOr<LinkBase> ReadLinkBase(int64_t channel_id) override;
  absl::StatusOr<bool> DropLinkBase(const Fence& fence, int64_t limit) override;
  absl::Status WriteKeyEntries(const Fence& fence, KeyColumn column, absl::Span<const KeyEntry> entries) override;
  absl::Status SetLinkBase(const Fence& fence, absl::string_view text) override;
  absl::StatusOr<std::vector<KeyEntry>> FindKeyEntries(int64_t channel_id, KeyColumn column,
                                                       absl::Span<const KeyLookup> lookups, int64_t limit) override;
  absl::StatusOr<LinkChangePage> ReadLinkChanges(int64_t channel_id, LinkSide side,
                                                 absl::Span<const std::string> fields, int64_t after_id,
                                                 int64_t limit) override;
  absl::Status AddKeyEntries(const Fence& fence, absl::Span<const KeyAddition> additions) override;
  absl::StatusOr<bool> ForgetLinkChanges(const Fence& fence, int64_t read_edit_version, int64_t limit) override;

  // Sync
  absl::StatusOr<SyncBatch> ReadDirty(int64_t channel_id, DirtyCursor* cursor, int64_t limit) override;
  absl::StatusOr<int64_t> CountDirty(int64_t channel_id, int64_t limit) override;
  absl::StatusOr<int64_t> CountLinks(int64_t channel_id, int64_t limit) override;
  absl::StatusOr<ChangeCounts> ReadChangeCounts(int64_t channel_id, absl::Time since) override;
  absl::StatusOr<std::vector<HeldRow>> ReadHeldChanges(int64_t channel_id, int64_t job_id, int64_t after_id,
                                                       int64_t limit) override;
  absl::StatusOr<int64_t> DecideHeldChanges(int64_t channel_id, const HeldSelection& selection,
                                            HeldChange::State decision, int64_t limit, absl::Time now) override;
  absl::StatusOr<SyncBatch> ReadLinks(int64_t channel_id, int64_t after_id, int64_t limit) override;
  absl::StatusOr<SyncBatch> ReadLinksBySku(int64_t channel_id, absl::Span<const std::string> skus) override;
  absl::StatusOr<SyncBatch> ReadLinksByParent(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                              int64_t after_id, int64_t limit) override;
  absl::Status WriteReconciliations(const Fence& fence, absl::Span<const Reconciliation> rows, absl::Time now) override;
  absl::Status ForceLinks(const Fence& fence, absl::Span<const LinkPair> links, absl::Time now) override;
  absl::Status WriteEvaluatedVersion(const Fence& fence, int64_t policy_version) override;
  absl::StatusOr<std::vector<int64_t>> BeginPush(const Fence& fence, const PushRecord& record) override;
  absl::StatusOr<std::vector<OpenPush>> ReadOpenPushes(int64_t channel_id, absl::Time due, PushCursor* cursor,
                                                       int64_t limit) override;
  absl::StatusOr<absl::Time> ReadNextLook(int64_t channel_id) override;
  absl::StatusOr<std::vector<AwaitedItem>> ReadAwaited(int64_t channel_id,
                                                       absl::Span<const int64_t> listing_ids) override;
  absl::Status WritePushLooks(const Fence& fence, absl::Span<const PushLook> looks) override;
  absl::StatusOr<SettlementResult> WriteSettlements(const Fence& fence, const SettlementBatch& batch,
                                                    absl::Time now) override;
  absl::Status LetPushLinger(const Fence& fence, int64_t push_id) override;
  absl::Status AbandonPush(const Fence& fence, int64_t push_id, absl::Time now) override;
  absl::StatusOr<int64_t> WriteStatuses(const Fence& fence, absl::Span<const StatusWrite> rows,
                                        absl::Time now) override;

  // Jobs, slots, owners; schedules
  absl::StatusOr<OwnerId> OpenOwner() override;
  absl::Status CloseOwner(OwnerId owner) override;
  absl::Duration keep_alive_interval() const override { return absl::InfiniteDuration(); }
  absl::Status KeepAlive(OwnerId owner) override;
  absl::StatusOr<QueueSnapshot> ReadQueue(int64_t channel_id) override;
  absl::Status WriteQueue(const QueueChange& change) override;
  absl::StatusOr<std::vector<int64_t>> ReadClaimable(absl::Time now, int64_t limit) override;
  absl::StatusOr<ProgressReply> WriteProgress(const Fence& fence, const JobReport& report) override;
  absl::StatusOr<std::vector<JobProblem>> ReadJobProblems(int64_t job_id, int64_t first, int64_t limit) override;
  absl::StatusOr<Job> ReadJob(int64_t job_id) override;
  absl::StatusOr<std::vector<Job>> ReadJobs(const JobFilter& filter, int64_t before_id, int64_t limit) override;
  absl::StatusOr<int64_t> PruneJobs(int64_t channel_id, absl::Time now, int64_t limit) override;
  absl::StatusOr<bool> WriteSchedule(const Schedule& schedule) override;
  absl::Status ClearSchedule(int64_t channel_id, absl::string_view name) override;
  absl::StatusOr<std::vector<Schedule>> ReadSchedules() override;
  absl::StatusOr<std::vector<Schedule>> ReadDueSchedules(absl::Time now, int64_t limit) override;
  absl::StatusOr<uint64_t> ReadWorkNumber() override;
  absl::StatusOr<absl::Time> ReadNextDue(absl::Time now) override;

 private:
  int64_t NextId() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return next_id_++; }

  // NOT_FOUND where there is none.
  absl::StatusOr<MemoryChannel*> FindChannel(int64_t channel_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // FAILED_PRECONDITION unless the fence holds.
  absl::StatusOr<MemoryChannel*> FindFenced(const Fence& fence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The same, and pull `pull_number` is the channel's last and still runs.
  absl::StatusOr<MemoryChannel*> FindPulling(const Fence& fence, int64_t pull_number)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The source whose last import it is.
  absl::StatusOr<MemorySource*> FindSource(const ProductImport& import) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Notes what the batch's import states, if it is of one.
  absl::Status StateKeys(const ProductBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether any source states the product variant.
  bool IsStated(const std::string& key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What befalls the product variant of a key that a source states no more.
  void LoseProduct(const std::string& key, AbsentProducts absent, absl::Time now, AbsentResult* result)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The product variant is to be as `state`. Returns how many links that marks.
  int64_t BecomeProduct(MemoryProduct& product, storage::ProductState state, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Marks the links of listing variants built from `product` dirty that the change marks. Returns how many.
  int64_t MarkProductDirty(const MemoryProduct& product, const storage::ProductChange& change, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteProduct(const ProductBatch& batch, int64_t row, absl::Time now, ProductWriteResult* result)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ProductRemoval RemoveProduct(const std::string& sku, absl::Time now, int64_t* dirtied)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The ids of product variants that have this SKU, ascending.
  std::vector<int64_t> ProductsOf(const std::string& sku) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What ReadProducts returns of those that are removed, or of the others.
  absl::StatusOr<ProductBatch> ReadProductsThat(bool removed, int64_t after_id, absl::Span<const std::string> skus,
                                                int64_t limit);
  BuildOutcome WriteListing(MemoryChannel& channel, MemoryListing row, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ListingRow ToListingRow(const MemoryChannel& channel, const MemoryListing& listing) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WritePage(const Fence& fence, MemoryChannel& channel, const PullPage& page, absl::Time now,
                 PullWriteResult* result) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteSighting(MemoryChannel& channel, const storage::Sighting& sighting, const Author& author,
                     PullWriteResult* result) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ItemRow ToItemRow(const MemoryChannel& channel, const MemoryItem& item) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The item's id.
  int64_t WriteItem(MemoryChannel& channel, MemoryItem row, PullWriteResult* result)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddSyncRow(const MemoryChannel& channel, const MemoryListing& listing, SyncBatch* batch) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Status CheckQueueWrite(const MemoryChannel& channel, const QueueChange& change) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Nothing where it is not there.
  void ForgetJob(MemoryChannel& channel, int64_t job_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StoreJob(MemoryChannel& channel, const Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The job as it is read: with its channel's name and its first problems.
  Job ShownJob(const Job& job) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t CountProblems(int64_t job_id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<JobProblem> FindProblems(int64_t job_id, int64_t first, int64_t limit) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StoreProblems(int64_t job_id, const JobReport& report) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns whether it was there.
  bool RemoveSchedule(MemoryChannel& channel, absl::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The schedule with its channel's name.
  Schedule NamedSchedule(const Schedule& schedule) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;

  absl::Mutex mutex_;
  int64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;  // Of everything that has an id.
  absl::btree_map<int64_t, MemoryChannel> channels_ ABSL_GUARDED_BY(mutex_);
  absl::btree_map<std::string, int64_t> channel_by_name_ ABSL_GUARDED_BY(mutex_);
  absl::btree_map<int64_t, MemoryProduct> products_ ABSL_GUARDED_BY(mutex_);
  absl::btree_map<std::string, int64_t> product_by_key_ ABSL_GUARDED_BY(mutex_);
  absl::btree_set<std::pair<std::string, int64_t>> products_by_sku_ ABSL_GUARDED_BY(mutex_);
  absl::btree_map<std::string, MemorySource> sources_ ABSL_GUARDED_BY(mutex_);
  absl::btree_map<int64_t, Job> jobs_ ABSL_GUARDED_BY(mutex_);
  // Of jobs that have any, all.
  absl::flat_hash_map<int64_t, std::vector<JobProblem>> problems_ ABSL_GUARDED_BY(mutex_);
  absl::btree_set<OwnerId> living_owners_ ABSL_GUARDED_BY(mutex_);
  MemoryAgenda agenda_ ABSL_GUARDED_BY(mutex_);
  uint64_t work_number_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace flxlink::memory

#endif  // FLXLINK_SRC_STORAGE_MEMORY_MEMORY_STORAGE_H_
