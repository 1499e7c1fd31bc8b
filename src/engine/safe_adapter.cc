#include "src/engine/safe_adapter.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
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
  absl::Status Replace(absl::string_view channel_name, absl::string_view credential, absl::string_view expected,
                       absl::string_view value) const override {
    secrets_.Add(value);  // Whether it is kept or not.
    return Guarded("the credential resolver",
                   [&] { return inner_.Replace(channel_name, credential, expected, value); });
  }

 private:
  const CredentialResolver& inner_;
  Secrets& secrets_;
};

bool LacksReceipt(const PushOutcome& outcome) {
  return outcome.result == PushResult::kAccepted && outcome.receipt.empty();
}

// "push 2 of 3".
std::string PushName(size_t request, size_t requests) { return absl::StrCat("push ", request + 1, " of ", requests); }

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
      if (*made == nullptr) return Misbehaved("was made as a null pointer; fix its factory");
      inner_ = *std::move(made);
      capabilities_ = inner_->capabilities();
      const absl::Status status = CheckCapabilities(capabilities_);
      return absl::Status(status.code(), status.ok() ? "" : absl::StrCat(name_, ": ", status.message()));
    }));
  }

  const AdapterCapabilities& capabilities() const override { return capabilities_; }

  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call) const override {
    absl::StatusOr<PullPage> page = Guarded(name_, [&] { return inner_->Pull(request, call); });
    if (page.ok() && page->ask_again_after > absl::ZeroDuration() && page->next_cursor.empty()) {
      page = Misbehaved("is not ready to give the next page and names no next_cursor to ask for it; fix it there");
    }
    return Told("pull", std::move(page));
  }

  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call) const override {
    return Told("fetch", Guarded(name_, [&] { return inner_->Fetch(request, call); }));
  }

  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext& call) const override {
    return ToldPush(request, Guarded(name_, [&] { return inner_->Push(request, call); }));
  }

  void PushSeveral(absl::Span<const PushRequest> requests, const CallContext& call, PushDone done) const override {
    std::vector<bool> answered(requests.size());
    const absl::Status status = Guarded(name_, [&] {
      inner_->PushSeveral(requests, call, [&](size_t request, absl::StatusOr<PushReply> reply) {
        if (request >= requests.size() || answered[request]) return WarnOfAnswer(request, requests.size(), call);
        answered[request] = true;
        done(request, ToldPush(requests[request], std::move(reply)));
      });
      return absl::OkStatus();
    });
    for (size_t request = 0; request < requests.size(); ++request) {
      if (!answered[request]) done(request, ToldPush(requests[request], Unanswered(request, requests.size(), status)));
    }
  }

  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string> receipts,
                                                        const CallContext& call) const override {
    absl::StatusOr<std::vector<PushOutcome>> outcomes =
        Guarded(name_, [&] { return inner_->PollReceipts(receipts, call); });
    if (outcomes.ok() && outcomes->size() != receipts.size()) {
      outcomes = WrongNumber(outcomes->size(), receipts.size(), "receipt");
    }
    return Told("poll", std::move(outcomes));
  }

  // No call of the platform, so that it is not counted as one.
  absl::StatusOr<NoticedItems> ReadNotice(const Notice& notice) const override {
    absl::StatusOr<NoticedItems> items = Guarded(name_, [&] { return inner_->ReadNotice(notice); });
    if (!items.ok()) return reporter_.secrets().Redact(items.status());
    return items;
  }

 private:
  absl::Status Misbehaved(absl::string_view what) const { return absl::InternalError(absl::StrCat(name_, " ", what)); }

  absl::Status WrongNumber(size_t outcomes, size_t wanted, absl::string_view what) const {
    return Misbehaved(absl::StrCat("answered ", outcomes, " outcomes for ", wanted, " ", what,
                                   "s; it must give one for each, fix it there"));
  }

  // Of a push that was not answered, where the whole call came to `status`.
  absl::Status Unanswered(size_t request, size_t requests, const absl::Status& status) const {
    if (!status.ok()) return status;
    return Misbehaved(absl::StrCat("gave no answer to ", PushName(request, requests), "; fix it there"));
  }

  // The first answer counts.
  void WarnOfAnswer(size_t request, size_t requests, const CallContext& call) const {
    call.Log(LogLevel::kWarning, absl::StrCat(name_, " gave an answer too many, to ", PushName(request, requests),
                                              "; it was passed over, fix it there"));
  }

  // The answer to one call, counted, without secrets.
  template <typename Answer>
  absl::StatusOr<Answer> Told(absl::string_view call, absl::StatusOr<Answer> answer) const {
    if (answer.ok()) {
      Redact(&*answer);
    } else {
      answer = reporter_.secrets().Redact(answer.status());
    }
    reporter_.Called(channel_, call, answer.status());
    return answer;
  }

  absl::StatusOr<PushReply> ToldPush(const PushRequest& request, absl::StatusOr<PushReply> reply) const {
    if (reply.ok() && reply->outcomes.size() != request.items.size()) {
      reply = WrongNumber(reply->outcomes.size(), request.items.size(), "item");
    } else if (reply.ok() && std::any_of(reply->outcomes.begin(), reply->outcomes.end(), &LacksReceipt)) {
      reply = Misbehaved("accepted an item and gave no receipt to ask with; fix it there");
    }
    return Told("push", std::move(reply));
  }

  void Redact(PullPage* page) const { Redact(&page->problems); }
  void Redact(FetchReply* reply) const { Redact(&reply->problems); }
  void Redact(PushReply* reply) const { Redact(&reply->outcomes); }
  void Redact(std::vector<ItemProblem>* problems) const {
    for (ItemProblem& item : *problems) item.problem = reporter_.secrets().Redact(std::move(item.problem));
  }
  void Redact(std::vector<PushOutcome>* outcomes) const {
    for (PushOutcome& outcome : *outcomes) {
      for (std::string* text : {&outcome.code, &outcome.message, &outcome.field}) {
        *text = reporter_.secrets().Redact(*text);
      }
    }
  }

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
