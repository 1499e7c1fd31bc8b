// ForwardingStorage: a storage that hands every operation on to another one, with a look at each before and after.
//
// Derive from it to count, trace, delay or refuse operations in Before and After, or override those few that matter:
//
//   class CountingStorage : public flxlink::ForwardingStorage {
//     …
//     absl::Status Before(absl::string_view operation) override {
//       ++calls_;
//       return absl::OkStatus();
//     }
//   };

#ifndef FLXLINK_FORWARDING_STORAGE_H_
#define FLXLINK_FORWARDING_STORAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flxlink/storage.h"

namespace flxlink {

// As thread-safe as the storage behind it.
class ForwardingStorage : public Storage, public LinkIndex {
 public:
  // `inner` must outlive it.
  explicit ForwardingStorage(Storage& inner) : inner_(inner) {}

  absl::StatusOr<int64_t> ReserveIds(int64_t count) override {
    return Around("ReserveIds", [&] { return inner_.ReserveIds(count); });
  }
  absl::StatusOr<absl::Time> Now() override {
    return Around("Now", [&] { return inner_.Now(); });
  }

  // -- Channels

  absl::StatusOr<Channel> CreateChannel(const ChannelConfig& config) override {
    return Around("CreateChannel", [&] { return inner_.CreateChannel(config); });
  }
  absl::StatusOr<Channel> ReadChannel(absl::string_view name) override {
    return Around("ReadChannel", [&] { return inner_.ReadChannel(name); });
  }
  absl::StatusOr<Channel> ReadChannel(int64_t channel_id) override {
    return Around("ReadChannel", [&] { return inner_.ReadChannel(channel_id); });
  }
  absl::StatusOr<std::vector<Channel>> ReadChannels() override {
    return Around("ReadChannels", [&] { return inner_.ReadChannels(); });
  }
  absl::Status WriteChannel(int64_t channel_id, int64_t expected_revision, const ChannelConfig& config,
                            const absl::optional<ChannelConfig>& draft, bool moves_policy) override {
    return Around("WriteChannel",
                  [&] { return inner_.WriteChannel(channel_id, expected_revision, config, draft, moves_policy); });
  }
  absl::Status RemoveChannel(int64_t channel_id) override {
    return Around("RemoveChannel", [&] { return inner_.RemoveChannel(channel_id); });
  }

  // -- Catalog

