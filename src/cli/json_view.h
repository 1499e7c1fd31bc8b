// flxlink's records as JSON: the shapes that programs rely on. Keys may be added, never renamed or removed.

#ifndef FLXLINK_SRC_CLI_JSON_VIEW_H_
#define FLXLINK_SRC_CLI_JSON_VIEW_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flxlink/channel.h"
#include "flxlink/channel_counts.h"
#include "flxlink/channel_variant.h"
#include "flxlink/engine.h"
#include "flxlink/job.h"
#include "flxlink/listing.h"
#include "flxlink/product.h"
#include "flxlink/schedule.h"
#include "src/cli/advice.h"
#include "src/cli/print.h"

namespace flxlink::cli {

// RFC 3339 in UTC, with microseconds.
std::string FormatInstant(absl::Time time);

// With what the user can do about it.
Json ProblemView(const Problem& problem, const AdviceContext& context);
// Of a change that is held.
Json HeldView(const HeldRow& row);
Json JobProblemView(const JobProblem& problem, absl::string_view channel);

Json ChannelView(const Channel& channel);
Json CountsView(const ChannelCounts& counts);
Json PlannedLinkView(const PlannedLink& link);

// `channel` is the name of the channel that it belongs to.
Json ListingView(const ListingRow& listing, absl::string_view channel);
Json ExplanationView(const ListingExplanation& explanation, absl::string_view channel);

Json ItemView(const ItemRow& item);
// Row `row` of the batch.
Json ProductView(const ProductBatch& products, int64_t row);

Json JobView(const Job& job);
Json ScheduleView(const Schedule& schedule);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_JSON_VIEW_H_
