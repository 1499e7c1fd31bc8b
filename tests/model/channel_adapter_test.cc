#include "flxlink/channel_adapter.h"

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

// Does nothing, and everything that ChannelAdapter does by itself.
class BareAdapter : public ChannelAdapter {
 public:
  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest&, const CallContext&) const override { return PullPage(); }

 private:
  AdapterCapabilities capabilities_;
};

// Tells which requests it was called for.
class PushingAdapter : public BareAdapter {
 public:
  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext&) const override {
    PushReply reply;
    reply.outcomes.resize(request.items.size());
    if (request.items.empty()) return absl::UnavailableError(request.idempotency_key);
    return reply;
  }
};

AdapterCapabilities OneKind() {
  AdapterCapabilities capabilities;
  capabilities.account.buckets = {{"calls", 40, 2}};
  capabilities.account.slots = {{"bulk", 1}};
  PushKind kind;
  kind.name = "items";
  kind.fields = {SyncField::kPrice, SyncField::kQuantity};
  kind.compares = {SyncField::kQuantity};
  kind.cost.bucket = "calls";
  kind.cost.slots = "bulk";
  capabilities.push_kinds = {kind};
  return capabilities;
}

TEST(RetryAfterTest, IsCarriedByAStatus) {
  for (const absl::Duration wait : {absl::ZeroDuration(), absl::Microseconds(1), absl::Milliseconds(1500),
                                    absl::Hours(30), absl::InfiniteDuration()}) {
    const absl::Status status = WithRetryAfter(absl::ResourceExhaustedError("slow down"), wait);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(status.message(), "slow down");
    EXPECT_EQ(RetryAfter(status), wait);
  }
}

TEST(RetryAfterTest, IsAbsentWhereNobodySaidIt) {
  EXPECT_EQ(RetryAfter(absl::ResourceExhaustedError("slow down")), absl::nullopt);
  EXPECT_EQ(RetryAfter(absl::OkStatus()), absl::nullopt);
}

TEST(RetryAfterTest, ThrottledIsOnlyWhatIsUsedUpAndComesBack) {
  EXPECT_TRUE(IsThrottled(WithRetryAfter(absl::ResourceExhaustedError("slow down"), absl::Seconds(1))));
  EXPECT_FALSE(IsThrottled(absl::ResourceExhaustedError("the disk is full")));
  EXPECT_FALSE(IsThrottled(WithRetryAfter(absl::UnavailableError("away"), absl::Seconds(1))));
  EXPECT_FALSE(IsThrottled(absl::OkStatus()));
}

