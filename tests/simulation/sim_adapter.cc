#include "tests/simulation/sim_adapter.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace flxlink::simulation {

absl::StatusOr<PushReply> SimAdapter::Push(const PushRequest& request, const CallContext& call) const {
  absl::StatusOr<PushReply> answer = absl::UnknownError("no answer");
  PushSeveral({request}, call, [&](size_t, absl::StatusOr<PushReply> reply) { answer = std::move(reply); });
  return answer;
}

void SimAdapter::PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done) const {
  scheduler_.Point("push");
  if (process_.dead) return;
  for (const PushRequest& request : requests) {
    for (const PushItem& item : request.items) {
      scheduler_.Note(absl::StrCat("pushes ", item.external_id, ": ", absl::StrJoin(item.mask.Names(), ","), " price ",
                                   item.values.price, " quantity ", item.values.quantity));
    }
    oracles_.PushArrives(channel_id_, request);
  }
  platform_.PushSeveral(requests, call, [&](size_t i, absl::StatusOr<PushReply> reply) {
    oracles_.PushAnswered(channel_id_, requests[i], reply);
    scheduler_.Point(absl::StrCat("answer: ", absl::StatusCodeToString(reply.status().code())));
    if (!process_.dead) done(i, std::move(reply));
  });
}

}  // namespace flxlink::simulation
