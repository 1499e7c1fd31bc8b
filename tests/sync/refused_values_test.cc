#include "src/sync/refused_values.h"

#include <string>
#include <vector>

#include "flxlink/sync.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::sync {
namespace {

using ::testing::IsEmpty;

const SyncFields kPrice = {SyncField::kPrice};
const SyncFields kQuantity = {SyncField::kQuantity};
const SyncFields kBoth = {SyncField::kPrice, SyncField::kQuantity};

// `fields`, refused together with these values.
std::vector<RefusedValue> Together(const SyncFields& fields, const ItemValues& values) {
  std::vector<RefusedValue> refused;
  for (const std::string& name : fields.Names()) refused.push_back({name, RefusalDigest(fields, values)});
  return refused;
}

std::vector<RefusedValue> OneByOne(const ItemValues& values) {
  return {{"price", ValueDigest("price", values)}, {"quantity", ValueDigest("quantity", values)}};
}

TEST(StandingRefusalsTest, StandWhileTheSameIsWanted) {
  const std::vector<RefusedValue> refused = OneByOne({0, 0});
  EXPECT_EQ(StandingRefusals(refused, kBoth, {0, 0}).get(), refused);
  EXPECT_THAT(StandingRefusals({}, kBoth, {0, 0}).get(), IsEmpty());
}

TEST(StandingRefusalsTest, OneByOneEndByThemselves) {
  const std::vector<RefusedValue> refused = OneByOne({0, 0});
  EXPECT_EQ(FieldsOf(StandingRefusals(refused, kBoth, {1, 0})), kQuantity);
  EXPECT_EQ(FieldsOf(StandingRefusals(refused, kPrice, {0, 0})), kPrice);
}

TEST(StandingRefusalsTest, TogetherEndTogether) {
  const std::vector<RefusedValue> refused = Together(kBoth, {0, 5});
  EXPECT_EQ(StandingRefusals(refused, kBoth, {0, 5}).get(), refused);
  EXPECT_THAT(StandingRefusals(refused, kBoth, {1, 5}).get(), IsEmpty());
  EXPECT_THAT(StandingRefusals(refused, kQuantity, {0, 5}).get(), IsEmpty());
}

TEST(StandingRefusalsTest, OfAFieldThatThereIsNotEnd) {
  EXPECT_THAT(StandingRefusals({{"No field", 1}}, kBoth, {0, 5}).get(), IsEmpty());
}

TEST(FieldsOfTest, IsEveryFieldOnce) {
  EXPECT_EQ(FieldsOf({}), SyncFields());
  EXPECT_EQ(FieldsOf({{"title", 1}, {"price", 1}, {"price", 2}}), (SyncFields{{SyncField::kPrice}, {"title"}}));
}

}  // namespace
}  // namespace flxlink::sync