TEST(ChannelAdapterTest, DoesNothingButPullUnlessItSaysSo) {
  const BareAdapter adapter;
  const NoLimitCall call;
  const std::vector<std::string> receipts = {"r1"};
  EXPECT_EQ(adapter.Fetch({receipts}, call).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(adapter.Push({}, call).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(adapter.PollReceipts(receipts, call).status().code(), absl::StatusCode::kUnimplemented);
}

TEST(ChannelAdapterTest, SendsSeveralPushesOneAfterAnother) {
  const std::vector<PushItem> items(2);
  const std::vector<PushRequest> requests = {{"items", items, "first"}, {"items", {}, "second"}};
  std::vector<std::string> answers;
  PushingAdapter().PushSeveral(requests, NoLimitCall(), [&](size_t request, absl::StatusOr<PushReply> reply) {
    answers.push_back(absl::StrCat(
        request, " ",
        reply.ok() ? absl::StrCat(reply->outcomes.size(), " outcomes") : std::string(reply.status().message())));
  });
  EXPECT_EQ(answers, (std::vector<std::string>{"0 2 outcomes", "1 second"}));
}

TEST(AdapterCapabilitiesTest, WhatCanBeSetIsWhatAnyKindSets) {
  AdapterCapabilities capabilities = OneKind();
  EXPECT_EQ(SettableFields(AdapterCapabilities()), SyncFields());
  capabilities.push_kinds.emplace_back();
  capabilities.push_kinds.back().name = "texts";
  capabilities.push_kinds.back().fields = SyncFields({SyncField::kPrice}, {"title"});
  EXPECT_EQ(SettableFields(capabilities), SyncFields({SyncField::kPrice, SyncField::kQuantity}, {"title"}));
  EXPECT_EQ(FindPushKind(capabilities, "texts"), &capabilities.push_kinds[1]);
  EXPECT_EQ(FindPushKind(capabilities, "Texts"), nullptr);
}

TEST(AdapterCapabilitiesTest, GoodOnesPassTheirCheck) {
  EXPECT_EQ(CheckCapabilities(AdapterCapabilities()), absl::OkStatus());
  EXPECT_EQ(CheckCapabilities(OneKind()), absl::OkStatus());
  AdapterCapabilities uncounted = OneKind();
  uncounted.account.buckets[0] = {"calls", 0, 0};
  EXPECT_EQ(CheckCapabilities(uncounted), absl::OkStatus());
}

struct WrongCapabilities {
  std::string what;  // A part of the message.
  std::function<void(AdapterCapabilities*)> edit;
};

TEST(AdapterCapabilitiesTest, WhatIsWrongIsNamed) {
  const std::vector<WrongCapabilities> all = {
      {"a push kind has no name", [](auto* wrong) { wrong->push_kinds[0].name = ""; }},
      {"\"items\" is there twice", [](auto* wrong) { wrong->push_kinds.push_back(wrong->push_kinds[0]); }},
      {"\"items\" sets nothing", [](auto* wrong) { wrong->push_kinds[0].fields = wrong->push_kinds[0].compares = {}; }},
      {"compares what it does not set", [](auto* wrong) { wrong->push_kinds[0].compares = {SyncField::kStatus}; }},
      {"limit below 0", [](auto* wrong) { wrong->push_kinds[0].max_items = -1; }},
      {"limit below 0", [](auto* wrong) { wrong->push_kinds[0].max_bytes = -1; }},
      {"limit below 0", [](auto* wrong) { wrong->push_kinds[0].item_bytes = -1; }},
      {"no call be under way", [](auto* wrong) { wrong->push_kinds[0].in_flight = 0; }},
      {"timeout below 0", [](auto* wrong) { wrong->push_kinds[0].timeout = -absl::Seconds(1); }},
      {"timeout below 0", [](auto* wrong) { wrong->push_kinds[0].receipt_timeout = -absl::Seconds(1); }},
      {"gives no receipts",
       [](auto* wrong) {
         wrong->push_kinds[0].receipt_timeout = absl::ZeroDuration();
         wrong->push_kinds[0].later_wins = true;
       }},
      {"bucket \"other\"", [](auto* wrong) { wrong->push_kinds[0].cost.bucket = "other"; }},
      {"bucket \"other\"", [](auto* wrong) { wrong->pull_cost.bucket = "other"; }},
      {"bucket \"other\"", [](auto* wrong) { wrong->fetch_cost.bucket = "other"; }},
      {"bucket \"other\"", [](auto* wrong) { wrong->poll_cost.bucket = "other"; }},
      {"slots \"other\"", [](auto* wrong) { wrong->push_kinds[0].cost.slots = "other"; }},
      {"less than nothing", [](auto* wrong) { wrong->push_kinds[0].cost.base = -1; }},
      {"less than nothing", [](auto* wrong) { wrong->push_kinds[0].cost.per_item = -1; }},
      {"a bucket has no name",
       [](auto* wrong) {
         wrong->account.buckets.push_back({"", 1, 1});
       }},
      {"\"calls\" is there twice",
       [](auto* wrong) {
         wrong->account.buckets.push_back({"calls", 1, 1});
       }},
      {"never refills", [](auto* wrong) { wrong->account.buckets[0].refill_per_second = 0; }},
      {"sort of slots has no name",
       [](auto* wrong) {
         wrong->account.slots.push_back({"", 1});
       }},
      {"\"bulk\" there is none", [](auto* wrong) { wrong->account.slots[0].most = 0; }},
      {"a status that hides them",
       [](auto* wrong) {
         wrong->hides_by_quantity = true;
         wrong->push_kinds[0].fields.Add(SyncField::kQuantity);
         wrong->status_set = {ChannelStatus::kListed, ChannelStatus::kHidden};
       }},
      {"nothing sets the quantity",
       [](auto* wrong) {
         wrong->hides_by_quantity = true;
         wrong->push_kinds[0].fields = {SyncField::kPrice};
         wrong->push_kinds[0].compares = {};
       }},
      {"fetch_limit", [](auto* wrong) { wrong->fetch_limit = -1; }},
      {"read lag", [](auto* wrong) { wrong->pull_lag = -absl::Microseconds(1); }},
      {"read lag", [](auto* wrong) { wrong->fetch_lag = -absl::Microseconds(1); }},
      {"overlap", [](auto* wrong) { wrong->since.emplace().overlap = -absl::Microseconds(1); }},
  };
  for (const WrongCapabilities& wrong : all) {
    AdapterCapabilities capabilities = OneKind();
    wrong.edit(&capabilities);
    const absl::Status status = CheckCapabilities(capabilities);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong.what;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(wrong.what));
  }
}

class AdapterRegistryTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<ChannelAdapter>> Make(const std::string& adapter) {
    ChannelConfig config;
    config.name = "shop";
    config.adapter = adapter;
    return registry_.Make({config, *credentials_});
  }

  std::unique_ptr<CredentialResolver> credentials_ = NewEnvironmentCredentials();
  AdapterRegistry registry_;
};

