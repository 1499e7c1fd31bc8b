// Linking looked at without changing anything: what a link job would do, and why one listing variant is as it is.

#ifndef FLXLINK_SRC_ENGINE_LINK_VIEW_H_
#define FLXLINK_SRC_ENGINE_LINK_VIEW_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flxlink/channel.h"
#include "flxlink/engine.h"
#include "flxlink/listing.h"

namespace flxlink::engine {

// See Engine::PlanLinks and Engine::Explain.
absl::StatusOr<std::unique_ptr<LinkPlan>> PlanLinks(const EngineOptions& options, const Channel& channel,
                                                    const Call& call);
absl::StatusOr<ListingExplanation> ExplainListing(const EngineOptions& options, const Channel& channel,
                                                  absl::string_view sku, const Call& call);

// Says in the attentions of broken links which items the rules would link their listing variants to (item_gone).
// Nothing is said where a link job has left no index for the channel's rules, or much has changed since. `rows`: of the
// channel, ascending by listing_id, at most Storage::kMaxRows.
absl::Status NameRelinks(const EngineOptions& options, const Channel& channel, std::vector<ListingRow>* rows);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_LINK_VIEW_H_
