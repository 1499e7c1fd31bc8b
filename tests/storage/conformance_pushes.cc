// Conformance: pushes and what became of them.

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/storage.h"
#include "flxlink/storage_kit/rules.h"
#include "gmock/gmock.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"
#include "tests/support/open_pushes.h"

namespace flxlink {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kMax = Storage::kMaxRows;

std::vector<int64_t> ListingsOf(const OpenPush& push) {
  std::vector<int64_t> ids;
  for (const OpenItem& open : push.items) ids.push_back(open.item.listing_id);
  return ids;
}

Settlement Accepted(const SyncRow& row, const std::string& receipt, const SyncFields& fields) {
  Settlement settlement = Applied(row, {});
  settlement.mask = SyncFields();
  settlement.in_doubt = fields;
  settlement.receipt = receipt;
  return settlement;
}

// What a link awaits of these.
std::vector<AwaitedValues> Awaited(const std::vector<PushItem>& items) {
  std::vector<AwaitedValues> awaited;
  for (const PushItem& item : items) awaited.push_back({item.mask, item.values});
  return awaited;
}

StatusWrite Hide(const SyncRow& link) {
  return {link.listing_id, link.status, StateByRule(link.status, ChannelStatus::kHidden)};
}

}  // namespace

TEST_P(StorageConformance, PushIsRecordedAndItsLinksAreInDoubt) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  const SyncRow third = shop.LinkRow("S3");
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {third, shop.LinkRow("S1"), third}, At(60)))),
            kNothingLeftOut);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(5, {shop.LinkRow("S2")}, At(70)))), kNothingLeftOut);
  const std::vector<OpenPush> pushes = ReadAllPushes(storage(), shop.channel_id());
  ASSERT_EQ(pushes.size(), 2u);
  EXPECT_EQ(pushes[0].push_id, 5);
  EXPECT_EQ(pushes[0].call_deadline, At(70));
  EXPECT_EQ(ListingsOf(pushes[0]), std::vector<int64_t>{shop.ListingId("S2")});
  EXPECT_EQ(pushes[1].push_id, 8);
  EXPECT_EQ(pushes[1].call_deadline, At(60));
  EXPECT_EQ(ListingsOf(pushes[1]), (std::vector<int64_t>{shop.ListingId("S1"), shop.ListingId("S3")}));
  EXPECT_FALSE(shop.LinkRow("S1").in_doubt.empty());
  EXPECT_TRUE(shop.Listing("S3").in_doubt);
  EXPECT_EQ(shop.DirtySkus().size(), 3u) << "in doubt is dirty still";
}

TEST_P(StorageConformance, BeginningAPushTwiceIsOnce) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}, At(60)))), kNothingLeftOut);
  const std::string once = StoreText(storage());
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}, At(60)))), kNothingLeftOut);
  EXPECT_EQ(StoreText(storage()), once);
  EXPECT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S2"), shop.LinkRow("S1")}, At(90)))),
            std::vector<int64_t>{shop.ListingId("S2")});
  EXPECT_EQ(StoreText(storage()), once) << "the record that is there stays";
}

TEST_P(StorageConformance, WhatWasOvertakenIsLeftOutOfAPush) {
  using Kind = ListingEdit::Kind;
  Shop shop(under_test());
  shop.StockAndLink(7);
  std::vector<SyncRow> planned;
  std::vector<int64_t> overtaken;
  for (int i = 1; i <= 7; ++i) planned.push_back(shop.LinkRow(absl::StrCat("S", i)));
  for (const int i : {5, 4, 3, 2, 1, 0}) overtaken.push_back(planned[static_cast<size_t>(i)].listing_id);
  std::swap(planned.front(), planned[5]);
  std::swap(planned[1], planned[4]);
  std::swap(planned[2], planned[3]);
  shop.WriteProducts({{"K1", "S1", 100, 9}}, At(4));
  ASSERT_EQ(shop.Edit("S2", Only(Kind::kPause)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S3", Only(Kind::kUnlink)), absl::OkStatus());
  shop.Pull({{"X1", 100, 10},
             {"X2", 100, 10},
             {"X3", 100, 10},
             {"X5", 100, 10, ChannelStatus::kDead},
             {"X6", 100, 10},
             {"X7", 100, 10}},
            At(5));
  shop.Clean("S6");

  const PushRecord push = Push(8, planned);
  EXPECT_EQ(Value(storage().BeginPush(shop.fence(), push)), overtaken);
  const std::vector<OpenPush> pushes = ReadAllPushes(storage(), shop.channel_id());
  ASSERT_EQ(pushes.size(), 1u);
  EXPECT_EQ(ListingsOf(pushes[0]), std::vector<int64_t>{shop.ListingId("S7")});
  for (const char* sku : {"S1", "S2", "S3", "S4", "S5", "S6"}) EXPECT_FALSE(shop.Listing(sku).in_doubt) << sku;
  EXPECT_TRUE(shop.Listing("S7").in_doubt);
  EXPECT_EQ(Value(storage().BeginPush(shop.fence(), push)), overtaken) << "once more";
}

TEST_P(StorageConformance, APushThatWasPlannedByAnotherPolicyIsLeftOut) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const Channel channel = shop.channel();
  ChannelConfig config = channel.config;
  config.sync_fields = {SyncField::kPrice};
  ASSERT_EQ(storage().WriteChannel(shop.channel_id(), channel.revision, config, absl::nullopt, /*moves_policy=*/true),
            absl::OkStatus());
  PushRecord push = Push(8, {shop.LinkRow("S1")});
  push.policy_version = channel.policy_version;
  EXPECT_EQ(Value(storage().BeginPush(shop.fence(), push)), std::vector<int64_t>{shop.ListingId("S1")});
  EXPECT_TRUE(ReadAllPushes(storage(), shop.channel_id()).empty());
  EXPECT_FALSE(shop.Listing("S1").in_doubt);
  push.policy_version = shop.channel().policy_version;
  EXPECT_EQ(Value(storage().BeginPush(shop.fence(), push)), kNothingLeftOut) << "nothing was kept under its id";
  EXPECT_TRUE(shop.Listing("S1").in_doubt);
}

TEST_P(StorageConformance, TheQuantitiesInDoubtAreKept) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const auto quantities = [&] { return shop.LinkRow("S1").quantities_in_doubt.get(); };
  const auto push = [&](int64_t push_id, const SyncFields& mask, int64_t quantity) {
    PushRecord record = Push(push_id, {shop.LinkRow("S1")});
    record.items[0].mask = mask;
    record.items[0].values.quantity = quantity;
    EXPECT_EQ(Value(storage().BeginPush(shop.fence(), record)), kNothingLeftOut);
    return quantities();
  };
  EXPECT_THAT(push(1, {SyncField::kPrice}, 2), IsEmpty());
  EXPECT_THAT(push(2, {SyncField::kQuantity}, 7), ElementsAre(7));
  EXPECT_THAT(push(3, {SyncField::kQuantity}, 4), ElementsAre(7, 4));
  EXPECT_THAT(push(4, {SyncField::kPrice}, 1), ElementsAre(7, 4));
  EXPECT_THAT(push(5, {SyncField::kQuantity}, 9), ElementsAre(7, 4, 9));
  ASSERT_EQ(storage().AbandonPush(shop.fence(), 3, At(4)), absl::OkStatus());
  EXPECT_THAT(quantities(), ElementsAre(7, 4, 9)) << "it may have landed";
  const auto settle = [&](int64_t push_id, const SyncFields& in_doubt, const std::vector<int64_t>& left) {
    Settlement row = Applied(shop.LinkRow("S1"), {});
    row.settled = false;
    row.in_doubt = in_doubt;
    row.quantities_in_doubt = left;
    return storage().WriteSettlements(shop.fence(), Settled(push_id, {row}), At(5)).status();
  };
  ASSERT_EQ(settle(5, {SyncField::kQuantity}, {7, 4}), absl::OkStatus());
  EXPECT_THAT(quantities(), ElementsAre(7, 4)) << "in place of what was stored";
  ASSERT_EQ(settle(4, {SyncField::kPrice}, {7, 4}), absl::OkStatus());
  EXPECT_THAT(quantities(), IsEmpty());
  EXPECT_THAT(push(6, {SyncField::kQuantity}, 8), ElementsAre(8)) << "what was in doubt before is over";
}

