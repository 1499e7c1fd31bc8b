#include "flxlink/breaker.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

using ::testing::HasSubstr;

TEST(BreakerTest, LimitsAreReadAndWritten) {
  for (const char* text : {"reprice=20", "hide=5%", "show=0", "zero=100%"}) {
    const absl::StatusOr<ChangeLimit> limit = ParseChangeLimit(text);
    ASSERT_TRUE(limit.ok()) << limit.status();
    EXPECT_EQ(FormatChangeLimit(*limit), text);
  }
}

TEST(BreakerTest, WhatIsNoLimitIsNamed) {
  for (const char* text :
       {"", "reprice", "price=3", "reprice=", "reprice=-1", "reprice=101%", "reprice=1=2", "hide=x"}) {
    const absl::StatusOr<ChangeLimit> limit = ParseChangeLimit(text);
    EXPECT_EQ(limit.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(limit.status().message()), HasSubstr(text));
  }
}

TEST(BreakerTest, EachKindHasItsWordAndItsCode) {
  for (const ChangeKind kind : kChangeKinds) {
    EXPECT_EQ(ParseChangeKind(ToString(kind)), kind);
    EXPECT_EQ(HeldCode(kind), std::string(ToString(kind)) + "_held");
    EXPECT_EQ(IsOfLink(kind), kind == ChangeKind::kBreak || kind == ChangeKind::kUnlink);
  }
}

TEST(BreakerTest, WithoutALimitAFifthOfTheLinksIsAllowedWithinBounds) {
  const auto allowed = [](int64_t links) { return AllowedChanges({}, ChangeKind::kHide, links); };
  EXPECT_EQ(allowed(0), 20);
  EXPECT_EQ(allowed(100), 20);
  EXPECT_EQ(allowed(105), 21);
  EXPECT_EQ(allowed(9999), 1999);
  EXPECT_EQ(allowed(kLinksThatCount), 2000);
  EXPECT_EQ(allowed(1'000'000), 2000);
}

TEST(BreakerTest, ALimitIsOfItsKindAlone) {
  const ChangeLimit limits[] = {{ChangeKind::kReprice, 5, false}, {ChangeKind::kHide, 50, true}};
  EXPECT_EQ(AllowedChanges(limits, ChangeKind::kReprice, 1'000'000), 5);
  EXPECT_EQ(AllowedChanges(limits, ChangeKind::kHide, 1'000'001), 500'000);
  EXPECT_EQ(AllowedChanges(limits, ChangeKind::kHide, 3), 1);
  EXPECT_EQ(AllowedChanges(limits, ChangeKind::kShow, 0), 20);
}

TEST(BreakerTest, CountsAndKindsAreSets) {
  ChangeCounts counts;
  EXPECT_TRUE(counts.empty());
  counts[ChangeKind::kZero] = 2;
  counts += counts;
  EXPECT_EQ(counts[ChangeKind::kZero], 4);
  EXPECT_FALSE(counts.empty());
  ChangeKinds kinds;
  kinds.Add(ChangeKind::kZero);
  for (const ChangeKind kind : kChangeKinds) EXPECT_EQ(kinds.Has(kind), kind == ChangeKind::kZero);
}

}  // namespace
}  // namespace flxlink
