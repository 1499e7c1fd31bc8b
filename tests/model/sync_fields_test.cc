#include "flxlink/sync_fields.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const SyncFields kMixed = {{SyncField::kCompareAtPrice, SyncField::kPrice}, {"title", "description", "title"}};

TEST(SyncFieldsTest, IsASet) {
  SyncFields fields;
  EXPECT_TRUE(fields.empty());
  fields.Add(SyncField::kStatus);
  fields.Add(SyncField::kStatus);
  EXPECT_TRUE(fields.Has(SyncField::kStatus));
  EXPECT_FALSE(fields.Has(SyncField::kPrice));
  EXPECT_FALSE(fields.empty());
  fields.Remove(SyncField::kStatus);
  EXPECT_EQ(fields, SyncFields());
  fields.AddContent("title");
  EXPECT_FALSE(fields.empty());
  EXPECT_TRUE(fields.HasContent("title"));
  EXPECT_FALSE(fields.HasContent("description"));
}

TEST(SyncFieldsTest, IsWalkedInOneOrder) {
  EXPECT_THAT(kMixed.Names(), ElementsAre("price", "compare_at_price", "description", "title"));
  EXPECT_THAT(kMixed.content(), ElementsAre("description", "title"));
  EXPECT_THAT(SyncFields().Names(), IsEmpty());
}

TEST(SyncFieldsTest, UnionIntersectionAndDifference) {
  const SyncFields other = {{SyncField::kPrice, SyncField::kStatus}, {"title", "vendor"}};
  EXPECT_EQ(FormatSyncFields(UnionOf(kMixed, other)), "price,status,compare_at_price,description,title,vendor");
  EXPECT_EQ(FormatSyncFields(IntersectionOf(kMixed, other)), "price,title");
  EXPECT_EQ(FormatSyncFields(DifferenceOf(kMixed, other)), "compare_at_price,description");
  EXPECT_EQ(FormatSyncFields(DifferenceOf(other, kMixed)), "status,vendor");
  EXPECT_EQ(UnionOf(kMixed, SyncFields()), kMixed);
  EXPECT_EQ(IntersectionOf(kMixed, SyncFields()), SyncFields());
  EXPECT_EQ(DifferenceOf(kMixed, SyncFields()), kMixed);
  EXPECT_EQ(DifferenceOf(SyncFields(), kMixed), SyncFields());
  EXPECT_EQ(DifferenceOf(kMixed, kMixed), SyncFields());
}

TEST(SyncFieldsTest, ReadsNamesInAnyOrder) {
  EXPECT_EQ(ParseSyncFields("title,compare_at_price,description,price").value(), kMixed);
  EXPECT_EQ(ParseSyncFields("status,price").value(), (SyncFields{SyncField::kPrice, SyncField::kStatus}));
  EXPECT_EQ(ParseSyncFields("").value(), SyncFields());
}

TEST(SyncFieldsTest, RefusesWhatIsNoName) {
  for (const std::string& wrong : {std::string("price,"), std::string("Price"), std::string("price;status"),
                                   std::string(" price"), std::string("na me"), std::string(65, 'a')}) {
    EXPECT_EQ(ParseSyncFields(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
  EXPECT_EQ(ParseSyncFields("price,Title").status().message(),
            "\"Title\" cannot be synced; use price, quantity, status, compare_at_price and names of content, separated "
            "by commas");
}

TEST(SyncFieldsTest, ReadsBackWhatItWrites) {
  for (int bits = 0; bits < 32; ++bits) {
    SyncFields fields;
    for (const SyncField field : kSyncFields) {
      if ((bits >> static_cast<int>(field) & 1) != 0) fields.Add(field);
    }
    if (bits >= 16) fields.AddContent("title");
    EXPECT_EQ(ParseSyncFields(FormatSyncFields(fields)).value(), fields) << bits;
  }
}

}  // namespace
}  // namespace flxlink
