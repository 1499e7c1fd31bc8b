#include "src/sync/push_step.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const SyncFields kTitle = {{}, {"title"}};

// What an item has and what it should have.
struct Change {
  ItemValues known;
  ItemValues desired;
};

constexpr ChannelStatus kListed = ChannelStatus::kListed;
constexpr ChannelStatus kHidden = ChannelStatus::kHidden;

Change Show() { return {{1000, 5, kHidden}, {900, 9, kListed}}; }
Change Hide() { return {{1000, 5, kListed}, {900, 9, kHidden}}; }
Change ShowWithLess() { return {{1000, 5, kHidden}, {900, 2, kListed}}; }

SyncPolicy Kinds(std::vector<SyncFields> kinds) {
  SyncPolicy policy;
  for (const SyncFields& kind : kinds) policy.fields = UnionOf(policy.fields, kind);
  policy.kinds = std::move(kinds);
  return policy;
}

SyncPolicy Split() { return Kinds({kStatus, kQuantity, kPrice}); }

// All steps of the item, each applied before the next: the kind and its fields.
std::vector<std::string> Steps(SyncFields send, const SyncFields& refused, Change change, const SyncPolicy& policy) {
  std::vector<std::string> steps;
  while (steps.size() < 10) {
    const PushStep step = NextStep(send, refused, change.desired, change.known, policy);
    if (step.fields.empty()) break;
    steps.push_back(absl::StrCat(step.kind, ":", FormatSyncFields(step.fields)));
    send = DifferenceOf(send, step.fields);
    CopyFields(step.fields, change.desired, &change.known);
  }
  return steps;
}

// The order -----------------------------------------------------------------------------------------------------------

TEST(PushStepTest, NothingToSendIsNoStep) {
  EXPECT_EQ(NextStep(kNothing, kNothing, {}, {}, Split()).fields, kNothing);
  EXPECT_EQ(NextStep(kAll, kNothing, Show().desired, Show().known, Kinds({})).fields, kNothing);
}

TEST(PushStepTest, WhatOneKindSetsIsOneStep) {
  for (const Change& change : {Show(), Hide(), ShowWithLess()}) {
    EXPECT_THAT(Steps(kAll, kNothing, change, Kinds({kAll})), ElementsAre("0:price,quantity,status"));
  }
}

TEST(PushStepTest, PriceBeforeMoreBeforeShow) {
  EXPECT_THAT(Steps(kAll, kNothing, Show(), Split()), ElementsAre("2:price", "1:quantity", "0:status"));
}

TEST(PushStepTest, HideBeforePriceBeforeMore) {
  EXPECT_THAT(Steps(kAll, kNothing, Hide(), Split()), ElementsAre("0:status", "2:price", "1:quantity"));
}

TEST(PushStepTest, LessBeforePriceBeforeShow) {
  EXPECT_THAT(Steps(kAll, kNothing, ShowWithLess(), Split()), ElementsAre("1:quantity", "2:price", "0:status"));
}

TEST(PushStepTest, HideAndLessAreEqualsAndTheFirstKindGoesFirst) {
  const Change change = {{1000, 5, kListed}, {900, 2, kHidden}};
  EXPECT_THAT(Steps(kAll, kNothing, change, Split()), ElementsAre("0:status", "1:quantity", "2:price"));
  EXPECT_THAT(Steps(kAll, kNothing, change, Kinds({kPrice, kQuantity, kStatus})),
              ElementsAre("1:quantity", "2:status", "0:price"));
}

TEST(PushStepTest, AnUnknownQuantityMayBeALowerOneButNoneIsNeverMore) {
  const Change unknown = {{1000, kAbsent, kListed}, {900, 2, kListed}};
  EXPECT_THAT(Steps({SyncField::kPrice, SyncField::kQuantity}, kNothing, unknown, Split()),
              ElementsAre("2:price", "1:quantity"));
  const Change none = {{1000, kAbsent, kListed}, {900, 0, kListed}};
  EXPECT_THAT(Steps({SyncField::kPrice, SyncField::kQuantity}, kNothing, none, Split()),
              ElementsAre("1:quantity", "2:price"));
}

