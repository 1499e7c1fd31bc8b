#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/simulated_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/engine_under_test.h"

namespace flxlink::engine {
namespace {

using ::testing::HasSubstr;

using EngineChannelTest = EngineUnderTest;

TEST_P(EngineChannelTest, DraftsChangeNothingUntilApplied) {
  AddChannel(Config());
  ChannelConfig strict = Config();
  strict.strict = true;
  ASSERT_TRUE(engine_->PutChannel(strict, engine_->GetChannel("shop")->revision, /*as_draft=*/true).ok());
  EXPECT_FALSE(engine_->GetChannel("shop")->config.strict);
  EXPECT_TRUE(engine_->GetChannel("shop")->draft->strict);
  ASSERT_TRUE(engine_->ApplyDraft("shop").ok());
  EXPECT_TRUE(engine_->GetChannel("shop")->config.strict);
  EXPECT_FALSE(engine_->GetChannel("shop")->draft.has_value());
  EXPECT_EQ(engine_->ApplyDraft("shop").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(EngineChannelTest, ADraftThatIsDiscardedIsGoneAndChangesNothing) {
  AddChannel(Config());
  ChannelConfig strict = Config();
  strict.strict = true;
  const absl::StatusOr<Channel> drafted =
      engine_->PutChannel(strict, engine_->GetChannel("shop")->revision, /*as_draft=*/true);
  ASSERT_TRUE(drafted.ok()) << drafted.status();
  const absl::StatusOr<Channel> discarded = engine_->DiscardDraft("shop");
  ASSERT_TRUE(discarded.ok()) << discarded.status();
  EXPECT_FALSE(discarded->draft.has_value());
  EXPECT_FALSE(discarded->config.strict);
  const absl::Status again = engine_->DiscardDraft("shop").status();
  EXPECT_EQ(again.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ProblemOf(again)->code, problem_code::kNoDraft);
  EXPECT_EQ(engine_->DiscardDraft("none").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(EngineChannelTest, PutChannelRefusesAConfigurationMadeFromAnOlderOne) {
  AddChannel(Config());
  const int64_t revision = engine_->GetChannel("shop")->revision;
  ChannelConfig mine = Config();
  mine.strict = true;
  ChannelConfig theirs = Config();
  theirs.parent_guard = true;
  const absl::StatusOr<Channel> put = engine_->PutChannel(theirs, revision);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_TRUE(put->config.parent_guard);
  EXPECT_NE(put->revision, revision);
  for (const bool as_draft : {false, true}) {
    const absl::Status late = engine_->PutChannel(mine, revision, as_draft).status();
    EXPECT_EQ(late.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(ProblemOf(late)->code, problem_code::kChangedMeanwhile);
    EXPECT_THAT(std::string(late.message()),
                HasSubstr(absl::StrCat("is at revision ", put->revision, ", not ", revision)));
  }
  EXPECT_FALSE(engine_->GetChannel("shop")->config.strict);
  EXPECT_TRUE(engine_->PutChannel(mine, put->revision).ok());
  EXPECT_FALSE(engine_->GetChannel("shop")->config.parent_guard)
      << "it is put in the other's place, not joined with it";
  mine.name = "none";
  EXPECT_EQ(engine_->PutChannel(mine, 0).status().code(), absl::StatusCode::kNotFound);
  mine = Config();
  mine.adapter = "nope";
  EXPECT_EQ(engine_->PutChannel(mine, engine_->GetChannel("shop")->revision).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(EngineChannelTest, WrongConfigurationsAreRefused) {
  ChannelConfig config = Config();
  config.adapter = "nope";
  EXPECT_EQ(engine_->AddChannel(config).status().code(), absl::StatusCode::kNotFound);
  config = Config();
  config.name = "a b";
  EXPECT_EQ(engine_->AddChannel(config).status().code(), absl::StatusCode::kInvalidArgument);
  SimulatedOptions options;
  options.capabilities.link_fields = {"sku"};
  UsePlatform(options);
  const absl::Status status = engine_->AddChannel(Config()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no field upc"));
}

INSTANTIATE_TEST_SUITE_P(Storages, EngineChannelTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace flxlink::engine
