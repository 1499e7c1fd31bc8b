// A storage of somebody else: it keeps everything in one that flxlink has, and counts what was written.

#ifndef OUTSIDE_COUNTING_STORAGE_H_
#define OUTSIDE_COUNTING_STORAGE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flxlink/storage.h"

namespace outside {

class CountingStorage : public flxlink::Storage {
 public:
  explicit CountingStorage(std::unique_ptr<flxlink::Storage> inner) : inner_(std::move(inner)) {}

  // Writes that succeeded, and writes that did not.
  int64_t written() const { return written_; }
  int64_t refused() const { return refused_; }

  absl::StatusOr<int64_t> ReserveIds(int64_t count) override { return inner_->ReserveIds(count); }
  absl::StatusOr<flxlink::Channel> CreateChannel(const flxlink::ChannelConfig& config) override {
    return Count(inner_->CreateChannel(config));
  }
  absl::StatusOr<flxlink::Channel> ReadChannel(absl::string_view name) override { return inner_->ReadChannel(name); }
  absl::StatusOr<flxlink::Channel> ReadChannel(int64_t channel_id) override { return inner_->ReadChannel(channel_id); }
  absl::StatusOr<std::vector<flxlink::Channel>> ReadChannels() override { return inner_->ReadChannels(); }
  absl::Status WriteChannel(int64_t channel_id, int64_t expected_revision, const flxlink::ChannelConfig& config,
                            const absl::optional<flxlink::ChannelConfig>& draft, bool moves_policy) override {
    return Count(inner_->WriteChannel(channel_id, expected_revision, config, draft, moves_policy));
  }
  absl::Status RemoveChannel(int64_t channel_id) override { return Count(inner_->RemoveChannel(channel_id)); }
  absl::StatusOr<flxlink::ProductWriteResult> WriteProducts(const flxlink::ProductBatch& batch,
                                                            absl::Time now) override {
    return Count(inner_->WriteProducts(batch, now));
  }
  absl::StatusOr<flxlink::ProductBatch> ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                     int64_t limit) override {
    return inner_->ReadProducts(after_id, skus, limit);
  }
  absl::StatusOr<std::vector<flxlink::BuildOutcome>> WriteListings(const flxlink::Fence& fence,
                                                                   const flxlink::ListingBatch& batch,
                                                                   absl::Time now) override {
    return Count(inner_->WriteListings(fence, batch, now));
  }
  absl::StatusOr<std::vector<flxlink::ListingRow>> ReadListings(int64_t channel_id,
                                                                const flxlink::ListingFilter& filter, int64_t after_id,
                                                                int64_t limit) override {
    return inner_->ReadListings(channel_id, filter, after_id, limit);
  }
  absl::StatusOr<flxlink::PullState> BeginPull(const flxlink::Fence& fence) override {
    return Count(inner_->BeginPull(fence));
  }
  absl::StatusOr<flxlink::PullWriteResult> WritePulledPage(const flxlink::Fence& fence, int64_t pull_number,
                                                           const flxlink::PullPage& page, absl::Time now) override {
    return Count(inner_->WritePulledPage(fence, pull_number, page, now));
  }
  absl::StatusOr<int64_t> CountAbsentLinks(int64_t channel_id, int64_t pull_number) override {
    return inner_->CountAbsentLinks(channel_id, pull_number);
  }
  absl::StatusOr<flxlink::SweepResult> SweepAbsent(const flxlink::Fence& fence, int64_t pull_number, int64_t limit,
                                                   absl::Time now) override {
    return Count(inner_->SweepAbsent(fence, pull_number, limit, now));
  }
  absl::Status EndPull(const flxlink::Fence& fence, int64_t pull_number, bool complete, absl::string_view revision,
                       absl::Time now) override {
    return Count(inner_->EndPull(fence, pull_number, complete, revision, now));
  }
  absl::StatusOr<flxlink::ListingKeyPage> ReadListingKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                          int64_t after_id, int64_t limit) override {
    return inner_->ReadListingKeys(channel_id, fields, after_id, limit);
  }
  absl::StatusOr<flxlink::ChannelKeyPage> ReadChannelKeys(int64_t channel_id, absl::Span<const std::string> fields,
                                                          int64_t after_id, int64_t limit) override {
    return inner_->ReadChannelKeys(channel_id, fields, after_id, limit);
  }
  absl::StatusOr<flxlink::ListingKeyPage> ReadListingKeysById(int64_t channel_id, absl::Span<const std::string> fields,
                                                              absl::Span<const int64_t> ids) override {
    return inner_->ReadListingKeysById(channel_id, fields, ids);
  }
  absl::StatusOr<flxlink::ChannelKeyPage> ReadChannelKeysById(int64_t channel_id, absl::Span<const std::string> fields,
                                                              absl::Span<const int64_t> ids) override {
    return inner_->ReadChannelKeysById(channel_id, fields, ids);
  }
  absl::StatusOr<std::vector<flxlink::LinkHolder>> ReadHolders(int64_t channel_id,
                                                               absl::Span<const int64_t> channel_variant_ids) override {
    return inner_->ReadHolders(channel_id, channel_variant_ids);
  }
  absl::StatusOr<std::vector<flxlink::LinkPair>> ReadHandUnlinks(int64_t channel_id, flxlink::LinkPair after,
                                                                 int64_t limit) override {
    return inner_->ReadHandUnlinks(channel_id, after, limit);
  }
  absl::StatusOr<flxlink::LinkWriteResult> WriteLinks(const flxlink::Fence& fence, int64_t expected_edit_version,
                                                      absl::Span<const flxlink::LinkWrite> rows,
                                                      absl::Time now) override {
    return Count(inner_->WriteLinks(fence, expected_edit_version, rows, now));
  }
  absl::StatusOr<flxlink::LinkBase> ReadLinkBase(int64_t channel_id) override {
    return inner_->ReadLinkBase(channel_id);
  }
  absl::StatusOr<bool> DropLinkBase(const flxlink::Fence& fence, int64_t limit) override {
    return Count(inner_->DropLinkBase(fence, limit));
  }
  absl::Status WriteKeyEntries(const flxlink::Fence& fence, flxlink::KeyColumn column,
                               absl::Span<const flxlink::KeyEntry> entries) override {
    return Count(inner_->WriteKeyEntries(fence, column, entries));
  }
  absl::Status SetLinkBase(const flxlink::Fence& fence, int64_t expected_edit_version,
                           absl::string_view text) override {
    return Count(inner_->SetLinkBase(fence, expected_edit_version, text));
  }
  absl::StatusOr<std::vector<flxlink::KeyEntry>> FindKeyEntries(int64_t channel_id, flxlink::KeyColumn column,
                                                                absl::Span<const flxlink::KeyLookup> lookups,
                                                                int64_t limit) override {
    return inner_->FindKeyEntries(channel_id, column, lookups, limit);
  }
  absl::StatusOr<flxlink::LinkChangePage> ReadLinkChanges(int64_t channel_id, flxlink::LinkSide side,
                                                          absl::Span<const std::string> fields, int64_t after_id,
                                                          int64_t limit) override {
    return inner_->ReadLinkChanges(channel_id, side, fields, after_id, limit);
  }
  absl::Status AddKeyEntries(const flxlink::Fence& fence, absl::Span<const flxlink::KeyAddition> additions) override {
    return Count(inner_->AddKeyEntries(fence, additions));
  }
  absl::StatusOr<bool> ForgetLinkChanges(const flxlink::Fence& fence, int64_t expected_edit_version,
                                         int64_t limit) override {
    return Count(inner_->ForgetLinkChanges(fence, expected_edit_version, limit));
  }
  absl::StatusOr<int64_t> ReleaseBroken(const flxlink::Fence& fence, int64_t limit, absl::Time now) override {
    return Count(inner_->ReleaseBroken(fence, limit, now));
  }
  absl::Status EditListing(int64_t channel_id, absl::string_view sku, const flxlink::ListingEdit& edit,
                           absl::Time now) override {
    return Count(inner_->EditListing(channel_id, sku, edit, now));
  }
  absl::StatusOr<std::vector<flxlink::LinkEvent>> ReadLinkHistory(int64_t channel_id, int64_t listing_id) override {
    return inner_->ReadLinkHistory(channel_id, listing_id);
  }
  absl::StatusOr<flxlink::SyncBatch> ReadDirty(int64_t channel_id, DirtyCursor* cursor, int64_t limit) override {
    return inner_->ReadDirty(channel_id, cursor, limit);
  }
  absl::StatusOr<flxlink::SyncBatch> ReadLinks(int64_t channel_id, int64_t after_id, int64_t limit) override {
    return inner_->ReadLinks(channel_id, after_id, limit);
  }
  absl::StatusOr<flxlink::SyncBatch> ReadLinksBySku(int64_t channel_id, absl::Span<const std::string> skus) override {
    return inner_->ReadLinksBySku(channel_id, skus);
  }
  absl::StatusOr<flxlink::SyncBatch> ReadLinksByParent(int64_t channel_id, absl::Span<const std::string> parent_ids,
                                                       int64_t after_id, int64_t limit) override {
    return inner_->ReadLinksByParent(channel_id, parent_ids, after_id, limit);
  }
  absl::Status WriteReconciliations(const flxlink::Fence& fence, absl::Span<const flxlink::Reconciliation> rows,
                                    absl::Time now) override {
    return Count(inner_->WriteReconciliations(fence, rows, now));
  }
  absl::Status ForceLinks(const flxlink::Fence& fence, absl::Span<const int64_t> listing_ids, absl::Time now) override {
    return Count(inner_->ForceLinks(fence, listing_ids, now));
  }
  absl::Status WriteEvaluatedVersion(const flxlink::Fence& fence, int64_t policy_version) override {
    return Count(inner_->WriteEvaluatedVersion(fence, policy_version));
  }
  absl::Status BeginPush(const flxlink::Fence& fence, const flxlink::PushRecord& record) override {
    return Count(inner_->BeginPush(fence, record));
  }
  absl::StatusOr<std::vector<flxlink::OpenPush>> ReadOpenPushes(int64_t channel_id) override {
    return inner_->ReadOpenPushes(channel_id);
  }
  absl::Status WriteSettlements(const flxlink::Fence& fence, const flxlink::SettlementBatch& batch,
                                absl::Time now) override {
    return Count(inner_->WriteSettlements(fence, batch, now));
  }
  absl::Status AbandonPush(const flxlink::Fence& fence, int64_t push_id) override {
    return Count(inner_->AbandonPush(fence, push_id));
  }
  absl::StatusOr<int64_t> WriteStatuses(const flxlink::Fence& fence, absl::Span<const flxlink::StatusWrite> rows,
                                        absl::Time now) override {
    return Count(inner_->WriteStatuses(fence, rows, now));
  }
  absl::StatusOr<flxlink::OwnerId> OpenOwner() override { return inner_->OpenOwner(); }
  absl::Status CloseOwner(flxlink::OwnerId owner) override { return inner_->CloseOwner(owner); }
  absl::Duration keep_alive_interval() const override { return inner_->keep_alive_interval(); }
  absl::Status KeepAlive(flxlink::OwnerId owner) override { return inner_->KeepAlive(owner); }
  absl::StatusOr<flxlink::QueueSnapshot> ReadQueue(int64_t channel_id) override {
    return inner_->ReadQueue(channel_id);
  }
  absl::Status WriteQueue(const flxlink::QueueChange& change) override { return Count(inner_->WriteQueue(change)); }
  absl::StatusOr<std::vector<int64_t>> ReadClaimable(int64_t limit) override { return inner_->ReadClaimable(limit); }
  absl::StatusOr<ProgressReply> WriteProgress(const flxlink::Fence& fence,
                                              const flxlink::JobProgress& progress) override {
    return Count(inner_->WriteProgress(fence, progress));
  }
  absl::StatusOr<flxlink::Job> ReadJob(int64_t job_id) override { return inner_->ReadJob(job_id); }
  absl::StatusOr<std::vector<flxlink::Job>> ReadJobs(const flxlink::JobFilter& filter, int64_t before_id,
                                                     int64_t limit) override {
    return inner_->ReadJobs(filter, before_id, limit);
  }
  absl::Status WriteSchedule(const flxlink::Schedule& schedule) override {
    return Count(inner_->WriteSchedule(schedule));
  }
  absl::Status ClearSchedule(int64_t channel_id) override { return Count(inner_->ClearSchedule(channel_id)); }
  absl::StatusOr<std::vector<flxlink::Schedule>> ReadSchedules() override { return inner_->ReadSchedules(); }

 private:
  static bool IsOk(const absl::Status& status) { return status.ok(); }
  template <typename T>
  static bool IsOk(const absl::StatusOr<T>& result) {
    return result.ok();
  }

  template <typename Result>
  Result Count(Result result) {
    ++(IsOk(result) ? written_ : refused_);
    return result;
  }

  const std::unique_ptr<flxlink::Storage> inner_;
  std::atomic<int64_t> written_{0};
  std::atomic<int64_t> refused_{0};
};

}  // namespace outside

#endif  // OUTSIDE_COUNTING_STORAGE_H_