// Pushes 1 to `count` of one item each, all accepted at At(10); push n is to be looked at at At(100 - n).
void Accept(Shop& shop, Storage& storage, int count) {
  std::vector<PushLook> looks;
  for (int i = 1; i <= count; ++i) {
    const SyncRow row = shop.LinkRow(absl::StrCat("S", i));
    EXPECT_EQ(Value(storage.BeginPush(shop.fence(), Push(i, {row}, At(60)))), kNothingLeftOut);
    const SettlementBatch accepted = Settled(i, {Accepted(row, absl::StrCat("r", i), {SyncField::kQuantity})});
    EXPECT_EQ(storage.WriteSettlements(shop.fence(), accepted, At(10)).status(), absl::OkStatus());
    looks.push_back({i, At(100 - i)});
  }
  EXPECT_EQ(storage.WritePushLooks(shop.fence(), looks), absl::OkStatus());
}

// The pushes that are there to look at by then, a page after another.
std::vector<int64_t> Due(Storage& storage, int64_t channel_id, absl::Time due, int64_t limit) {
  std::vector<int64_t> ids;
  LinkStorage::PushCursor cursor;
  for (int pages = 0; pages < kManyPages; ++pages) {
    const std::vector<OpenPush> page = Value(storage.ReadOpenPushes(channel_id, due, &cursor, limit));
    if (page.empty()) break;
    EXPECT_LE(page.size(), static_cast<size_t>(limit));
    EXPECT_EQ(cursor.push_id, page.back().push_id);
    EXPECT_EQ(cursor.look_at, page.back().look_at);
    for (const OpenPush& push : page) ids.push_back(push.push_id);
  }
  return ids;
}

TEST_P(StorageConformance, OnlyPushesThatAreDueAreReadAndInPages) {
  Shop shop(under_test());
  shop.StockAndLink(7);
  EXPECT_EQ(Value(storage().ReadNextLook(shop.channel_id())), absl::InfiniteFuture());
  Accept(shop, storage(), 5);
  EXPECT_EQ(Value(storage().ReadNextLook(shop.channel_id())), At(95));
  for (const int64_t id : {6, 7}) {
    ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(id, {shop.LinkRow(absl::StrCat("S", id))}, At(60)))),
              kNothingLeftOut);
  }
  EXPECT_EQ(Value(storage().ReadNextLook(shop.channel_id())), At(95)) << "of what is unheard of there is none";
  for (const int64_t limit : {1, 2, 3, 100}) {
    EXPECT_EQ(Due(storage(), shop.channel_id(), absl::InfinitePast(), limit), (std::vector<int64_t>{6, 7}));
    EXPECT_EQ(Due(storage(), shop.channel_id(), At(94), limit), (std::vector<int64_t>{6, 7}));
    EXPECT_EQ(Due(storage(), shop.channel_id(), At(97), limit), (std::vector<int64_t>{6, 7, 5, 4, 3}));
    EXPECT_EQ(Due(storage(), shop.channel_id(), absl::InfiniteFuture(), limit),
              (std::vector<int64_t>{6, 7, 5, 4, 3, 2, 1}));
  }
  for (const int64_t limit : {int64_t{0}, Storage::kMaxRows + 1}) {
    LinkStorage::PushCursor cursor;
    EXPECT_EQ(Code(storage().ReadOpenPushes(shop.channel_id(), At(0), &cursor, limit)), kInvalidArgument);
  }
}

TEST_P(StorageConformance, APageOfPushesEndsWithItsItems) {
  Shop shop(under_test());
  shop.StockAndLink(5);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(),
                                      Push(1, {shop.LinkRow("S1"), shop.LinkRow("S2"), shop.LinkRow("S3")}, At(60)))),
            kNothingLeftOut);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(2, {shop.LinkRow("S4")}, At(60)))), kNothingLeftOut);
  LinkStorage::PushCursor cursor;
  const auto page = [&] {
    return Value(storage().ReadOpenPushes(shop.channel_id(), absl::InfinitePast(), &cursor, 2));
  };
  const std::vector<OpenPush> first = page();
  ASSERT_EQ(first.size(), 1u) << "it has as many as were asked for";
  EXPECT_EQ(first[0].items.size(), 3u) << "all of the record";
  EXPECT_EQ(page().at(0).push_id, 2);
  EXPECT_TRUE(page().empty());
}

TEST_P(StorageConformance, APushIsLookedAtWhenItIsSaidTo) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  PushRecord record = Push(1, {shop.LinkRow("S1"), shop.LinkRow("S2"), shop.LinkRow("S3")}, At(60));
  record.receipt_deadline = At(900);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), record)), kNothingLeftOut);
  const auto look_at = [&] { return ReadAllPushes(storage(), shop.channel_id()).at(0).look_at; };
  const auto settle = [&](const Settlement& row, int64_t at) {
    EXPECT_EQ(storage().WriteSettlements(shop.fence(), Settled(1, {row}), At(at)).status(), absl::OkStatus());
  };
  ASSERT_EQ(storage().WritePushLooks(shop.fence(), {{1, At(50)}, {9, At(50)}}), absl::OkStatus());
  EXPECT_EQ(look_at(), absl::nullopt) << "nobody has heard of it";
  settle(Accepted(shop.LinkRow("S2"), "r2", {SyncField::kQuantity}), 10);
  settle(Accepted(shop.LinkRow("S3"), "r3", {SyncField::kQuantity}), 10);
  EXPECT_EQ(look_at(), absl::nullopt) << "nor of all of it";
  ASSERT_EQ(storage().LetPushLinger(shop.fence(), 1), absl::OkStatus());
  EXPECT_EQ(look_at(), At(60)) << "for the receipts";
  ASSERT_EQ(storage().WritePushLooks(shop.fence(), {{1, At(80)}, {9, At(50)}}), absl::OkStatus());
  EXPECT_EQ(look_at(), At(80));
  EXPECT_EQ(Value(storage().ReadNextLook(shop.channel_id())), At(80));
  settle(Applied(shop.LinkRow("S3"), {}), 85);
  EXPECT_EQ(look_at(), At(80)) << "what is left of it stays as it was";
  ASSERT_EQ(storage().AbandonPush(shop.fence(), 1, At(901)), absl::OkStatus());
  EXPECT_EQ(look_at(), At(80));
  settle(Applied(shop.LinkRow("S2"), {}), 902);
  EXPECT_EQ(Value(storage().ReadNextLook(shop.channel_id())), absl::InfiniteFuture()) << "nothing is left";

  record.push_id = 2;
  record.items = {Push(2, {shop.LinkRow("S1")}).items};
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), record)), kNothingLeftOut);
  ASSERT_EQ(storage().LetPushLinger(shop.fence(), 2), absl::OkStatus());
  EXPECT_EQ(look_at(), At(900)) << "what lingers waits for its receipt deadline";
}

