// Random histories of a queue, against a reference that keeps no slot, no head and no joined options: only what was
// asked for, in the order in which it was, and what became of it. Everything else it works out from that each time.
// Twins of the rules that each have one mistake show that it would find that mistake.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "src/jobs/queue.h"
#include "src/jobs/queue_order.h"
#include "tests/jobs/tiny_store.h"

namespace flxlink::jobs {
namespace {

constexpr JobKind kKinds[] = {JobKind::kPull, JobKind::kBuild, JobKind::kLink,
                              JobKind::kSync, JobKind::kRules, JobKind::kFetch};

// A job as the reference sees it: every request that it has to meet.
struct RefJob {
  int64_t job_id = 0;
  JobState state = JobState::kPending;
  std::vector<JobRequest> wishes;
  std::vector<absl::optional<int64_t>> dirty;  // The channel's highest sync priority when each was wished for.
  absl::Time created_at;
  int turn = 0;        // When it was prioritized: the how manieth time anything was. 0: never.
  int64_t deaths = 0;  // Of its workers.
  bool begun = false;  // It runs or has yielded.
  std::string cursor;  // That it last reported.
  int passed = 0;      // Younger ones of its lane that began before it.
  bool urged = false;  // It was prioritized or has begun, so it waits for no time.
};

// When the job may begin.
absl::Time DueAt(const RefJob& job) {
  absl::Time due = absl::InfiniteFuture();
  for (const JobRequest& wish : job.wishes) due = std::min(due, wish.not_before.value_or(absl::InfinitePast()));
  return job.urged ? absl::InfinitePast() : due;
}

// The one that is not a retry and came first, if there is one.
JobTrigger TriggerOf(const std::vector<JobRequest>& wishes) {
  for (const JobRequest& wish : wishes) {
    if (wish.trigger != JobTrigger::kRetry) return wish.trigger;
  }
  return JobTrigger::kRetry;
}

bool IsBulk(const JobRequest& wish) {
  if (wish.kind == JobKind::kPull) return !wish.options.since_last;
  return wish.kind == JobKind::kSync && (wish.options.full || wish.options.pull_first);
}
bool IsBulk(const RefJob* job) { return IsBulk(job->wishes[0]); }
bool ReadsOrSends(const RefJob* job) {
  return job->wishes[0].kind == JobKind::kFetch || job->wishes[0].kind == JobKind::kSync;
}

bool All(const std::vector<JobRequest>& wishes, bool (*holds)(const JobRequest&)) {
  return std::all_of(wishes.begin(), wishes.end(), holds);
}

std::set<std::string> ForcedBy(const std::vector<JobRequest>& wishes) {
  std::set<std::string> forced;
  for (const JobRequest& wish : wishes) forced.insert(wish.options.force.begin(), wish.options.force.end());
  return forced;
}

std::set<std::string> ItemsOf(const std::vector<JobRequest>& wishes) {
  std::set<std::string> items;
  for (const JobRequest& wish : wishes) items.insert(wish.options.items.begin(), wish.options.items.end());
  return items;
}

std::set<std::string> SkusOf(const std::vector<JobRequest>& wishes) {
  std::set<std::string> skus;
  for (const JobRequest& wish : wishes) {
    if (wish.options.skus.empty()) return {};
    skus.insert(wish.options.skus.begin(), wish.options.skus.end());
  }
  return skus;
}

std::set<JobKind> ChainOf(const std::vector<JobRequest>& wishes) {
  std::set<JobKind> chain;
  for (const JobKind kind : kKinds) {
    const auto passed = [&](const JobRequest& wish) {
      return std::count(wish.chain.begin(), wish.chain.end(), kind) != 0;
    };
    if (std::all_of(wishes.begin(), wishes.end(), passed)) chain.insert(kind);
  }
  return chain;
}

int64_t PriorityOf(const JobRequest& wish) {
  if (wish.priority.has_value()) return *wish.priority;
  if (IsBulk(wish)) return 0;
  const std::map<JobKind, int64_t> of_kind = {{JobKind::kFetch, 25}, {JobKind::kSync, 20}, {JobKind::kLink, 10},
                                              {JobKind::kRules, 10}, {JobKind::kPull, 10}, {JobKind::kBuild, 5}};
  return wish.kind == JobKind::kSync && !wish.options.force.empty() ? 30 : of_kind.at(wish.kind);
}

int64_t PriorityOf(const std::vector<JobRequest>& wishes) {
  int64_t priority = PriorityOf(wishes[0]);
  for (const JobRequest& wish : wishes) priority = std::max(priority, PriorityOf(wish));
  return priority;
}

// Of the partial syncs among the wishes that are not only of what is forced, the highest.
absl::optional<int64_t> SyncPriorityOf(const RefJob& job) {
  absl::optional<int64_t> highest;
  for (size_t i = 0; i < job.wishes.size(); ++i) {
    const JobRequest& wish = job.wishes[i];
    if (wish.kind != JobKind::kSync || IsBulk(wish) || wish.options.only_forced) continue;
    if (job.dirty[i].has_value()) highest = std::max(highest.value_or(*job.dirty[i]), *job.dirty[i]);
  }
  return highest;
}

class Reference {
 public:
  std::vector<RefJob> jobs;
  int64_t running = 0;
  int64_t epoch = 0;
  bool paused = false;
  bool cancel_requested = false;
  bool owner_dead = false;
  bool owes_bulk = false;  // To a bulk job that is due.
  int turns = 0;
  absl::optional<int64_t> dirty_priority;

