#include "src/channels/simulated/simulated_adapter.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "flxlink/problem.h"
#include "src/channels/simulated/simulated_file.h"
#include "src/channels/simulated/simulated_place.h"
#include "src/model/quote.h"

namespace flxlink {
namespace simulated {
namespace {

bool GivesReceipts(const AdapterCapabilities& capabilities) {
  const std::vector<PushKind>& kinds = capabilities.push_kinds;
  return std::any_of(kinds.begin(), kinds.end(),
                     [](const PushKind& kind) { return kind.receipt_timeout > absl::ZeroDuration(); });
}

// What is wrong with the file is not wrong with a call: INVALID_ARGUMENT would be taken for a refusal of its items.
absl::Status Unusable(const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) return status;
  absl::Status unusable = absl::FailedPreconditionError(status.message());
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { unusable.SetPayload(url, payload); });
  return unusable;
}

class SimulatedChannel : public ChannelAdapter {
 public:
  SimulatedChannel(std::shared_ptr<SimulatedPlatform> platform, SimulatedPlace place)
      : platform_(std::move(platform)),
        place_(std::move(place)),
        capabilities_(CapabilitiesAt(place_, platform_->capabilities())) {}

  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call) const override {
    return platform_->Pull(request, call, place_);
  }
  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call) const override {
    if (capabilities().fetch_limit == 0) return ChannelAdapter::Fetch(request, call);
    return platform_->Fetch(request, call, place_);
  }
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext& call) const override {
    if (capabilities().push_kinds.empty()) return ChannelAdapter::Push(request, call);
    return platform_->Push(request, call, place_);
  }
  void PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done) const override {
    if (capabilities().push_kinds.empty()) return ChannelAdapter::PushSeveral(requests, call, done);
    platform_->PushSeveral(requests, call, done, place_);
  }
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext& call) const override {
    if (!GivesReceipts(capabilities_)) return ChannelAdapter::PollReceipts(receipts, call);
    return platform_->PollReceipts(receipts, call);
  }

 private:
  const std::shared_ptr<SimulatedPlatform> platform_;
  const SimulatedPlace place_;
  const AdapterCapabilities capabilities_;
};

class SimulatedFileChannel : public ChannelAdapter {
 public:
  SimulatedFileChannel(Clock& clock, SimulatedSettings settings, SimulatedPlace place)
      : clock_(clock),
        settings_(std::move(settings)),
        place_(std::move(place)),
        capabilities_(CapabilitiesAt(place_, settings_.options.capabilities)) {}

  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call) const override {
    return Ask(call, [&](SimulatedPlatform& platform) { return platform.Pull(request, call, place_); });
  }
  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call) const override {
    return Ask(call, [&](SimulatedPlatform& platform) { return platform.Fetch(request, call, place_); });
  }
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext& call) const override {
    return Ask(call, [&](SimulatedPlatform& platform) { return platform.Push(request, call, place_); });
  }
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext& call) const override {
    if (!GivesReceipts(capabilities_)) return ChannelAdapter::PollReceipts(receipts, call);
    return Ask(call, [&](SimulatedPlatform& platform) { return platform.PollReceipts(receipts, call); });
  }

 private:
  template <typename Question>
  auto Ask(const CallContext& call, const Question& question) const
      -> decltype(question(std::declval<SimulatedPlatform&>())) {
    absl::StatusOr<SimulatedFile> file = SimulatedFile::Open(settings_.path, call);
    if (!file.ok()) return Unusable(file.status());
    absl::StatusOr<SimulatedContents> contents = file->Read();
    if (absl::IsNotFound(contents.status())) contents = SimulatedContents{FirstItems(settings_)};
    if (!contents.ok()) return Unusable(contents.status());
    SimulatedOptions options = settings_.options;
    options.earlier_calls = contents->calls++;
    SimulatedPlatform platform(clock_, std::move(options));
    if (absl::Status status = platform.Restore(contents->saved, std::move(contents->items)); !status.ok()) {
      return absl::FailedPreconditionError(absl::StrCat(settings_.path, ".state: ", status.message(),
                                                        "; remove that file, and the platform goes on without it"));
    }
    auto reply = question(platform);
    contents->items = platform.Items();
    contents->saved = platform.Save();
    if (absl::Status status = file->Write(*contents); !status.ok()) return status;
    return reply;
  }

  Clock& clock_;
  const SimulatedSettings settings_;
  const SimulatedPlace place_;
  const AdapterCapabilities capabilities_;
};

