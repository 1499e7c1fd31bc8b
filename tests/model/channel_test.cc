#include "flxlink/channel.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

using ::testing::HasSubstr;
using Action = StatusRule::Action;
using Comparison = StatusRule::Comparison;
using Subject = StatusRule::Subject;

TEST(StatusRuleTest, ReadsQuantitiesAndPrices) {
  EXPECT_EQ(ParseStatusRule("quantity<=0:hide", Currency()).value(),
            (StatusRule{Subject::kQuantity, Comparison::kLessOrEqual, 0, Action::kHide}));
  EXPECT_EQ(ParseStatusRule("price>=10.00:unhide", Currency()).value(),
            (StatusRule{Subject::kPrice, Comparison::kGreaterOrEqual, 1000, Action::kUnhide}));
  EXPECT_EQ(ParseStatusRule("price<10:hide", Currency::Parse("JPY").value())->operand, 10);
  EXPECT_EQ(ParseStatusRule("quantity>-5:unhide", Currency())->operand, -5);
}

TEST(StatusRuleTest, ReadsBackWhatItWrites) {
  for (const Subject subject : {Subject::kPrice, Subject::kQuantity}) {
    for (const Comparison comparison : {Comparison::kLess, Comparison::kLessOrEqual, Comparison::kEqual,
                                        Comparison::kNotEqual, Comparison::kGreaterOrEqual, Comparison::kGreater}) {
      for (const Action action : {Action::kHide, Action::kUnhide}) {
        for (const int64_t operand : {int64_t{-1990}, int64_t{0}, INT64_MAX}) {
          const StatusRule rule = {subject, comparison, operand, action};
          const std::string text = FormatStatusRule(rule, Currency());
          const absl::StatusOr<StatusRule> again = ParseStatusRule(text, Currency());
          ASSERT_TRUE(again.ok()) << again.status();
          EXPECT_EQ(*again, rule) << text;
        }
      }
    }
  }
  EXPECT_EQ(FormatStatusRule({Subject::kPrice, Comparison::kNotEqual, 1990, Action::kHide}, Currency()),
            "price!=19.90:hide");
}

TEST(StatusRuleTest, NamesTheWrongPart) {
  const struct {
    absl::string_view text;
    absl::string_view part;
  } kWrong[] = {
      {"", "compares \"\""},
      {"stock<=0:hide", "\"stock\""},
      {"quantity:hide", "\"quantity:hide\""},
      {"quantity!0:hide", "< <= = != >= >"},
      {"quantity==0:hide", "\"=0\" is not a quantity"},
      {"quantity<=:hide", "\"\" is not a quantity"},
      {"quantity<= 0:hide", "\" 0\" is not a quantity"},
      {"quantity<=1.5:hide", "\"1.5\" is not a quantity"},
      {"quantity<=99999999999999999999:hide", "is not a quantity"},
      {"quantity<=-9223372036854775808:hide", "is not a quantity"},
      {"price<=1.505:hide", "more than 2 decimal digits"},
      {"price<=10", ":hide or :unhide"},
      {"price<=10:drop", ":hide or :unhide"},
      {"price<=10:hide:", ":hide or :unhide"},
  };
  for (const auto& wrong : kWrong) {
    const absl::Status status = ParseStatusRule(wrong.text, Currency()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong.text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(wrong.part)));
  }
}

ChannelConfig GoodConfig() {
  ChannelConfig config;
  config.name = "shop-1";
  config.adapter = "csv";
  config.settings = {{"path", "shop.csv"}};
  config.link_priority = {{"sku", "sku", {Normalizer::kTrim}, Ambiguity::kNext}};
  return config;
}

std::string ErrorOf(const ChannelConfig& config) {
  const absl::Status status = ValidateChannelConfig(config);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(ChannelConfigTest, AcceptsAGoodOne) {
  EXPECT_TRUE(ValidateChannelConfig(GoodConfig()).ok());
  ChannelConfig config = GoodConfig();
  config.name = std::string(64, 'x');
  EXPECT_TRUE(ValidateChannelConfig(config).ok());
  config.name = "aZ09._-";
  EXPECT_TRUE(ValidateChannelConfig(config).ok());
}

TEST(ChannelConfigTest, RefusesNames) {
  for (const std::string& name : {std::string(), std::string(65, 'x'), std::string("my shop"), std::string("a/b"),
                                  std::string("schuhe-für"), std::string("a\0b", 3)}) {
    ChannelConfig config = GoodConfig();
    config.name = name;
    EXPECT_THAT(ErrorOf(config), HasSubstr("1 to 64 characters")) << name;
  }
}

TEST(ChannelConfigTest, RefusesSettings) {
  ChannelConfig config = GoodConfig();
  config.adapter.clear();
  EXPECT_THAT(ErrorOf(config), HasSubstr("no adapter"));

  config = GoodConfig();
  config.settings.emplace_back("path", "other.csv");
  EXPECT_THAT(ErrorOf(config), HasSubstr("\"path\" is there twice"));

  config = GoodConfig();
  config.settings.emplace_back("", "x");
  EXPECT_THAT(ErrorOf(config), HasSubstr("has no name"));
}

TEST(ChannelConfigTest, RefusesToKeepNothingOrTooMuch) {
  for (const int64_t days : {int64_t{0}, ChannelConfig::kMaxKeepDays + 1}) {
    ChannelConfig config = GoodConfig();
    config.keep_days = days;
    EXPECT_THAT(ErrorOf(config), HasSubstr(absl::StrCat("kept for ", days, " days; give 1 to 36500")));
  }
  for (const int64_t jobs : {int64_t{0}, ChannelConfig::kMaxKeepJobs + 1}) {
    ChannelConfig config = GoodConfig();
    config.keep_jobs = jobs;
    EXPECT_THAT(ErrorOf(config), HasSubstr(absl::StrCat(jobs, " finished jobs are kept; give 1 to 100000")));
  }
  ChannelConfig config = GoodConfig();
  config.keep_days = config.keep_jobs = 1;
  EXPECT_TRUE(ValidateChannelConfig(config).ok());
  config.keep_days = ChannelConfig::kMaxKeepDays;
  config.keep_jobs = ChannelConfig::kMaxKeepJobs;
  EXPECT_TRUE(ValidateChannelConfig(config).ok());
}

TEST(ChannelConfigTest, RefusesRulesThatCannotBeWrittenDown) {
  for (const LinkRule& rule : {LinkRule{"", "sku", {}, {}}, LinkRule{"sku", "", {}, {}}, LinkRule{"a=b", "sku", {}, {}},
                               LinkRule{"sku", "a,b", {}, {}}}) {
    ChannelConfig config = GoodConfig();
    config.link_priority.push_back(rule);
    EXPECT_THAT(ErrorOf(config), HasSubstr("link rule 2 compares"));
  }
}

}  // namespace
}  // namespace flxlink::model
