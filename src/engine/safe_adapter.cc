#include "src/engine/safe_adapter.h"

#include <exception>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/model/quote.h"

namespace flxlink::engine {
namespace {

absl::Status Threw(absl::string_view who, absl::string_view what) {
  return absl::InternalError(
      absl::StrCat(who, " threw: ", model::Quote(what), "; it must return a status instead, fix it there"));
}

// What `call` answers, or what it threw as a status. Its answer must be made of a status.
template <typename Call>
auto Guarded(absl::string_view who, Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& thrown) {
    return Threw(who, thrown.what());
  } catch (...) {
    return Threw(who, "something that is no std::exception");
  }
}

class SafeCredentials : public CredentialResolver {
 public:
  SafeCredentials(const CredentialResolver& inner, Secrets& secrets) : inner_(inner), secrets_(secrets) {}

  absl::StatusOr<std::string> Resolve(absl::string_view channel_name, absl::string_view credential) const override {
    absl::StatusOr<std::string> secret =
        Guarded("the credential resolver", [&] { return inner_.Resolve(channel_name, credential); });
    if (secret.ok()) secrets_.Add(*secret);
    return secret;
  }

 private:
  const CredentialResolver& inner_;
  Secrets& secrets_;
};

class SafeAdapter : public ChannelAdapter {
 public:
  SafeAdapter(const AdapterContext& context, Reporter& reporter)
      : name_(absl::StrCat("the adapter ", context.config.adapter)),
        channel_(context.config.name),
        reporter_(reporter),
        credentials_(context.credentials, reporter.secrets()) {}

  // Called once, before anything else.
  absl::Status Make(const AdapterRegistry& adapters, const ChannelConfig& config) {
    return reporter_.secrets().Redact(Guarded(name_, [&]() -> absl::Status {
      absl::StatusOr<std::unique_ptr<ChannelAdapter>> made = adapters.Make({config, credentials_});
      if (!made.ok()) return made.status();
      if (*made == nullptr)
        return absl::InternalError(absl::StrCat(name_, " was made as a null pointer; fix its factory"));
      inner_ = *std::move(made);
      capabilities_ = inner_->capabilities();
      return absl::OkStatus();
    }));
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest& request) const override {
    return Call("pull", [&] { return inner_->Pull(request); });
  }
  absl::StatusOr<PushReply> Push(const PushRequest& request) const override {
    absl::StatusOr<PushReply> reply = Call("push", [&] { return inner_->Push(request); });
    if (!reply.ok()) return reply;
    for (PushOutcome& outcome : reply->outcomes) Redact(&outcome);
    return reply;
  }
  absl::StatusOr<PushOutcome> PollReceipt(absl::string_view receipt) const override {
    absl::StatusOr<PushOutcome> outcome = Call("poll", [&] { return inner_->PollReceipt(receipt); });
    if (outcome.ok()) Redact(&*outcome);
    return outcome;
  }

 private:
  template <typename Work>
  auto Call(absl::string_view call, Work work) const -> decltype(work()) {
    auto answer = Guarded(name_, work);
    if (!answer.ok()) answer = reporter_.secrets().Redact(answer.status());
    reporter_.Called(channel_, call, answer.status());
    return answer;
  }

  void Redact(PushOutcome* outcome) const { outcome->message = reporter_.secrets().Redact(outcome->message); }

  const std::string name_;
  const std::string channel_;
  Reporter& reporter_;
  const SafeCredentials credentials_;  // An adapter may keep it, so it goes after the adapter.
  std::unique_ptr<ChannelAdapter> inner_;
  AdapterCapabilities capabilities_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ChannelAdapter>> MakeSafeAdapter(const AdapterRegistry& adapters,
                                                                const AdapterContext& context, Reporter& reporter) {
  auto adapter = std::make_unique<SafeAdapter>(context, reporter);
  const absl::Status status = adapter->Make(adapters, context.config);
  if (!status.ok()) return status;
  return adapter;
}

}  // namespace flxlink::engine
