#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/storage_kit/retention.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/storage/shop.h"

namespace flxlink::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr JobState kDone = JobState::kCompleted;
constexpr JobState kFailed = JobState::kFailed;
constexpr int64_t kAll = Storage::kMaxRows;

absl::Time Now() { return At(0) + absl::Hours(24 * 1000); }
absl::Time DaysAgo(int64_t days) { return Now() - days * absl::Hours(24); }

ChannelConfig Keeping(int64_t days, int64_t jobs) {
  ChannelConfig config = NamedConfig("shop");
  config.keep_days = days;
  config.keep_jobs = jobs;
  return config;
}

FinishedJob Sync(int64_t job_id, int64_t days_ago, bool changed = true, JobState state = kDone) {
  return {job_id, JobKind::kSync, state, changed, DaysAgo(days_ago)};
}

std::vector<int64_t> Chosen(const std::vector<FinishedJob>& jobs, const ChannelConfig& config, int64_t limit = kAll) {
  return ChoosePruned(jobs, static_cast<int64_t>(jobs.size()), config, Now(), limit, {});
}

TEST(StorageRetention, WhatIsTooOldGoesAndWhatIsNotStays) {
  std::vector<FinishedJob> jobs = {Sync(1, 91), Sync(2, 90), Sync(3, 89), Sync(4, 1)};
  EXPECT_THAT(Chosen(jobs, Keeping(90, 1000)), ElementsAre(1)) << "one of just that age stays";
  jobs[1].finished_at -= absl::Microseconds(1);
  EXPECT_THAT(Chosen(jobs, Keeping(90, 1000)), ElementsAre(1, 2));
  EXPECT_THAT(Chosen(jobs, Keeping(91, 1000)), IsEmpty());
}

TEST(StorageRetention, WhatIsTooManyGoesTheOldestFirst) {
  const std::vector<FinishedJob> jobs = {Sync(1, 7), Sync(3, 5), Sync(2, 6), Sync(4, 4), Sync(5, 3)};
  EXPECT_THAT(Chosen(jobs, Keeping(90, 5)), IsEmpty());
  EXPECT_THAT(Chosen(jobs, Keeping(90, 3)), ElementsAre(1, 2));
}

TEST(StorageRetention, WhatChangedNothingGoesFirst) {
  const std::vector<FinishedJob> jobs = {Sync(1, 7), Sync(2, 6, false), Sync(3, 5), Sync(4, 4, false), Sync(5, 3)};
  EXPECT_THAT(Chosen(jobs, Keeping(90, 3)), ElementsAre(2, 4));
  EXPECT_THAT(Chosen(jobs, Keeping(90, 2)), ElementsAre(2, 4, 1));
  EXPECT_THAT(Chosen(jobs, Keeping(4, 1000)), ElementsAre(2, 1, 3)) << "of what is too old as well";
}

TEST(StorageRetention, WhatIsTooOldGoesBeforeWhatIsTooMany) {
  const std::vector<FinishedJob> jobs = {Sync(1, 100), Sync(2, 6, false), Sync(3, 5), Sync(4, 4)};
  EXPECT_THAT(Chosen(jobs, Keeping(90, 3)), ElementsAre(1)) << "with it gone, they are not too many";
  EXPECT_THAT(Chosen(jobs, Keeping(90, 2)), ElementsAre(1, 2));
  EXPECT_THAT(Chosen(jobs, Keeping(90, 2), 1), ElementsAre(1));
}

TEST(StorageRetention, TheLastOfEachKindAndItsLastFailureStay) {
  const std::vector<FinishedJob> jobs = {
      {1, JobKind::kPull, kDone, true, DaysAgo(500)},    {2, JobKind::kPull, kFailed, false, DaysAgo(400)},
      {3, JobKind::kPull, kFailed, false, DaysAgo(300)}, {4, JobKind::kPull, kDone, false, DaysAgo(200)},
      {5, JobKind::kBuild, kFailed, true, DaysAgo(600)}, {6, JobKind::kLink, JobState::kCancelled, true, DaysAgo(700)},
      {7, JobKind::kSync, kDone, true, DaysAgo(1)},
  };
  EXPECT_THAT(Chosen(jobs, Keeping(90, 1000)), ElementsAre(2, 1));
  EXPECT_THAT(Chosen(jobs, Keeping(900, 1)), ElementsAre(2, 1)) << "nor for their number";
}

