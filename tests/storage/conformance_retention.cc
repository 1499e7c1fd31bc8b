// Conformance: which finished jobs a storage removes.

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "flxlink/faulty_storage.h"
#include "flxlink/problem.h"
#include "flxlink/storage_kit/retention.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
constexpr absl::Duration kDay = absl::Hours(24);

int64_t MakeChannel(Storage& storage, int64_t keep_days, int64_t keep_jobs, const std::string& name = "shop") {
  ChannelConfig config = NamedConfig(name);
  config.keep_days = keep_days;
  config.keep_jobs = keep_jobs;
  return Value(storage.CreateChannel(config)).channel_id;
}

// Writes jobs as they are, into a queue that nothing is claimed of.
void Insert(Storage& storage, const std::vector<Job>& jobs) {
  const QueueSnapshot queue = Value(storage.ReadQueue(jobs.front().channel_id));
  QueueChange change;
  change.expected_revision = queue.slot.revision;
  change.slot = queue.slot;
  change.insert = jobs;
  EXPECT_EQ(storage.WriteQueue(change), absl::OkStatus());
}

Job Ended(Storage& storage, int64_t channel_id, absl::Time at, bool changed = true, JobKind kind = JobKind::kSync) {
  Job job = NewJob(storage, channel_id, kind);
  job.state = JobState::kCompleted;
  job.finished_at = at;
  job.counts = {{"sent", changed ? 1 : 0}, {"equal", 5}};
  return job;
}

// Adds one that has ended.
int64_t AddEnded(Storage& storage, int64_t channel_id, absl::Time at, bool changed = true) {
  const Job job = Ended(storage, channel_id, at, changed);
  Insert(storage, {job});
  return job.job_id;
}

// The ids of the channel's jobs, ascending.
std::vector<int64_t> JobIds(Storage& storage, const std::string& channel = "shop") {
  JobFilter filter;
  filter.channel = channel;
  std::vector<int64_t> ids;
  for (const Job& job : Value(storage.ReadJobs(filter, kLast, Storage::kMaxRows))) ids.push_back(job.job_id);
  std::reverse(ids.begin(), ids.end());
  return ids;
}

using Ids = std::vector<int64_t>;

}  // namespace

TEST_P(StorageConformance, PruningRemovesWhatTheChannelDoesNotKeep) {
  const int64_t channel_id = MakeChannel(storage(), 10, 3);
  const int64_t old = AddEnded(storage(), channel_id, At(0));
  const int64_t idle = AddEnded(storage(), channel_id, At(0) + 8 * kDay, false);
  const int64_t first = AddEnded(storage(), channel_id, At(0) + 7 * kDay);
  const int64_t second = AddEnded(storage(), channel_id, At(0) + 8 * kDay);
  const int64_t third = AddEnded(storage(), channel_id, At(0) + 9 * kDay);
  const absl::Time now = At(0) + 10 * kDay;
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, now, 10)), 2)
      << "by their number: the one that changed nothing, and the oldest";
  EXPECT_EQ(JobIds(storage()), (Ids{first, second, third}));
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, now, 10)), 0);
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, now + 8 * kDay, 10)), 1) << "by its age";
  EXPECT_EQ(JobIds(storage()), (Ids{second, third}));
  for (const int64_t job_id : {old, idle, first}) {
    const absl::Status status = storage().ReadJob(job_id).status();
    EXPECT_EQ(status.code(), kNotFound);
    EXPECT_EQ(ProblemFrom(status).code, problem_code::kNoJob);
    EXPECT_EQ(ProblemFrom(storage().ReadJobProblems(job_id, 0, 10).status()).code, problem_code::kNoJob);
  }
}

TEST_P(StorageConformance, PruningRemovesAStepAtATime) {
  const int64_t channel_id = MakeChannel(storage(), 10, 1);
  Ids ids;
  for (int i = 0; i < 6; ++i) ids.push_back(AddEnded(storage(), channel_id, At(i)));
  const int64_t idle = AddEnded(storage(), channel_id, At(3), false);
  const absl::Time now = At(0) + 2 * kDay;
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, now, 2)), 2);
  EXPECT_EQ(JobIds(storage()), (Ids{ids[1], ids[2], ids[3], ids[4], ids[5]})) << "what changed nothing, and the oldest";
  EXPECT_EQ(Code(storage().ReadJob(idle)), kNotFound);
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, now, 3)), 3);
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, now, 3)), 1) << "fewer than it may: there are no more";
  EXPECT_EQ(JobIds(storage()), Ids{ids[5]});
}

TEST_P(StorageConformance, PruningLeavesOpenJobsWhateverTheirAge) {
  const int64_t channel_id = MakeChannel(storage(), 1, 1);
  std::vector<Job> open;
  for (const JobState state : {JobState::kPending, JobState::kRunning}) {
    open.push_back(Ended(storage(), channel_id, At(0)));
    open.back().state = state;
  }
  Insert(storage(), open);
  const int64_t ended = AddEnded(storage(), channel_id, At(0));
  const int64_t last = AddEnded(storage(), channel_id, At(1));
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, At(0) + 1000 * kDay, 100)), 1);
  EXPECT_EQ(JobIds(storage()), (Ids{open[0].job_id, open[1].job_id, last}));
  EXPECT_EQ(Code(storage().ReadJob(ended)), kNotFound);
}

