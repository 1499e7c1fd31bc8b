#include "src/sync/refused_values.h"

#include <vector>

#include "flxlink/sync.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::IsEmpty;

std::vector<RefusedValue> OneByOne(const ItemValues& values) {
  return {{"price", ValueDigest("price", values)}, {"quantity", ValueDigest("quantity", values)}};
}

TEST(StandingRefusalsTest, StandWhileTheSameIsWanted) {
  const std::vector<RefusedValue> refused = OneByOne({0, 0});
  EXPECT_EQ(StandingRefusals(refused, kPriceAndQuantity, {0, 0}).get(), refused);
  EXPECT_THAT(StandingRefusals({}, kPriceAndQuantity, {0, 0}).get(), IsEmpty());
}

TEST(StandingRefusalsTest, OneByOneEndByThemselves) {
  const std::vector<RefusedValue> refused = OneByOne({0, 0});
  EXPECT_EQ(FieldsOf(StandingRefusals(refused, kPriceAndQuantity, {1, 0})), kQuantity);
  EXPECT_EQ(FieldsOf(StandingRefusals(refused, kPrice, {0, 0})), kPrice);
}

TEST(StandingRefusalsTest, TogetherEndTogether) {
  const std::vector<RefusedValue> refused = RefusedTogether(kPriceAndQuantity, {0, 5});
  EXPECT_EQ(StandingRefusals(refused, kPriceAndQuantity, {0, 5}).get(), refused);
  EXPECT_THAT(StandingRefusals(refused, kPriceAndQuantity, {1, 5}).get(), IsEmpty());
  EXPECT_THAT(StandingRefusals(refused, kQuantity, {0, 5}).get(), IsEmpty());
}

TEST(StandingRefusalsTest, OfAFieldThatThereIsNotEnd) {
  EXPECT_THAT(StandingRefusals({{"No field", 1}}, kPriceAndQuantity, {0, 5}).get(), IsEmpty());
}

TEST(FieldsOfTest, IsEveryFieldOnce) {
  EXPECT_EQ(FieldsOf({}), SyncFields());
  EXPECT_EQ(FieldsOf({{"title", 1}, {"price", 1}, {"price", 2}}), (SyncFields{{SyncField::kPrice}, {"title"}}));
}

}  // namespace
}  // namespace flxlink::sync
