#include "src/engine/item_problems.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "flxlink/filter.h"
#include "flxlink/job.h"
#include "flxlink/problem.h"
#include "src/engine/page_cursor.h"

namespace flxlink::engine {
namespace {

constexpr int64_t kJobsAtOnce = 100;

// What a pull tells besides: of links, which keep it as their attention, and of the channel.
constexpr absl::string_view kOfNoItem[] = {problem_code::kAbsenceUnproved,    problem_code::kHiddenOnChannel,
                                           problem_code::kItemDead,           problem_code::kItemGone,
                                           problem_code::kItemReplaced,       problem_code::kLinkDoubtful,
                                           problem_code::kStatusNotUnderstood};

bool IsOfItem(const JobProblem& problem) {
  return std::find(std::begin(kOfNoItem), std::end(kOfNoItem), problem.problem.code) == std::end(kOfNoItem);
}

// What a pull counts of items, be it 0.
constexpr absl::string_view kCountOfItems = "unchanged";

// Whether the job looked at all items of its channel: a bulk job that read some. Urgent ones read since a mark, or what
// they name.
bool ReadsAll(const Job& job) {
  const auto is_of_items = [](const auto& count) { return count.first == kCountOfItems; };
  return LaneOf(job) == Lane::kBulk && std::any_of(job.counts.begin(), job.counts.end(), is_of_items);
}

// The last of the channel's jobs that looked at all of its items; 0 where none has.
absl::StatusOr<int64_t> FindLastWholePull(Storage& storage, const std::string& channel) {
  const JobFilter filter = {channel, {JobKind::kPull, JobKind::kSync}, {JobState::kCompleted}};
  for (int64_t before = std::numeric_limits<int64_t>::max();;) {
    const absl::StatusOr<std::vector<Job>> jobs = storage.ReadJobs(filter, before, kJobsAtOnce);
    if (!jobs.ok()) return jobs.status();
    const auto found = std::find_if(jobs->begin(), jobs->end(), &ReadsAll);
    if (found != jobs->end()) return found->job_id;
    if (static_cast<int64_t>(jobs->size()) < kJobsAtOnce) return 0;
    before = jobs->back().job_id;
  }
}

// The job, and how many of its problems come before the page.
struct Place {
  int64_t job_id = 0;
  int64_t first = 0;
};

absl::StatusOr<Place> FindPlace(Storage& storage, const std::string& channel, const std::string& after) {
  const absl::StatusOr<std::vector<int64_t>> place = ParseCursor(after, 2, 0);
  if (!place.ok()) return place.status();
  if (place->at(0) != 0) return Place{place->at(0), place->at(1)};
  const absl::StatusOr<int64_t> job_id = FindLastWholePull(storage, channel);
  if (!job_id.ok()) return job_id.status();
  return Place{*job_id, 0};
}

}  // namespace

absl::StatusOr<JobProblemPage> ListItemProblems(Storage& storage, const std::string& channel,
                                                const PageRequest& request) {
  const absl::StatusOr<Place> place = FindPlace(storage, channel, request.after);
  if (!place.ok()) return place.status();
  JobProblemPage page;
  if (place->job_id == 0) return page;
  absl::StatusOr<std::vector<JobProblem>> problems =
      storage.ReadJobProblems(place->job_id, place->first, request.limit);
  if (!problems.ok()) return problems.status();
  if (static_cast<int64_t>(problems->size()) == request.limit) {
    page.next = FormatCursor({place->job_id, place->first + request.limit});
  }
  std::copy_if(std::make_move_iterator(problems->begin()), std::make_move_iterator(problems->end()),
               std::back_inserter(page.rows), &IsOfItem);
  return page;
}

}  // namespace flxlink::engine
