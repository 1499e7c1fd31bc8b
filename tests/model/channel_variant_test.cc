#include "flxlink/channel_variant.h"

#include "gtest/gtest.h"

namespace flxlink {
namespace {

TEST(FixedReasonTest, EveryReasonHasAWordThatIsReadBack) {
  const FixedReason reasons[] = {FixedReason::kNotTracked, FixedReason::kKeptByParent, FixedReason::kKeptByPlatform,
                                 FixedReason::kMadeOfOthers, FixedReason::kNotStocked};
  for (const FixedReason reason : reasons) {
    EXPECT_NE(ToString(reason), "");
    EXPECT_EQ(ParseFixedReason(ToString(reason)), reason);
  }
  EXPECT_EQ(ToString(FixedReason::kNotTracked), "not_tracked");
  EXPECT_EQ(ToString(FixedReason::kKeptByParent), "kept_by_parent");
  EXPECT_EQ(ToString(FixedReason::kKeptByPlatform), "kept_by_platform");
  EXPECT_EQ(ToString(FixedReason::kMadeOfOthers), "made_of_others");
  EXPECT_EQ(ToString(FixedReason::kNotStocked), "not_stocked");
}

TEST(FixedReasonTest, AnyOtherTextIsNone) {
  EXPECT_EQ(ParseFixedReason(""), absl::nullopt);
  EXPECT_EQ(ParseFixedReason("Not_Tracked"), absl::nullopt);
  EXPECT_EQ(ParseFixedReason("not_tracked "), absl::nullopt);
}

TEST(FixedFieldTest, FieldAndReasonMakeItTheSame) {
  const FixedField field = {"quantity", FixedReason::kNotTracked};
  EXPECT_EQ(field, field);
  EXPECT_FALSE(field == (FixedField{"price", FixedReason::kNotTracked}));
  EXPECT_FALSE(field == (FixedField{"quantity", FixedReason::kNotStocked}));
}

}  // namespace
}  // namespace flxlink