TEST_P(StorageConformance, AnOpenJobCountsOnceItHasEnded) {
  const int64_t channel_id = MakeChannel(storage(), 1, 1);
  Shop shop(under_test(), "other");
  ChannelConfig config = NamedConfig("other");
  config.keep_days = 1;
  ASSERT_EQ(storage().WriteChannel(shop.channel_id(), 0, config, absl::nullopt, false), absl::OkStatus());
  const int64_t first = shop.fence().job_id;
  shop.ChangeJob();
  const int64_t second = shop.fence().job_id;
  const absl::Time now = At(0) + 5 * kDay;
  EXPECT_EQ(Value(storage().PruneJobs(shop.channel_id(), now, 100)), 0) << "it is the last that has ended";
  shop.ChangeJob();
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, now, 100)), 0) << "another channel's";
  EXPECT_EQ(Value(storage().PruneJobs(shop.channel_id(), now, 100)), 1);
  EXPECT_EQ(JobIds(storage(), "other"), (Ids{second, shop.fence().job_id}));
  EXPECT_EQ(Code(storage().ReadJob(first)), kNotFound);
}

TEST_P(StorageConformance, PruningLeavesQueuesAndOtherChannelsAsTheyAre) {
  const int64_t channel_id = MakeChannel(storage(), 1, 1);
  const int64_t other = MakeChannel(storage(), 1, 1, "other");
  const int64_t gone = AddEnded(storage(), channel_id, At(0));
  for (int i = 0; i < 3; ++i) AddEnded(storage(), other, At(i));
  Job rerun = Ended(storage(), channel_id, At(1));
  rerun.trigger = JobTrigger::kRerun;
  rerun.from_job = gone;
  Insert(storage(), {rerun});
  const int64_t revision = Value(storage().ReadQueue(channel_id)).slot.revision;
  const Ids others = JobIds(storage(), "other");
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, At(0) + 5 * kDay, 100)), 1);
  EXPECT_EQ(Value(storage().ReadQueue(channel_id)).slot.revision, revision);
  EXPECT_EQ(JobIds(storage(), "other"), others);
  EXPECT_EQ(Value(storage().ReadJob(rerun.job_id)).from_job, gone) << "it names the one that is gone";
}

TEST_P(StorageConformance, PruningWithNothingToRemoveChangesNothing) {
  const int64_t channel_id = MakeChannel(storage(), 90, 1000);
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, At(0), 10)), 0) << "there is no job";
  for (int i = 0; i < 5; ++i) AddEnded(storage(), channel_id, At(i));
  const std::string before = StoreText(storage());
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, At(0) + 90 * kDay, 10)), 0);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, PruningIsRefusedWithoutAChannelOrALimit) {
  const int64_t channel_id = MakeChannel(storage(), 1, 1);
  EXPECT_EQ(Code(storage().PruneJobs(channel_id + 1000, At(0), 10)), kNotFound);
  EXPECT_EQ(Code(storage().PruneJobs(channel_id, At(0), 0)), kInvalidArgument);
  EXPECT_EQ(Code(storage().PruneJobs(channel_id, At(0), Storage::kMaxRows + 1)), kInvalidArgument);
}

TEST_P(StorageConformance, PruningWhoseAnswerGotLostGoesOn) {
  const int64_t channel_id = MakeChannel(storage(), 1, 1);
  Ids ids;
  for (int i = 0; i < 5; ++i) ids.push_back(AddEnded(storage(), channel_id, At(i)));
  FaultyStorage faulty(storage(), {1, 0, 1});
  const absl::Time now = At(0) + 5 * kDay;
  EXPECT_EQ(Code(faulty.PruneJobs(channel_id, now, 2)), absl::StatusCode::kUnknown);
  EXPECT_EQ(Value(storage().PruneJobs(channel_id, now, 2)), 2);
  EXPECT_EQ(JobIds(storage()), Ids{ids[4]});
}

// What the rule chooses of all jobs is what the storage removes, which need not look at all.
TEST_P(StorageConformance, PruningRemovesWhatTheRuleChooses) {
  std::mt19937_64 random(7);
  const auto below = [&](int64_t end) { return static_cast<int64_t>(random() % static_cast<uint64_t>(end)); };
  for (int round = 0; round < 20; ++round) {
    const std::string name = "shop" + std::to_string(round);
    const int64_t channel_id = MakeChannel(storage(), 1 + below(5), 1 + below(12), name);
    const ChannelConfig config = Value(storage().ReadChannel(channel_id)).config;
    std::vector<Job> jobs;
    std::vector<storage::FinishedJob> finished;
    for (int64_t i = 1 + below(20); i > 0; --i) {
      Job job = Ended(storage(), channel_id, At(below(8) * 86400), below(2) == 0, static_cast<JobKind>(below(3)));
      job.state = static_cast<JobState>(below(5));
      jobs.push_back(job);
      if (!IsFinal(job.state)) continue;
      const bool changed = storage::ChangedSomething(job);
      finished.push_back({job.job_id, job.kind, job.state, changed, *job.finished_at});
    }
    Insert(storage(), jobs);
    const absl::Time now = At(below(9) * 86400 + below(7200));
    const int64_t limit = 1 + below(4);
    const Ids gone = storage::ChoosePruned(finished, static_cast<int64_t>(finished.size()), config, now, limit, {});
    Ids kept;
    for (const Job& job : jobs) {
      if (std::find(gone.begin(), gone.end(), job.job_id) == gone.end()) kept.push_back(job.job_id);
    }
    EXPECT_EQ(Value(storage().PruneJobs(channel_id, now, limit)), static_cast<int64_t>(gone.size())) << round;
    EXPECT_EQ(JobIds(storage(), name), kept) << round;
  }
}

}  // namespace flxlink
