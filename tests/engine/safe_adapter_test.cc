#include "src/engine/safe_adapter.h"

#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Throws wherever it can.
class ThrowingAdapter : public ChannelAdapter {
 public:
  explicit ThrowingAdapter(bool has_capabilities) : has_capabilities_(has_capabilities) {}

  const AdapterCapabilities& capabilities() const override {
    if (!has_capabilities_) throw std::runtime_error("no capabilities");
    return capabilities_;
  }
  absl::StatusOr<PullPage> Pull(const PullRequest&, const CallContext&) const override {
    throw std::runtime_error("no\npull");
  }
  absl::StatusOr<FetchReply> Fetch(const FetchRequest&, const CallContext&) const override {
    throw std::runtime_error("no fetch");
  }
  absl::StatusOr<PushReply> Push(const PushRequest&, const CallContext&) const override { throw 42; }
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string>,
                                                        const CallContext&) const override {
    throw std::runtime_error("no poll");
  }
  absl::StatusOr<NoticedItems> ReadNotice(const Notice&) const override { throw std::runtime_error("no notice"); }

 private:
  const bool has_capabilities_;
  AdapterCapabilities capabilities_;
};

// Answers what a test says.
class ScriptedAnswers : public ChannelAdapter {
 public:
  struct Script {
    AdapterCapabilities capabilities;
    std::function<absl::StatusOr<PullPage>()> pull;
    std::function<absl::StatusOr<FetchReply>()> fetch;
    std::function<void(PushDone)> push_several;
    std::function<absl::StatusOr<std::vector<PushOutcome>>()> poll;
    std::function<absl::StatusOr<NoticedItems>(const Notice&)> read_notice;
  };

  explicit ScriptedAnswers(const Script& script) : script_(script) {}

  const AdapterCapabilities& capabilities() const override { return script_.capabilities; }
  absl::StatusOr<PullPage> Pull(const PullRequest&, const CallContext&) const override { return script_.pull(); }
  absl::StatusOr<FetchReply> Fetch(const FetchRequest&, const CallContext&) const override { return script_.fetch(); }
  void PushSeveral(absl::Span<const PushRequest>, const CallContext&, PushDone done) const override {
    script_.push_several(done);
  }
  absl::StatusOr<std::vector<PushOutcome>> PollReceipts(absl::Span<const std::string>,
                                                        const CallContext&) const override {
    return script_.poll();
  }
  absl::StatusOr<NoticedItems> ReadNotice(const Notice& notice) const override { return script_.read_notice(notice); }

 private:
  const Script& script_;
};

class FakeCall : public CallContext {
 public:
  absl::Duration time_left() const override { return absl::Minutes(1); }
  bool cancelled() const override { return false; }
  void Log(LogLevel level, absl::string_view text) const override {
    log.push_back(absl::StrCat(ToString(level), ": ", text));
  }

  mutable std::vector<std::string> log;
};

class ThrowingCredentials : public CredentialResolver {
 public:
  absl::StatusOr<std::string> Resolve(absl::string_view, absl::string_view) const override {
    throw std::runtime_error("the vault is locked");
  }
};

class SafeAdapterTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> Make(AdapterFactory factory) {
    AdapterRegistry registry;
    registry.Register("mine", std::move(factory));
    ChannelConfig config;
    config.name = "shop";
    config.adapter = "mine";
    return MakeSafeAdapter(registry, {config, credentials_}, reporter_);
  }
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> MakeThrowing(bool has_capabilities) {
    return Make([=](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
      return std::make_unique<ThrowingAdapter>(has_capabilities);
    });
  }

  std::unique_ptr<ChannelAdapter> MakeScripted() {
    absl::StatusOr<std::unique_ptr<ChannelAdapter>> adapter =
        Make([this](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
          return std::make_unique<ScriptedAnswers>(script_);
        });
    EXPECT_TRUE(adapter.ok()) << adapter.status();
    return *std::move(adapter);
  }

  // What is told of three pushes of one item each, in the order in which it comes: "1 OK".
  std::vector<std::string> PushThree() {
    const std::vector<PushItem> items(1);
    const std::vector<PushRequest> requests(3, PushRequest{"items", items, ""});
    std::vector<std::string> told;
    MakeScripted()->PushSeveral(requests, call_, [&](size_t request, absl::StatusOr<PushReply> reply) {
      EXPECT_EQ(std::current_exception(), nullptr) << "within a catch";
      told.push_back(absl::StrCat(request, " ", reply.status().ToString()));
    });
    return told;
  }

  // Calls of that kind that are counted as having come to `result`.
  double Calls(const std::string& call, const std::string& result) {
    for (const Metric& metric : reporter_.ReadCounters()) {
      const std::vector<Field> labels = {{"channel", "shop"}, {"call", call}, {"result", result}};
      if (metric.name == "flxlink_adapter_calls_total" && metric.labels == labels) return metric.value;
    }
    return 0;
  }

  static void ExpectInternal(const absl::Status& status, const std::string& text) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
  }

  static EngineOptions Options() {
    EngineOptions options;
    options.clock = &SystemClock();
    return options;
  }

  Reporter reporter_{Options()};
  ThrowingCredentials credentials_;
  ScriptedAnswers::Script script_;
  FakeCall call_;
};

