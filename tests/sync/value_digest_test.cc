#include "src/sync/value_digest.h"

#include <cstdint>
#include <set>
#include <vector>

#include "flxlink/sync.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

// Digests are stored and are part of idempotency keys: changing these values makes every store resend what was refused.
TEST(ValueDigestTest, IsStable) {
  ItemValues values = {1990, -4, ChannelStatus::kListed, 2490};
  values.SetContent("title", "Shirt");
  EXPECT_EQ(ValueDigest("price", values), 0x7587744b60696a03u);
  EXPECT_EQ(ValueDigest("quantity", values), 0xf380b37cc91b9ddau);
  EXPECT_EQ(ValueDigest("status", values), 0xfe6f1b1e2eb6b9d6u);
  EXPECT_EQ(ValueDigest("compare_at_price", values), 0x97d26a5deb78b87eu);
  EXPECT_EQ(ValueDigest("title", values), 0xcc2acdd6e27204bfu);
  EXPECT_EQ(ValueDigest("description", values), 0x5c9edbad13bfe5b1u);
}

TEST(ValueDigestTest, IsOfOneFieldAlone) {
  EXPECT_EQ(ValueDigest("price", {1990, 5, ChannelStatus::kListed}), ValueDigest("price", {1990}));
  EXPECT_NE(ValueDigest("price", {1990}), ValueDigest("price", {1991}));
  EXPECT_NE(ValueDigest("price", {1990}), ValueDigest("price", ItemValues()));
  EXPECT_NE(ValueDigest("status", {kAbsent, kAbsent, ChannelStatus::kListed}),
            ValueDigest("status", {kAbsent, kAbsent, ChannelStatus::kHidden}));
}

// Else a price and a quantity of 0, refused one after the other, would be taken for refused together.
TEST(ValueDigestTest, TheFieldCounts) { EXPECT_NE(ValueDigest("price", {0, 0}), ValueDigest("quantity", {0, 0})); }

TEST(ValueDigestTest, AnEmptyTextIsNotAnAbsentOne) {
  ItemValues values;
  const uint64_t absent = ValueDigest("title", values);
  values.SetContent("title", "");
  EXPECT_NE(ValueDigest("title", values), absent);
}

TEST(RefusalDigestTest, OfOneFieldIsThatOfItsValue) {
  for (const char* name : {"price", "title"}) {
    EXPECT_EQ(RefusalDigest(ParseSyncFields(name).value(), {1990}), ValueDigest(name, {1990})) << name;
  }
}

TEST(RefusalDigestTest, OfSeveralIsStable) {
  EXPECT_EQ(RefusalDigest(kPriceAndQuantity, {1990, 5}), 0xaf6c9f17ab412955u);
  EXPECT_NE(RefusalDigest(kPriceAndQuantity, {1990, 5}), RefusalDigest(kPriceAndQuantity, {5, 1990}));
  EXPECT_NE(RefusalDigest(kAll, {1990, 5, {}}), RefusalDigest(kPriceAndQuantity, {1990, 5}));
}

uint64_t DigestOf(const SyncFields& mask, const ItemValues& values, const ItemValues& known) {
  PushItem item;
  item.external_id = "gid://7";
  item.mask = mask;
  item.values = values;
  item.known = known;
  return PushDigest("shop", item);
}

// A push that is in doubt when flxlink is replaced keeps its key.
TEST(PushDigestTest, IsStable) {
  ItemValues values = {1990, -4, ChannelStatus::kListed, 2490};
  values.SetContent("title", "Shirt");
  EXPECT_EQ(DigestOf(kAll, values, {1000, 1, ChannelStatus::kHidden}), 0x6dde40393304635du);
  EXPECT_EQ(DigestOf(kQuantity, values, ItemValues()), 0xdba8c4f0730182d4u);
  EXPECT_EQ(DigestOf({{SyncField::kCompareAtPrice}, {"title"}}, values, values), 0x4168a96d205d3097u);
  EXPECT_EQ(DigestOf(kNothing, values, values), 0xedc56c068182f49eu);
}

// A platform keeps the keys of an account together; two channels of it number their links alike.
TEST(PushDigestTest, ChannelAndItemCount) {
  PushItem item;
  item.external_id = "7";
  PushItem other = item;
  other.external_id = "8";
  EXPECT_NE(PushDigest("shop", item), PushDigest("shop", other));
  EXPECT_NE(PushDigest("shop", item), PushDigest("shop2", item));
  item.external_id = "p7";
  other.external_id = "7";
  EXPECT_NE(PushDigest("sho", item), PushDigest("shop", other));
}

TEST(PushDigestTest, EveryPartOfContentCounts) {
  const auto digest = [](const std::vector<Field>& content) {
    ItemValues values;
    SyncFields mask;
    for (const Field& field : content) {
      values.SetContent(field.name, field.value);
      mask.AddContent(field.name);
    }
    return DigestOf(mask, values, ItemValues());
  };
  ItemValues title;
  title.SetContent("title", "a");
  const std::vector<uint64_t> digests = {digest({}),
                                         digest({{"title", ""}}),
                                         digest({{"title", "a"}}),
                                         digest({{"titl", "ea"}}),
                                         digest({{"description", "a"}}),
                                         digest({{"description", "a"}, {"title", ""}}),
                                         digest({{"description", ""}, {"title", "a"}}),
                                         DigestOf({{}, {"title"}}, ItemValues(), ItemValues()),
                                         DigestOf({{}, {"title"}}, ItemValues(), title),
                                         DigestOf({{}, {"title"}}, title, title)};
  EXPECT_EQ(std::set<uint64_t>(digests.begin(), digests.end()).size(), digests.size());
}

TEST(PushDigestTest, ValuesOutsideTheMaskDoNotCount) {
  EXPECT_EQ(DigestOf(kPrice, {1990, 5, ChannelStatus::kListed}, {1, 2, {}}),
            DigestOf(kPrice, {1990, 6, {}}, {1, 3, ChannelStatus::kHidden}));
}

TEST(PushDigestTest, MaskValuesAndKnownValuesCount) {
  const ItemValues same = {5, 5, ChannelStatus::kListed};
  EXPECT_NE(DigestOf(kPrice, same, same), DigestOf(kQuantity, same, same));
  EXPECT_NE(DigestOf(kPrice, same, same), DigestOf(kPrice, {6}, same));
  EXPECT_NE(DigestOf(kPrice, same, same), DigestOf(kPrice, same, {6}));
  EXPECT_NE(DigestOf(kPrice, same, {6}), DigestOf(kPrice, {6}, same));
  EXPECT_NE(DigestOf(kStatus, same, same), DigestOf(kStatus, {5, 5, ChannelStatus::kHidden}, same));
}

}  // namespace
}  // namespace flxlink::sync
