// What must hold of every history, judged as it happens and at its end. The first thing that does not hold is kept.
//
//   O1  A slot is claimed only where it is free or its owner is dead, with a higher epoch and another claim.
//   O2  A stale fence changes nothing.
//   O3  A final job stays as it is, and no job is lost.
//   O4  An accepted request is covered by a job that begins after it, and that job ends.
//   O5  In the end nothing is left to do: no open job or push, no dirty link, nothing that linking would link.
//   O6  In the end each link's item has what the last committed statement about its product says.
//   O7  A push that is begun carries what the store says then.
//   O8  No push arrives after the deadline of its record.
//   O9  No push of a field of an item arrives while an earlier one may still land, whatever links the two were for.
//   O10 A link breaks only if its item was absent at some time since the pull began that says so, and since a fetch
//   last
//       saw it.
//   O11 A schedule fires once at each instant that it fires at, and no later than somebody looks.
//   O12 Once an urgent job has ended, a bulk job that is due goes next; and of those at most one is begun.
//   O13 A job yields with no call under way.
//   O14 What a job has counted never falls, but for what it counts anew after its worker died; and its progress never
//       passes its total.
//   O15 No push begins to a link that is doubtful, where the channel holds such links.
//   O16 No push begins with a status that nobody has stated.
//   O17 Within a day a channel gets no more changes of a kind than it allows, but for those that a person approved.

#ifndef FLXLINK_TESTS_SIMULATION_ORACLES_H_
#define FLXLINK_TESTS_SIMULATION_ORACLES_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/breaker.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/engine.h"
#include "flxlink/job.h"
#include "flxlink/product.h"
#include "flxlink/push.h"
#include "flxlink/simulated_channel.h"
#include "flxlink/storage.h"
#include "tests/simulation/scheduler.h"

namespace flxlink::simulation {

class Oracles {
 public:
  explicit Oracles(Scheduler& scheduler) : scheduler_(scheduler) {}

  // Empty: all held so far.
  const std::string& failure() const { return failure_; }
  void Fail(absl::string_view oracle, absl::string_view what);

  // -- What happens.

  void OwnerDied(OwnerId owner) { dead_.insert(owner); }
  void ProductsWritten(const ProductBatch& batch);
  void ProductsRemoved(absl::Span<const std::string> skus);
  void QueueWritten(const QueueChange& change);
  void WrittenUnder(const Fence& fence, absl::string_view operation);
  // `skus`: of the record's items.
  void PullBegun(int64_t channel_id, int64_t pull_number);
  void FetchBegins(int64_t channel_id) { fetch_began_[channel_id] = scheduler_.now(); }
  void ItemsSeen(int64_t channel_id, const ChannelVariantBatch& items);
  void ItemRemoved(int64_t channel_id, const std::string& external_id);
  void ItemBack(int64_t channel_id, const std::string& external_id);
  // By a pull, or by a job's own looks.
  void LinksBroken(int64_t channel_id, const std::set<std::string>& external_ids, bool by_pull);
  // By the outcome of a push, which is told long after it by a receipt.
  void LinksBrokenBy(int64_t push_id, int64_t channel_id, const std::set<std::string>& external_ids);
  // Of a channel that sends nothing to doubtful links.
  void HoldsDoubtful(int64_t channel_id) { holds_doubtful_.insert(channel_id); }
  // What a channel allows of each kind in a day. Without limits, nothing is counted.
  void Allows(int64_t channel_id, const std::vector<ChangeLimit>& limits);
  // Links of these items may break.
  void BreaksApproved(int64_t channel_id, const std::set<std::string>& external_ids);
  void Settled(int64_t channel_id, const SettlementBatch& batch);
  // `links` are the channel's, as storage has them by then.
  void PushBegun(int64_t channel_id, const PushRecord& record, absl::Span<const int64_t> left_out,
                 const SyncBatch& links);
  // Calls of a process, which has these owners.
  void CallBegins(int64_t channel_id, const std::vector<OwnerId>& owners);
  void CallEnds(int64_t channel_id, const std::vector<OwnerId>& owners);
  // `timeout`: the kind's.
  void PushArrives(int64_t channel_id, const PushRequest& request, absl::Duration timeout);
  void PushAnswered(int64_t channel_id, const PushRequest& request, const absl::StatusOr<PushReply>& reply);

  // Requests: the moment before it is asked, and what it was told.
  int64_t moment() const { return moment_; }
  void Accepted(int64_t asked_at, const JobRequest& request, const Job& job);