  RefJob& At(int64_t job_id) {
    return *std::find_if(jobs.begin(), jobs.end(), [&](const RefJob& job) { return job.job_id == job_id; });
  }

  // Pending jobs that are due at `now`, first to last.
  std::vector<RefJob*> Due(absl::Time now) {
    std::vector<RefJob*> due = Waiting();
    due.erase(std::remove_if(due.begin(), due.end(), [&](const RefJob* job) { return DueAt(*job) > now; }), due.end());
    return due;
  }

  // When the first of the others will be.
  absl::Time NextDue(absl::Time now) {
    absl::Time next = absl::InfiniteFuture();
    for (const RefJob* job : Waiting()) {
      if (DueAt(*job) > now) next = std::min(next, DueAt(*job));
    }
    return next;
  }

  // Pending jobs, due or not, first to last.
  std::vector<RefJob*> Waiting() {
    std::vector<RefJob*> waiting;
    for (RefJob& job : jobs) {
      if (job.state == JobState::kPending) waiting.push_back(&job);
    }
    std::sort(waiting.begin(), waiting.end(), [](const RefJob* a, const RefJob* b) {
      const auto place = [](const RefJob* job) {
        const bool is_passed = !IsBulk(job) && job->passed >= 8;
        return std::make_tuple(-job->turn, !is_passed, -PriorityOf(job->wishes), job->created_at, job->job_id);
      };
      return place(a) < place(b);
    });
    return waiting;
  }

  // The next of those that are due, found by leaving out what it cannot be. nullptr: none is.
  RefJob* Next(absl::Time now, bool owes) {
    std::vector<RefJob*> left = Due(now);
    const auto leave_out = [&](const std::function<bool(const RefJob*)>& out) {
      left.erase(std::remove_if(left.begin(), left.end(), out), left.end());
    };
    const auto begun = std::find_if(left.begin(), left.end(), [](RefJob* job) { return job->begun && IsBulk(job); });
    RefJob* const begun_bulk = begun == left.end() ? nullptr : *begun;
    if (begun_bulk != nullptr) leave_out([&](const RefJob* job) { return IsBulk(job) && job != begun_bulk; });
    const int begun_turn = begun_bulk == nullptr ? 0 : begun_bulk->turn;
    for (RefJob* job : left) {
      if (job != begun_bulk && job->turn > begun_turn) return job;
    }
    const std::vector<RefJob*> all = left;
    leave_out([](const RefJob* job) { return IsBulk(job); });
    const bool has_bulk = left.size() < all.size();
    if (begun_turn > 0) leave_out([](const RefJob* job) { return !ReadsOrSends(job); });
    if (!left.empty() && !(owes && has_bulk)) return left[0];
    for (RefJob* job : all) {
      if (IsBulk(job)) return job;
    }
    return nullptr;
  }

