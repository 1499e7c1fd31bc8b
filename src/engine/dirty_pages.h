// The dirty links of one pass of a sync, in the order in which they go out, as that is whenever it is asked for.

#ifndef FLXLINK_SRC_ENGINE_DIRTY_PAGES_H_
#define FLXLINK_SRC_ENGINE_DIRTY_PAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"
#include "flxlink/sync.h"
#include "src/engine/job_context.h"

namespace flxlink::engine {

// Links of one sync priority and rank. The order has a group in one piece, one that is less goes out first.
struct DirtyGroup {
  int64_t sync_priority = 0;
  DirtyRank rank = DirtyRank::kQuantityFell;

  friend bool operator<(const DirtyGroup& a, const DirtyGroup& b) {
    return a.sync_priority != b.sync_priority ? a.sync_priority > b.sync_priority : a.rank < b.rank;
  }
};

DirtyGroup GroupOf(const SyncRow& row);

// Used once. Where the job sends nothing but what is forced, those are looked up one by one, however many other links
// are dirty.
//
// What becomes dirty, or takes another place in the order, stands behind all of its group that stood there before
// (Storage::DirtyCursor). So what a pass has to remember is the last place of each group that it has taken: a link
// behind that is new, and one up to there, dirty still, waits for the next pass. Each page is looked for from the start
// of the order on, a row at a time; a row that was taken leads to the end of what was taken of its group. That is one
// small read a page, and one more for each group in which something stayed dirty; after kMaxLooks of them the search is
// given up, and the pass goes on where it has come furthest.
class DirtyPages {
 public:
  static constexpr int kMaxLooks = 16;
  // How many links that go out before others are read at once; of the others the engine's page_rows.
  static constexpr int64_t kRowsBefore = 100;

  explicit DirtyPages(JobContext& context) : context_(context) {}

  // The first links that were not taken, of groups before `before` if it is said. Empty: there are none.
  absl::StatusOr<SyncBatch> Next(const absl::optional<DirtyGroup>& before);
  // Whether there were fewer of them than are read at once: links that were taken stand behind them.
  bool was_cut_short() const { return was_cut_short_; }

  // The next of those of these SKUs that can be sent, taken or not; what was looked up leaves `skus`. Empty: none can.
  absl::StatusOr<SyncBatch> LookUp(std::vector<std::string>* skus);

 private:
  absl::StatusOr<SyncBatch> Search(const absl::optional<DirtyGroup>& before, int64_t limit);
  absl::StatusOr<SyncBatch> NextForced();
  absl::StatusOr<SyncBatch> ReadSendable(absl::Span<const std::string> skus);
  absl::StatusOr<SyncBatch> Read(const Storage::DirtyCursor& after, int64_t limit);
  // The end of what was taken of the link's group, where the link is up to there.
  const Storage::DirtyCursor* EndOfTaken(const SyncRow& row) const;
  // Takes the first links of the page that can be taken.
  SyncBatch Take(SyncBatch page, const absl::optional<DirtyGroup>& before);

  JobContext& context_;
  absl::btree_map<DirtyGroup, Storage::DirtyCursor> taken_;  // The last place of each group.
  bool was_cut_short_ = false;
  size_t forced_ = 0;  // SKUs that were looked up.
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_DIRTY_PAGES_H_
