// A storage that lets a test see what a job does to it, and spoil it.

#ifndef FLXLINK_TESTS_ENGINE_WATCHED_STORAGE_H_
#define FLXLINK_TESTS_ENGINE_WATCHED_STORAGE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "flxlink/storage.h"

namespace flxlink::engine {

// Hands everything on to another storage. Not thread-safe.
class WatchedStorage : public Storage {
 public:
  // What befalls a job at one of its writes; those of link jobs count, from 1, reports of progress included.
  enum class Fate {
    kNone,
    kRefused,     // It and all later ones are UNAVAILABLE, and not done.
    kAnswerLost,  // It is done and says UNKNOWN; later ones are as with kRefused.
    kDeath,       // It is not done, and from then on nothing works, as for a process that died.
    kLateDeath,   // The same, once it is done.
    kMeddled,     // `meddle` is called before it.
  };

  explicit WatchedStorage(Storage& inner) : inner_(inner) {}

  // Starts to count anew.
  void Expect(Fate fate, int64_t at_write, std::function<void()> meddle = nullptr) {
    fate_ = fate;
    at_write_ = at_write;
    meddle_ = std::move(meddle);
    writes_ = 0;
    full_scans_ = 0;
  }
  // Pages of a read of a whole side.
  int64_t full_scans() const { return full_scans_; }
  int64_t writes() const { return writes_; }