  // What the queue's last change, at `now`, left owed.
  void NoteWrite(absl::Time now) {
    const std::vector<RefJob*> due = Due(now);
    owes_bulk = owes_bulk && std::any_of(due.begin(), due.end(), [](const RefJob* job) { return IsBulk(job); });
  }

  // The id of the job that does it.
  int64_t Enqueue(const JobRequest& request, int64_t job_id, absl::Time now) {
    for (const RefJob& job : jobs) {
      if (job.job_id == job_id && !IsFinal(job.state)) return job_id;
    }
    for (RefJob& job : jobs) {
      const bool waits = job.state == JobState::kPending && !job.begun;
      if (!waits || job.wishes[0].kind != request.kind || IsBulk(&job) != IsBulk(request)) continue;
      job.wishes.push_back(request);
      job.dirty.push_back(dirty_priority);
      return job.job_id;
    }
    jobs.emplace_back();
    jobs.back().job_id = job_id;
    jobs.back().wishes = {request};
    jobs.back().dirty = {dirty_priority};
    jobs.back().created_at = now;
    return job_id;
  }

  void Free(JobState state) {
    const bool ends = state != JobState::kPending;
    owes_bulk = owes_bulk || (ends && !IsBulk(&At(running)));
    At(running).state = state;
    running = 0;
    cancel_requested = owner_dead = false;
  }

  bool CanClaim(absl::Time now) { return !paused && (running == 0 ? !Due(now).empty() : owner_dead); }

  // Counts for those that the running job passed.
  void Pass(absl::Time now) {
    const RefJob& first = At(running);
    if (IsBulk(&first)) return;
    for (RefJob* job : Due(now)) {
      const bool is_older =
          std::make_tuple(job->created_at, job->job_id) < std::make_tuple(first.created_at, first.job_id);
      if (!IsBulk(job) && is_older) ++job->passed;
    }
  }

  // The job that runs after a claim; 0: none.
  int64_t Claim(absl::Time now) {
    if (running != 0 && cancel_requested) Free(JobState::kCancelled);
    if (running != 0 && At(running).deaths >= 5) Free(JobState::kFailed);
    if (running == 0 && !Due(now).empty()) {
      running = Next(now, owes_bulk)->job_id;
      Pass(now);
    }
    if (running == 0) return 0;
    owner_dead = false;
    At(running).state = JobState::kRunning;
    At(running).begun = At(running).urged = true;
    At(running).passed = 0;
    if (IsBulk(&At(running))) owes_bulk = false;
    ++epoch;
    return running;
  }
};

// Makes a mistake in a change of the snapshot.
using Mistake = std::function<void(const QueueSnapshot& snapshot, QueueChange& change)>;

class History {
 public:
  explicit History(uint64_t seed, Mistake mistake = nullptr) : random_(seed), mistake_(std::move(mistake)) {}

  void Step() {
    now_ += absl::Microseconds(static_cast<int64_t>(Below(4)) - 1);
    switch (Below(13)) {
      case 0:
      case 1:
      case 2:
        return Enqueue();
      case 3:
      case 4:
        return Claim();
      case 5:
      case 6:
        return Finish();
      case 7:
        return Change(
            &PlanCancel, [this](RefJob& job) { Cancel(job); }, [](const RefJob& job) { return !IsFinal(job.state); });
      case 8:
        return Prioritize();
      case 9:
        return Pause();
      case 10:
      case 11:
        return Yield();
      default:
        return Kill();
    }
  }

  // Runs until nothing is left to do.
  void Drain() {
    if (reference_.paused) Pause();
    for (int i = 0; i < 1000 && (reference_.running != 0 || !reference_.Waiting().empty()); ++i) {
      now_ += absl::Microseconds(1);
      Claim();
      Compare();
      Finish();
      Compare();
    }
    EXPECT_EQ(reference_.running, 0);
    EXPECT_TRUE(reference_.Waiting().empty());
  }