TEST_P(StorageConformance, WhatIsAwaitedIsFoundByListing) {
  Shop shop(under_test());
  shop.StockAndLink(4);
  Accept(shop, storage(), 3);
  const SyncRow first = shop.LinkRow("S1");
  ASSERT_EQ(storage().WriteStatuses(shop.fence(), {Hide(first)}, At(20)).status(), absl::OkStatus());
  const SyncRow again = shop.LinkRow("S1");
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {again, shop.LinkRow("S4")}, At(60)))), kNothingLeftOut);
  const int64_t none = shop.ListingId("S4");
  const auto awaited = [&] {
    std::vector<std::string> texts;
    for (const AwaitedItem& item : Value(storage().ReadAwaited(
             shop.channel_id(), {shop.ListingId("S3"), none, first.listing_id, first.listing_id, none + 99}))) {
      texts.push_back(absl::StrCat(item.push_id, " ", item.listing_id == first.listing_id ? "S1" : "S3", " ",
                                   FormatSyncFields(item.fields)));
    }
    return texts;
  };
  const std::string fields = FormatSyncFields(Push(8, {again}).items[0].mask);
  const auto text = [&](absl::string_view what) { return absl::StrCat(what, " ", fields); };
  EXPECT_THAT(awaited(), ElementsAre(text("1 S1"), text("3 S3"))) << "of push 8 nobody has heard";
  ASSERT_EQ(storage()
                .WriteSettlements(shop.fence(), Settled(8, {Accepted(again, "r8", {SyncField::kQuantity})}), At(30))
                .status(),
            absl::OkStatus());
  EXPECT_THAT(awaited(), ElementsAre(text("1 S1"), text("8 S1"), text("3 S3")));
}

TEST_P(StorageConformance, WhatHasLingeredIsInDoubtAnew) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  PushRecord record = Push(1, {shop.LinkRow("S1"), shop.LinkRow("S2")});
  for (PushItem& item : record.items) item.mask = {SyncField::kQuantity};
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), record)), kNothingLeftOut);
  ASSERT_EQ(storage()
                .WriteSettlements(shop.fence(), Settled(1, {Accepted(shop.LinkRow("S2"), "r", {SyncField::kQuantity})}),
                                  At(3))
                .status(),
            absl::OkStatus());
  ASSERT_EQ(storage().LetPushLinger(shop.fence(), 1), absl::OkStatus());
  const std::vector<OpenPush> open = ReadAllPushes(storage(), shop.channel_id());
  ASSERT_EQ(open.size(), 1u);
  EXPECT_TRUE(open[0].items[0].lingers);
  EXPECT_FALSE(open[0].items[1].lingers) << "it has a receipt";

  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(2, {shop.LinkRow("S1")}))), kNothingLeftOut);
  const Settlement applied = Applied(shop.LinkRow("S1"), {100, 6, ChannelStatus::kListed});
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(2, {applied}), At(4)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
  EXPECT_FALSE(shop.LinkRow("S1").dirty);

  // Another link of the item is told.
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  shop.Stock({{"S3", "S3", 100, 10}});
  shop.Link("S3", "X1");
  shop.Clean("S3");
  ASSERT_EQ(storage().AbandonPush(shop.fence(), 1, At(6)), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S3").dirty);
  EXPECT_EQ(shop.LinkRow("S3").in_doubt, SyncFields{SyncField::kQuantity});
  EXPECT_THAT(shop.LinkRow("S3").quantities_in_doubt.get(), ElementsAre(10));
  EXPECT_EQ(ReadAllPushes(storage(), shop.channel_id())[0].items.size(), 1u) << "what has a receipt stays";
}

// What was sent over an earlier link may land on its item, and on no other one.
TEST_P(StorageConformance, ADoubtStaysWithItsItem) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  PushRecord record = Push(1, {shop.LinkRow("S1")});
  record.items[0].mask = {SyncField::kQuantity};
  record.items[0].values.quantity = 3;
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), record)), kNothingLeftOut);
  const auto unlink = [&](const std::string& sku) {
    ASSERT_EQ(shop.Edit(sku, Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  };
  const auto link = [&](const std::string& sku, const std::string& external_id) {
    ASSERT_EQ(shop.Edit(sku, LinkTo(external_id)), absl::OkStatus());
  };
  unlink("S1");
  unlink("S2");
  EXPECT_FALSE(shop.Listing("S1").in_doubt);
  link("S1", "X2");
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
  shop.Link("S2", "X1");
  EXPECT_EQ(shop.LinkRow("S2").in_doubt, SyncFields{SyncField::kQuantity});
  EXPECT_THAT(shop.LinkRow("S2").quantities_in_doubt.get(), ElementsAre(3));
  unlink("S2");
  unlink("S1");
  link("S1", "X1");
  EXPECT_EQ(shop.LinkRow("S1").in_doubt, SyncFields{SyncField::kQuantity});
  unlink("S1");
  link("S1", "X2");
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
}

// The link of S1 once a push of those fields of it has begun.
SyncRow AfterPush(Storage& storage, Shop& shop, int64_t push_id, const SyncFields& mask) {
  PushRecord record = Push(push_id, {shop.LinkRow("S1")});
  record.items[0].mask = mask;
  EXPECT_EQ(Value(storage.BeginPush(shop.fence(), record)), kNothingLeftOut);
  return shop.LinkRow("S1");
}

TEST_P(StorageConformance, EveryPushAddsItsFieldsToThoseInDoubt) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const auto push = [&](int64_t push_id, const SyncFields& mask) {
    return AfterPush(storage(), shop, push_id, mask).in_doubt;
  };
  EXPECT_EQ(push(1, {SyncField::kQuantity}), SyncFields{SyncField::kQuantity});
  EXPECT_EQ(push(2, SyncFields({SyncField::kCompareAtPrice}, {"title"})),
            SyncFields({SyncField::kQuantity, SyncField::kCompareAtPrice}, {"title"}));
  const SyncFields all({SyncField::kPrice, SyncField::kQuantity, SyncField::kCompareAtPrice}, {"description", "title"});
  EXPECT_EQ(push(3, SyncFields({SyncField::kPrice}, {"title", "description"})), all);
  EXPECT_EQ(push(3, {SyncField::kStatus}), all) << "the record that is there stays";
  EXPECT_TRUE(shop.LinkRow("S2").in_doubt.empty());

  Settlement row = Applied(shop.LinkRow("S1"), {});
  row.settled = false;
  row.mask = {};
  row.in_doubt = SyncFields({SyncField::kPrice}, {"title"});
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(2, {row}), At(5)).status(), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").in_doubt, row.in_doubt) << "in place of what was stored";
  EXPECT_TRUE(shop.Listing("S1").in_doubt);
  ASSERT_EQ(storage().ForceLinks(shop.fence(), {PairOf(shop.LinkRow("S1"))}, At(6)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").in_doubt, row.in_doubt) << "what was sent may land, whatever is forced";
}

TEST_P(StorageConformance, PushIdsAreUniqueWithinAChannelOnly) {
  Shop east(under_test(), "east");
  east.StockAndLink(1);
  Shop west(under_test(), "west");
  west.Build({"S1"});
  west.Pull({{"X1"}});
  west.Link("S1", "X1");
  ASSERT_EQ(Value(storage().BeginPush(east.fence(), Push(1, {east.LinkRow("S1")}))), kNothingLeftOut);
  ASSERT_EQ(Value(storage().BeginPush(west.fence(), Push(1, {west.LinkRow("S1")}))), kNothingLeftOut);
  ASSERT_EQ(storage().AbandonPush(east.fence(), 1, At(4)), absl::OkStatus());
  EXPECT_EQ(ReadAllPushes(storage(), west.channel_id()).size(), 1u);
}

TEST_P(StorageConformance, SettledPushIsClosedAndItsLinksAreClean) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const SyncRow first = shop.LinkRow("S1");
  const SyncRow second = shop.LinkRow("S2");
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {first, second}))), kNothingLeftOut);
  const ItemValues values = {99, 3, ChannelStatus::kListed};
  ASSERT_EQ(storage()
                .WriteSettlements(shop.fence(), Settled(8, {Applied(first, values), Applied(second, values)}), At(5))
                .status(),
            absl::OkStatus());
  EXPECT_TRUE(ReadAllPushes(storage(), shop.channel_id()).empty());
  const SyncRow link = shop.LinkRow("S1");
  EXPECT_EQ(link.acknowledged, values);
  EXPECT_TRUE(link.in_doubt.empty());
  EXPECT_FALSE(link.dirty);
  EXPECT_EQ(link.dirty_version, first.dirty_version) << "settling marks nothing";
  EXPECT_TRUE(shop.DirtySkus().empty());
}