  absl::StatusOr<int64_t> ReserveIds(int64_t count) override {
    return Living([&] { return inner_.ReserveIds(count); });
  }
  absl::StatusOr<Channel> CreateChannel(const ChannelConfig& config) override {
    return Living([&] { return inner_.CreateChannel(config); });
  }
  absl::StatusOr<Channel> ReadChannel(absl::string_view name) override {
    return Living([&] { return inner_.ReadChannel(name); });
  }
  absl::StatusOr<Channel> ReadChannel(int64_t channel_id) override {
    return Living([&] { return inner_.ReadChannel(channel_id); });
  }
  absl::StatusOr<std::vector<Channel>> ReadChannels() override {
    return Living([&] { return inner_.ReadChannels(); });
  }
  absl::Status WriteChannel(int64_t channel_id, int64_t expected_revision, const ChannelConfig& config,
                            const absl::optional<ChannelConfig>& draft, bool moves_policy) override {
    return Living([&] { return inner_.WriteChannel(channel_id, expected_revision, config, draft, moves_policy); });
  }
  absl::Status RemoveChannel(int64_t channel_id) override {
    return Living([&] { return inner_.RemoveChannel(channel_id); });
  }
  absl::StatusOr<ProductWriteResult> WriteProducts(const ProductBatch& batch, absl::Time now) override {
    return Living([&] { return inner_.WriteProducts(batch, now); });
  }
  absl::StatusOr<ProductBatch> ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                            int64_t limit) override {
    return Living([&] { return inner_.ReadProducts(after_id, skus, limit); });
  }
  absl::StatusOr<std::vector<BuildOutcome>> WriteListings(const Fence& fence, const ListingBatch& batch,
                                                          absl::Time now) override {
    return Living([&] { return inner_.WriteListings(fence, batch, now); });
  }
  absl::StatusOr<std::vector<ListingRow>> ReadListings(int64_t channel_id, const ListingFilter& filter,
                                                       int64_t after_id, int64_t limit) override {
    return Living([&] { return inner_.ReadListings(channel_id, filter, after_id, limit); });
  }
  absl::StatusOr<PullState> BeginPull(const Fence& fence) override {
    return Living([&] { return inner_.BeginPull(fence); });
  }
  absl::StatusOr<PullWriteResult> WritePulledPage(const Fence& fence, int64_t pull_number, const PullPage& page,
                                                  absl::Time now) override {
    return Living([&] { return inner_.WritePulledPage(fence, pull_number, page, now); });
  }
  absl::StatusOr<int64_t> CountAbsentLinks(int64_t channel_id, int64_t pull_number) override {
    return Living([&] { return inner_.CountAbsentLinks(channel_id, pull_number); });
  }
  absl::StatusOr<SweepResult> SweepAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                          absl::Time now) override {
    return Living([&] { return inner_.SweepAbsent(fence, pull_number, limit, now); });
  }
  absl::Status EndPull(const Fence& fence, int64_t pull_number, bool complete, absl::string_view revision,
                       absl::Time now) override {
    return Living([&] { return inner_.EndPull(fence, pull_number, complete, revision, now); });
  }
  absl::StatusOr<ListingKeyPage> ReadListingKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                 int64_t after_id, int64_t limit) override {
    ++full_scans_;
    return Living([&] { return inner_.ReadListingKeys(channel_id, fields, after_id, limit); });
  }
  absl::StatusOr<ChannelKeyPage> ReadChannelKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                 int64_t after_id, int64_t limit) override {
    ++full_scans_;
    return Living([&] { return inner_.ReadChannelKeys(channel_id, fields, after_id, limit); });
  }
  absl::StatusOr<ListingKeyPage> ReadListingKeysById(int64_t channel_id, absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override {
    return Living([&] { return inner_.ReadListingKeysById(channel_id, fields, ids); });
  }
  absl::StatusOr<ChannelKeyPage> ReadChannelKeysById(int64_t channel_id, absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override {
    return Living([&] { return inner_.ReadChannelKeysById(channel_id, fields, ids); });
  }
  absl::StatusOr<std::vector<LinkHolder>> ReadHolders(int64_t channel_id,
                                                      absl::Span<const int64_t> channel_variant_ids) override {
    return Living([&] { return inner_.ReadHolders(channel_id, channel_variant_ids); });
  }
  absl::StatusOr<std::vector<LinkPair>> ReadHandUnlinks(int64_t channel_id, LinkPair after, int64_t limit) override {
    return Living([&] { return inner_.ReadHandUnlinks(channel_id, after, limit); });
  }
  absl::StatusOr<LinkWriteResult> WriteLinks(const Fence& fence, int64_t read_edit_version,
                                             absl::Span<const LinkWrite> rows, absl::Time now) override {
    return Write([&] { return inner_.WriteLinks(fence, read_edit_version, rows, now); });
  }
  absl::StatusOr<LinkBase> ReadLinkBase(int64_t channel_id) override {
    return Living([&] { return inner_.ReadLinkBase(channel_id); });
  }
  absl::StatusOr<bool> DropLinkBase(const Fence& fence, int64_t limit) override {
    return Write([&] { return inner_.DropLinkBase(fence, limit); });
  }
  absl::Status WriteKeyEntries(const Fence& fence, KeyColumn column, absl::Span<const KeyEntry> entries) override {
    return Write([&] { return inner_.WriteKeyEntries(fence, column, entries); });
  }
  absl::Status SetLinkBase(const Fence& fence, absl::string_view text) override {
    return Write([&] { return inner_.SetLinkBase(fence, text); });
  }
  absl::StatusOr<std::vector<KeyEntry>> FindKeyEntries(int64_t channel_id, KeyColumn column,
                                                       absl::Span<const KeyLookup> lookups, int64_t limit) override {
    return Living([&] { return inner_.FindKeyEntries(channel_id, column, lookups, limit); });
  }
  absl::StatusOr<LinkChangePage> ReadLinkChanges(int64_t channel_id, LinkSide side,
                                                 absl::Span<const std::string> fields, int64_t after_id,
                                                 int64_t limit) override {
    return Living([&] { return inner_.ReadLinkChanges(channel_id, side, fields, after_id, limit); });
  }
  absl::Status AddKeyEntries(const Fence& fence, absl::Span<const KeyAddition> additions) override {
    return Write([&] { return inner_.AddKeyEntries(fence, additions); });
  }
  absl::StatusOr<bool> ForgetLinkChanges(const Fence& fence, int64_t read_edit_version, int64_t limit) override {
    return Write([&] { return inner_.ForgetLinkChanges(fence, read_edit_version, limit); });
  }
  absl::StatusOr<int64_t> ReleaseBroken(const Fence& fence, int64_t limit, absl::Time now) override {
    return Write([&] { return inner_.ReleaseBroken(fence, limit, now); });
  }
  absl::Status EditListing(int64_t channel_id, absl::string_view sku, const ListingEdit& edit,
                           absl::Time now) override {
    return Living([&] { return inner_.EditListing(channel_id, sku, edit, now); });
  }
  absl::StatusOr<std::vector<LinkEvent>> ReadLinkHistory(int64_t channel_id, int64_t listing_id) override {
    return Living([&] { return inner_.ReadLinkHistory(channel_id, listing_id); });
  }
  absl::StatusOr<SyncBatch> ReadDirty(int64_t channel_id, DirtyCursor* cursor, int64_t limit) override {
    return Living([&] { return inner_.ReadDirty(channel_id, cursor, limit); });
  }
  absl::StatusOr<SyncBatch> ReadLinks(int64_t channel_id, int64_t after_id, int64_t limit) override {
    return Living([&] { return inner_.ReadLinks(channel_id, after_id, limit); });
  }
  absl::StatusOr<SyncBatch> ReadLinksBySku(int64_t channel_id, absl::Span<const std::string> skus) override {
    return Living([&] { return inner_.ReadLinksBySku(channel_id, skus); });
  }
  absl::StatusOr<SyncBatch> ReadLinksByParent(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                              int64_t after_id, int64_t limit) override {
    return Living([&] { return inner_.ReadLinksByParent(channel_id, parent_ids, after_id, limit); });
  }
  absl::Status WriteReconciliations(const Fence& fence, absl::Span<const Reconciliation> rows,
                                    absl::Time now) override {
    return Living([&] { return inner_.WriteReconciliations(fence, rows, now); });
  }
  absl::Status ForceLinks(const Fence& fence, absl::Span<const int64_t> listing_ids, absl::Time now) override {
    return Living([&] { return inner_.ForceLinks(fence, listing_ids, now); });
  }
  absl::Status WriteEvaluatedVersion(const Fence& fence, int64_t policy_version) override {
    return Living([&] { return inner_.WriteEvaluatedVersion(fence, policy_version); });
  }
  absl::Status BeginPush(const Fence& fence, const PushRecord& record) override {
    return Living([&] { return inner_.BeginPush(fence, record); });
  }
  absl::StatusOr<std::vector<OpenPush>> ReadOpenPushes(int64_t channel_id) override {
    return Living([&] { return inner_.ReadOpenPushes(channel_id); });
  }
  absl::Status WriteSettlements(const Fence& fence, const SettlementBatch& batch, absl::Time now) override {
    return Living([&] { return inner_.WriteSettlements(fence, batch, now); });
  }
  absl::Status AbandonPush(const Fence& fence, int64_t push_id) override {
    return Living([&] { return inner_.AbandonPush(fence, push_id); });
  }
  absl::StatusOr<int64_t> WriteStatuses(const Fence& fence, absl::Span<const StatusWrite> rows,
                                        absl::Time now) override {
    return Living([&] { return inner_.WriteStatuses(fence, rows, now); });
  }
  absl::StatusOr<OwnerId> OpenOwner() override { return inner_.OpenOwner(); }
  absl::Status CloseOwner(OwnerId owner) override { return inner_.CloseOwner(owner); }
  absl::Duration keep_alive_interval() const override { return inner_.keep_alive_interval(); }
  absl::Status KeepAlive(OwnerId owner) override {
    return Living([&] { return inner_.KeepAlive(owner); });
  }
  absl::StatusOr<QueueSnapshot> ReadQueue(int64_t channel_id) override {
    return Living([&] { return inner_.ReadQueue(channel_id); });
  }
  absl::Status WriteQueue(const QueueChange& change) override {
    return Living([&] { return inner_.WriteQueue(change); });
  }
  absl::StatusOr<std::vector<int64_t>> ReadClaimable(int64_t limit) override {
    return Living([&] { return inner_.ReadClaimable(limit); });
  }
  absl::StatusOr<ProgressReply> WriteProgress(const Fence& fence, const JobProgress& progress) override {
    return Write([&] { return inner_.WriteProgress(fence, progress); });
  }
  absl::StatusOr<Job> ReadJob(int64_t job_id) override {
    return Living([&] { return inner_.ReadJob(job_id); });
  }
  absl::StatusOr<std::vector<Job>> ReadJobs(const JobFilter& filter, int64_t before_id, int64_t limit) override {
    return Living([&] { return inner_.ReadJobs(filter, before_id, limit); });
  }
  absl::StatusOr<bool> WriteSchedule(const Schedule& schedule) override {
    return Living([&] { return inner_.WriteSchedule(schedule); });
  }
  absl::Status ClearSchedule(int64_t channel_id, absl::string_view name) override {
    return Living([&] { return inner_.ClearSchedule(channel_id, name); });
  }
  absl::StatusOr<std::vector<Schedule>> ReadSchedules() override {
    return Living([&] { return inner_.ReadSchedules(); });
  }
  absl::StatusOr<std::vector<Schedule>> ReadDueSchedules(absl::Time now, int64_t limit) override {
    return Living([&] { return inner_.ReadDueSchedules(now, limit); });
  }

 private:
  bool Dead() const { return (fate_ == Fate::kDeath || fate_ == Fate::kLateDeath) && writes_ >= at_write_; }

  // Any operation.
  template <typename Call>
  auto Living(Call call) -> decltype(call()) {
    if (Dead()) return absl::UnavailableError("the process has died");
    return call();
  }

  // A write of a link job.
  template <typename Call>
  auto Write(Call call) -> decltype(call()) {
    if (Dead()) return absl::UnavailableError("the process has died");
    ++writes_;
    if (fate_ == Fate::kNone || writes_ < at_write_) return call();
    if (fate_ == Fate::kMeddled) {
      if (writes_ == at_write_) meddle_();
      return call();
    }
    if (writes_ == at_write_ && (fate_ == Fate::kAnswerLost || fate_ == Fate::kLateDeath)) {
      call().IgnoreError();
      return absl::UnknownError("the answer got lost");
    }
    return absl::UnavailableError("the storage is away");
  }

  Storage& inner_;
  Fate fate_ = Fate::kNone;
  int64_t at_write_ = 0;
  std::function<void()> meddle_;
  int64_t writes_ = 0;
  int64_t full_scans_ = 0;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_TESTS_ENGINE_WATCHED_STORAGE_H_
