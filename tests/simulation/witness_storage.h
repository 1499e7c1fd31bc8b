// A storage that tells the oracles what was done, whether or not who asked for it hears of it.

#ifndef FLXLINK_TESTS_SIMULATION_WITNESS_STORAGE_H_
#define FLXLINK_TESTS_SIMULATION_WITNESS_STORAGE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/forwarding_storage.h"
#include "tests/simulation/oracles.h"

namespace flxlink::simulation {

class WitnessStorage : public ForwardingStorage {
 public:
  // `store` is what `inner` forwards to in the end.
  WitnessStorage(Storage& inner, Storage& store, Oracles& oracles)
      : ForwardingStorage(inner), store_(store), oracles_(oracles) {}

  absl::StatusOr<ProductWriteResult> WriteProducts(const ProductBatch& batch, absl::Time now) override;
  absl::StatusOr<ProductRemovalResult> RemoveProducts(absl::Span<const std::string> skus, absl::Time now) override;
  absl::Status WriteQueue(const QueueChange& change) override;
  // As the store's, but it moves only with what it tells of, so that histories are the same over stores whose number
  // also moves for something else.
  absl::StatusOr<uint64_t> ReadWorkNumber() override;
  absl::Status CloseOwner(OwnerId owner) override {
    const absl::Status status = ForwardingStorage::CloseOwner(owner);
    if (status.ok()) oracles_.OwnerDied(owner);
    return status;
  }
  absl::StatusOr<std::vector<int64_t>> BeginPush(const Fence& fence, const PushRecord& record) override;
  absl::StatusOr<PullState> BeginPull(const Fence& fence, absl::string_view since) override;

  absl::StatusOr<int64_t> DecideHeldChanges(int64_t channel_id, const HeldSelection& selection,
                                            HeldChange::State decision, int64_t limit, absl::Time now) override;

  // -- What can break links.

  absl::StatusOr<PullWriteResult> WritePulledPages(const Fence& fence, int64_t pull_number,
                                                   absl::Span<const PullPage> pages, absl::Time now) override {
    return TellBroken(
        fence, true,
        Tell(fence, "WritePulledPages", ForwardingStorage::WritePulledPages(fence, pull_number, pages, now)));
  }
  absl::StatusOr<SweepResult> SweepAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                          absl::Time now) override {
    return TellBroken(fence, true,
                      Tell(fence, "SweepAbsent", ForwardingStorage::SweepAbsent(fence, pull_number, limit, now)));
  }
  absl::StatusOr<PullWriteResult> WriteFetched(const Fence& fence, const FetchReply& reply, absl::Time now) override {
    absl::StatusOr<PullWriteResult> result =
        TellBroken(fence, false, Tell(fence, "WriteFetched", ForwardingStorage::WriteFetched(fence, reply, now)));
    if (result.ok()) oracles_.ItemsSeen(fence.channel_id, reply.items);
    return result;
  }
  absl::StatusOr<SettlementResult> WriteSettlements(const Fence& fence, const SettlementBatch& batch,
                                                    absl::Time now) override {
    absl::StatusOr<SettlementResult> result =
        Tell(fence, "WriteSettlements", ForwardingStorage::WriteSettlements(fence, batch, now));
    if (result.ok()) oracles_.Settled(fence.channel_id, batch);
    if (result.ok()) oracles_.LinksBrokenBy(batch.push_id, fence.channel_id, NewlyBroken(fence.channel_id));
    return result;
  }

  // -- Under a fence, and nothing else to tell.