TEST_P(StorageConformance, WritingSettlementsTwiceIsOnce) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1"), shop.LinkRow("S2")}))),
            kNothingLeftOut);
  SettlementBatch batch =
      Settled(8, {Applied(shop.LinkRow("S1"), {9, 9, ChannelStatus::kHidden}), Gone(shop.LinkRow("S2"))});
  batch.rows[0].attentions = 0;
  batch.rows[0].refused = {{"price", 1}};
  batch.attentions = {{{"a", {{"name", "c"}}, "b"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  const std::string once = StoreText(storage());
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, OnlyMaskedFieldsAreAcknowledged) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const ItemValues values = {1, 2, ChannelStatus::kHidden};
  const auto settle = [&](const SyncFields& mask) {
    Settlement row = Applied(shop.LinkRow("S1"), values);
    row.mask = mask;
    EXPECT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {row}), At(5)).status(), absl::OkStatus());
    return shop.LinkRow("S1").acknowledged;
  };
  EXPECT_EQ(settle({}), (ItemValues{100, 10, ChannelStatus::kListed}));
  EXPECT_EQ(settle({SyncField::kPrice}), (ItemValues{1, 10, ChannelStatus::kListed}));
  EXPECT_EQ(settle({SyncField::kQuantity}), (ItemValues{1, 2, ChannelStatus::kListed}));
  EXPECT_EQ(shop.Listing("S1").status.base, Health::kListed);
  EXPECT_EQ(settle({SyncField::kStatus}), (ItemValues{1, 2, ChannelStatus::kHidden}));
}

TEST_P(StorageConformance, AcknowledgedStatusBecomesTheListings) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  ASSERT_EQ(Value(storage().WriteStatuses(shop.fence(), {Hide(shop.LinkRow("S1"))}, At(5))), 1);
  ASSERT_EQ(shop.Listing("S1").status.pending, PendingChange::kHiding);
  const SyncRow link = shop.LinkRow("S1");
  const Settlement row = Applied(link, {100, 10, ChannelStatus::kHidden});
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {row}), At(6)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, Acknowledge(link.status, ChannelStatus::kHidden));
  EXPECT_EQ(shop.Listing("S1").status,
            (ListingStatus{Health::kHidden, PendingChange::kNone, false, StatusAuthor::kRule, ChannelStatus::kListed}));
}

TEST_P(StorageConformance, WhatAConflictSawIsAcknowledgedAndTheLinkStaysDirty) {
  Shop shop(under_test());
  const Channel channel = shop.channel();
  ChannelConfig config = channel.config;
  config.sync_fields.AddContent("title");
  ASSERT_EQ(storage().WriteChannel(channel.channel_id, channel.revision, config, absl::nullopt, false),
            absl::OkStatus());
  shop.StockAndLink(2);
  const SyncRow link = shop.LinkRow("S1");
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {link}))), kNothingLeftOut);
  Settlement conflict = Applied(link, {90});
  conflict.settled = false;
  conflict.mask = {SyncField::kPrice};
  conflict.seen = {kAbsent, 7, ChannelStatus::kHidden};
  conflict.seen.SetContent("title", "Hat");
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(8, {conflict}), At(6)).status(), absl::OkStatus());
  ItemValues known = {90, 7, ChannelStatus::kHidden};
  known.SetContent("title", "Hat");
  const SyncRow after = shop.LinkRow("S1");
  EXPECT_EQ(after.acknowledged, known);
  EXPECT_EQ(after.acknowledged_at, At(6));
  EXPECT_EQ(after.seen, link.seen) << "a pull saw that";
  EXPECT_EQ(after.seen_at, link.seen_at);
  EXPECT_EQ(after.guarded_at, absl::InfinitePast());
  EXPECT_TRUE(after.dirty);
  EXPECT_EQ(shop.Listing("S1").status, link.status) << "nobody set it";
  EXPECT_TRUE(ReadAllPushes(storage(), shop.channel_id()).empty());
  EXPECT_EQ(shop.LinkRow("S2").acknowledged_at, absl::InfinitePast());

  conflict.mask = {};
  conflict.seen = {95};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {conflict}), At(7)).status(), absl::OkStatus());
  known.price = 95;
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, known);
  EXPECT_EQ(shop.LinkRow("S1").acknowledged_at, At(7));
}

TEST_P(StorageConformance, AConflictThatSawLessGuardsFromTheCallOn) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const auto conflict = [&](const std::string& sku, bool guards) {
    Settlement row = Applied(shop.LinkRow(sku), {});
    row.settled = false;
    row.mask = {};
    row.seen.quantity = 7;
    row.guard_quantity = guards;
    return row;
  };
  SettlementBatch batch = Settled(0, {conflict("S1", true), conflict("S2", false)});
  batch.seen_at = At(4);
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(6)).status(), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, At(4));
  EXPECT_EQ(shop.LinkRow("S2").guarded_at, absl::InfinitePast());
  batch = Settled(0, {conflict("S1", false)});
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(7)).status(), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, At(4)) << "to see more ends no guard";
  shop.WriteProducts({{"K1", "S1", 100, 9}}, At(5));
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, absl::InfinitePast()) << "stated since";
}

TEST_P(StorageConformance, AStatusThatAQuantitySaysIsTheListingsAndNoAcknowledgedOne) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const ItemValues before = shop.LinkRow("S1").acknowledged;
  ASSERT_EQ(Value(storage().WriteStatuses(shop.fence(), {Hide(shop.LinkRow("S1"))}, At(5))), 1);
  Settlement row = Applied(shop.LinkRow("S1"), {kAbsent, 0});
  row.mask = {SyncField::kQuantity};
  row.by_quantity = ChannelStatus::kHidden;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {row}), At(6)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status,
            (ListingStatus{Health::kHidden, PendingChange::kNone, false, StatusAuthor::kRule, ChannelStatus::kListed}));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, (ItemValues{before.price, 0, before.status}));
  EXPECT_FALSE(shop.LinkRow("S1").dirty);

  ListingEdit delist = Only(ListingEdit::Kind::kSetStatus);
  delist.status = Health::kDelisted;
  ASSERT_EQ(shop.Edit("S2", delist), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S2").status.pending, PendingChange::kDelisting);
  row = Applied(shop.LinkRow("S2"), {});
  row.mask = {};
  row.by_quantity = ChannelStatus::kHidden;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {row}), At(6)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S2").status.base, Health::kDelisted);
}

