#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "src/engine/adapter_error.h"
#include "src/engine/doubtful_links.h"
#include "src/engine/jobs.h"
#include "src/engine/pulled_rows.h"

namespace flxlink::engine {
namespace {

// How often a pull starts over because the channel changed between two of its pages.
constexpr int kMaxRestarts = 5;

// How old a cursor may be for another job to go on from it.
constexpr absl::Duration kOldestCursor = absl::Hours(1);

// A negative age is no age: somebody has set the clock.
bool IsYoung(absl::Duration age) { return age >= absl::ZeroDuration() && age < kOldestCursor; }

// The job's cursor once it has read all pages of a pull: the channel's is empty then, as before the first.
struct PagesRead {
  int64_t pull_number = 0;
  std::string mark;  // PullPage::mark of the last.
};

constexpr absl::string_view kPagesRead = "read/";

std::string FormatPagesRead(const PagesRead& read) {
  return absl::StrCat(kPagesRead, read.pull_number, "/", read.mark);
}

// nullopt: the job's cursor says no such thing of this pull.
absl::optional<PagesRead> PagesReadOf(absl::string_view cursor, const PullState& pull) {
  PagesRead read;
  if (!absl::ConsumePrefix(&cursor, kPagesRead)) return absl::nullopt;
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(cursor, absl::MaxSplits('/', 1));
  if (!absl::SimpleAtoi(parts.first, &read.pull_number) || read.pull_number != pull.pull_number) return absl::nullopt;
  read.mark = std::string(parts.second);
  return read;
}

// Whether this job goes on with the pull that is in storage: the one that an attempt of it began whose worker died or,
// if that was a little while ago, the one that it began before it yielded or, as a re-run, the one that the job before
// it left behind. The pages of any other are too old to say what is gone, and so are those of a job that merely came
// before.
//
// `since_last`: it may be one since a mark. `all_read`: this job has read all its pages.
bool GoesOn(const JobContext& context, const PullState& pull, bool since_last, bool all_read, absl::Time now) {
  const Job& job = context.job();
  const bool is_own = pull.job_id == job.job_id;
  if (!pull.running || (!pull.since.empty() && !since_last)) return false;
  if (is_own && job.attempts > 1) return true;
  if (!is_own && (job.trigger != JobTrigger::kRerun || pull.job_id != job.from_job)) return false;
  return (all_read || !pull.cursor.empty()) && pull.cursor_at.has_value() && IsYoung(now - *pull.cursor_at);
}

// How long pages are held back to be stored together, and how many of their rows in pages of the engine's size.
constexpr absl::Duration kLongestHold = absl::Milliseconds(100);
constexpr int64_t kMostPagesHeld = 4;

// The pages of one pull, from a cursor to the end. What a quick channel gives is stored several pages at a time, since
// each commit costs, or as soon as another job is to run; of a slow one every page is stored as it comes, and the
// cursor with it. Nothing is held while the job waits.
class PullPages {
 public:
  PullPages(JobContext& context, const PullState& state)
      : context_(context),
        pull_number_(state.pull_number),
        since_(state.since),
        cursor_(state.cursor),
        saw_unnamed_(state.saw_unnamed) {}

  // ABORTED: the channel changed, or does not know the mark; start over.
  absl::Status Read();

  // Whether the whole pull saw items whose ids cannot be kept.
  bool saw_unnamed() const { return saw_unnamed_; }
  // Where the next pull can begin.
  const std::string& mark() const { return mark_; }

 private:
  bool MustStore();
  absl::Status Store();
  absl::Status StoreSome(absl::Span<PullPage> pages, absl::Span<const absl::Time> as_of, int64_t* stored);
  void NoteRefusal(absl::Span<const PullPage> pages, const PullRefusal& refusal);

  JobContext& context_;
  const int64_t pull_number_;
  const std::string since_;
  std::string cursor_;
  std::string mark_;
  bool saw_unnamed_;

