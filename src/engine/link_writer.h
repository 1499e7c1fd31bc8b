// Writes what a link job found, and keeps count of it.

#ifndef FLXLINK_SRC_ENGINE_LINK_WRITER_H_
#define FLXLINK_SRC_ENGINE_LINK_WRITER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/storage.h"
#include "src/engine/job_context.h"
#include "src/linking/link_passes.h"

namespace flxlink::engine {

// Belongs to one link job, over all its passes.
class LinkWriter {
 public:
  // Names the counts of the job, so that they come in one order.
  explicit LinkWriter(JobContext& context);

  // Writes in pages, and reports before each. Returns the places of those that a hand edit overtook.
  absl::StatusOr<std::vector<int64_t>> Write(int64_t edit_version, absl::Span<const LinkWrite> writes);

  // Keeps how many a pass left unlinked. A listing variant that a hand edit makes the job judge once more counts twice,
  // unless the edit overtook it.
  void KeepUnlinked(const linking::PassResult& result);

  // Tells which of the newly linked listing variants the rules job would hide or unhide.
  absl::Status NoteStatusRules();

  // Counts those that the passes left unlinked: the last that the job does. One that yields or fails before judges them
  // all again, and would count them twice.
  void CountUnlinked();

 private:
  void CountLinks(absl::Span<const LinkWrite> rows, absl::Span<const int64_t> overtaken);
  absl::Status NoteStatusRulesOf(absl::Span<const int64_t> listing_ids);

  JobContext& context_;
  std::vector<int64_t> linked_;  // Listing ids.
  int64_t unlinked_ = 0;
};

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_LINK_WRITER_H_