TEST_P(StorageConformance, ChangeThatCameInBetweenStaysDirty) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const SyncRow read = shop.LinkRow("S1");
  shop.WriteProducts({{"K1", "S1", 200, 10}}, At(4));
  ASSERT_EQ(storage()
                .WriteSettlements(shop.fence(), Settled(0, {Applied(read, {100, 10, ChannelStatus::kListed})}), At(5))
                .status(),
            absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").dirty);
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
  EXPECT_EQ(shop.LinkRow("S1").acknowledged.price, 100);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  shop.Clean("S1");
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {Applied(read, {})}), At(6)).status(),
            absl::OkStatus());
  EXPECT_FALSE(shop.LinkRow("S1").dirty) << "an older settlement does not take back a newer one";
}

TEST_P(StorageConformance, UnsettledLinkStaysDirty) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}))), kNothingLeftOut);
  Settlement conflict = Applied(shop.LinkRow("S1"), {});
  conflict.settled = false;
  conflict.mask = {};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(8, {conflict}), At(5)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").dirty);
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty()) << "its outcome is known";
  EXPECT_TRUE(ReadAllPushes(storage(), shop.channel_id()).empty());
}

TEST_P(StorageConformance, NoAcknowledgedQuantityEndsAGuardThatStands) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  Reconciliation sold = Found(shop.LinkRow("S1"));
  sold.guard_quantity = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(5)), absl::OkStatus());
  const auto settle = [&](const SyncFields& mask, int64_t quantity) {
    Settlement row = Applied(shop.LinkRow("S1"), {1, quantity, ChannelStatus::kListed});
    row.mask = mask;
    EXPECT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {row}), At(6)).status(), absl::OkStatus());
    return shop.LinkRow("S1").guarded_at;
  };
  EXPECT_EQ(settle({SyncField::kPrice, SyncField::kStatus}, 2), At(1));
  EXPECT_EQ(settle({SyncField::kQuantity}, kAbsent), At(1)) << "that is forgetting one";
  EXPECT_EQ(settle({SyncField::kQuantity}, 0), At(1)) << "to hide it is not to count the stock";

  const auto state_again = [&](int64_t second) {
    return shop.WriteProducts({{"K1", "S1", 100, 10}}, At(second)).dirtied;
  };
  EXPECT_EQ(state_again(7), 1) << "the guard waits for it";
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, absl::InfinitePast()) << "overtaken";
  EXPECT_EQ(settle({SyncField::kQuantity}, 10), absl::InfinitePast());
  EXPECT_EQ(state_again(8), 0) << "nothing waits any more";
}

TEST_P(StorageConformance, ALookEndsRefusalsWhereItSaysSo) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {}), Applied(shop.LinkRow("S2"), {})});
  batch.attentions = {{MakeProblem("rejected", {}, "no")}};
  for (Settlement& row : batch.rows) {
    row.attentions = 0;
    row.refused = {{"price", 7, batch.attentions[0][0]}};
  }
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(4)).status(), absl::OkStatus());
  Reconciliation again = Found(shop.LinkRow("S1"));
  again.ends_refusals = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {again, Found(shop.LinkRow("S2"))}, At(5)), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").refused.empty());
  EXPECT_THAT(shop.Listing("S1").attentions, IsEmpty());
  EXPECT_EQ(shop.LinkRow("S2").refused.size(), 1u);
  EXPECT_THAT(shop.Listing("S2").attentions, SizeIs(1));
}

TEST_P(StorageConformance, AttentionAndRefusalAreSetAndCleared) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {}), Applied(shop.LinkRow("S2"), {})});
  const uint64_t digest = std::numeric_limits<uint64_t>::max() - 5;
  batch.rows[0].attentions = 1;
  batch.rows[0].refused = {{"title", 0}, {"price", digest}, {"compare_at_price", 0x1f}};
  batch.rows[1].attentions = 0;
  batch.attentions = {{{"code0", {{"sku", "S2"}}, "message0"}},
                      {{"code1", {{"naïve", "\"1\""}, {"empty", ""}}, "mêssage1"}, {"code2", {}, ""}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").attentions, batch.attentions[1]);
  EXPECT_EQ(shop.LinkRow("S1").refused, batch.rows[0].refused);
  EXPECT_EQ(shop.Listing("S2").attentions, batch.attentions[0]);
  EXPECT_TRUE(shop.LinkRow("S2").refused.empty());
  shop.WriteProducts({{"K1", "S1", 1, 1}}, At(6));
  EXPECT_EQ(shop.Listing("S1").attentions, batch.attentions[1]) << "a new mark solves nothing yet";
  shop.Clean("S1");
  EXPECT_TRUE(shop.Listing("S1").attentions.empty());
  EXPECT_TRUE(shop.LinkRow("S1").refused.empty());
}

TEST_P(StorageConformance, AttentionsAreASetInTheOrderOfTheirCodes) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  batch.rows[0].attentions = 0;
  batch.attentions = {{{"b", {}, "second"}, {"c", {}, "third"}, {"a", {{"name", "value"}}, "first"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").attentions,
            (std::vector<Problem>{{"a", {{"name", "value"}}, "first"}, {"b", {}, "second"}, {"c", {}, "third"}}));
  ListingFilter filter;
  filter.attention = true;
  EXPECT_EQ(Value(storage().ReadListings(shop.channel_id(), filter, 0, 10)).size(), 1u) << "one, not one a code";
  batch.attentions = {{{"b", {}, "anew"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(6)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").attentions, (std::vector<Problem>{{"b", {}, "anew"}}));
}

TEST_P(StorageConformance, SettlementsSayWhichAttentionsEnded) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {}), Applied(shop.LinkRow("S2"), {})});
  batch.rows[0].attentions = batch.rows[1].attentions = 0;
  batch.attentions = {{{"c", {}, "third"}, {"a", {{"name", "value"}}, "first"}, {"b", {}, "second"}}};
  EXPECT_TRUE(Value(storage().WriteSettlements(shop.fence(), batch, At(5))).cleared.empty()) << "there were none";
  batch.rows[0].attentions = kKeepAttentions;
  batch.attentions = {{{"b", {}, "anew"}}};
  const SettlementResult result = Value(storage().WriteSettlements(shop.fence(), batch, At(6)));
  ASSERT_EQ(result.cleared.size(), 2u);
  EXPECT_EQ(result.cleared[0].row, 1);
  EXPECT_EQ(result.cleared[0].attention, (Problem{"a", {{"name", "value"}}, "first"}));
  EXPECT_EQ(result.cleared[1].row, 1);
  EXPECT_EQ(result.cleared[1].attention, (Problem{"c", {}, "third"}));
  EXPECT_TRUE(Value(storage().WriteSettlements(shop.fence(), batch, At(6))).cleared.empty()) << "a repeat";

  batch = Settled(0, {Gone(shop.LinkRow("S1"))});
  EXPECT_EQ(Value(storage().WriteSettlements(shop.fence(), batch, At(7))).cleared.size(), 3u) << "its item is gone";
}

TEST_P(StorageConformance, SettlementsOfOtherLinksEndNoAttention) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  SettlementBatch anew = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  anew.rows[0].attentions = 0;
  anew.attentions = {{{"a", {}, "of the new link"}}};
  Value(storage().WriteSettlements(shop.fence(), anew, At(5)));
  EXPECT_TRUE(Value(storage().WriteSettlements(shop.fence(), batch, At(6))).cleared.empty());
  EXPECT_EQ(shop.Listing("S1").attentions, anew.attentions[0]);
}