TEST(PushStepTest, BothPricesAreOneStage) {
  const SyncFields prices = {SyncField::kPrice, SyncField::kCompareAtPrice};
  const SyncFields compare_at = {SyncField::kCompareAtPrice};
  const Change change = {{1000, 5, kHidden, 1200}, {900, 9, kListed, 1100}};
  EXPECT_THAT(Steps(UnionOf(kAll, prices), kNothing, change, Kinds({kStatus, prices, kQuantity})),
              ElementsAre("1:price,compare_at_price", "2:quantity", "0:status"));
  EXPECT_THAT(Steps(UnionOf(kAll, prices), kNothing, change, Kinds({kPrice, kAll, compare_at})),
              ElementsAre("0:price", "2:compare_at_price", "1:quantity,status"));
}

TEST(PushStepTest, ContentGoesWithAStepOfItsKindAndElseLast) {
  const SyncFields send = UnionOf(kAll, kTitle);
  EXPECT_THAT(Steps(send, kNothing, Show(), Kinds({kStatus, kQuantity, UnionOf(kPrice, kTitle)})),
              ElementsAre("2:price,title", "1:quantity", "0:status"));
  EXPECT_THAT(Steps(send, kNothing, Show(), Kinds({kTitle, kAll})), ElementsAre("1:price,quantity,status", "0:title"));
}

// Kinds ---------------------------------------------------------------------------------------------------------------

TEST(PushStepTest, AKindTakesLaterStagesAlongWhileItSetsAllBetween) {
  EXPECT_THAT(Steps(kAll, kNothing, Show(), Kinds({{SyncField::kPrice, SyncField::kQuantity}, kStatus})),
              ElementsAre("0:price,quantity", "1:status"));
  // Not over the quantity, which is another kind's.
  EXPECT_THAT(Steps(kAll, kNothing, Show(), Kinds({{SyncField::kPrice, SyncField::kStatus}, kQuantity})),
              ElementsAre("0:price", "1:quantity", "0:status"));
  EXPECT_THAT(Steps({SyncField::kPrice, SyncField::kStatus}, kNothing, Show(),
                    Kinds({{SyncField::kPrice, SyncField::kStatus}})),
              ElementsAre("0:price,status"));
}

TEST(PushStepTest, TheKindThatSetsMostOfTheStageIsUsed) {
  const Change change = {{1000, 5, kListed}, {900, 2, kHidden}};
  EXPECT_THAT(Steps(kAll, kNothing, change, Kinds({kStatus, {SyncField::kQuantity, SyncField::kStatus}, kPrice})),
              ElementsAre("1:quantity,status", "2:price"));
}

TEST(PushStepTest, KindsThatPlansLeaveOutAreNotUsed) {
  EXPECT_THAT(Steps(kAll, kNothing, Show(), Kinds({kNothing, kAll})), ElementsAre("1:price,quantity,status"));
}

// Refused before ------------------------------------------------------------------------------------------------------

TEST(PushStepTest, RaisingAndShowingWaitForWhatWasRefusedBeforeThem) {
  const SyncFields rest = {SyncField::kQuantity, SyncField::kStatus};
  EXPECT_THAT(Steps(rest, kPrice, Show(), Split()), IsEmpty());
  EXPECT_THAT(Steps(rest, kPrice, Show(), Kinds({kAll})), IsEmpty());
  EXPECT_THAT(Steps({SyncField::kPrice, SyncField::kQuantity}, kStatus, Hide(), Split()), ElementsAre("2:price"))
      << "the item is still listed";
  EXPECT_THAT(Steps({SyncField::kPrice, SyncField::kStatus}, kQuantity, Show(), Split()), ElementsAre("2:price"));
  EXPECT_THAT(Steps({SyncField::kPrice, SyncField::kStatus}, kQuantity, ShowWithLess(), Split()),
              ElementsAre("2:price"));
}