  // Every job that was ever asked for is there, and as the reference has it.
  void Compare() {
    if (wrote_) reference_.NoteWrite(written_at_);
    wrote_ = false;
    ASSERT_EQ(store_.jobs().size(), reference_.jobs.size());
    for (const RefJob& expected : reference_.jobs) {
      ASSERT_EQ(store_.jobs().count(expected.job_id), 1u);
      CompareJob(store_.job(expected.job_id), expected);
    }
    const Slot& slot = store_.slot();
    EXPECT_EQ(slot.holder_job, reference_.running);
    EXPECT_EQ(slot.epoch, reference_.epoch);
    EXPECT_EQ(slot.paused, reference_.paused);
    EXPECT_EQ(slot.cancel_requested, reference_.cancel_requested);
    const RefJob* head = reference_.Next(written_at_, /*owes=*/false);
    EXPECT_EQ(slot.head_job, head == nullptr ? 0 : head->job_id);
    EXPECT_EQ(slot.owes_bulk, reference_.owes_bulk);
    EXPECT_EQ(slot.next_due, reference_.NextDue(written_at_));
    const bool is_found = slot.head_job != 0 || slot.next_due <= now_;
    EXPECT_TRUE(is_found || reference_.Due(now_).empty()) << "work that is due and nobody finds";
  }

  // How often a job that gave way was looked at.
  int gave_way() const { return gave_way_; }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool Flag() { return Below(2) == 0; }

  void Write(QueueChange change) {
    if (mistake_ != nullptr) mistake_(store_.Read(), change);
    ASSERT_TRUE(store_.Write(change));
    written_at_ = now_;
    wrote_ = true;
  }

  std::vector<std::string> RandomSkus() {
    std::vector<std::string> skus;
    for (uint64_t i = Below(3); i > 0; --i) skus.push_back(std::string(1, static_cast<char>('A' + Below(4))));
    return skus;
  }

  JobRequest RandomRequest() {
    JobRequest request;
    request.kind = kKinds[Below(6)];
    if (Flag()) request.priority = 10 * (static_cast<int64_t>(Below(5)) - 1);
    request.trigger = Flag() ? JobTrigger::kRetry : JobTrigger::kHand;
    if (Below(3) == 0) request.not_before = now_ + absl::Microseconds(static_cast<int64_t>(Below(40)) - 2);
    request.options.full = Below(4) == 0;
    request.options.pull_first = Below(4) == 0;
    request.options.release_broken = Below(4) == 0;
    request.options.since_last = Flag();
    request.options.skus = RandomSkus();
    request.options.force = RandomSkus();
    request.options.items = RandomSkus();
    request.options.only_forced = Flag();
    for (const JobKind kind : kKinds) {
      if (Below(4) == 0) request.chain.push_back(kind);
    }
    return request;
  }

  // An open job's id sometimes, else a new one.
  int64_t RandomNewId() {
    const QueueSnapshot snapshot = store_.Read();
    if (Below(8) != 0 || snapshot.open_jobs.empty()) return ++last_id_;
    return snapshot.open_jobs[Below(snapshot.open_jobs.size())].job_id;
  }

  // What is dirty changes at any time, whoever asks for what.
  void ChangeDirty() {
    reference_.dirty_priority.reset();
    if (Flag()) reference_.dirty_priority = static_cast<int64_t>(Below(9)) - 4;
    store_.dirty_priority = reference_.dirty_priority;
  }

  void Enqueue() {
    ChangeDirty();
    const JobRequest request = RandomRequest();
    const int64_t job_id = RandomNewId();
    const EnqueueResult result = PlanEnqueue(store_.Read(), request, job_id, now_);
    if (result.change.has_value()) Write(*result.change);
    EXPECT_EQ(result.job.job_id, reference_.Enqueue(request, job_id, now_));
    EXPECT_EQ(result.job.options, store_.job(result.job.job_id).options);
  }

  void Claim() {
    const absl::StatusOr<ClaimResult> claim = PlanClaim(store_.Read(), ++last_owner_, random_() | 1, now_);
    ASSERT_EQ(claim.ok(), reference_.CanClaim(now_)) << claim.status();
    if (!claim.ok()) {
      EXPECT_TRUE(absl::IsFailedPrecondition(claim.status()));
      return;
    }
    Write(claim->change);
    if (claim->job.has_value()) fences_.push_back(claim->fence);
    EXPECT_EQ(claim->job.has_value() ? claim->job->job_id : 0, reference_.Claim(now_));
  }