// A host would tell a person once more of what the settlement said nothing about.
TEST_P(StorageConformance, APendingChangeThatWaitsIsAttentionUntilTheStatusIsStated) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const Problem waits = {std::string(problem_code::kPendingChangeWaits), {{"change", "hiding"}}, "it waits"};
  SettlementBatch batch;
  batch.rows = {Applied(shop.LinkRow("S1"), {}), Applied(shop.LinkRow("S2"), {})};
  batch.attentions = {{waits}};
  batch.rows[0].attentions = batch.rows[1].attentions = 0;
  Value(storage().WriteSettlements(shop.fence(), batch, At(5)));

  batch.attentions = {{{"rejected", {}, "no"}}};
  SettlementResult result = Value(storage().WriteSettlements(shop.fence(), batch, At(6)));
  EXPECT_EQ(shop.Listing("S1").attentions, (std::vector<Problem>{waits, {"rejected", {}, "no"}}));
  EXPECT_TRUE(result.cleared.empty());
  EXPECT_TRUE(result.repeated.empty());
  batch.rows[0].attentions = batch.rows[1].attentions = kClearAttentions;
  Value(storage().WriteSettlements(shop.fence(), batch, At(7)));
  EXPECT_EQ(shop.Listing("S1").attentions, std::vector<Problem>{waits});

  ASSERT_EQ(storage().ForceLinks(shop.fence(), {{shop.ListingId("S1"), shop.ItemId("X1")}}, At(7)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").attentions, std::vector<Problem>{waits}) << "forcing states nothing";
  shop.Pull({{"X2", 100, 10}}, At(8));
  EXPECT_EQ(shop.Listing("S1").attentions.size(), 2u) << "its item is gone, too";
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}}, At(9));
  EXPECT_EQ(shop.Listing("S1").attentions, std::vector<Problem>{waits}) << "and back";

  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kSetStatus;
  edit.status = Health::kListed;
  ASSERT_EQ(shop.Edit("S1", edit), absl::OkStatus());
  EXPECT_TRUE(shop.Listing("S1").attentions.empty()) << "also where it is what it was";
  StatusWrite rule;
  rule.listing_id = shop.ListingId("S2");
  rule.expected = shop.Listing("S2").status;
  rule.status = rule.expected;
  rule.status.pending = PendingChange::kHiding;
  EXPECT_EQ(Value(storage().WriteStatuses(shop.fence(), {rule}, At(8))), 1);
  EXPECT_TRUE(shop.Listing("S2").attentions.empty());
}

TEST_P(StorageConformance, SettlementsThatChangeNothingRepeatNoAttention) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  const SyncRow of_earlier_link = shop.LinkRow("S1");
  const SyncRow of_broken_link = shop.LinkRow("S2");
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  SettlementBatch given = Settled(0, {Applied(shop.LinkRow("S1"), {}), Applied(shop.LinkRow("S3"), {})});
  given.rows[0].attentions = given.rows[1].attentions = 0;
  given.attentions = {{{"a", {}, "message"}}};
  Value(storage().WriteSettlements(shop.fence(), given, At(5)));
  ASSERT_EQ(Value(storage().WriteSettlements(shop.fence(), given, At(5))).repeated.size(), 2u)
      << "they were given again";
  shop.Pull({{"X1", 100, 10}, {"X3", 100, 10}}, At(6));  // Breaks S2.
  ASSERT_EQ(shop.Listing("S2").attentions, (std::vector<Problem>{storage::ItemGone("X2")}));

  SettlementBatch stale = Settled(0, {Applied(of_earlier_link, {}), Applied(of_broken_link, {}), given.rows[1]});
  stale.rows[2].channel_variant_id = shop.ItemId("X1");
  for (Settlement& row : stale.rows) row.attentions = 0;
  stale.rows[1].attentions = 1;
  stale.attentions = {given.attentions[0], {storage::ItemGone("X2")}};
  const SettlementResult result = Value(storage().WriteSettlements(shop.fence(), stale, At(7)));
  EXPECT_TRUE(result.repeated.empty());
  EXPECT_TRUE(result.cleared.empty());
  EXPECT_EQ(shop.Listing("S1").attentions, given.attentions[0]);
  EXPECT_EQ(shop.Listing("S3").attentions, given.attentions[0]);
}

TEST_P(StorageConformance, AttentionIsKeptWhereASettlementSaysSo) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  batch.rows[0].attentions = kKeepAttentions;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.Listing("S1").attentions.empty()) << "there was none";
  batch.rows[0].attentions = 0;
  batch.attentions = {{{"code", {{"name", "value"}}, "message"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  batch.rows[0].attentions = kKeepAttentions;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").attentions, batch.attentions[0]);
  batch.rows[0].attentions = kClearAttentions;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.Listing("S1").attentions.empty());
}

TEST_P(StorageConformance, SettlementSaysWhetherItsLinkStaysInDoubt) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}))), kNothingLeftOut);
  SettlementBatch batch = Settled(8, {Applied(shop.LinkRow("S1"), {})});
  batch.rows[0].settled = false;
  batch.rows[0].in_doubt = {SyncField::kPrice};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_FALSE(shop.LinkRow("S1").in_doubt.empty());
  EXPECT_TRUE(ReadAllPushes(storage(), shop.channel_id()).empty());
  batch.rows[0].settled = true;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_FALSE(shop.LinkRow("S1").in_doubt.empty()) << "settled or not";
  batch.rows[0].in_doubt = {};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
}

TEST_P(StorageConformance, WhatIsConfirmedOfADoubtIsKeptUntilItIsSentAgain) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const auto push = [&](int64_t push_id, const SyncFields& mask) {
    return AfterPush(storage(), shop, push_id, mask).confirmed;
  };
  const SyncFields both({SyncField::kQuantity, SyncField::kPrice});
  push(1, both);
  Settlement row = Applied(shop.LinkRow("S1"), {});
  row.settled = false;
  row.mask = {};
  row.in_doubt = row.confirmed = both;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(1, {row}), At(5)).status(), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").confirmed, both);
  EXPECT_EQ(push(2, {SyncField::kStatus}), both);
  EXPECT_EQ(push(3, {SyncField::kQuantity}), SyncFields{SyncField::kPrice});
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  shop.Link("S1", "X1");
  EXPECT_EQ(shop.LinkRow("S1").in_doubt, SyncFields({SyncField::kQuantity, SyncField::kPrice, SyncField::kStatus}));
  EXPECT_EQ(shop.LinkRow("S1").confirmed, SyncFields()) << "what an earlier link acknowledged is not this one's";
}

TEST_P(StorageConformance, ItemThatIsGoneBreaksItsLink) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}))), kNothingLeftOut);
  Settlement gone = Gone(shop.LinkRow("S1"));
  gone.in_doubt = {SyncField::kPrice};  // Nothing can have landed on what is not there.
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(8, {gone}), At(5)).status(), absl::OkStatus());
  shop.ExpectBroken("S1", "X1", At(5));
  EXPECT_FALSE(shop.Listing("S1").in_doubt);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S2"});
  EXPECT_EQ(shop.Pull({{"X1"}, {"X2"}}, At(6)).healed, 1);
}

