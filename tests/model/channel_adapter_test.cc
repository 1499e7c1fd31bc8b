#include "flxlink/channel_adapter.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

using ::testing::HasSubstr;

// Does nothing, and everything that ChannelAdapter does by itself.
class BareAdapter : public ChannelAdapter {
 public:
  const AdapterCapabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<PullPage> Pull(const PullRequest&) const override { return PullPage(); }
  absl::StatusOr<PushReply> Push(const PushRequest&) const override { return PushReply(); }

 private:
  AdapterCapabilities capabilities_;
};

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

TEST(ChannelAdapterTest, HasNoReceiptsUnlessItSaysSo) {
  EXPECT_EQ(BareAdapter().PollReceipt("r1").status().code(), absl::StatusCode::kUnimplemented);
}

TEST(EnvironmentCredentialsTest, LooksForTheChannelAndCredentialInCapitals) {
  const std::unique_ptr<CredentialResolver> credentials = NewEnvironmentCredentials();
  const absl::Status missing = credentials->Resolve("my-shop.1", "api key").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("FLXLINK_MY_SHOP_1_API_KEY"));
  EXPECT_THAT(std::string(missing.message()), HasSubstr("api key"));

  ASSERT_EQ(setenv("FLXLINK_MY_SHOP_1_API_KEY", "s3cret", 1), 0);
  const absl::StatusOr<std::string> found = credentials->Resolve("my-shop.1", "api key");
  ASSERT_EQ(unsetenv("FLXLINK_MY_SHOP_1_API_KEY"), 0);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, "s3cret");
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