  absl::StatusOr<std::vector<BuildOutcome>> WriteListings(const Fence& fence, const ListingBatch& batch,
                                                          absl::Time now) override {
    return Tell(fence, "WriteListings", ForwardingStorage::WriteListings(fence, batch, now));
  }
  absl::Status EndPull(const Fence& fence, int64_t pull_number, bool complete, absl::string_view mark,
                       absl::Time now) override {
    return Tell(fence, "EndPull", ForwardingStorage::EndPull(fence, pull_number, complete, mark, now));
  }
  absl::StatusOr<LinkWriteResult> WriteLinks(const Fence& fence, int64_t read_edit_version,
                                             absl::Span<const LinkWrite> rows, absl::Time now) override {
    return Tell(fence, "WriteLinks", ForwardingStorage::WriteLinks(fence, read_edit_version, rows, now));
  }
  absl::StatusOr<int64_t> ReleaseLinks(const Fence& fence, absl::Span<const LinkPair> links,
                                       const ChangeCounts& changes, absl::Time now) override {
    return Tell(fence, "ReleaseLinks", ForwardingStorage::ReleaseLinks(fence, links, changes, now));
  }
  absl::StatusOr<std::vector<SightedAttention>> HoldUnlinks(const Fence& fence, absl::Span<const LinkPair> links,
                                                            absl::Time now) override {
    return Tell(fence, "HoldUnlinks", ForwardingStorage::HoldUnlinks(fence, links, now));
  }
  absl::Status WriteReconciliations(const Fence& fence, absl::Span<const Reconciliation> rows,
                                    absl::Time now) override {
    return Tell(fence, "WriteReconciliations", ForwardingStorage::WriteReconciliations(fence, rows, now));
  }
  absl::Status ForceLinks(const Fence& fence, absl::Span<const LinkPair> links, absl::Time now) override {
    return Tell(fence, "ForceLinks", ForwardingStorage::ForceLinks(fence, links, now));
  }
  absl::Status WriteEvaluatedVersion(const Fence& fence, int64_t policy_version) override {
    return Tell(fence, "WriteEvaluatedVersion", ForwardingStorage::WriteEvaluatedVersion(fence, policy_version));
  }
  absl::Status LetPushLinger(const Fence& fence, int64_t push_id) override {
    return Tell(fence, "LetPushLinger", ForwardingStorage::LetPushLinger(fence, push_id));
  }
  absl::Status AbandonPush(const Fence& fence, int64_t push_id, absl::Time now) override {
    return Tell(fence, "AbandonPush", ForwardingStorage::AbandonPush(fence, push_id, now));
  }
  absl::StatusOr<int64_t> WriteStatuses(const Fence& fence, absl::Span<const StatusWrite> rows,
                                        absl::Time now) override {
    return Tell(fence, "WriteStatuses", ForwardingStorage::WriteStatuses(fence, rows, now));
  }
  // To the end at once, since stores count differently what they forget.
  absl::StatusOr<bool> DropLinkBase(const Fence& fence, int64_t limit) override {
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more) more = ForwardingStorage::DropLinkBase(fence, limit);
    return Tell(fence, "DropLinkBase", more);
  }
  absl::Status WriteKeyEntries(const Fence& fence, KeyColumn column, absl::Span<const KeyEntry> entries) override {
    return Tell(fence, "WriteKeyEntries", ForwardingStorage::WriteKeyEntries(fence, column, entries));
  }
  absl::Status SetLinkBase(const Fence& fence, absl::string_view text) override {
    return Tell(fence, "SetLinkBase", ForwardingStorage::SetLinkBase(fence, text));
  }
  absl::Status AddKeyEntries(const Fence& fence, absl::Span<const KeyAddition> additions) override {
    return Tell(fence, "AddKeyEntries", ForwardingStorage::AddKeyEntries(fence, additions));
  }
  absl::StatusOr<bool> ForgetLinkChanges(const Fence& fence, int64_t read_edit_version, int64_t limit) override {
    return Tell(fence, "ForgetLinkChanges", ForwardingStorage::ForgetLinkChanges(fence, read_edit_version, limit));
  }
  absl::StatusOr<SweepResult> HoldAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                         absl::Time now) override {
    return Tell(fence, "HoldAbsent", ForwardingStorage::HoldAbsent(fence, pull_number, limit, now));
  }
  absl::StatusOr<ProgressReply> WriteProgress(const Fence& fence, const JobReport& report) override {
    return Tell(fence, "WriteProgress", ForwardingStorage::WriteProgress(fence, report));
  }

 private:
  static bool IsOk(const absl::Status& status) { return status.ok(); }
  template <typename T>
  static bool IsOk(const absl::StatusOr<T>& result) {
    return result.ok();
  }
  template <typename Result>
  Result Tell(const Fence& fence, absl::string_view operation, Result result) {
    if (IsOk(result)) oracles_.WrittenUnder(fence, operation);
    return result;
  }

  template <typename Result>
  Result TellBroken(const Fence& fence, bool by_pull, Result result) {
    if (IsOk(result)) oracles_.LinksBroken(fence.channel_id, NewlyBroken(fence.channel_id), by_pull);
    return result;
  }
  // The items of the links that broke since it last looked.
  std::set<std::string> NewlyBroken(int64_t channel_id);

  Storage& store_;
  Oracles& oracles_;
  // By channel, the items of broken links.
  std::map<int64_t, std::set<std::string>> broken_;
  absl::optional<uint64_t> work_number_;  // The store's when it last moved.
  uint64_t work_ = 0;                     // What is told.
};

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_WITNESS_STORAGE_H_