TEST_P(StorageConformance, PushWithUnknownOutcomesStaysOpen) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1"), shop.LinkRow("S2")}))),
            kNothingLeftOut);
  SettlementBatch batch = Settled(8, {Applied(shop.LinkRow("S1"), {})});
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
  EXPECT_FALSE(shop.LinkRow("S2").in_doubt.empty());
  const std::vector<OpenPush> pushes = ReadAllPushes(storage(), shop.channel_id());
  ASSERT_EQ(pushes.size(), 1u);
  EXPECT_EQ(pushes[0].push_id, 8);
  EXPECT_EQ(pushes[0].call_deadline, At(100));
  EXPECT_EQ(ListingsOf(pushes[0]), std::vector<int64_t>{shop.ListingId("S2")}) << "what is settled leaves the record";
}

// What the channel accepted of a link, as the settlement of it.
TEST_P(StorageConformance, WhatIsAcceptedIsAwaitedWithItsReceipt) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  PushRecord record = Push(8, {shop.LinkRow("S1"), shop.LinkRow("S2")});
  record.kind = "feed";
  record.receipt_deadline = At(5000);
  for (PushItem& item : record.items) {
    item.mask = {SyncField::kPrice, SyncField::kQuantity};
    item.values = {700, 4, ChannelStatus::kUnknown};
  }
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), record)), kNothingLeftOut);
  EXPECT_TRUE(shop.LinkRow("S1").awaited.empty()) << "nothing is accepted yet";

  const SettlementBatch accepted =
      Settled(8, {Accepted(shop.LinkRow("S1"), "r1", record.items[0].mask), Applied(shop.LinkRow("S2"), {})});
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), accepted, At(5)).status(), absl::OkStatus());
  const SyncRow row = shop.LinkRow("S1");
  EXPECT_EQ(row.awaited, Awaited({record.items[0]}));
  EXPECT_FALSE(row.dirty) << "it waits for the receipt";
  const std::vector<OpenPush> pushes = ReadAllPushes(storage(), shop.channel_id());
  ASSERT_EQ(pushes.size(), 1u);
  EXPECT_EQ(pushes[0].kind, "feed");
  EXPECT_EQ(pushes[0].receipt_deadline, At(5000));
  ASSERT_EQ(pushes[0].items.size(), 1u);
  const OpenItem& open = pushes[0].items[0];
  EXPECT_EQ(open.receipt, "r1");
  EXPECT_EQ(open.sku, "S1");
  EXPECT_EQ(open.item.external_id, "X1");
  EXPECT_EQ(open.item.channel_variant_id, row.channel_variant_id);
  EXPECT_EQ(open.item.dirty_version, row.dirty_version);
  EXPECT_EQ(open.item.mask, record.items[0].mask);
  EXPECT_EQ(open.item.values, record.items[0].values);

  ASSERT_EQ(storage().AbandonPush(shop.fence(), 8, At(4)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").awaited, Awaited({record.items[0]})) << "a receipt is not given up with the call";
}

TEST_P(StorageConformance, WhatIsAwaitedStandsInTheOrderInWhichItWasSent) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  std::vector<PushItem> sent;
  const auto accept = [&](int64_t push_id, const ItemValues& values) {
    PushRecord record = Push(push_id, {shop.LinkRow("S1")});
    record.items[0].mask = PresentFields(values);
    record.items[0].values = values;
    ASSERT_EQ(Value(storage().BeginPush(shop.fence(), record)), kNothingLeftOut);
    Settlement accepted = Accepted(shop.LinkRow("S1"), absl::StrCat("r", push_id), record.items[0].mask);
    accepted.settled = false;
    ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(push_id, {accepted}), At(5)).status(), absl::OkStatus());
    sent.push_back(record.items[0]);
  };
  ItemValues titled;
  titled.SetContent("title", "Cup");
  accept(9, {700, 4, ChannelStatus::kHidden, 900});
  accept(10, {650});
  accept(11, titled);
  accept(12, {800});
  EXPECT_EQ(shop.LinkRow("S1").awaited, Awaited(sent));
}

TEST_P(StorageConformance, ADecidedReceiptLetsItsLinkGoOn) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}))), kNothingLeftOut);
  const SyncFields fields = shop.LinkRow("S1").in_doubt;
  ASSERT_EQ(storage()
                .WriteSettlements(shop.fence(), Settled(8, {Accepted(shop.LinkRow("S1"), "r1", fields)}), At(5))
                .status(),
            absl::OkStatus());
  ASSERT_FALSE(shop.LinkRow("S1").dirty);
  SettlementBatch decided = Settled(8, {Applied(shop.LinkRow("S1"), {900, 3, ChannelStatus::kListed})});
  decided.rows[0].mask = {SyncField::kPrice};
  decided.rows[0].settled = false;
  decided.rows[0].decided = true;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), decided, At(6)).status(), absl::OkStatus());
  const SyncRow row = shop.LinkRow("S1");
  EXPECT_EQ(row.acknowledged.price, 900);
  EXPECT_TRUE(row.awaited.empty());
  EXPECT_TRUE(row.dirty);
  EXPECT_TRUE(ReadAllPushes(storage(), shop.channel_id()).empty());
}

TEST_P(StorageConformance, AReceiptOfAnEarlierLinkIsNotAwaited) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}))), kNothingLeftOut);
  const SyncRow before = shop.LinkRow("S1");
  ASSERT_EQ(
      storage().WriteSettlements(shop.fence(), Settled(8, {Accepted(before, "r1", before.in_doubt)}), At(5)).status(),
      absl::OkStatus());
  ListingEdit unlink;
  unlink.kind = ListingEdit::Kind::kUnlink;
  ASSERT_EQ(shop.Edit("S1", unlink), absl::OkStatus());
  ListingEdit link;
  link.kind = ListingEdit::Kind::kLink;
  link.external_id = "X1";
  ASSERT_EQ(shop.Edit("S1", link), absl::OkStatus());
  EXPECT_TRUE(shop.LinkRow("S1").awaited.empty());
}