  // With the fence of any claim there was, so most of the older ones are stale.
  void Finish() {
    if (fences_.empty()) return;
    const Fence fence = Flag() ? fences_.back() : fences_[Below(fences_.size())];
    const JobState states[] = {JobState::kCompleted, JobState::kCompleted, JobState::kFailed, JobState::kCancelled};
    JobEnd end;
    end.state = states[Below(4)];
    if (Flag()) end.report.emplace().cursor = absl::StrCat(Below(9));
    std::vector<FollowUp> follow_ups;
    for (uint64_t i = Below(3); i > 0; --i) follow_ups.push_back({++last_id_, RandomRequest()});

    const absl::StatusOr<QueueChange> change = PlanFinish(store_.Read(), fence, end, follow_ups, now_);
    const bool holds = reference_.running == fence.job_id && reference_.epoch == fence.epoch;
    ASSERT_EQ(change.ok(), holds) << change.status();
    if (!holds) return;
    Write(*change);
    FinishReference(end, follow_ups);
  }

  // Nothing of the job is lost, and it waits where it was.
  void Yield() {
    if (fences_.empty()) return;
    const Fence fence = Flag() ? fences_.back() : fences_[Below(fences_.size())];
    JobEnd so_far;
    JobReport& report = so_far.report.emplace();
    report.cursor = absl::StrCat(Below(9));
    report.progress = {9, static_cast<int64_t>(Below(9)), 0};
    report.counts = {{"sent", static_cast<int64_t>(Below(9))}};
    const absl::StatusOr<QueueChange> change = PlanYield(store_.Read(), fence, so_far, now_);
    const bool holds = reference_.running == fence.job_id && reference_.epoch == fence.epoch;
    ASSERT_EQ(change.ok(), holds) << change.status();
    if (!holds) return;
    const int64_t attempts = store_.job(fence.job_id).attempts;
    const bool gives_way = !reference_.paused && GivesWay(store_.Read(), store_.job(fence.job_id), now_);
    Write(*change);
    reference_.At(fence.job_id).cursor = report.cursor;
    // Whoever could still yield was taken for dead in vain.
    if (reference_.owner_dead) --reference_.At(fence.job_id).deaths;
    reference_.Free(reference_.cancel_requested ? JobState::kCancelled : JobState::kPending);
    if (gives_way) ExpectAnotherIsNext(fence.job_id);
    const Job& job = store_.job(fence.job_id);
    EXPECT_EQ(job.attempts, attempts - 1);
    EXPECT_EQ(job.progress.done, report.progress.done);
    EXPECT_EQ(job.counts, report.counts);
    EXPECT_EQ(job.cursor, report.cursor);
    EXPECT_FALSE(job.error.has_value());
  }

  // Who gave way and was the next again would do so for ever.
  void ExpectAnotherIsNext(int64_t job_id) {
    ++gave_way_;
    const absl::StatusOr<ClaimResult> claim = PlanClaim(store_.Read(), last_owner_, 1, now_);
    ASSERT_TRUE(claim.ok() && claim->job.has_value()) << claim.status();
    EXPECT_NE(claim->job->job_id, job_id);
  }

  void FinishReference(const JobEnd& end, const std::vector<FollowUp>& follow_ups) {
    if (end.report.has_value()) reference_.At(reference_.running).cursor = end.report->cursor;
    reference_.Free(end.state);
    const bool completed = end.state == JobState::kCompleted;
    for (const FollowUp& follow_up : follow_ups) {
      const std::set<JobKind> visited(follow_up.request.chain.begin(), follow_up.request.chain.end());
      // A bulk sync is a pull that marks: what sends follows it.
      const bool pulls = follow_up.request.kind == JobKind::kSync && IsBulk(follow_up.request);
      const bool chained = completed && visited.count(pulls ? JobKind::kPull : follow_up.request.kind) == 0;
      const bool tried_again = follow_up.request.trigger == JobTrigger::kRetry;
      if (chained || tried_again) reference_.Enqueue(follow_up.request, follow_up.job_id, now_);
    }
  }

