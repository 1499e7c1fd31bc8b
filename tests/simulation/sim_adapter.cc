#include "tests/simulation/sim_adapter.h"

#include <utility>

#include "absl/strings/str_cat.h"

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
    NoteSent(request);
    oracles_.PushArrives(channel_id_, request, FindPushKind(capabilities(), request.kind)->timeout);
  }
  oracles_.CallBegins(channel_id_, process_.owners);
  platform_.PushSeveral(requests, call, [&](size_t i, absl::StatusOr<PushReply> reply) {
    NoteAnswer(requests[i], reply);
    oracles_.PushAnswered(channel_id_, requests[i], reply);
    scheduler_.Point("answer");
    if (!process_.dead) done(i, std::move(reply));
  });
  oracles_.CallEnds(channel_id_, process_.owners);
}

void SimAdapter::NoteSent(const PushRequest& request) const {
  for (const PushItem& item : request.items) {
    std::string line = absl::StrCat("sends ", channel_, "/", item.external_id);
    for (const SyncField field : kSyncFields) {
      if (item.mask.Has(field)) absl::StrAppend(&line, " ", ToString(field), " ", item.values.Get(field));
    }
    scheduler_.Note(line);
  }
}

void SimAdapter::NoteAnswer(const PushRequest& request, const absl::StatusOr<PushReply>& reply) const {
  for (size_t i = 0; i < request.items.size(); ++i) {
    scheduler_.Note(absl::StrCat("hears of ", channel_, "/", request.items[i].external_id, ": ",
                                 reply.ok() ? ToString(reply->outcomes[i].result)
                                            : absl::string_view(absl::StatusCodeToString(reply.status().code()))));
  }
}

}  // namespace flxlink::simulation