TEST(StorageRetention, OfTwoThatEndedTogetherTheHigherIdIsTheLast) {
  EXPECT_THAT(Chosen({Sync(9, 100), Sync(8, 100)}, Keeping(90, 1000)), ElementsAre(8));
}

TEST(StorageRetention, WhatHasJustEndedStaysHoweverMany) {
  std::vector<FinishedJob> jobs = {Sync(1, 0), Sync(2, 0), Sync(3, 0)};
  jobs[0].finished_at = Now() - kStaysAtLeast;
  EXPECT_THAT(Chosen(jobs, Keeping(90, 1)), IsEmpty());
  jobs[0].finished_at -= absl::Microseconds(1);
  EXPECT_THAT(Chosen(jobs, Keeping(90, 1)), ElementsAre(1));
}

TEST(StorageRetention, AJobWithoutAnEndIsTheOldest) {
  std::vector<FinishedJob> jobs = {Sync(1, 99), Sync(2, 0), Sync(3, 1)};
  jobs[1].finished_at = absl::InfinitePast();
  EXPECT_THAT(Chosen(jobs, Keeping(90, 1000)), ElementsAre(2, 1));
}

TEST(StorageRetention, OnlyWhatEndedBeforeThatTimeCanBeChosen) {
  EXPECT_EQ(ChosenBefore(Keeping(90, 10), 10, Now()), DaysAgo(90));
  EXPECT_EQ(ChosenBefore(Keeping(90, 10), 11, Now()), Now() - kStaysAtLeast);
}

TEST(StorageRetention, AJobChangedSomethingByItsCounts) {
  const auto changed = [](const JobCounts& counts) {
    Job job;
    job.counts = counts;
    return ChangedSomething(job);
  };
  EXPECT_FALSE(changed({}));
  EXPECT_FALSE(changed({{"sent", 0}, {"equal", 10}, {"held_back", 1}, {"refused", 2}, {"compared", 3}, {"forced", 1}}));
  EXPECT_FALSE(
      changed({{"inserted", 0}, {"unchanged", 5}, {"whole", 1}, {"resumed", 1}, {"item_problems", 2}, {"unnamed", 1}}));
  EXPECT_FALSE(changed({{"judged", 4}, {"linked", 0}, {"unlinked", 4}, {"status_rules_would_change", 1}}));
  for (const char* name : {"sent", "inserted", "changed", "healed", "gone", "broken", "created", "refreshed", "linked",
                           "released", "hidden", "unhidden", "accepted", "of_a_later_version"}) {
    EXPECT_TRUE(changed({{"unchanged", 1}, {name, 1}})) << name;
  }
}

TEST(StorageRetention, WhatHoldsChangesStays) {
  const std::vector<FinishedJob> jobs = {Sync(1, 99), Sync(2, 98), Sync(3, 5), Sync(4, 4), Sync(5, 3)};
  EXPECT_THAT(ChoosePruned(jobs, 5, Keeping(90, 2), Now(), kAll, {1, 3}), ElementsAre(2, 4));
}

// -- Against a slow and obvious twin.

bool IsLastOf(const FinishedJob& job, const std::vector<FinishedJob>& jobs, bool of_failures) {
  return std::none_of(jobs.begin(), jobs.end(), [&](const FinishedJob& other) {
    if (other.kind != job.kind || (of_failures && other.state != kFailed)) return false;
    return other.finished_at > job.finished_at || (other.finished_at == job.finished_at && other.job_id > job.job_id);
  });
}

