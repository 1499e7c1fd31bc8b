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
//   O9  No push of a field of a link arrives while an earlier one may still land.

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
  void PushBegun(int64_t channel_id, const PushRecord& record, absl::Span<const int64_t> left_out,
                 absl::Span<const std::string> skus);
  void PushArrives(int64_t channel_id, const PushRequest& request);
  void PushAnswered(int64_t channel_id, const PushRequest& request, const absl::StatusOr<PushReply>& reply);

  // Requests: the moment before it is asked, and what it was told.
  int64_t moment() const { return moment_; }
  void Accepted(int64_t asked_at, const JobRequest& request, const Job& job);

  // -- At the end, when nothing goes wrong any more and nobody asks for anything.

  void JudgeJobs(Storage& storage);
  void JudgeChannel(Engine& engine, Storage& storage, const Channel& channel);
  // Of all links but those to `edited` items, which people changed on the platform.
  void JudgeItems(Storage& storage, const Channel& channel, SimulatedPlatform& platform,
                  const std::set<std::string>& edited);
  // How many items were.
  int64_t items_judged() const { return items_judged_; }

 private:
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
  // A field of a link of a channel.
  using Target = std::pair<std::pair<int64_t, int64_t>, SyncField>;

  void JudgeClaim(const Slot& slot, Holder& holder);
  void JudgeUpdate(const Job& job);
  void JudgeRequest(const Request& request, const Job& job);
  void JudgeRow(const ListingRow& row, SimulatedPlatform& platform);

  Scheduler& scheduler_;
  std::string failure_;
  int64_t moment_ = 0;
  std::set<OwnerId> dead_;
  std::map<int64_t, Holder> holders_;
  std::map<int64_t, JobState> jobs_;
  // When it first began.
  std::map<int64_t, int64_t> begun_;
  std::vector<Request> requests_;
  std::map<std::string, Statement> statements_;
  // By idempotency key.
  std::map<std::string, absl::Time> deadlines_;
  std::map<Target, OnItsWay> on_their_way_;
  // By channel and push_id.
  std::set<std::pair<int64_t, int64_t>> begun_pushes_;
  int64_t items_judged_ = 0;
};

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_ORACLES_H_