  // Does `plan` to a random job, which must be refused unless `allowed`, and `mirror` to the reference.
  template <typename Plan, typename Mirror, typename Allowed>
  void Change(Plan plan, Mirror mirror, Allowed allowed) {
    if (reference_.jobs.empty()) return;
    RefJob& job = reference_.jobs[Below(reference_.jobs.size())];
    const absl::StatusOr<QueueChange> change = plan(store_.Read(), job.job_id, now_);
    ASSERT_EQ(change.ok(), allowed(job)) << change.status();
    if (!change.ok()) {
      EXPECT_TRUE(absl::IsFailedPrecondition(change.status()));
      return;
    }
    Write(*change);
    mirror(job);
  }

  void Cancel(RefJob& job) {
    if (job.state != JobState::kRunning) {
      job.state = JobState::kCancelled;
    } else if (reference_.owner_dead) {
      reference_.Free(JobState::kCancelled);
    } else {
      reference_.cancel_requested = true;
    }
  }

  void Prioritize() {
    Change(
        &PlanPrioritize,
        [this](RefJob& job) {
          job.turn = ++reference_.turns;
          job.urged = true;
        },
        [](const RefJob& job) { return job.state == JobState::kPending; });
  }

  void Pause() {
    reference_.paused = !reference_.paused;
    Write(PlanPause(store_.Read(), reference_.paused, now_));
  }

  void Kill() {
    if (reference_.running == 0 || reference_.owner_dead) return;
    store_.Kill(store_.slot().owner);
    reference_.owner_dead = true;
    ++reference_.At(reference_.running).deaths;
  }

  // What the job is going to do is all that was asked for and nothing else.
  static void CompareJob(const Job& job, const RefJob& expected) {
    const std::vector<JobRequest>& wishes = expected.wishes;
    EXPECT_EQ(job.state, expected.state) << "job " << job.job_id;
    EXPECT_EQ(job.kind, wishes[0].kind);
    EXPECT_EQ(job.created_at, expected.created_at);
    EXPECT_EQ(job.priority, PriorityOf(wishes));
    EXPECT_EQ(job.sync_priority, SyncPriorityOf(expected)) << "job " << job.job_id;
    EXPECT_EQ(job.cursor, expected.cursor) << "job " << job.job_id;
    EXPECT_EQ(job.passed, expected.passed) << "job " << job.job_id;
    EXPECT_EQ(job.trigger, TriggerOf(wishes));
    if (job.state == JobState::kPending) {
      EXPECT_EQ(job.not_before.value_or(absl::InfinitePast()), DueAt(expected)) << "job " << job.job_id;
    }
    EXPECT_EQ(job.options.full, !All(wishes, [](const JobRequest& wish) { return !wish.options.full; }));
    EXPECT_EQ(job.options.pull_first, !All(wishes, [](const JobRequest& wish) { return !wish.options.pull_first; }));
    EXPECT_EQ(job.options.release_broken,
              !All(wishes, [](const JobRequest& wish) { return !wish.options.release_broken; }));
    EXPECT_EQ(job.options.since_last, All(wishes, [](const JobRequest& wish) { return wish.options.since_last; }));
    EXPECT_EQ(job.options.only_forced, All(wishes, [](const JobRequest& wish) { return wish.options.only_forced; }));
    EXPECT_EQ(std::set<std::string>(job.options.force.begin(), job.options.force.end()), ForcedBy(wishes));
    EXPECT_EQ(std::set<std::string>(job.options.items.begin(), job.options.items.end()), ItemsOf(wishes));
    EXPECT_EQ(std::set<std::string>(job.options.skus.begin(), job.options.skus.end()), SkusOf(wishes));
    EXPECT_EQ(std::set<JobKind>(job.chain.begin(), job.chain.end()), ChainOf(wishes));
    EXPECT_EQ(job.finished_at.has_value(), IsFinal(job.state));
  }