// What the channel accepted for an earlier link may land late, over what the item's link has sent since.
TEST_P(StorageConformance, AReceiptThatIsDecidedAfterItsLinkPutsItsItemInDoubtAnew) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const auto accept = [&](int64_t push_id, const std::string& sku) {
    PushRecord record = Push(push_id, {shop.LinkRow(sku)});
    record.items[0].mask = {SyncField::kQuantity};
    record.items[0].values.quantity = push_id;
    EXPECT_EQ(Value(storage().BeginPush(shop.fence(), record)), kNothingLeftOut);
    Settlement accepted = Accepted(shop.LinkRow(sku), absl::StrCat("r", push_id), record.items[0].mask);
    accepted.settled = false;
    EXPECT_EQ(storage().WriteSettlements(shop.fence(), Settled(push_id, {accepted}), At(3)).status(), absl::OkStatus());
    Settlement decided = Applied(shop.LinkRow(sku), {});
    decided.settled = false;
    decided.decided = true;
    return Settled(push_id, {decided});
  };
  const auto decide = [&](const SettlementBatch& decided) {
    ASSERT_EQ(storage().WriteSettlements(shop.fence(), decided, At(6)).status(), absl::OkStatus());
  };
  const auto unlink = [&](const std::string& sku) {
    ASSERT_EQ(shop.Edit(sku, Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  };
  const SettlementBatch first = accept(1, "S1");
  const SettlementBatch second = accept(2, "S1");
  const SettlementBatch third = accept(3, "S1");
  const SettlementBatch own = accept(4, "S2");

  unlink("S1");
  shop.Stock({{"S3", "S3", 100, 10}});
  shop.Link("S3", "X1");
  shop.Clean("S3");
  ASSERT_TRUE(shop.LinkRow("S3").in_doubt.empty());
  decide(first);
  EXPECT_TRUE(shop.LinkRow("S3").dirty);
  EXPECT_EQ(shop.LinkRow("S3").in_doubt, SyncFields{SyncField::kQuantity});
  EXPECT_THAT(shop.LinkRow("S3").quantities_in_doubt.get(), ElementsAre(1));
  shop.Clean("S3");
  decide(first);
  EXPECT_FALSE(shop.LinkRow("S3").dirty) << "said twice is said once";

  unlink("S3");
  decide(second);
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").in_doubt, SyncFields{SyncField::kQuantity}) << "it waited for the item's next link";
  EXPECT_THAT(shop.LinkRow("S1").quantities_in_doubt.get(), ElementsAre(2));
  shop.Clean("S1");
  decide(third);
  EXPECT_TRUE(shop.LinkRow("S1").dirty) << "the listing variant is the same, the link is not";
  EXPECT_THAT(shop.LinkRow("S1").quantities_in_doubt.get(), ElementsAre(3));

  decide(own);
  EXPECT_TRUE(shop.LinkRow("S2").in_doubt.empty()) << "the link is told itself what was decided";
}

TEST_P(StorageConformance, SettlingWithoutAPushClosesNone) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}))), kNothingLeftOut);
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(0, {Applied(shop.LinkRow("S2"), {})}), At(5)).status(),
            absl::OkStatus());
  EXPECT_EQ(ReadAllPushes(storage(), shop.channel_id()).size(), 1u);
  EXPECT_FALSE(shop.LinkRow("S2").dirty);
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), Settled(9, {}), At(5)).status(), absl::OkStatus());
  EXPECT_EQ(ReadAllPushes(storage(), shop.channel_id()).size(), 1u) << "another push";
}

TEST_P(StorageConformance, AbandonedPushLeavesItsLinksInDoubt) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {shop.LinkRow("S1")}))), kNothingLeftOut);
  ASSERT_EQ(storage().AbandonPush(shop.fence(), 8, At(4)), absl::OkStatus());
  EXPECT_TRUE(ReadAllPushes(storage(), shop.channel_id()).empty());
  EXPECT_FALSE(shop.LinkRow("S1").in_doubt.empty());
  ASSERT_EQ(storage().AbandonPush(shop.fence(), 8, At(4)), absl::OkStatus()) << "said twice is said once";
  shop.Clean("S1");
  EXPECT_TRUE(shop.LinkRow("S1").in_doubt.empty());
}

TEST_P(StorageConformance, SettlementOfAnEarlierLinkTellsNothingAboutThisOne) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const SyncRow earlier = shop.LinkRow("S1");
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {earlier}))), kNothingLeftOut);
  ASSERT_EQ(shop.Edit("S2", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X2")), absl::OkStatus());
  Settlement gone = Gone(earlier);
  ASSERT_EQ(
      storage()
          .WriteSettlements(shop.fence(), Settled(8, {Applied(earlier, {7, 7, ChannelStatus::kHidden}), gone}), At(5))
          .status(),
      absl::OkStatus());
  const SyncRow link = shop.LinkRow("S1");
  EXPECT_EQ(link.acknowledged, (ItemValues{100, 10, ChannelStatus::kListed}));
  EXPECT_TRUE(link.dirty);
  EXPECT_TRUE(link.in_doubt.empty()) << "what the earlier link sent went to another item";
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_TRUE(shop.IsLiveItem("X2"));
  EXPECT_TRUE(ReadAllPushes(storage(), shop.channel_id()).empty()) << "the push is closed all the same";
}

TEST_P(StorageConformance, SettlementOfWhatHasNoLinkAnyMoreAcknowledgesNothing) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const SyncRow unlinked = shop.LinkRow("S1");
  const SyncRow broken = shop.LinkRow("S2");
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(8, {unlinked, broken}))), kNothingLeftOut);
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  shop.Pull({{"X1", 100, 10}});  // Breaks S2.
  ASSERT_EQ(
      storage()
          .WriteSettlements(shop.fence(),
                            Settled(8, {Applied(unlinked, {7, 7, ChannelStatus::kHidden}), Applied(broken, {})}), At(5))
          .status(),
      absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, ListingStatus());
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kUnlinked);
  EXPECT_FALSE(shop.Listing("S1").in_doubt);
  EXPECT_EQ(shop.Listing("S2").link_state, LinkState::kBroken);
  EXPECT_EQ(shop.Listing("S2").attentions.at(0).code, problem_code::kItemGone) << "it is still to be solved";
  EXPECT_FALSE(shop.Listing("S2").in_doubt);
  EXPECT_TRUE(ReadAllPushes(storage(), shop.channel_id()).empty());
}

TEST_P(StorageConformance, SettlementThatNamesNoAttentionOfItsBatchIsRefused) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  SettlementBatch batch = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  const std::string before = StoreText(storage());
  batch.rows[0].attentions = 0;
  EXPECT_EQ(Code(storage().WriteSettlements(shop.fence(), batch, At(5))), kInvalidArgument);
  batch.attentions = {{{"a", {{"name", "c"}}, "b"}}};
  batch.rows[0].attentions = -3;
  EXPECT_EQ(Code(storage().WriteSettlements(shop.fence(), batch, At(5))), kInvalidArgument);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, WholePageOfLinksGoesThroughASync) {
  Shop shop(under_test());
  std::vector<ProductRow> products;
  std::vector<PulledItem> items;
  for (int64_t i = 0; i < kMax; ++i) {
    products.push_back({absl::StrCat("K", i), absl::StrCat("S", i), i, i});
    items.push_back({absl::StrCat("X", i), 0, 0});
  }
  shop.Stock(products);
  shop.Pull(items);
  const ListingKeyPage listings = Value(storage().ReadListingKeys(shop.channel_id(), {}, 0, kMax));
  const ChannelKeyPage keys = Value(storage().ReadChannelKeys(shop.channel_id(), {}, 0, kMax));
  ASSERT_EQ(listings.size(), kMax);
  ASSERT_EQ(keys.size(), kMax);
  std::vector<LinkWrite> links;
  for (size_t i = 0; i < listings.listing_id.size(); ++i) {
    links.push_back(NewLink(listings.listing_id[i], keys.channel_variant_id[i]));
  }
  Value(storage().WriteLinks(shop.fence(), 0, links, At(2)));

  Storage::DirtyCursor cursor;
  const SyncBatch dirty = Value(storage().ReadDirty(shop.channel_id(), &cursor, kMax));
  ASSERT_EQ(dirty.size(), kMax);
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(1, dirty.rows))), kNothingLeftOut);
  SettlementBatch settled = Settled(1, {});
  for (const SyncRow& row : dirty.rows) {
    settled.rows.push_back(Applied(row, {row.product_price, row.product_quantity, ChannelStatus::kListed}));
  }
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), settled, At(3)).status(), absl::OkStatus());
  EXPECT_TRUE(shop.DirtySkus().empty());
  EXPECT_EQ(shop.LinkRow("S777").acknowledged, (ItemValues{777, 777, ChannelStatus::kListed}));
}

}  // namespace flxlink