TEST_F(SafeAdapterTest, CallsThatThrowAreErrorsThatNameTheAdapter) {
  const auto adapter = MakeThrowing(true);
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  ExpectInternal((*adapter)->Pull({}, call_).status(), "the adapter mine threw: \"no\\npull\"");
  ExpectInternal((*adapter)->Fetch({}, call_).status(), "the adapter mine threw: \"no fetch\"");
  ExpectInternal((*adapter)->Push({}, call_).status(), "the adapter mine threw");
  ExpectInternal((*adapter)->PollReceipts({"r"}, call_).status(), "the adapter mine threw: \"no poll\"");
  ExpectInternal((*adapter)->ReadNotice({}).status(), "the adapter mine threw: \"no notice\"");
}

TEST_F(SafeAdapterTest, OneThatCannotBeMadeIsAnError) {
  ExpectInternal(MakeThrowing(false).status(), "no capabilities");
  ExpectInternal(Make([](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
                   throw std::runtime_error("no factory");
                 }).status(),
                 "the adapter mine threw: \"no factory\"");
  ExpectInternal(Make([](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
                   return std::unique_ptr<ChannelAdapter>();
                 }).status(),
                 "null");
}

TEST_F(SafeAdapterTest, ACredentialResolverThatThrowsIsNamedAsSuch) {
  const auto adapter = Make([](const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
    const absl::StatusOr<std::string> token = context.credentials.Resolve("shop", "token");
    if (!token.ok()) return token.status();
    return std::make_unique<ThrowingAdapter>(true);
  });
  ExpectInternal(adapter.status(), "the credential resolver threw: \"the vault is locked\"");
}

// One credential that is replaced at each use.
class RotatingCredentials : public CredentialResolver {
 public:
  absl::StatusOr<std::string> Resolve(absl::string_view, absl::string_view) const override { return value; }
  absl::Status Replace(absl::string_view, absl::string_view, absl::string_view expected,
                       absl::string_view new_value) const override {
    if (expected != value) return absl::AbortedError("replaced meanwhile");
    value = std::string(new_value);
    return absl::OkStatus();
  }

  mutable std::string value = "first-token";
};

TEST_F(SafeAdapterTest, ACredentialThatAnAdapterReplacesIsKeptAndStruckOut) {
  const RotatingCredentials credentials;
  AdapterRegistry registry;
  registry.Register("mine", [](const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
    EXPECT_EQ(context.credentials.Replace("shop", "token", "another", "x").code(), absl::StatusCode::kAborted);
    EXPECT_EQ(context.credentials.Replace("shop", "token", "first-token", "second-token"), absl::OkStatus());
    return absl::UnavailableError("second-token is not accepted yet");
  });
  ChannelConfig config;
  config.name = "shop";
  config.adapter = "mine";
  const absl::Status status = MakeSafeAdapter(registry, {config, credentials}, reporter_).status();
  EXPECT_EQ(credentials.value, "second-token");
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("second-token")));
}

TEST_F(SafeAdapterTest, CapabilitiesThatMakeNoSenseAreAnError) {
  script_.capabilities.pull_cost.bucket = "calls";
  const auto adapter = Make([this](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
    return std::make_unique<ScriptedAnswers>(script_);
  });
  EXPECT_EQ(adapter.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(adapter.status().message()), HasSubstr("the adapter mine: "));
  EXPECT_THAT(std::string(adapter.status().message()), HasSubstr("bucket \"calls\", which is not there"));
}

