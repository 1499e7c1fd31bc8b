// The SQLite store: what OpenSqliteStorage (flxlink/sqlite_storage.h) gives. README.md describes its tables.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_SQLITE_STORAGE_H_
#define FLXLINK_SRC_STORAGE_SQLITE_SQLITE_STORAGE_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "flxlink/sqlite_storage.h"
#include "flxlink/storage.h"
#include "src/storage/sqlite/commit_watch.h"
#include "src/storage/sqlite/sqlite_connection.h"
#include "src/storage/sqlite/sqlite_locks.h"
#include "src/storage/sqlite/store_files.h"
#include "src/storage/sqlite/write_turns.h"

namespace flxlink::sqlite {

// One writer connection, for which the threads of the process take turns and then the processes, and a few read
// connections. Every operation is one transaction on one of them, which small writes of several threads share.
//
// Thread-safe. Its functions are in one source a section of storage.h: sqlite_channels.cc, sqlite_products.cc,
// sqlite_listings.cc, sqlite_pulls.cc, sqlite_keys.cc, sqlite_links.cc, sqlite_link_base.cc, sqlite_sync.cc,
// sqlite_pushes.cc, sqlite_jobs.cc.
class SqliteStorage : public Storage, public LinkIndex {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteStorage>> Open(const std::string& path, const SqliteOptions& options);
  ~SqliteStorage() override;

  // For the upkeep (sqlite_upkeep.cc). Runs `body` on a reading connection, outside of a transaction.
  absl::Status WithReader(absl::FunctionRef<absl::Status(Connection&)> body);
  absl::StatusOr<SqliteVacuum> Vacuum();
  int64_t opened_version() const { return opened_version_; }

  // How many writes of this process wait for their turn.
  int64_t waiting_writes() const { return turns_.waiting(); }

  absl::StatusOr<int64_t> ReserveIds(int64_t count) override;
  absl::StatusOr<absl::Time> Now() override;

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
  absl::StatusOr<int64_t> WriteStatuses(const Fence& fence, absl::Span<const StatusWrite> rows,
                                        absl::Time now) override;

  // Pushes
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
  using Body = absl::FunctionRef<absl::Status(Connection&)>;

  SqliteStorage(std::string path, const SqliteOptions& options, WriterLock lock);

  // Runs `body` under the writer lock.
  absl::Status WithWriter(Body body);
  // Runs `body` as a transaction or a part of one, see write_group.h; an error of it, or of the database, leaves
  // everything as it was.
  absl::Status Write(WriteKind kind, Body body);
  absl::Status Write(Body body) { return Write(WriteKind::kSmall, body); }
  // The same once the fence is seen to hold.
  absl::Status WriteFenced(const Fence& fence, WriteKind kind, Body body);
  absl::Status WriteFenced(const Fence& fence, Body body) { return WriteFenced(fence, WriteKind::kSmall, body); }
  // Runs `body` over one state of the database.
  absl::Status Read(Body body);
  // The same once the channel is seen to be there.
  absl::Status ReadOfChannel(int64_t channel_id, Body body);
  // The same on the writer's connection, for many small reads between writes: a commit empties the page caches of all
  // connections but its own. Nobody of this process writes meanwhile.
  absl::Status ReadBetweenWrites(int64_t channel_id, Body body);

  // FAILED_PRECONDITION in a forked child.
  absl::Status CheckProcess() const;

  // The parts of opening, under the writer lock.
  absl::Status OpenLocked();
  absl::Status OpenWriter(const StoreFile& file);
  absl::Status HoldFiles();
  void CloseWriter();

  // Takes the writer lock, as far as it is worth something (see sqlite_locks.h).
  absl::Status LockWriter(absl::Duration timeout);
  // FAILED_PRECONDITION where one of the store's files is not under its name any more.
  absl::Status CheckFiles() const;

  // Runs `body` over one state of the database as the connection sees it.
  static absl::Status ReadOn(Connection& db, Body body);
  // Runs `write`, and those of others that go with it: these are added to `taken`.
  void WriteTogether(PendingWrite& write, std::vector<PendingWrite*>* taken);
  // Runs `body` for the one who has the turn.
  absl::Status WithTurn(absl::FunctionRef<absl::Status()> body);
  absl::Status TurnTimedOut() const;
  absl::StatusOr<std::unique_ptr<Connection>> TakeReader() ABSL_LOCKS_EXCLUDED(mutex_);
  void GiveBackReader(std::unique_ptr<Connection> reader) ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether an owner lives; an error of the system is the connection's.
  bool IsOwnerAlive(Connection& db, OwnerId owner) const;

  const std::string path_;
  const SqliteOptions options_;
  const pid_t process_;
  absl::optional<OwnerLocks> owners_;  // Once it is open, as are these two:
  std::vector<HeldFile> held_;
  int64_t opened_version_ = 0;  // Of the schema, before it was migrated. 0: the store was made.

  WriteTurns turns_;

  // Used by whoever has the turn.
  WriterLock writer_lock_;
  std::unique_ptr<Connection> writer_;

  absl::Mutex mutex_;
  int open_readers_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Connection>> idle_readers_ ABSL_GUARDED_BY(mutex_);

  absl::Mutex watch_mutex_;
  CommitWatch watch_ ABSL_GUARDED_BY(watch_mutex_);
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_SQLITE_STORAGE_H_