// The next one to go: each time all are looked at anew.
absl::optional<FinishedJob> NextToGo(const std::vector<FinishedJob>& jobs, const ChannelConfig& config,
                                     const std::set<int64_t>& holding) {
  std::vector<std::tuple<bool, absl::Time, int64_t>> old;
  std::vector<std::tuple<bool, absl::Time, int64_t>> others;
  for (const FinishedJob& job : jobs) {
    if (IsLastOf(job, jobs, false) || (job.state == kFailed && IsLastOf(job, jobs, true))) continue;
    if (job.finished_at >= Now() - absl::Hours(1) || holding.count(job.job_id) > 0) continue;
    auto& place = job.finished_at < DaysAgo(config.keep_days) ? old : others;
    place.emplace_back(job.changed, job.finished_at, job.job_id);
  }
  const bool too_many = static_cast<int64_t>(jobs.size()) > config.keep_jobs;
  const auto& from = old.empty() && too_many ? others : old;
  if (from.empty()) return absl::nullopt;
  const int64_t job_id = std::get<2>(*std::min_element(from.begin(), from.end()));
  return *std::find_if(jobs.begin(), jobs.end(), [&](const FinishedJob& job) { return job.job_id == job_id; });
}

std::vector<int64_t> ChosenSlowly(std::vector<FinishedJob> jobs, const ChannelConfig& config, int64_t limit,
                                  const std::set<int64_t>& holding) {
  std::vector<int64_t> job_ids;
  while (static_cast<int64_t>(job_ids.size()) < limit) {
    const absl::optional<FinishedJob> next = NextToGo(jobs, config, holding);
    if (!next.has_value()) break;
    job_ids.push_back(next->job_id);
    jobs.erase(
        std::find_if(jobs.begin(), jobs.end(), [&](const FinishedJob& job) { return job.job_id == next->job_id; }));
  }
  return job_ids;
}

// What a storage reads that does not read all: of each group the oldest that can be chosen, and the newest.
std::vector<FinishedJob> PartOf(std::vector<FinishedJob> jobs, absl::Time before, int64_t limit) {
  std::sort(jobs.begin(), jobs.end(), [](const FinishedJob& a, const FinishedJob& b) {
    return std::tie(a.finished_at, a.job_id) < std::tie(b.finished_at, b.job_id);
  });
  std::map<std::tuple<JobKind, JobState, bool>, std::vector<FinishedJob>> groups;
  for (const FinishedJob& job : jobs) groups[{job.kind, job.state, job.changed}].push_back(job);
  std::vector<FinishedJob> part;
  for (const auto& [group, members] : groups) {
    for (size_t i = 0; i < members.size() && static_cast<int64_t>(i) < limit; ++i) {
      if (members[i].finished_at < before) part.push_back(members[i]);
    }
    part.push_back(members.back());
  }
  return part;
}

TEST(StorageRetentionProperty, ChoosesAsTheSlowTwinDoesFromAllAndFromAPart) {
  std::mt19937_64 random(20);
  const auto below = [&](int64_t end) { return static_cast<int64_t>(random() % static_cast<uint64_t>(end)); };
  int64_t chosen_jobs = 0;
  for (int round = 0; round < 3000; ++round) {
    const int64_t kinds = 1 + below(3);
    std::vector<FinishedJob> jobs;
    for (int64_t i = below(25); i > 0; --i) {
      const absl::Time end = below(8) == 0 ? Now() - absl::Minutes(below(90)) : DaysAgo(below(12));
      jobs.push_back({i, static_cast<JobKind>(below(kinds)), static_cast<JobState>(2 + below(3)), below(2) == 0, end});
    }
    std::shuffle(jobs.begin(), jobs.end(), random);
    const ChannelConfig config = Keeping(1 + below(10), 1 + below(20));
    const int64_t limit = 1 + below(6);
    const int64_t count = static_cast<int64_t>(jobs.size());
    std::set<int64_t> holding;
    for (int64_t i = below(4); i > 0; --i) holding.insert(1 + below(25));
    const std::vector<int64_t> expected = ChosenSlowly(jobs, config, limit, holding);
    chosen_jobs += static_cast<int64_t>(expected.size());
    ASSERT_EQ(ChoosePruned(jobs, count, config, Now(), limit, holding), expected) << "round " << round;
    const int64_t counted = std::min(count, config.keep_jobs + limit);
    const int64_t more = static_cast<int64_t>(holding.size());
    const std::vector<FinishedJob> part = PartOf(jobs, ChosenBefore(config, counted, Now()), limit + more);
    ASSERT_EQ(ChoosePruned(part, counted, config, Now(), limit, holding), expected) << "round " << round;
  }
  EXPECT_GT(chosen_jobs, 1000);
}

}  // namespace
}  // namespace flxlink::storage
