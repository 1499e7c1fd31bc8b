// What a match changes of what storage says.

#ifndef FLXLINK_SRC_ENGINE_LINK_OUTCOMES_H_
#define FLXLINK_SRC_ENGINE_LINK_OUTCOMES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/linker.h"
#include "flxlink/storage.h"
#include "src/engine/link_input.h"

namespace flxlink::engine {

// Collects what storage does not know yet: new links, and reasons that changed.
class LinkOutcomes : public LinkSink {
 public:
  // `input` is what is matched; it must outlive this.
  explicit LinkOutcomes(const LinkInput& input) : input_(input) {}

  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> details) override;

  // Ascending by row.
  const std::vector<LinkWrite>& writes() const { return writes_; }
  // The listing row of each write.
  const std::vector<int64_t>& rows() const { return rows_; }
  const std::vector<RowPair>& new_links() const { return new_links_; }

 private:
  void Take(int64_t row, const LinkOutcome& outcome);

  const LinkInput& input_;
  std::vector<LinkWrite> writes_;
  std::vector<int64_t> rows_;
  std::vector<RowPair> new_links_;
};

// Whether matching `input` again, with the new links as existing ones, would give every other row the reason that it
// has from `outcomes`. A link holds its target under rules before its own too, so a reason that such a rule gave can
// turn into target_taken. Adds the new links to `input`.
absl::StatusOr<bool> IsSettled(const Linker& linker, const MatchOptions& options, const MatchStats& stats,
                               const LinkOutcomes& outcomes, LinkInput& input);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_LINK_OUTCOMES_H_