TEST(PushStepTest, HidingAndLessWaitForNothing) {
  EXPECT_THAT(Steps({SyncField::kQuantity, SyncField::kStatus}, kPrice, Hide(), Split()), ElementsAre("0:status"));
  EXPECT_THAT(Steps({SyncField::kQuantity, SyncField::kStatus}, kPrice, ShowWithLess(), Split()),
              ElementsAre("1:quantity"));
}

TEST(PushStepTest, OneKindLeavesOutWhatWaits) {
  EXPECT_THAT(Steps({SyncField::kQuantity, SyncField::kStatus}, kPrice, ShowWithLess(), Kinds({kAll})),
              ElementsAre("0:quantity"));
}

TEST(PushStepTest, WhatComesLaterOrIsContentStopsNothing) {
  EXPECT_THAT(Steps({SyncField::kPrice, SyncField::kQuantity}, kStatus, Show(), Split()),
              ElementsAre("2:price", "1:quantity"));
  EXPECT_THAT(Steps(kAll, kTitle, Show(), Split()), ElementsAre("2:price", "1:quantity", "0:status"));
  EXPECT_THAT(Steps(UnionOf(kQuantity, kTitle), kPrice, Show(), Kinds({kAll, kTitle})), ElementsAre("1:title"));
}

// All of it -----------------------------------------------------------------------------------------------------------

// Where a field stands in the order, said once more and otherwise: 9 is content.
int PlaceOf(const std::string& name, const Change& change) {
  if (name == "price" || name == "compare_at_price") return 2;
  if (name == "quantity") {
    if (change.desired.quantity == 0) return 1;
    return change.known.quantity == kAbsent || change.known.quantity <= change.desired.quantity ? 3 : 1;
  }
  if (name == "status") return change.desired.status == kListed ? 4 : 1;
  return 9;
}

