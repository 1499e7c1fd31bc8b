#include "src/sync/fixed_fields.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::sync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Seen with price 1, quantity 2 and no title.
SyncRow RowWith(std::vector<FixedField> fixed) {
  SyncRow row;
  row.seen = {1, 2, ChannelStatus::kListed};
  row.seen.SetContent("title", "");
  row.fixed = std::move(fixed);
  return row;
}

ItemValues Desired() {
  ItemValues desired = {10, 20, ChannelStatus::kListed};
  desired.SetContent("title", "Shirt");
  return desired;
}

TEST(FixedFieldsTest, AreThoseThatAreNamed) {
  EXPECT_EQ(FixedFields(RowWith({})), SyncFields());
  EXPECT_EQ(FixedFields(RowWith({{"title", FixedReason::kKeptByParent}, {"quantity", FixedReason::kNotTracked}})),
            SyncFields({SyncField::kQuantity}, {"title"}));
}

TEST(FixedProblemsTest, AnUntrackedInventoryHasACodeOfItsOwn) {
  const std::vector<Problem> problems = FixedProblems(RowWith({{"quantity", FixedReason::kNotTracked}}), Desired());
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0], MakeProblem(problem_code::kInventoryNotTracked, {},
                                     "the channel does not track the item's inventory; the quantity 20 is not sent"));
}

TEST(FixedProblemsTest, OneNamesAllOtherFields) {
  const std::vector<Problem> problems = FixedProblems(RowWith({{"price", FixedReason::kMadeOfOthers},
                                                               {"quantity", FixedReason::kNotTracked},
                                                               {"status", FixedReason::kNotStocked},
                                                               {"title", FixedReason::kKeptByParent}}),
                                                      Desired());
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_EQ(problems[0].code, problem_code::kInventoryNotTracked);
  EXPECT_EQ(
      problems[1],
      MakeProblem(problem_code::kFieldFixed, {{"field", "price,title"}, {"reason", "made_of_others,kept_by_parent"}},
                  "the price is not sent: it follows from the items that this one is made of; the title is not "
                  "sent: what the item belongs to keeps it"))
      << "the status is as it should be";
}

TEST(FixedProblemsTest, NoneWhereAllIsAsItShouldBe) {
  SyncRow row = RowWith({{"price", FixedReason::kKeptByPlatform}, {"quantity", FixedReason::kNotTracked}});
  row.seen = Desired();
  EXPECT_THAT(FixedProblems(row, Desired()), IsEmpty());
  EXPECT_THAT(FixedProblems(RowWith({{"price", FixedReason::kKeptByPlatform}}), ItemValues()), IsEmpty())
      << "nobody wants anything";
}

TEST(FixedProblemsTest, AreKnownByTheirCodes) {
  const std::vector<Problem> problems =
      FixedProblems(RowWith({{"price", FixedReason::kNotTracked}, {"quantity", FixedReason::kNotTracked}}), Desired());
  ASSERT_THAT(problems, SizeIs(2));
  for (const Problem& problem : problems) EXPECT_TRUE(IsFixedProblem(problem)) << problem.code;
  EXPECT_FALSE(IsFixedProblem(MakeProblem(problem_code::kQuantityBelowAcknowledged, {}, "")));
}

}  // namespace
}  // namespace flxlink::sync