  // -- At the end, when nothing goes wrong any more and nobody asks for anything.

  void JudgeJobs(Storage& storage);
  void JudgeSchedules(Storage& storage);
  void JudgeChannel(Engine& engine, Storage& storage, const Channel& channel);
  // Of all links but those to `edited` items, which people changed on the platform.
  void JudgeItems(Storage& storage, const Channel& channel, SimulatedPlatform& platform,
                  const std::set<std::string>& edited);
  // How many items were.
  int64_t items_judged() const { return items_judged_; }

 private:
  // What the record of a push says of one link, as storage has that.
  void JudgePush(int64_t channel_id, const PushItem& item, const SyncRow& link, absl::string_view sku);
  struct Holder {
    int64_t job_id = 0;
    int64_t epoch = 0;
    uint64_t claim = 0;
    OwnerId owner = 0;
  };
  struct Statement {
    int64_t price = 0;
    int64_t quantity = 0;
  };
  struct Request {
    int64_t asked_at = 0;
    JobRequest request;
    int64_t job_id = 0;
  };
  struct OnItsWay {
    std::string key;
    absl::Time deadline;
  };
  // An item of a channel.
  using Item = std::pair<int64_t, std::string>;
  // What a push can overwrite: a field of an item.
  using Target = std::pair<Item, SyncField>;

  void JudgeClaim(const Slot& slot, Holder& holder);
  void JudgeUpdate(const Job& job);
  void JudgeYield(const Job& job, OwnerId owner);
  void JudgeFire(int64_t channel_id, const ScheduleFire& fire);
  void JudgeLanes(const Job& begins);
  void LinkBroken(const Item& item, absl::Time since);
  // Whether a bulk job of the channel is due.
  bool IsBulkDue(int64_t channel_id) const;
  void JudgeRequest(const Request& request, const Job& job);
  // Changes of a push that has begun, which count once they are acknowledged.
  struct Change {
    ChangeKind kind = ChangeKind::kReprice;
    SyncField field = SyncField::kPrice;
    int64_t value = 0;
  };
  static std::vector<Change> ChangesOf(const PushItem& item, const SyncRow& link);
  void CountBreak(const Item& item, bool holdable);
  // `holdable`: the channel could have held it.
  void CountChange(int64_t channel_id, ChangeKind kind, bool holdable);
  void JudgeRow(const std::string& channel, const ListingRow& row, SimulatedPlatform& platform);

  Scheduler& scheduler_;
  std::string failure_;
  int64_t moment_ = 0;
  std::set<OwnerId> dead_;
  std::map<int64_t, Holder> holders_;
  std::map<int64_t, Job> jobs_;
  std::set<int64_t> holds_doubtful_;
  // Jobs whose worker died.
  std::set<int64_t> orphaned_;
  // Channels of which a step is owed to the bulk lane.
  std::set<int64_t> owed_;
  std::set<std::pair<std::pair<int64_t, std::string>, absl::Time>> fires_;
  // When it first began.
  std::map<int64_t, int64_t> begun_;
  std::vector<Request> requests_;
  std::map<std::string, Statement> statements_;
  // By idempotency key.
  std::map<std::string, absl::Time> deadlines_;
  std::map<Target, OnItsWay> on_their_way_;
  // By channel and push_id.
  // When they did, by channel and push_id.
  std::map<std::pair<int64_t, int64_t>, absl::Time> begun_pushes_;
  // By channel: its last pull and when that began, and when its last fetch did.
  std::map<int64_t, std::pair<int64_t, absl::Time>> pulls_;
  std::map<int64_t, absl::Time> fetch_began_;
  // When the running job's claim was written.
  std::map<int64_t, absl::Time> claimed_at_;
  std::map<Item, absl::Time> seen_at_;
  // Until when it was absent.
  std::map<Item, absl::Time> absent_until_;
  // Calls under way, by channel and owner.
  std::map<std::pair<int64_t, OwnerId>, int64_t> calls_;
  // By channel: how many changes of a kind it allows.
  std::map<int64_t, std::map<ChangeKind, int64_t>> allowed_;
  // By channel and push_id, and there by listing variant.
  std::map<std::pair<int64_t, int64_t>, std::map<int64_t, std::vector<Change>>> changes_begun_;
  // When they were made.
  std::map<std::pair<int64_t, ChangeKind>, std::vector<absl::Time>> changes_made_;
  std::set<Item> approved_breaks_;
  int64_t items_judged_ = 0;
};

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_ORACLES_H_