TEST_F(SafeAdapterTest, ANoticeIsReadByTheAdapterAndItsErrorsTellNoSecret) {
  reporter_.secrets().Add("hunter2");
  const auto adapter = MakeScripted();
  script_.read_notice = [](const Notice& notice) -> absl::StatusOr<NoticedItems> {
    return NoticedItems{{std::string(notice.body)}, {notice.headers.at(0).first}, {notice.headers.at(0).second}};
  };
  const std::pair<std::string, std::string> header("topic", "hunter2");
  const absl::StatusOr<NoticedItems> items = adapter->ReadNotice({{header}, "7"});
  ASSERT_TRUE(items.ok()) << items.status();
  EXPECT_THAT(items->external_ids, ElementsAre("7"));
  EXPECT_THAT(items->parent_ids, ElementsAre("topic"));
  EXPECT_THAT(items->aliases, ElementsAre("hunter2")) << "names are not told, they are looked up";

  script_.read_notice = [](const Notice&) -> absl::StatusOr<NoticedItems> {
    return absl::PermissionDeniedError("not signed with hunter2");
  };
  const absl::Status status = adapter->ReadNotice({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(), "not signed with ***");
}

PushReply Outcomes(size_t count) {
  PushReply reply;
  reply.outcomes.resize(count);
  return reply;
}

TEST_F(SafeAdapterTest, EveryPushIsAnsweredOnce) {
  script_.push_several = [](PushDone done) {
    done(2, Outcomes(1));
    done(0, absl::UnavailableError("away"));
    done(2, absl::UnavailableError("too late"));
    done(7, Outcomes(1));
  };
  EXPECT_THAT(PushThree(), ElementsAre("2 OK", "0 UNAVAILABLE: away",
                                       "1 INTERNAL: the adapter mine gave no answer to push 2 of 3; fix it there"));
  EXPECT_THAT(
      call_.log,
      ElementsAre("warning: the adapter mine gave an answer too many, to push 3 of 3; it was passed over, fix it "
                  "there",
                  "warning: the adapter mine gave an answer too many, to push 8 of 3; it was passed over, fix it "
                  "there"));
  EXPECT_EQ(Calls("push", "ok"), 1);
  EXPECT_EQ(Calls("push", "unavailable"), 1);
  EXPECT_EQ(Calls("push", "internal"), 1);
}

TEST_F(SafeAdapterTest, PushesThatWereAnsweredBeforeItThrewAreAnswered) {
  script_.push_several = [](PushDone done) {
    done(1, Outcomes(1));
    throw std::runtime_error("no more");
  };
  const std::string threw =
      "INTERNAL: the adapter mine threw: \"no more\"; it must return a status instead, fix it there";
  EXPECT_THAT(PushThree(), ElementsAre("1 OK", "0 " + threw, "2 " + threw));
}

TEST_F(SafeAdapterTest, AnotherNumberOfOutcomesIsAnError) {
  script_.push_several = [](PushDone done) {
    done(0, Outcomes(0));
    done(1, Outcomes(1));
    done(2, Outcomes(2));
  };
  EXPECT_THAT(PushThree(), ElementsAre("0 INTERNAL: the adapter mine answered 0 outcomes for 1 items; it must give one "
                                       "for each, fix it there",
                                       "1 OK",
                                       "2 INTERNAL: the adapter mine answered 2 outcomes for 1 items; it must give one "
                                       "for each, fix it there"));
  script_.poll = [] { return std::vector<PushOutcome>(3); };
  ExpectInternal(MakeScripted()->PollReceipts({"r", "s"}, call_).status(),
                 "the adapter mine answered 3 outcomes for 2 receipts");
}

// It would pass for the last page, and what is on the others for gone.
TEST_F(SafeAdapterTest, APageThatIsToBeAskedForLaterHasACursor) {
  script_.pull = [] {
    PullPage page;
    page.ask_again_after = absl::Seconds(1);
    return page;
  };
  ExpectInternal(MakeScripted()->Pull({}, call_).status(), "names no next_cursor");
  script_.pull = [] {
    PullPage page;
    page.ask_again_after = absl::Seconds(1);
    page.next_cursor = "report 1";
    return page;
  };
  EXPECT_TRUE(MakeScripted()->Pull({}, call_).ok());
  EXPECT_EQ(Calls("pull", "internal"), 1);
  EXPECT_EQ(Calls("pull", "ok"), 1);
}

TEST_F(SafeAdapterTest, NothingThatItSaysHasASecret) {
  reporter_.secrets().Add("hunter2");
  const std::vector<ItemProblem> problems = {{"a", MakeProblem("odd", {{"url", "?t=hunter2"}}, "hunter2 is odd")}};
  const auto expect_struck_out = [](const std::vector<ItemProblem>& told) {
    ASSERT_EQ(told.size(), size_t{1});
    EXPECT_EQ(told[0].problem.message, "*** is odd");
    EXPECT_EQ(FieldValue(told[0].problem.args, "url"), "?t=***");
  };
  script_.pull = [&] {
    PullPage page;
    page.problems = problems;
    return page;
  };
  expect_struck_out(MakeScripted()->Pull({}, call_)->problems);
  script_.fetch = [&] {
    FetchReply reply;
    reply.problems = problems;
    return reply;
  };
  expect_struck_out(MakeScripted()->Fetch({}, call_)->problems);
  script_.poll = [] {
    std::vector<PushOutcome> outcomes(1);
    outcomes[0].message = "no hunter2";
    return outcomes;
  };
  EXPECT_EQ(MakeScripted()->PollReceipts({"r"}, call_)->front().message, "no ***");
  script_.push_several = [](PushDone done) { done(0, absl::UnavailableError("GET ?t=hunter2")); };
  EXPECT_EQ(PushThree().front(), "0 UNAVAILABLE: GET ?t=***");
}

}  // namespace
}  // namespace flxlink::engine
