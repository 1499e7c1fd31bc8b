// A simulated channel whose calls a test can answer instead of it, and a clock that lets a test act while others wait.

#ifndef FLXLINK_TESTS_ENGINE_SCRIPTED_CHANNEL_H_
#define FLXLINK_TESTS_ENGINE_SCRIPTED_CHANNEL_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/simulated_channel.h"
#include "tests/support/manual_clock.h"
#include "tests/support/simulated_options.h"

namespace flxlink::engine {

// Called before each call of its sort; the call goes on to the platform where it answers OK. It may throw.
struct ChannelScript {
  std::function<absl::Status()> pull = [] { return absl::OkStatus(); };
  std::function<absl::Status()> fetch = [] { return absl::OkStatus(); };
  std::function<absl::Status()> push = [] { return absl::OkStatus(); };
  std::function<absl::Status()> poll = [] { return absl::OkStatus(); };
  // Is shown what each push sends, before it is asked for.
  std::function<void(const PushRequest&)> sending = [](const PushRequest&) {};
  // Changes what the platform answered to a push.
  std::function<void(PushReply*)> pushed = [](PushReply*) {};
  // The same of a poll.
  std::function<void(std::vector<PushOutcome>*)> polled = [](std::vector<PushOutcome>*) {};
  // What a notice names; the platform has none.
  std::function<absl::StatusOr<NoticedItems>()> notice = [] { return absl::UnimplementedError("no notices"); };
  // Edits what was pulled or fetched.
  std::function<void(ChannelVariantBatch*)> edit_items = [](ChannelVariantBatch*) {};
};

// Several pushes go out one after another, by Push, so that the script is asked for each.
class ScriptedAdapter : public ChannelAdapter {
 public:
  ScriptedAdapter(SimulatedPlatform& platform, const ChannelScript& script) : platform_(platform), script_(script) {}

  const AdapterCapabilities& capabilities() const override { return platform_.capabilities(); }
  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call) const override {
    const absl::Status status = script_.pull();
    if (!status.ok()) return status;
    absl::StatusOr<PullPage> page = platform_.Pull(request, call);
    if (page.ok()) script_.edit_items(&page->items);
    return page;
  }
  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call) const override {
    const absl::Status status = script_.fetch();
    if (!status.ok()) return status;
    absl::StatusOr<FetchReply> reply = platform_.Fetch(request, call);
    if (reply.ok()) script_.edit_items(&reply->items);
    return reply;
  }
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext& call) const override {
    script_.sending(request);
    const absl::Status status = script_.push();
    if (!status.ok()) return status;
    absl::StatusOr<PushReply> reply = platform_.Push(request, call);
    if (reply.ok()) script_.pushed(&*reply);
    return reply;
  }
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext& call) const override {
    const absl::Status status = script_.poll();
    if (!status.ok()) return status;
    absl::StatusOr<std::vector<PushOutcome>> outcomes = platform_.PollReceipts(receipts, call);
    if (outcomes.ok()) script_.polled(&*outcomes);
    return outcomes;
  }
  absl::StatusOr<NoticedItems> ReadNotice(const Notice&) const override { return script_.notice(); }

 private:
  SimulatedPlatform& platform_;
  const ChannelScript& script_;
};

// A clock that calls `on_sleep` after each sleep.
class HookedClock : public ManualClock {
 public:
  void Sleep(absl::Duration duration) override {
    ManualClock::Sleep(duration);
    if (on_sleep) on_sleep();
  }

  std::function<void()> on_sleep;
};

// Makes each call take a token of a bucket of that size.
inline void CountCalls(double size, double refill_per_second, SimulatedOptions* options) {
  AdapterCapabilities& capabilities = options->capabilities;
  capabilities.account.buckets = {{"calls", size, refill_per_second}};
  CallCost cost;
  cost.bucket = "calls";
  capabilities.pull_cost = capabilities.fetch_cost = capabilities.poll_cost = cost;
  for (PushKind& kind : capabilities.push_kinds) kind.cost = cost;
}

// Answers `error` the first `times` times, then OK.
inline std::function<absl::Status()> Times(int times, absl::Status error) {
  return [times, error = std::move(error)]() mutable { return times-- > 0 ? error : absl::OkStatus(); };
}

inline absl::Status Throttled(absl::Duration retry_after) {
  return WithRetryAfter(absl::ResourceExhaustedError("too many requests"), retry_after);
}

}  // namespace flxlink::engine

#endif  // FLXLINK_TESTS_ENGINE_SCRIPTED_CHANNEL_H_
