// A simulated platform as one process reaches it: each call is a point before it and one after it, at which its process
// may die, and the oracles are told of pushes.

#ifndef FLXLINK_TESTS_SIMULATION_SIM_ADAPTER_H_
#define FLXLINK_TESTS_SIMULATION_SIM_ADAPTER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/simulated_channel.h"
#include "tests/simulation/oracles.h"
#include "tests/simulation/process.h"
#include "tests/simulation/scheduler.h"

namespace flxlink::simulation {

class SimAdapter : public ChannelAdapter {
 public:
  // All of them must outlive it.
  SimAdapter(SimulatedPlatform& platform, const Channel& channel, Scheduler& scheduler, const Process& process,
             Oracles& oracles)
      : platform_(platform),
        channel_id_(channel.channel_id),
        channel_(channel.config.name),
        scheduler_(scheduler),
        process_(process),
        oracles_(oracles) {}

  const AdapterCapabilities& capabilities() const override { return platform_.capabilities(); }
  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call) const override {
    return Around("pull", [&] { return platform_.Pull(request, call); });
  }
  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call) const override {
    oracles_.FetchBegins(channel_id_);
    return Around("fetch", [&] { return platform_.Fetch(request, call); });
  }
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext& call) const override {
    return Around("poll", [&] { return platform_.PollReceipts(receipts, call); });
  }
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext& call) const override;
  void PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done) const override;

 private:
  void NoteSent(const PushRequest& request) const;
  void NoteAnswer(const PushRequest& request, const absl::StatusOr<PushReply>& reply) const;

  template <typename Call>
  auto Around(absl::string_view name, Call call) const -> decltype(call()) {
    scheduler_.Point(name);
    if (process_.dead) return absl::UnavailableError("the process is dead");
    oracles_.CallBegins(channel_id_, process_.owners);
    auto result = call();
    oracles_.CallEnds(channel_id_, process_.owners);
    scheduler_.Point("answer");
    if (process_.dead) return absl::UnavailableError("the process is dead");
    return result;
  }

  SimulatedPlatform& platform_;
  const int64_t channel_id_;
  const std::string channel_;
  Scheduler& scheduler_;
  const Process& process_;
  Oracles& oracles_;
};

}  // namespace flxlink::simulation

#endif  // FLXLINK_TESTS_SIMULATION_SIM_ADAPTER_H_