TEST_F(AdapterRegistryTest, MakesWhatTheConfigurationNames) {
  registry_.Register("bare", [](const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
    EXPECT_EQ(context.config.name, "shop");
    return std::make_unique<BareAdapter>();
  });
  const auto made = Make("bare");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_NE(*made, nullptr);
}

TEST_F(AdapterRegistryTest, ALaterFactoryTakesThePlaceOfAnEarlierOne) {
  const auto refuse_as = [](std::string reason) {
    return [reason](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
      return absl::InvalidArgumentError(reason);
    };
  };
  registry_.Register("picky", refuse_as("first"));
  registry_.Register("picky", refuse_as("second"));
  EXPECT_EQ(Make("picky").status(), absl::InvalidArgumentError("second"));
}

// Settings are stored with the channel, shown and sent to whoever asks.
TEST_F(AdapterRegistryTest, ASecretIsRefusedAsASetting) {
  bool made = false;
  const auto make = [&](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
    made = true;
    return std::make_unique<BareAdapter>();
  };
  registry_.Register("bare", make, {"token"});
  ChannelConfig config;
  config.name = "shop";
  config.adapter = "bare";
  config.settings = {{"path", "x"}, {"token", "s3cret"}};
  const absl::Status status = registry_.Make({config, *credentials_}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("token"));
  EXPECT_THAT(std::string(status.message()), testing::Not(testing::HasSubstr("s3cret")));
  EXPECT_FALSE(made);
  config.settings.pop_back();
  EXPECT_TRUE(registry_.Make({config, *credentials_}).ok());
}

TEST_F(AdapterRegistryTest, AnUnknownNameListsTheKnownOnes) {
  const auto make = [](const AdapterContext&) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
    return std::make_unique<BareAdapter>();
  };
  registry_.Register("zebra", make);
  registry_.Register("apple", make);
  const absl::Status status = Make("cvs").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "channel \"shop\": there is no adapter \"cvs\"; use one of: apple, zebra");
}

}  // namespace
}  // namespace flxlink::model
