#include "flxlink/item_values.h"

#include "flxlink/conformance/print.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

// Every field has a value of its own.
ItemValues FullValues() {
  ItemValues values = {1990, 5, ChannelStatus::kHidden, 2490};
  values.SetContent("title", "Shirt");
  values.SetContent("description", "");
  return values;
}

SyncFields AllFields() {
  SyncFields all({}, {"description", "title"});
  for (const SyncField field : kSyncFields) all.Add(field);
  return all;
}

TEST(ItemValuesTest, AFieldIsAbsentUntilItIsSet) {
  for (const SyncField field : kSyncFields) {
    ItemValues values;
    EXPECT_EQ(values.Get(field), kAbsent) << ToString(field);
    values.Set(field, 2);
    EXPECT_EQ(values.Get(field), 2) << ToString(field);
    EXPECT_EQ(PresentFields(values), SyncFields({field})) << ToString(field);
    values.Set(field, kAbsent);
    EXPECT_EQ(values, ItemValues()) << ToString(field);
  }
}

TEST(ItemValuesTest, AbsentContentIsNotEmptyContent) {
  ItemValues values;
  EXPECT_EQ(values.FindContent("title"), nullptr);
  values.SetContent("title", "");
  ASSERT_NE(values.FindContent("title"), nullptr);
  EXPECT_EQ(*values.FindContent("title"), "");
  EXPECT_FALSE(values == ItemValues());
  EXPECT_EQ(PresentFields(values), SyncFields({}, {"title"}));
  values.RemoveContent("title");
  EXPECT_EQ(values, ItemValues());
}

TEST(ItemValuesTest, ContentIsEqualWhateverItWasSetIn) {
  ItemValues values;
  values.SetContent("title", "Hat");
  values.SetContent("description", "warm");
  ItemValues others;
  others.SetContent("description", "cold");
  others.SetContent("title", "Hat");
  EXPECT_FALSE(values == others);
  others.SetContent("description", "warm");
  EXPECT_EQ(values, others);
}

TEST(ItemValuesTest, CopiesTheMaskedFieldsAlone) {
  EXPECT_EQ(PresentFields(FullValues()), AllFields());
  ItemValues copy;
  CopyFields(AllFields(), FullValues(), &copy);
  EXPECT_EQ(copy, FullValues());
  CopyFields(SyncFields(), ItemValues(), &copy);
  EXPECT_EQ(copy, FullValues());
  for (const SyncField field : kSyncFields) {
    ItemValues one;
    CopyFields({field}, FullValues(), &one);
    EXPECT_EQ(PresentFields(one), SyncFields({field}));
    EXPECT_EQ(one.Get(field), FullValues().Get(field));
  }
}

TEST(ItemValuesTest, CopiesAbsenceToo) {
  ItemValues values = FullValues();
  CopyFields({{SyncField::kPrice}, {"title", "vendor"}}, ItemValues(), &values);
  ItemValues expected = FullValues();
  expected.price = kAbsent;
  expected.RemoveContent("title");
  EXPECT_EQ(values, expected);
}

}  // namespace
}  // namespace flxlink