bool IsIn(const std::string& name, const SyncFields& fields) {
  const std::vector<std::string> names = fields.Names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool Waits(const std::string& name, const SyncFields& refused, const Change& change) {
  const int place = PlaceOf(name, change);
  if (place != 3 && place != 4) return false;
  for (const std::string& other : refused.Names()) {
    if (PlaceOf(other, change) < place) return true;
  }
  return false;
}

struct StepCase {
  Change change;
  SyncFields send;
  SyncFields refused;
  SyncPolicy policy;

  std::string ToText() const {
    std::string text = absl::StrCat("send ", FormatSyncFields(send), ", refused ", FormatSyncFields(refused),
                                    ", quantity ", change.known.quantity, " to ", change.desired.quantity, ", status ",
                                    ToString(change.desired.status), ", kinds");
    for (const SyncFields& kind : policy.kinds) absl::StrAppend(&text, " {", FormatSyncFields(kind), "}");
    return text;
  }
};

// Counts what was looked at.
struct StepCounts {
  int64_t cases = 0;
  int64_t steps = 0;
  int64_t waiting = 0;
};

void CheckStep(const StepCase& problem, const PushStep& step, const SyncFields& left, StepCounts* counts) {
  ++counts->steps;
  ASSERT_EQ(DifferenceOf(step.fields, problem.policy.kinds.at(static_cast<size_t>(step.kind))), kNothing);
  ASSERT_EQ(DifferenceOf(step.fields, left), kNothing);
  const SyncFields left_out = DifferenceOf(left, step.fields);
  for (const std::string& sent : step.fields.Names()) {
    ASSERT_FALSE(Waits(sent, problem.refused, problem.change)) << sent;
    const int place = PlaceOf(sent, problem.change);
    if (place == 9) continue;
    for (const std::string& other : left_out.Names()) {
      ASSERT_GE(PlaceOf(other, problem.change), place) << sent << " before " << other;
    }
  }
}

// The steps to the end: each is in order, and in the end exactly that is left which waits.
void CheckSteps(const StepCase& problem, StepCounts* counts) {
  ++counts->cases;
  Change change = problem.change;
  SyncFields left = problem.send;
  for (int i = 0; i < 10; ++i) {
    const PushStep step = NextStep(left, problem.refused, change.desired, change.known, problem.policy);
    if (step.fields.empty()) break;
    CheckStep(problem, step, left, counts);
    if (::testing::Test::HasFatalFailure()) return;
    left = DifferenceOf(left, step.fields);
    CopyFields(step.fields, change.desired, &change.known);
  }
  for (const std::string& name : problem.send.Names()) {
    ASSERT_EQ(IsIn(name, left), Waits(name, problem.refused, problem.change)) << name << " at the end";
  }
  counts->waiting += left.empty() ? 0 : 1;
}

// Every field sent, refused or neither.
std::vector<StepCase> AllChanges() {
  const std::vector<SyncFields> fields = {kPrice, kQuantity, kStatus, {SyncField::kCompareAtPrice}, kTitle};
  std::vector<StepCase> cases;
  for (int code = 0; code < 243; ++code) {
    StepCase problem;
    int rest = code;
    for (const SyncFields& field : fields) {
      if (rest % 3 == 1) problem.send = UnionOf(problem.send, field);
      if (rest % 3 == 2) problem.refused = UnionOf(problem.refused, field);
      rest /= 3;
    }
    for (const ChannelStatus status : {kListed, kHidden}) {
      for (const int64_t known : {kAbsent, int64_t{1}, int64_t{9}}) {
        for (const int64_t quantity : {int64_t{0}, int64_t{5}}) {
          problem.change.known = {1, known, status == kListed ? kHidden : kListed, 1};
          problem.change.desired = {2, quantity, status, 2};
          problem.change.desired.SetContent("title", "Shirt");
          cases.push_back(problem);
        }
      }
    }
  }
  return cases;
}

// All sets of kinds over price, quantity and status that set all three, in both orders; the other fields are spread.
std::vector<SyncPolicy> AllKinds() {
  std::vector<SyncPolicy> policies;
  std::mt19937_64 random(1);
  for (int chosen = 1; chosen < 128; ++chosen) {
    std::vector<SyncFields> kinds;
    SyncFields set;
    for (int bits = 1; bits < 8; ++bits) {
      if ((chosen >> (bits - 1) & 1) == 0) continue;
      SyncFields kind;
      for (const SyncField field : {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}) {
        if ((bits >> static_cast<int>(field) & 1) != 0) kind.Add(field);
      }
      set = UnionOf(set, kind);
      kinds.push_back(kind);
    }
    if (!(set == kAll)) continue;
    kinds[random() % kinds.size()].Add(SyncField::kCompareAtPrice);
    kinds[random() % kinds.size()].AddContent("title");
    policies.push_back(Kinds(kinds));
    std::reverse(kinds.begin(), kinds.end());
    policies.push_back(Kinds(kinds));
  }
  return policies;
}

TEST(PushStepTest, IsInOrderAndLosesNothing) {
  StepCounts counts;
  const std::vector<SyncPolicy> policies = AllKinds();
  const std::vector<StepCase> changes = AllChanges();
  for (size_t i = 0; i < policies.size(); ++i) {
    // Every change with a part of the kinds; over all of them, each set of kinds sees changes of all sorts.
    for (size_t j = i % 7; j < changes.size(); j += 7) {
      StepCase problem = changes[j];
      problem.policy = policies[i];
      CheckSteps(problem, &counts);
      if (HasFatalFailure()) FAIL() << problem.ToText();
    }
  }
  EXPECT_EQ(policies.size(), 218u);
  EXPECT_GT(counts.steps, counts.cases);
  EXPECT_GT(counts.waiting, 0);
  RecordProperty("cases", std::to_string(counts.cases));
  RecordProperty("steps", std::to_string(counts.steps));
  RecordProperty("waiting", std::to_string(counts.waiting));
}

}  // namespace
}  // namespace flxlink::sync