// The platforms that live as long as the process, by the settings that made them.
class SimulatedPlatforms {
 public:
  explicit SimulatedPlatforms(Clock& clock) : clock_(clock) {}

  std::shared_ptr<SimulatedPlatform> Find(const SimulatedSettings& settings) {
    absl::MutexLock lock(&mutex_);
    std::shared_ptr<SimulatedPlatform>& platform = platforms_[settings.text];
    if (platform != nullptr) return platform;
    platform = std::make_shared<SimulatedPlatform>(clock_, settings.options);
    platform->Restore("", FirstItems(settings)).IgnoreError();  // Nothing is saved that could be damaged.
    return platform;
  }

 private:
  Clock& clock_;
  absl::Mutex mutex_;
  std::map<std::string, std::shared_ptr<SimulatedPlatform>> platforms_ ABSL_GUARDED_BY(mutex_);
};

constexpr absl::string_view kPlaceSettings[] = {"location", "market", "quantity_means", "hiding"};

absl::Status CheckSettings(const ChannelConfig& config) {
  for (const auto& [setting, value] : config.settings) {
    if (std::find(std::begin(kPlaceSettings), std::end(kPlaceSettings), setting) != std::end(kPlaceSettings)) continue;
    return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kBadSetting,
                         {{"channel", config.name}, {"setting", setting}},
                         absl::StrCat("channel ", model::Quote(config.name), ": the simulated adapter has no setting ",
                                      model::Quote(setting), "; remove it"));
  }
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<ChannelAdapter> NewSimulatedAdapter(std::shared_ptr<SimulatedPlatform> platform, SimulatedPlace place) {
  return std::make_unique<SimulatedChannel>(std::move(platform), std::move(place));
}

std::unique_ptr<ChannelAdapter> NewSimulatedFileAdapter(Clock& clock, SimulatedSettings settings,
                                                        SimulatedPlace place) {
  return std::make_unique<SimulatedFileChannel>(clock, std::move(settings), std::move(place));
}

}  // namespace simulated

void RegisterSimulatedChannel(AdapterRegistry& registry, Clock& clock, std::string name) {
  const auto platforms = std::make_shared<simulated::SimulatedPlatforms>(clock);
  registry.Register(
      std::move(name),
      [&clock, platforms](const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
        absl::StatusOr<simulated::SimulatedSettings> settings = simulated::SettingsOf(context.config);
        if (!settings.ok()) return settings.status();
        absl::StatusOr<SimulatedPlace> place = simulated::PlaceOf(context.config, settings->options);
        if (!place.ok()) return place.status();
        if (settings->path.empty()) {
          return simulated::NewSimulatedAdapter(platforms->Find(*settings), *std::move(place));
        }
        return simulated::NewSimulatedFileAdapter(clock, *std::move(settings), *std::move(place));
      });
}

void RegisterSimulatedChannel(AdapterRegistry& registry, std::shared_ptr<SimulatedPlatform> platform,
                              std::string name) {
  registry.Register(std::move(name),
                    [platform = std::move(platform)](
                        const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
                      if (absl::Status status = simulated::CheckSettings(context.config); !status.ok()) return status;
                      absl::StatusOr<SimulatedPlace> place = simulated::PlaceOf(context.config, platform->options());
                      if (!place.ok()) return place.status();
                      return simulated::NewSimulatedAdapter(platform, *std::move(place));
                    });
}

}  // namespace flxlink
