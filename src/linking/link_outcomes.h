// What a match changes of what storage says.

#ifndef FLXLINK_SRC_LINKING_LINK_OUTCOMES_H_
#define FLXLINK_SRC_LINKING_LINK_OUTCOMES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/linker.h"
#include "flxlink/storage.h"
#include "src/linking/link_input.h"

namespace flxlink::linking {

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

// Matches `input` once more, now with the new links as existing ones (which it adds to `input`), and tells whether
// every other row gets the reason that it has from `outcomes`. It may not, for a link holds its target under the rules
// before its own, too. Say rule 1 refuses v1 the item c because of the parent guard, and rule 2 then links c to v2: the
// reason of v1 under rule 1 is parent_mismatch in the first match and target_taken in the second.
absl::StatusOr<bool> SecondMatchAgrees(const Linker& linker, const MatchOptions& options, const MatchStats& stats,
                                       const LinkOutcomes& outcomes, LinkInput& input);

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_OUTCOMES_H_