  absl::StatusOr<ProductWriteResult> WriteProducts(const ProductBatch& batch, absl::Time now) override {
    return Around("WriteProducts", [&] { return inner_.WriteProducts(batch, now); });
  }
  absl::StatusOr<ProductBatch> ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                            int64_t limit) override {
    return Around("ReadProducts", [&] { return inner_.ReadProducts(after_id, skus, limit); });
  }
  absl::StatusOr<int64_t> CountProducts(int64_t after_id) override {
    return Around("CountProducts", [&] { return inner_.CountProducts(after_id); });
  }
  absl::StatusOr<std::vector<BuildOutcome>> WriteListings(const Fence& fence, const ListingBatch& batch,
                                                          absl::Time now) override {
    return Around("WriteListings", [&] { return inner_.WriteListings(fence, batch, now); });
  }
  absl::StatusOr<std::vector<ListingRow>> ReadListings(int64_t channel_id, const ListingFilter& filter,
                                                       int64_t after_id, int64_t limit) override {
    return Around("ReadListings", [&] { return inner_.ReadListings(channel_id, filter, after_id, limit); });
  }
  absl::StatusOr<PullState> BeginPull(const Fence& fence, absl::string_view since) override {
    return Around("BeginPull", [&] { return inner_.BeginPull(fence, since); });
  }
  absl::StatusOr<PullWriteResult> WritePulledPages(const Fence& fence, int64_t pull_number,
                                                   absl::Span<const PullPage> pages, absl::Time now) override {
    return Around("WritePulledPages", [&] { return inner_.WritePulledPages(fence, pull_number, pages, now); });
  }
  absl::StatusOr<int64_t> CountAbsentLinks(int64_t channel_id, int64_t pull_number) override {
    return Around("CountAbsentLinks", [&] { return inner_.CountAbsentLinks(channel_id, pull_number); });
  }
  absl::StatusOr<SweepResult> HoldAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                         absl::Time now) override {
    return Around("HoldAbsent", [&] { return inner_.HoldAbsent(fence, pull_number, limit, now); });
  }
  absl::StatusOr<SweepResult> SweepAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                          absl::Time now) override {
    return Around("SweepAbsent", [&] { return inner_.SweepAbsent(fence, pull_number, limit, now); });
  }
  absl::Status EndPull(const Fence& fence, int64_t pull_number, bool complete, absl::string_view mark,
                       absl::Time now) override {
    return Around("EndPull", [&] { return inner_.EndPull(fence, pull_number, complete, mark, now); });
  }
  absl::StatusOr<PullWriteResult> WriteFetched(const Fence& fence, const FetchReply& reply, absl::Time now) override {
    return Around("WriteFetched", [&] { return inner_.WriteFetched(fence, reply, now); });
  }
  absl::StatusOr<ProductRemovalResult> RemoveProducts(absl::Span<const std::string> skus, absl::Time now) override {
    return Around("RemoveProducts", [&] { return inner_.RemoveProducts(skus, now); });
  }
  absl::StatusOr<ProductImport> BeginImport(absl::string_view source) override {
    return Around("BeginImport", [&] { return inner_.BeginImport(source); });
  }
  absl::StatusOr<AbsentResult> SweepImport(const ProductImport& import, AbsentProducts absent, int64_t limit,
                                           absl::Time now) override {
    return Around("SweepImport", [&] { return inner_.SweepImport(import, absent, limit, now); });
  }
  absl::StatusOr<ProductBatch> ReadRemovedProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                   int64_t limit) override {
    return Around("ReadRemovedProducts", [&] { return inner_.ReadRemovedProducts(after_id, skus, limit); });
  }
  absl::StatusOr<std::vector<ItemRow>> ReadItems(int64_t channel_id, const ItemFilter& filter, int64_t after_id,
                                                 int64_t limit) override {
    return Around("ReadItems", [&] { return inner_.ReadItems(channel_id, filter, after_id, limit); });
  }
  absl::StatusOr<std::vector<NamedItem>> FindItems(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                                   absl::Span<const std::string> aliases, int64_t after_id,
                                                   int64_t limit) override {
    return Around("FindItems", [&] { return inner_.FindItems(channel_id, parent_ids, aliases, after_id, limit); });
  }
  absl::StatusOr<ChannelCounts> CountChannel(int64_t channel_id) override {
    return Around("CountChannel", [&] { return inner_.CountChannel(channel_id); });
  }

  // -- Links and sync

  absl::StatusOr<ListingKeyPage> ReadListingKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                 int64_t after_id, int64_t limit) override {
    return Around("ReadListingKeys", [&] { return inner_.ReadListingKeys(channel_id, fields, after_id, limit); });
  }
  absl::StatusOr<ChannelKeyPage> ReadChannelKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                 int64_t after_id, int64_t limit) override {
    return Around("ReadChannelKeys", [&] { return inner_.ReadChannelKeys(channel_id, fields, after_id, limit); });
  }
  absl::StatusOr<ListingKeyPage> ReadListingKeysById(int64_t channel_id, absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override {
    return Around("ReadListingKeysById", [&] { return inner_.ReadListingKeysById(channel_id, fields, ids); });
  }
  absl::StatusOr<ChannelKeyPage> ReadChannelKeysById(int64_t channel_id, absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override {
    return Around("ReadChannelKeysById", [&] { return inner_.ReadChannelKeysById(channel_id, fields, ids); });
  }
  absl::StatusOr<std::vector<LinkHolder>> ReadHolders(int64_t channel_id,
                                                      absl::Span<const int64_t> channel_variant_ids) override {
    return Around("ReadHolders", [&] { return inner_.ReadHolders(channel_id, channel_variant_ids); });
  }
  absl::StatusOr<std::vector<LinkPair>> ReadHandUnlinks(int64_t channel_id, LinkPair after, int64_t limit) override {
    return Around("ReadHandUnlinks", [&] { return inner_.ReadHandUnlinks(channel_id, after, limit); });
  }
  absl::StatusOr<LinkWriteResult> WriteLinks(const Fence& fence, int64_t read_edit_version,
                                             absl::Span<const LinkWrite> rows, absl::Time now) override {
    return Around("WriteLinks", [&] { return inner_.WriteLinks(fence, read_edit_version, rows, now); });
  }
  absl::StatusOr<std::vector<LinkPair>> ReadBrokenLinks(int64_t channel_id, int64_t after_id, int64_t limit) override {
    return Around("ReadBrokenLinks", [&] { return inner_.ReadBrokenLinks(channel_id, after_id, limit); });
  }
  absl::StatusOr<std::vector<DoubtfulLink>> ReadDoubtfulLinks(int64_t channel_id, int64_t after_id,
                                                              int64_t limit) override {
    return Around("ReadDoubtfulLinks", [&] { return inner_.ReadDoubtfulLinks(channel_id, after_id, limit); });
  }
  absl::StatusOr<std::vector<SightedAttention>> HoldUnlinks(const Fence& fence, absl::Span<const LinkPair> links,
                                                            absl::Time now) override {
    return Around("HoldUnlinks", [&] { return inner_.HoldUnlinks(fence, links, now); });
  }
  absl::StatusOr<int64_t> ReleaseLinks(const Fence& fence, absl::Span<const LinkPair> links,
                                       const ChangeCounts& changes, absl::Time now) override {
    return Around("ReleaseLinks", [&] { return inner_.ReleaseLinks(fence, links, changes, now); });
  }
  absl::StatusOr<std::vector<EditOutcome>> EditListings(int64_t channel_id, absl::Span<const ListingEdit> edits,
                                                        absl::Time now) override {
    return Around("EditListings", [&] { return inner_.EditListings(channel_id, edits, now); });
  }
  absl::StatusOr<std::vector<LinkHistoryRow>> ReadLinkHistory(int64_t channel_id, const HistoryFilter& filter,
                                                              LinkEventPlace after, int64_t limit) override {
    return Around("ReadLinkHistory", [&] { return inner_.ReadLinkHistory(channel_id, filter, after, limit); });
  }
  absl::StatusOr<SyncBatch> ReadDirty(int64_t channel_id, DirtyCursor* cursor, int64_t limit) override {
    return Around("ReadDirty", [&] { return inner_.ReadDirty(channel_id, cursor, limit); });
  }
  absl::StatusOr<int64_t> CountDirty(int64_t channel_id, int64_t limit) override {
    return Around("CountDirty", [&] { return inner_.CountDirty(channel_id, limit); });
  }
  absl::StatusOr<SyncBatch> ReadLinks(int64_t channel_id, int64_t after_id, int64_t limit) override {
    return Around("ReadLinks", [&] { return inner_.ReadLinks(channel_id, after_id, limit); });
  }
  absl::StatusOr<SyncBatch> ReadLinksBySku(int64_t channel_id, absl::Span<const std::string> skus) override {
    return Around("ReadLinksBySku", [&] { return inner_.ReadLinksBySku(channel_id, skus); });
  }
  absl::StatusOr<SyncBatch> ReadLinksByParent(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                              int64_t after_id, int64_t limit) override {
    return Around("ReadLinksByParent",
                  [&] { return inner_.ReadLinksByParent(channel_id, parent_ids, after_id, limit); });
  }
  absl::Status WriteReconciliations(const Fence& fence, absl::Span<const Reconciliation> rows,
                                    absl::Time now) override {
    return Around("WriteReconciliations", [&] { return inner_.WriteReconciliations(fence, rows, now); });
  }
  absl::Status ForceLinks(const Fence& fence, absl::Span<const LinkPair> links, absl::Time now) override {
    return Around("ForceLinks", [&] { return inner_.ForceLinks(fence, links, now); });
  }
  absl::Status WriteEvaluatedVersion(const Fence& fence, int64_t policy_version) override {
    return Around("WriteEvaluatedVersion", [&] { return inner_.WriteEvaluatedVersion(fence, policy_version); });
  }
  absl::StatusOr<std::vector<int64_t>> BeginPush(const Fence& fence, const PushRecord& record) override {
    return Around("BeginPush", [&] { return inner_.BeginPush(fence, record); });
  }
  absl::StatusOr<std::vector<OpenPush>> ReadOpenPushes(int64_t channel_id, absl::Time due, PushCursor* cursor,
                                                       int64_t limit) override {
    return Around("ReadOpenPushes", [&] { return inner_.ReadOpenPushes(channel_id, due, cursor, limit); });
  }
  absl::StatusOr<absl::Time> ReadNextLook(int64_t channel_id) override {
    return Around("ReadNextLook", [&] { return inner_.ReadNextLook(channel_id); });
  }
  absl::StatusOr<std::vector<AwaitedItem>> ReadAwaited(int64_t channel_id,
                                                       absl::Span<const int64_t> listing_ids) override {
    return Around("ReadAwaited", [&] { return inner_.ReadAwaited(channel_id, listing_ids); });
  }
  absl::StatusOr<int64_t> CountLinks(int64_t channel_id, int64_t limit) override {
    return Around("CountLinks", [&] { return inner_.CountLinks(channel_id, limit); });
  }
  absl::StatusOr<ChangeCounts> ReadChangeCounts(int64_t channel_id, absl::Time since) override {
    return Around("ReadChangeCounts", [&] { return inner_.ReadChangeCounts(channel_id, since); });
  }
  absl::StatusOr<std::vector<HeldRow>> ReadHeldChanges(int64_t channel_id, int64_t job_id, int64_t after_id,
                                                       int64_t limit) override {
    return Around("ReadHeldChanges", [&] { return inner_.ReadHeldChanges(channel_id, job_id, after_id, limit); });
  }
  absl::StatusOr<int64_t> DecideHeldChanges(int64_t channel_id, const HeldSelection& selection,
                                            HeldChange::State decision, int64_t limit, absl::Time now) override {
    return Around("DecideHeldChanges",
                  [&] { return inner_.DecideHeldChanges(channel_id, selection, decision, limit, now); });
  }
  absl::Status WritePushLooks(const Fence& fence, absl::Span<const PushLook> looks) override {
    return Around("WritePushLooks", [&] { return inner_.WritePushLooks(fence, looks); });
  }
  absl::StatusOr<SettlementResult> WriteSettlements(const Fence& fence, const SettlementBatch& batch,
                                                    absl::Time now) override {
    return Around("WriteSettlements", [&] { return inner_.WriteSettlements(fence, batch, now); });
  }
  absl::Status LetPushLinger(const Fence& fence, int64_t push_id) override {
    return Around("LetPushLinger", [&] { return inner_.LetPushLinger(fence, push_id); });
  }
  absl::Status AbandonPush(const Fence& fence, int64_t push_id, absl::Time now) override {
    return Around("AbandonPush", [&] { return inner_.AbandonPush(fence, push_id, now); });
  }
  absl::StatusOr<int64_t> WriteStatuses(const Fence& fence, absl::Span<const StatusWrite> rows,
                                        absl::Time now) override {
    return Around("WriteStatuses", [&] { return inner_.WriteStatuses(fence, rows, now); });
  }

  // -- Link index, if the storage behind it has one

  LinkIndex* link_index() override { return inner_.link_index() == nullptr ? nullptr : this; }
  absl::StatusOr<LinkBase> ReadLinkBase(int64_t channel_id) override {
    return Around("ReadLinkBase", [&] { return index().ReadLinkBase(channel_id); });
  }
  absl::StatusOr<bool> DropLinkBase(const Fence& fence, int64_t limit) override {
    return Around("DropLinkBase", [&] { return index().DropLinkBase(fence, limit); });
  }
  absl::Status WriteKeyEntries(const Fence& fence, KeyColumn column, absl::Span<const KeyEntry> entries) override {
    return Around("WriteKeyEntries", [&] { return index().WriteKeyEntries(fence, column, entries); });
  }
  absl::Status SetLinkBase(const Fence& fence, absl::string_view text) override {
    return Around("SetLinkBase", [&] { return index().SetLinkBase(fence, text); });
  }
  absl::StatusOr<std::vector<KeyEntry>> FindKeyEntries(int64_t channel_id, KeyColumn column,
                                                       absl::Span<const KeyLookup> lookups, int64_t limit) override {
    return Around("FindKeyEntries", [&] { return index().FindKeyEntries(channel_id, column, lookups, limit); });
  }
  absl::StatusOr<LinkChangePage> ReadLinkChanges(int64_t channel_id, LinkSide side,
                                                 absl::Span<const std::string> fields, int64_t after_id,
                                                 int64_t limit) override {
    return Around("ReadLinkChanges",
                  [&] { return index().ReadLinkChanges(channel_id, side, fields, after_id, limit); });
  }
  absl::Status AddKeyEntries(const Fence& fence, absl::Span<const KeyAddition> additions) override {
    return Around("AddKeyEntries", [&] { return index().AddKeyEntries(fence, additions); });
  }
  absl::StatusOr<bool> ForgetLinkChanges(const Fence& fence, int64_t read_edit_version, int64_t limit) override {
    return Around("ForgetLinkChanges", [&] { return index().ForgetLinkChanges(fence, read_edit_version, limit); });
  }

  // -- Jobs and schedules

  absl::StatusOr<OwnerId> OpenOwner() override {
    return Around("OpenOwner", [&] { return inner_.OpenOwner(); });
  }
  absl::Status CloseOwner(OwnerId owner) override {
    return Around("CloseOwner", [&] { return inner_.CloseOwner(owner); });
  }
  absl::Duration keep_alive_interval() const override { return inner_.keep_alive_interval(); }
  absl::Status KeepAlive(OwnerId owner) override {
    return Around("KeepAlive", [&] { return inner_.KeepAlive(owner); });
  }
  absl::StatusOr<QueueSnapshot> ReadQueue(int64_t channel_id) override {
    return Around("ReadQueue", [&] { return inner_.ReadQueue(channel_id); });
  }
  absl::Status WriteQueue(const QueueChange& change) override {
    return Around("WriteQueue", [&] { return inner_.WriteQueue(change); });
  }
  absl::StatusOr<std::vector<int64_t>> ReadClaimable(absl::Time now, int64_t limit) override {
    return Around("ReadClaimable", [&] { return inner_.ReadClaimable(now, limit); });
  }
  absl::StatusOr<ProgressReply> WriteProgress(const Fence& fence, const JobReport& report) override {
    return Around("WriteProgress", [&] { return inner_.WriteProgress(fence, report); });
  }
  absl::StatusOr<std::vector<JobProblem>> ReadJobProblems(int64_t job_id, int64_t first, int64_t limit) override {
    return Around("ReadJobProblems", [&] { return inner_.ReadJobProblems(job_id, first, limit); });
  }
  absl::StatusOr<Job> ReadJob(int64_t job_id) override {
    return Around("ReadJob", [&] { return inner_.ReadJob(job_id); });
  }
  absl::StatusOr<std::vector<Job>> ReadJobs(const JobFilter& filter, int64_t before_id, int64_t limit) override {
    return Around("ReadJobs", [&] { return inner_.ReadJobs(filter, before_id, limit); });
  }
  absl::StatusOr<int64_t> PruneJobs(int64_t channel_id, absl::Time now, int64_t limit) override {
    return Around("PruneJobs", [&] { return inner_.PruneJobs(channel_id, now, limit); });
  }
  absl::StatusOr<bool> WriteSchedule(const Schedule& schedule) override {
    return Around("WriteSchedule", [&] { return inner_.WriteSchedule(schedule); });
  }
  absl::Status ClearSchedule(int64_t channel_id, absl::string_view name) override {
    return Around("ClearSchedule", [&] { return inner_.ClearSchedule(channel_id, name); });
  }
  absl::StatusOr<std::vector<Schedule>> ReadSchedules() override {
    return Around("ReadSchedules", [&] { return inner_.ReadSchedules(); });
  }
  absl::StatusOr<std::vector<Schedule>> ReadDueSchedules(absl::Time now, int64_t limit) override {
    return Around("ReadDueSchedules", [&] { return inner_.ReadDueSchedules(now, limit); });
  }
  Bell& work_bell() override { return inner_.work_bell(); }
  absl::StatusOr<uint64_t> ReadWorkNumber() override {
    return Around("ReadWorkNumber", [&] { return inner_.ReadWorkNumber(); });
  }
  absl::StatusOr<absl::Time> ReadNextDue(absl::Time now) override {
    return Around("ReadNextDue", [&] { return inner_.ReadNextDue(now); });
  }

 protected:
  Storage& inner() const { return inner_; }

  // Called before an operation is handed on; `operation` is its name ("WriteProducts"). An error takes the place of the
  // operation, which is then not handed on. Default: OK.
  virtual absl::Status Before(absl::string_view operation);
  // Called with what the operation came to. An error takes the place of its answer. Default: `status` itself.
  virtual absl::Status After(absl::string_view operation, const absl::Status& status);

 private:
  static const absl::Status& StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
    return result.status();
  }

  template <typename Operation>
  auto Around(absl::string_view name, Operation operation) -> decltype(operation()) {
    absl::Status status = Before(name);
    if (!status.ok()) return status;
    auto result = operation();
    status = After(name, StatusOf(result));
    if (!status.ok()) return status;
    return result;
  }

  LinkIndex& index() { return *inner_.link_index(); }

  Storage& inner_;
};

}  // namespace flxlink

#endif  // FLXLINK_FORWARDING_STORAGE_H_