  std::mt19937_64 random_;
  const Mistake mistake_;
  absl::Time now_ = absl::FromUnixSeconds(1767225600);
  absl::Time written_at_ = now_;  // When the queue was last changed.
  bool wrote_ = false;            // Since the last comparison.
  TinyStore store_;
  Reference reference_;
  std::vector<Fence> fences_;
  int64_t last_id_ = 0;
  OwnerId last_owner_ = 0;
  int gave_way_ = 0;
};

// One history, up to the first difference.
void RunHistory(History& history, const std::function<bool()>& differs) {
  for (int step = 0; step < 120 && !differs(); ++step) {
    history.Step();
    history.Compare();
  }
  if (differs()) return;
  history.Drain();
  history.Compare();
}

class QueuePropertyTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(QueuePropertyTest, AgreesWithTheReference) {
  int gave_way = 0;
  for (uint64_t history = 0; history < 100; ++history) {
    const uint64_t seed = GetParam() * 1000 + history;
    SCOPED_TRACE(seed);
    History queue(seed);
    RunHistory(queue, [] { return HasFailure(); });
    if (HasFailure()) return;
    gave_way += queue.gave_way();
  }
  EXPECT_GT(gave_way, 10);
}

// Sets the head to the first of `jobs`, due or not.
void SetHead(const std::vector<Job>& jobs, Slot& slot) {
  const Job* head = NextJob(jobs, /*owes_bulk=*/false, absl::InfiniteFuture());
  slot.head_job = head == nullptr ? 0 : head->job_id;
  slot.head_lane = head == nullptr ? Lane::kUrgent : LaneOf(*head);
  slot.head_priority = head == nullptr ? 0 : head->priority;
  slot.head_sync_priority = head == nullptr ? absl::nullopt : head->sync_priority;
  slot.head_prioritized_at = head == nullptr ? absl::InfinitePast() : head->prioritized_at;
  slot.head_created_at = head == nullptr ? absl::InfinitePast() : head->created_at;
  slot.next_due = absl::InfiniteFuture();
}

// The open jobs of the snapshot once the change is made.
std::vector<Job> JobsAfter(const QueueSnapshot& snapshot, const QueueChange& change) {
  std::map<int64_t, Job> jobs;
  for (const std::vector<Job>* some : {&snapshot.open_jobs, &change.insert, &change.update}) {
    for (const Job& job : *some) jobs[job.job_id] = job;
  }
  std::vector<Job> after;
  for (const auto& [job_id, job] : jobs) after.push_back(job);
  return after;
}

std::map<std::string, Mistake> Mistakes() {
  std::map<std::string, Mistake> mistakes;
  mistakes["a job that is not due is the head"] = [](const QueueSnapshot& snapshot, QueueChange& change) {
    SetHead(JobsAfter(snapshot, change), change.slot);
  };
  mistakes["nobody learns when the next job is due"] = [](const QueueSnapshot&, QueueChange& change) {
    change.slot.next_due = absl::InfiniteFuture();
  };
  mistakes["what joins a waiting job does not make it due"] = [](const QueueSnapshot& snapshot, QueueChange& change) {
    for (const Job& before : snapshot.open_jobs) {
      for (Job& job : change.update) {
        const bool joined = job.job_id == before.job_id && job.state == JobState::kPending &&
                            before.state == JobState::kPending && job.prioritized_at == before.prioritized_at;
        if (joined) job.not_before = before.not_before;
      }
    }
  };
  mistakes["no step is owed to the bulk lane"] = [](const QueueSnapshot&, QueueChange& change) {
    change.slot.owes_bulk = false;
  };
  mistakes["nobody counts who is passed"] = [](const QueueSnapshot&, QueueChange& change) {
    for (Job& job : change.update) job.passed = 0;
  };
  return mistakes;
}

// How many of 20 histories find the mistake.
int CountFinds(const Mistake& mistake) {
  int finds = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    ::testing::TestPartResultArray failures;
    ::testing::ScopedFakeTestPartResultReporter intercept(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    History queue(seed, mistake);
    RunHistory(queue, [&] { return failures.size() > 0; });
    if (failures.size() > 0) ++finds;
  }
  return finds;
}

TEST(QueueTwinTest, EachMistakeIsFound) {
  EXPECT_EQ(CountFinds([](const QueueSnapshot&, QueueChange&) {}), 0);
  for (const auto& [name, mistake] : Mistakes()) EXPECT_GT(CountFinds(mistake), 0) << name;
}

INSTANTIATE_TEST_SUITE_P(Seeds, QueuePropertyTest, ::testing::Range<uint64_t>(1, 6));

}  // namespace
}  // namespace flxlink::jobs
