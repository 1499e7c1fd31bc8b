// Writes what a link job found, and keeps count of it.

#ifndef FLXLINK_SRC_ENGINE_LINK_WRITER_H_
#define FLXLINK_SRC_ENGINE_LINK_WRITER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "flxlink/linker.h"
#include "flxlink/storage.h"
#include "src/engine/job_context.h"

namespace flxlink::engine {

// Belongs to one link job, over all its passes: a row that was written counts once, also where the rest of its pass has
// to be done again.
class LinkWriter {
 public:
  // Names the counts of the job, so that they come in one order.
  explicit LinkWriter(JobContext& context);

  // Writes in pages, and reports before each. ABORTED: somebody linked or unlinked by hand; match again.
  absl::Status Write(int64_t edit_version, absl::Span<const LinkWrite> writes);

  // Counts what the job's last pass judged, and tells which of the newly linked listing variants the rules job would
  // hide or unhide.
  absl::Status Finish(const MatchStats& stats);

 private:
  void CountLinks(absl::Span<const LinkWrite> rows);
  absl::Status NoteStatusRules();
  absl::Status NoteStatusRulesOf(absl::Span<const int64_t> listing_ids);

  JobContext& context_;
  std::vector<int64_t> linked_;  // Listing ids.
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_LINK_WRITER_H_