  std::vector<PullPage> held_;
  std::vector<absl::Time> held_as_of_;  // What each of them says was so then.
  int64_t held_rows_ = 0;
  int64_t held_breaks_ = 0;
  absl::Time held_since_;     // When the first of them was asked for.
  int64_t pages_stored_ = 0;  // By this job.
};

absl::Status PullPages::Read() {
  absl::Status stored;
  absl::Duration ask_again_after;
  context_.set_before_wait([&] { return stored = held_.empty() ? absl::OkStatus() : Store(); });
  const absl::Cleanup done = [this] { context_.set_before_wait(nullptr); };
  do {
    if (held_.empty()) held_since_ = context_.options().clock->Now();
    absl::StatusOr<PullPage> page = context_.Pull({cursor_, context_.page_rows(), since_});
    if (!stored.ok()) return stored;
    if (!page.ok()) {
      // What was read before is worth keeping, but why the pull ends is the channel's error.
      Store().IgnoreError();
      return AdapterError(page.status(), context_.channel());
    }
    const absl::StatusOr<int64_t> breaks = CountBreaks(context_, page->deleted);
    if (!breaks.ok()) return breaks.status();
    held_breaks_ += *breaks;
    const absl::StatusOr<bool> holds = HoldsBreaks(context_, *breaks == 0 ? 0 : held_breaks_);
    if (!holds.ok()) return holds.status();
    page->holds_breaks = *holds;
    cursor_ = page->next_cursor;
    mark_ = page->mark;
    // No cursor says that all was read.
    if (cursor_.empty()) context_.Stay(true);
    ask_again_after = page->ask_again_after;
    held_rows_ += std::max<int64_t>(page->items.size(), 1);
    held_as_of_.push_back(AsOf(context_, page->age));
    page->items.own_ids = context_.adapter().capabilities().own_ids;
    held_.push_back(*std::move(page));
    absl::Status status = MustStore() ? Store() : absl::OkStatus();
    if (!status.ok()) return status;
    status = context_.Wait(ask_again_after);
    if (!stored.ok()) return stored;
    if (!status.ok()) return status;
  } while (!cursor_.empty());
  return absl::OkStatus();
}

// A negative age is no age: somebody has set the clock.
bool PullPages::MustStore() {
  const absl::Duration held = context_.options().clock->Now() - held_since_;
  return cursor_.empty() || context_.IsWanted() || held < absl::ZeroDuration() || held >= kLongestHold ||
         held_rows_ > (kMostPagesHeld - 1) * context_.page_rows();
}

absl::Status PullPages::Store() {
  std::vector<PullPage> pages = std::move(held_);
  const std::vector<absl::Time> as_of = std::move(held_as_of_);
  held_.clear();
  held_as_of_.clear();
  held_rows_ = held_breaks_ = 0;
  for (int64_t stored = 0; stored < static_cast<int64_t>(pages.size());) {
    const auto from = static_cast<size_t>(stored);
    const absl::Status status =
        StoreSome(absl::MakeSpan(pages).subspan(from), absl::MakeConstSpan(as_of).subspan(from), &stored);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Stores as many of the pages as storage takes at a time, and adds their number to `stored`.
absl::Status PullPages::StoreSome(absl::Span<PullPage> pages, absl::Span<const absl::Time> as_of, int64_t* stored) {
  absl::StatusOr<PullWriteResult> written = context_.WriteValue<PullWriteResult>([&](absl::Time now) {
    for (size_t i = 0; i < pages.size(); ++i) pages[i].age = AgeNow(context_, as_of[i]);
    return context_.storage().WritePulledPages(context_.fence(), pull_number_, pages, now);
  });
  if (!written.ok()) return written.status();

  CountPulledRows(context_, *written);
  for (const PullRefusal& refusal : written->refused) NoteRefusal(pages, refusal);
  saw_unnamed_ = saw_unnamed_ || written->unnamed > 0;
  const int64_t refused = static_cast<int64_t>(written->refused.size());
  JobProgress& progress = context_.progress();
  progress.done -= refused;
  progress.failed += refused;
  for (const PullPage& page : pages.subspan(0, static_cast<size_t>(written->pages))) {
    const int64_t unread = NoteItemProblems(context_, page.problems, page.items, "an item of the channel");
    progress.done += page.items.size();
    progress.failed += unread;
  }
  pages_stored_ += written->pages;
  *stored += written->pages;
  const bool all_read = cursor_.empty() && written->pages == static_cast<int64_t>(pages.size());
  if (all_read) context_.output().cursor = FormatPagesRead({pull_number_, mark_});
  return context_.Report();
}

void PullPages::NoteRefusal(absl::Span<const PullPage> pages, const PullRefusal& refusal) {
  NoteRefusedRow(
      context_, pages[static_cast<size_t>(refusal.page)].items, refusal,
      absl::StrCat("row ", refusal.row + 1, " of page ", pages_stored_ + refusal.page + 1, " of the channel"));
}

absl::Status Sweep(JobContext& context, int64_t pull_number) {
  for (bool more = true; more;) {
    absl::StatusOr<SweepResult> swept = context.WriteValue<SweepResult>([&](absl::Time now) {
      return context.storage().SweepAbsent(context.fence(), pull_number, context.page_rows(), now);
    });
    if (!swept.ok()) return swept.status();
    context.Count("gone", swept->gone);
    context.Count("broken", swept->broken);
    NoteRaised(context, swept->raised);
    more = swept->more;
    absl::Status status = context.Report();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// The links of what the complete pull did not see are held as they are, and their items stay.
absl::Status HoldAbsent(JobContext& context, int64_t pull_number) {
  for (bool more = true; more;) {
    absl::StatusOr<SweepResult> held = context.WriteValue<SweepResult>([&](absl::Time now) {
      return context.storage().HoldAbsent(context.fence(), pull_number, context.page_rows(), now);
    });
    if (!held.ok()) return held.status();
    CountHeldBreaks(context, held->held);
    NoteRaised(context, held->raised);
    more = held->more;
    const absl::Status status = context.Report();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Takes what the complete pull did not see for gone, unless the pull cannot tell; of links, unless that is held.
absl::Status SweepWhatIsGone(JobContext& context, const PullState& state) {
  if (state.saw_unnamed) {
    const std::string& name = context.channel().config.name;
    context.AddProblem(name, MakeProblem(problem_code::kAbsenceUnproved, {{"channel", name}},
                                         absl::StrCat("channel ", name, " has items whose ids cannot be kept; ",
                                                      "nothing that this pull did not see is taken for gone")));
    return absl::OkStatus();
  }
  const absl::StatusOr<int64_t> absent = context.RetryValue<int64_t>(
      [&] { return context.storage().CountAbsentLinks(context.channel().channel_id, state.pull_number); });
  if (!absent.ok()) return absent.status();
  const absl::StatusOr<bool> holds = HoldsBreaks(context, *absent);
  if (!holds.ok()) return holds.status();
  const absl::Status status = *holds ? HoldAbsent(context, state.pull_number) : absl::OkStatus();
  return status.ok() ? Sweep(context, state.pull_number) : status;
}

// Where a pull is to begin: at the last one's mark, if that is enough and can be done.
std::string MarkToBeginAt(const JobContext& context, const PullState& state, bool since_last) {
  return since_last && context.adapter().capabilities().since.has_value() ? state.mark : std::string();
}

// A job asks what its channel's settings named when it began. Where they are others by now, the pull that it has begun
// would pass for one of what they name; where they become others later, storage ends it.
absl::Status CheckSettings(JobContext& context) {
  const absl::StatusOr<Channel> channel = context.ReadChannel();
  if (!channel.ok()) return channel.status();
  const ChannelConfig& asked = context.channel().config;
  const ChannelConfig& named = channel->config;
  if (named.adapter == asked.adapter && named.settings == asked.settings) return absl::OkStatus();
  return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kChangedMeanwhile,
                       {{"channel", named.name}},
                       absl::StrCat("the adapter or settings of channel ", named.name,
                                    " were changed while a job began to read it; run it again"));
}

absl::Status Begin(JobContext& context, const std::string& since, PullState* state) {
  absl::StatusOr<PullState> begun =
      context.RetryValue<PullState>([&] { return context.storage().BeginPull(context.fence(), since); });
  if (!begun.ok()) return begun.status();
  *state = *std::move(begun);
  context.progress() = JobProgress();
  context.output().cursor.clear();
  return CheckSettings(context);
}

// What the pages say that are read once more is counted anew.
void CountAgain(JobContext& context) {
  context.progress() = JobProgress();
  for (const absl::string_view name : {"unchanged", "item_problems"}) {
    if (context.HasCount(name)) context.SetCount(name, 0);
  }
}

// A pull since the last that has to be one of everything takes as long as one, and is that from now on.
absl::Status BecomeWhole(JobContext& context) {
  context.SetCount("whole", 1);
  context.output().becomes_bulk = true;
  context.Yield();
  return context.Report();
}

// Reads and stores pages up to the end, from the beginning where the channel says so. `resume`: goes on with the pull
// that `state` has. Returns the pull's mark. ABORTED: of one since a mark, which the channel may not know any more.
absl::StatusOr<std::string> ReadPages(JobContext& context, const std::string& since, bool resume, PullState* state) {
  for (int restarts = 0;; ++restarts) {
    if (!resume) {
      const absl::Status status = Begin(context, since, state);
      if (!status.ok()) return status;
    }
    resume = false;
    PullPages pages(context, *state);
    const absl::Status status = pages.Read();
    state->saw_unnamed = pages.saw_unnamed();
    if (status.ok()) return pages.mark();
    const bool starts_over = absl::IsAborted(status) && state->since.empty() && restarts < kMaxRestarts;
    if (!starts_over) return status;
    context.Stay(true);
  }
}

absl::Status Pull(JobContext& context, bool since_last) {
  const absl::Cleanup done = [&] { context.Stay(false); };
  const absl::StatusOr<Channel> channel = context.ReadChannel();
  if (!channel.ok()) return channel.status();
  const absl::StatusOr<absl::Time> begun_at = context.Now();
  if (!begun_at.ok()) return begun_at.status();
  PullState state = channel->pull;
  const absl::optional<PagesRead> read = PagesReadOf(context.output().cursor, state);
  if (read.has_value() && !state.running) {
    // It has ended the pull and did not come to say so.
    context.output().cursor.clear();
    return absl::OkStatus();
  }
  const bool resume = GoesOn(context, state, since_last, read.has_value(), *begun_at);
  if (resume && state.job_id != context.job().job_id) context.Count("resumed", 1);
  if (resume && !read.has_value() && state.cursor.empty()) CountAgain(context);
  const std::string since = MarkToBeginAt(context, state, since_last);
  if (since_last && since.empty() && !resume) return BecomeWhole(context);
  const absl::StatusOr<std::string> mark =
      resume && read.has_value() ? read->mark : ReadPages(context, since, resume, &state);
  if (since_last && absl::IsAborted(mark.status())) return BecomeWhole(context);
  if (!mark.ok()) return mark.status();

  const bool whole = state.since.empty();
  const bool complete = whole && context.adapter().capabilities().complete_pull;
  absl::Status status = complete ? SweepWhatIsGone(context, state) : absl::OkStatus();
  if (status.ok()) status = DissolveDoubtful(context);
  if (!status.ok()) return status;
  const absl::Status ended = context.Write([&](absl::Time now) {
    return context.storage().EndPull(context.fence(), state.pull_number, complete, *mark, now);
  });
  // From here on another pull of the job is another one.
  if (ended.ok()) context.output().cursor.clear();
  return ended;
}

}  // namespace

absl::Status PullChannel(JobContext& context) { return Pull(context, /*since_last=*/false); }

absl::Status RunPullJob(JobContext& context) { return Pull(context, context.job().options.since_last); }

}  // namespace flxlink::engine
