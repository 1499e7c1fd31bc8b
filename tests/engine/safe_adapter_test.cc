#include "src/engine/safe_adapter.h"

#include <memory>
#include <stdexcept>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::engine {
namespace {

using ::testing::HasSubstr;

// Throws wherever it can.
class ThrowingAdapter : public ChannelAdapter {
 public:
  explicit ThrowingAdapter(bool has_capabilities) : has_capabilities_(has_capabilities) {}

  const AdapterCapabilities& capabilities() const override {
    if (!has_capabilities_) throw std::runtime_error("no capabilities");
    return capabilities_;
  }
  absl::StatusOr<PullPage> Pull(const PullRequest&) const override { throw std::runtime_error("no\npull"); }
  absl::StatusOr<PushReply> Push(const PushRequest&) const override { throw 42; }
  absl::StatusOr<PushOutcome> PollReceipt(absl::string_view) const override { throw std::runtime_error("no poll"); }

 private:
  const bool has_capabilities_;
  AdapterCapabilities capabilities_;
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
};

TEST_F(SafeAdapterTest, CallsThatThrowAreErrorsThatNameTheAdapter) {
  const auto adapter = MakeThrowing(true);
  ASSERT_TRUE(adapter.ok()) << adapter.status();
  ExpectInternal((*adapter)->Pull({}).status(), "the adapter mine threw: \"no\\npull\"");
  ExpectInternal((*adapter)->Push({}).status(), "the adapter mine threw");
  ExpectInternal((*adapter)->PollReceipt("r").status(), "the adapter mine threw: \"no poll\"");
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

}  // namespace
}  // namespace flxlink::engine
