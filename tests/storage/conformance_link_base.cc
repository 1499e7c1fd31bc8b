// Conformance: rows by their ids, the link base, its key index, and what is recorded as a link change.

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/storage.h"
#include "gmock/gmock.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LinkIndexConformance);  // A storage need not keep one.

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kMax = Storage::kMaxRows;
constexpr uint64_t kHighestHash = std::numeric_limits<uint64_t>::max();
constexpr int64_t kHighestId = std::numeric_limits<int64_t>::max();
constexpr KeyColumn kListingKeys = {LinkSide::kListing, 0};
constexpr KeyColumn kChannelKeys = {LinkSide::kChannel, 0};

using Kind = ListingEdit::Kind;

std::vector<std::string> ToStrings(const StringColumn& column) {
  std::vector<std::string> strings;
  for (int64_t i = 0; i < column.size(); ++i) strings.emplace_back(column[i]);
  return strings;
}

void SetBase(Shop& shop) { ASSERT_EQ(shop.index().SetLinkBase(shop.fence(), "rules"), absl::OkStatus()); }

void DropBase(Shop& shop) {
  for (int steps = 0; steps < kManyPages && Value(shop.index().DropLinkBase(shop.fence(), kMax)); ++steps) {
  }
}

int64_t CountChanges(Shop& shop) { return Value(shop.index().ReadLinkBase(shop.channel_id())).changes; }

// Every row's name by its id: SKUs or external ids.
std::map<int64_t, std::string> Names(Shop& shop, LinkSide side) {
  std::map<int64_t, std::string> names;
  if (side == LinkSide::kListing) {
    const ListingKeyPage page = Value(shop.storage().ReadListingKeys(shop.channel_id(), {"sku"}, 0, kMax));
    for (int64_t i = 0; i < page.size(); ++i)
      names.emplace(page.listing_id[static_cast<size_t>(i)], page.columns[0][i]);
  } else {
    const ChannelKeyPage page = Value(shop.storage().ReadChannelKeys(shop.channel_id(), {}, 0, kMax));
    for (int64_t i = 0; i < page.size(); ++i)
      names.emplace(page.channel_variant_id[static_cast<size_t>(i)], page.external_id[i]);
  }
  return names;
}

// The changes on record of one side, in the order of ids: "S1 new", or "S1 live" or "S1 dead" with the parent and the
// upc that it had.
std::vector<std::string> Changes(Shop& shop, LinkSide side) {
  const std::map<int64_t, std::string> names = Names(shop, side);
  const LinkChangePage page = Value(shop.index().ReadLinkChanges(shop.channel_id(), side, {"upc"}, 0, kMax));
  std::vector<std::string> changes;
  for (int64_t i = 0; i < page.size(); ++i) {
    const size_t at = static_cast<size_t>(i);
    const char* const was = page.known[at] == 0 ? " new" : page.live[at] != 0 ? " live" : " dead";
    changes.push_back(absl::StrCat(names.at(page.id[at]), was));
    if (!page.parent[i].empty()) absl::StrAppend(&changes.back(), " parent=", page.parent[i]);
    if (!page.columns[0][i].empty()) absl::StrAppend(&changes.back(), " upc=", page.columns[0][i]);
  }
  return changes;
}

std::vector<std::string> ListingChanges(Shop& shop) { return Changes(shop, LinkSide::kListing); }
std::vector<std::string> ItemChanges(Shop& shop) { return Changes(shop, LinkSide::kChannel); }

void ForgetAll(Shop& shop) {
  EXPECT_FALSE(Value(shop.index().ForgetLinkChanges(shop.fence(), shop.channel().edit_version, kMax)));
}

// Makes listing variants not live, or live again.
void SetHealth(Shop& shop, const std::string& sku, Health health) {
  const ListingStatus before = shop.Listing(sku).status;
  ListingStatus after = before;
  after.base = health;
  EXPECT_EQ(Value(shop.storage().WriteStatuses(shop.fence(), {{shop.ListingId(sku), before, after}}, At(3))), 1);
}

std::vector<KeyEntry> Find(Shop& shop, const KeyColumn& column, std::vector<KeyLookup> lookups, int64_t limit = 100) {
  return Value(shop.index().FindKeyEntries(shop.channel_id(), column, lookups, limit));
}

// `count` entries of the same hash with ids from 1.
std::vector<KeyEntry> OfOneHash(uint64_t hash, int64_t count) {
  std::vector<KeyEntry> entries;
  for (int64_t id = 1; id <= count; ++id) entries.push_back({hash, id});
  return entries;
}

void ExpectEntries(const std::vector<KeyEntry>& found, const std::vector<KeyEntry>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].hash, expected[i].hash) << i;
    EXPECT_EQ(found[i].id, expected[i].id) << i;
  }
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------------------
// Rows by their ids
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, ListingKeysAreReadByTheirIds) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  shop.Stock({{"K4", "S4", 1, 1, "P", {{"upc", "4"}, {"note", "\"a\" \\ b\n"}}}});
  shop.Pull({{"X1", 100, 10}, {"X3", 100, 10}});  // Breaks S2.
  const std::vector<int64_t> ids = {0, shop.ListingId("S2"), shop.ListingId("S3"), shop.ListingId("S4"), kHighestId};
  const std::vector<std::string> fields = {"note", "upc", "sku", "parent", "nobody has this", "upc"};
  const ListingKeyPage page = Value(storage().ReadListingKeysById(shop.channel_id(), fields, ids));
  EXPECT_EQ(page.listing_id, (std::vector<int64_t>{ids[1], ids[2], ids[3]}));
  ASSERT_EQ(page.columns.size(), fields.size());
  EXPECT_THAT(ToStrings(page.columns[0]), ElementsAre("", "", "\"a\" \\ b\n"));
  EXPECT_THAT(ToStrings(page.columns[1]), ElementsAre("", "", "4"));
  EXPECT_THAT(ToStrings(page.columns[2]), ElementsAre("S2", "S3", "S4"));
  EXPECT_THAT(ToStrings(page.columns[3]), ElementsAre("", "", "P"));
  EXPECT_THAT(ToStrings(page.columns[4]), ElementsAre("", "", ""));
  EXPECT_THAT(ToStrings(page.columns[5]), ElementsAre("", "", "4"));
  EXPECT_THAT(ToStrings(page.parent), ElementsAre("", "", "P"));
  EXPECT_THAT(page.live, ElementsAre(1, 1, 1));
  EXPECT_THAT(page.linked_to, ElementsAre(shop.ItemId("X2"), shop.ItemId("X3"), 0));
  EXPECT_THAT(page.broken, ElementsAre(1, 0, 0));
  EXPECT_THAT(page.reason, ElementsAre(LinkReason::kNone, LinkReason::kNone, LinkReason::kNone));
  EXPECT_THAT(page.rule, ElementsAre(1, 1, 0));
}

TEST_P(StorageConformance, ChannelKeysAreReadByTheirIds) {
  Shop shop(under_test());
  shop.Pull({{"X1"}, {"X2"}});
  shop.Pull({{"X2", 1, 1, ChannelStatus::kHidden, "P", {{"barcode", "9"}}}, {"X3"}});
  const std::vector<int64_t> ids = {-5, shop.ItemId("X1"), shop.ItemId("X2"), kHighestId};
  const ChannelKeyPage page = Value(storage().ReadChannelKeysById(shop.channel_id(), {"barcode", "id", "parent"}, ids));
  EXPECT_EQ(page.channel_variant_id, (std::vector<int64_t>{ids[1], ids[2]}));
  ASSERT_EQ(page.columns.size(), 3u);
  EXPECT_THAT(ToStrings(page.columns[0]), ElementsAre("", "9"));
  EXPECT_THAT(ToStrings(page.columns[1]), ElementsAre("X1", "X2"));
  EXPECT_THAT(ToStrings(page.columns[2]), ElementsAre("", "P"));
  EXPECT_THAT(ToStrings(page.external_id), ElementsAre("X1", "X2"));
  EXPECT_THAT(ToStrings(page.parent), ElementsAre("", "P"));
  EXPECT_THAT(page.live, ElementsAre(0, 1));
}

TEST_P(StorageConformance, HoldersComeInTheOrderAsked) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}, {"X4"}});  // Breaks S3.
  const std::vector<int64_t> ids = {shop.ItemId("X3"), kHighestId, shop.ItemId("X4"), shop.ItemId("X1")};
  const std::vector<LinkHolder> holders = Value(storage().ReadHolders(shop.channel_id(), ids));
  ASSERT_EQ(holders.size(), 2u);
  EXPECT_EQ(holders[0].channel_variant_id, ids[0]);
  EXPECT_EQ(holders[0].listing_id, shop.ListingId("S3"));
  EXPECT_TRUE(holders[0].broken);
  EXPECT_EQ(holders[1].channel_variant_id, ids[3]);
  EXPECT_EQ(holders[1].listing_id, shop.ListingId("S1"));
  EXPECT_FALSE(holders[1].broken);
}

TEST_P(StorageConformance, RowsByIdHaveALimit) {
  Shop shop(under_test());
  std::vector<int64_t> ids(static_cast<size_t>(kMax));
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i);
  EXPECT_EQ(Value(storage().ReadListingKeysById(shop.channel_id(), {"sku"}, ids)).size(), 0);
  EXPECT_EQ(Value(storage().ReadChannelKeysById(shop.channel_id(), {"sku"}, ids)).size(), 0);
  EXPECT_EQ(Value(storage().ReadHolders(shop.channel_id(), ids)).size(), 0u);
  EXPECT_EQ(Value(storage().ReadListingKeysById(shop.channel_id(), {"sku"}, {})).columns.size(), 1u);
  ids.push_back(kMax);
  EXPECT_EQ(Code(storage().ReadListingKeysById(shop.channel_id(), {"sku"}, ids)), kInvalidArgument);
  EXPECT_EQ(Code(storage().ReadChannelKeysById(shop.channel_id(), {"sku"}, ids)), kInvalidArgument);
  EXPECT_EQ(Code(storage().ReadHolders(shop.channel_id(), ids)), kInvalidArgument);
}

TEST_P(StorageConformance, RowsOfAnotherChannelAreNotThere) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  Shop other(under_test(), "other");
  const int64_t listing = shop.ListingId("S1");
  const int64_t item = shop.ItemId("X1");
  EXPECT_EQ(Value(storage().ReadListingKeysById(other.channel_id(), {"sku"}, {listing})).size(), 0);
  EXPECT_EQ(Value(storage().ReadChannelKeysById(other.channel_id(), {"sku"}, {item})).size(), 0);
  EXPECT_EQ(Value(storage().ReadHolders(other.channel_id(), {item})).size(), 0u);
  EXPECT_EQ(Code(storage().ReadListingKeysById(987654321, {"sku"}, {listing})), kNotFound);
  EXPECT_EQ(Code(storage().ReadChannelKeysById(987654321, {"sku"}, {item})), kNotFound);
  EXPECT_EQ(Code(storage().ReadHolders(987654321, {item})), kNotFound);
}

// ---------------------------------------------------------------------------------------------------------------------
// The base
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(LinkIndexConformance, ChannelHasNoLinkBaseAtFirst) {
  Shop shop(under_test());
  const LinkBase base = Value(index().ReadLinkBase(shop.channel_id()));
  EXPECT_EQ(base.text, "");
  EXPECT_EQ(base.entries, 0);
  EXPECT_EQ(base.added, 0);
  EXPECT_EQ(base.changes, 0);
  EXPECT_FALSE(Value(index().DropLinkBase(shop.fence(), 1)));
  EXPECT_FALSE(Value(index().ForgetLinkChanges(shop.fence(), 0, 1)));
  EXPECT_THAT(Find(shop, kListingKeys, {{1, 0}}), IsEmpty());
  EXPECT_THAT(ListingChanges(shop), IsEmpty());
}

TEST_P(LinkIndexConformance, LinkBasesOfUnknownChannelsAreNotFound) {
  EXPECT_EQ(Code(index().ReadLinkBase(987654321)), kNotFound);
  EXPECT_EQ(Code(index().FindKeyEntries(987654321, kListingKeys, {}, 1)), kNotFound);
  EXPECT_EQ(Code(index().ReadLinkChanges(987654321, LinkSide::kListing, {}, 0, 1)), kNotFound);
}

TEST_P(LinkIndexConformance, LinkBaseKeepsItsTextAndCounts) {
  Shop shop(under_test());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, OfOneHash(5, 3)), absl::OkStatus());
  EXPECT_EQ(Value(index().ReadLinkBase(shop.channel_id())).text, "") << "it is being made";
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kChannelKeys, OfOneHash(6, 2)), absl::OkStatus());
  const std::string text("rules\n\0\xff", 8);
  ASSERT_EQ(index().SetLinkBase(shop.fence(), text), absl::OkStatus());
  ASSERT_EQ(index().AddKeyEntries(shop.fence(), {{kChannelKeys, {7, 1}}}), absl::OkStatus());
  shop.Stock({{"K1", "S1"}});
  shop.Pull({{"X1"}, {"X2"}});
  const LinkBase base = Value(index().ReadLinkBase(shop.channel_id()));
  EXPECT_EQ(base.text, text);
  EXPECT_EQ(base.entries, 5);
  EXPECT_EQ(base.added, 1);
  EXPECT_EQ(base.changes, 3);
}

TEST_P(LinkIndexConformance, HandEditsAreRecordedWhileABaseIsMade) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  EXPECT_FALSE(Value(index().DropLinkBase(shop.fence(), kMax)));
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  shop.Pull({{"X1", 1, 1, ChannelStatus::kListed, "new parent"}, {"X2", 1, 1, ChannelStatus::kListed, "new parent"}});
  EXPECT_EQ(Code(index().SetLinkBase(shop.fence(), "")), kInvalidArgument);
  EXPECT_EQ(index().SetLinkBase(shop.fence(), "rules"), absl::OkStatus());
  EXPECT_EQ(index().SetLinkBase(shop.fence(), "rules"), absl::OkStatus()) << "repeated";
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X1 live")) << "as it was before the edit, and no other";
}

TEST_P(LinkIndexConformance, OvertakenLinksAreRecordedToBeJudgedAgain) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  shop.Stock({{"K2", "S2"}, {"K3", "S3"}});
  shop.Pull({{"X1", 100, 10}, {"X2"}, {"X3"}});
  DropBase(shop);
  const int64_t read = shop.channel().edit_version;
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  const std::vector<LinkWrite> rows = {NewLink(shop.ListingId("S2"), shop.ItemId("X1")),
                                       NewLink(shop.ListingId("S3"), shop.ItemId("X3"))};
  ASSERT_THAT(Value(storage().WriteLinks(shop.fence(), read, rows, At(5))).overtaken, ElementsAre(0));
  SetBase(shop);
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live", "S2 live")) << "the link that was made is not on record";
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X1 live"));
  EXPECT_FALSE(Value(index().ForgetLinkChanges(shop.fence(), read, kMax)));
  EXPECT_EQ(CountChanges(shop), 3) << "made later than what was read";
}

TEST_P(LinkIndexConformance, LinkChangesTellWhetherAHandEditTouchedTheRow) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  SetBase(shop);
  shop.Pull({{"X1", 1, 1, ChannelStatus::kListed, "new parent"}, {"X2", 1, 1, ChannelStatus::kListed, "new parent"}});
  ASSERT_EQ(shop.Edit("S2", Only(Kind::kUnlink)), absl::OkStatus());
  const auto edited = [&](LinkSide side) {
    return Value(index().ReadLinkChanges(shop.channel_id(), side, {}, 0, kMax)).edited;
  };
  EXPECT_THAT(edited(LinkSide::kListing), ElementsAre(1));
  EXPECT_THAT(edited(LinkSide::kChannel), ElementsAre(0, 1));
}

TEST_P(LinkIndexConformance, DroppedBaseIsForgottenAtOnceAndTheRestInSteps) {
  Shop shop(under_test());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, OfOneHash(5, 3)), absl::OkStatus());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kChannelKeys, OfOneHash(5, 3)), absl::OkStatus());
  SetBase(shop);
  ASSERT_EQ(index().AddKeyEntries(shop.fence(), {{kListingKeys, {6, 1}}, {kChannelKeys, {6, 1}}}), absl::OkStatus());
  shop.Stock({{"K1", "S1"}, {"K2", "S2"}});
  shop.Pull({{"X1"}});
  int steps = 1;
  EXPECT_TRUE(Value(index().DropLinkBase(shop.fence(), 1)));
  EXPECT_EQ(Value(index().ReadLinkBase(shop.channel_id())).text, "");
  shop.Pull({{"X1"}, {"X2"}});
  shop.Stock({{"K3", "S3"}});
  EXPECT_LE(CountChanges(shop), 3) << "nothing is recorded any more";
  while (steps < kManyPages && Value(index().DropLinkBase(shop.fence(), 1))) ++steps;
  EXPECT_GE(steps, 3);
  EXPECT_LT(steps, kManyPages);
  EXPECT_THAT(Find(shop, kListingKeys, {{5, 0}, {6, 0}}), IsEmpty());
  EXPECT_THAT(Find(shop, kChannelKeys, {{5, 0}, {6, 0}}), IsEmpty());
  EXPECT_THAT(ListingChanges(shop), IsEmpty());
  EXPECT_THAT(ItemChanges(shop), IsEmpty());
  const LinkBase base = Value(index().ReadLinkBase(shop.channel_id()));
  EXPECT_EQ(base.entries + base.added + base.changes, 0);
  EXPECT_FALSE(Value(index().DropLinkBase(shop.fence(), 1))) << "said twice";
}

TEST_P(LinkIndexConformance, BaseCanBeMadeAnewAfterOneWasDropped) {
  Shop shop(under_test());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, OfOneHash(5, 3)), absl::OkStatus());
  SetBase(shop);
  DropBase(shop);
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, OfOneHash(4, 2)), absl::OkStatus());
  SetBase(shop);
  shop.Stock({{"K1", "S1"}});
  ExpectEntries(Find(shop, kListingKeys, {{4, 0}, {5, 0}}), OfOneHash(4, 2));
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 new"));
}

TEST_P(LinkIndexConformance, LinkBaseGoesWithItsChannel) {
  Shop shop(under_test());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, OfOneHash(5, 3)), absl::OkStatus());
  SetBase(shop);
  shop.Stock({{"K1", "S1"}});
  shop.EndJob();
  ASSERT_EQ(storage().RemoveChannel(shop.channel_id()), absl::OkStatus());
  EXPECT_EQ(Code(index().ReadLinkBase(shop.channel_id())), kNotFound);
  Shop successor(under_test());
  EXPECT_EQ(Value(index().ReadLinkBase(successor.channel_id())).text, "");
  EXPECT_THAT(Find(successor, kListingKeys, {{5, 0}}), IsEmpty());
}

TEST_P(LinkIndexConformance, LinkBasesOfChannelsAreApart) {
  Shop shop(under_test());
  Shop other(under_test(), "other");
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, OfOneHash(5, 3)), absl::OkStatus());
  SetBase(shop);
  ASSERT_EQ(index().AddKeyEntries(shop.fence(), {{kListingKeys, {6, 1}}}), absl::OkStatus());
  other.Stock({{"K1", "S1"}});
  other.Pull({{"X1"}});
  EXPECT_EQ(CountChanges(shop), 0);
  EXPECT_EQ(CountChanges(other), 0);
  EXPECT_THAT(Find(other, kListingKeys, {{5, 0}, {6, 0}}), IsEmpty());
  ASSERT_EQ(index().WriteKeyEntries(other.fence(), kListingKeys, OfOneHash(5, 1)), absl::OkStatus());
  SetBase(other);
  DropBase(shop);
  ExpectEntries(Find(other, kListingKeys, {{5, 0}}), OfOneHash(5, 1));
  EXPECT_EQ(Value(index().ReadLinkBase(other.channel_id())).text, "rules");
}

TEST_P(LinkIndexConformance, LinkBaseOutlivesReopening) {
  Shop shop(under_test());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, OfOneHash(5, 300)), absl::OkStatus());
  SetBase(shop);
  ASSERT_EQ(index().AddKeyEntries(shop.fence(), {{kListingKeys, {5, 301}}}), absl::OkStatus());
  shop.Stock({{"K1", "S1"}});
  shop.Pull({{"X1"}});
  const std::string before = StoreText(storage());
  if (!under_test().Reopen()) GTEST_SKIP() << "this store does not outlive its object";
  EXPECT_EQ(StoreText(storage()), before);
  ExpectEntries(Find(shop, kListingKeys, {{5, 0}}, 1000), OfOneHash(5, 301));
}

// ---------------------------------------------------------------------------------------------------------------------
// The key index
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(LinkIndexConformance, KeyEntriesAreFoundByTheirHashes) {
  Shop shop(under_test());
  const uint64_t middle = uint64_t{1} << 63;
  const std::vector<KeyEntry> entries = {{0, 1},
                                         {0, 9},
                                         {1, 4},
                                         {middle - 1, 2},
                                         {middle, 3},
                                         {middle + 1, 7},
                                         {kHighestHash, 1},
                                         {kHighestHash, kHighestId}};
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, entries), absl::OkStatus());
  ExpectEntries(Find(shop, kListingKeys, {{0, 0}}), {{0, 1}, {0, 9}});
  ExpectEntries(Find(shop, kListingKeys, {{2, 0}}), {});
  ExpectEntries(Find(shop, kListingKeys, {{middle, 0}}), {{middle, 3}});
  ExpectEntries(Find(shop, kListingKeys, {{kHighestHash, 0}}), {{kHighestHash, 1}, {kHighestHash, kHighestId}});
  // In the order of the lookups, also where one is there twice.
  ExpectEntries(Find(shop, kListingKeys, {{middle + 1, 0}, {2, 0}, {0, 1}, {0, 0}, {0, 9}}),
                {{middle + 1, 7}, {0, 9}, {0, 1}, {0, 9}});
  ExpectEntries(Find(shop, kListingKeys, {{0, 0}, {kHighestHash, 0}}, 1), {{0, 1}, {kHighestHash, 1}});
  EXPECT_THAT(Find(shop, kListingKeys, {}), IsEmpty());
}

TEST_P(LinkIndexConformance, KeyColumnsAreApart) {
  Shop shop(under_test());
  const std::vector<KeyColumn> columns = {
      {LinkSide::kListing, 0}, {LinkSide::kListing, 1}, {LinkSide::kChannel, 0}, {LinkSide::kChannel, 2000000000}};
  for (size_t i = 0; i < columns.size(); ++i) {
    const KeyEntry entry = {5, static_cast<int64_t>(i) + 1};
    ASSERT_EQ(index().WriteKeyEntries(shop.fence(), columns[i], {entry}), absl::OkStatus());
  }
  SetBase(shop);
  for (size_t i = 0; i < columns.size(); ++i) {
    const KeyAddition addition = {columns[i], {5, static_cast<int64_t>(i) + 11}};
    ASSERT_EQ(index().AddKeyEntries(shop.fence(), {addition}), absl::OkStatus());
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    const int64_t id = static_cast<int64_t>(i) + 1;
    ExpectEntries(Find(shop, columns[i], {{5, 0}}), {{5, id}, {5, id + 10}});
  }
  EXPECT_THAT(Find(shop, {LinkSide::kListing, 2}, {{5, 0}}), IsEmpty());
}

TEST_P(LinkIndexConformance, EntriesOfOneHashAreReadInPages) {
  Shop shop(under_test());
  std::vector<KeyEntry> entries = {{4, 1}};
  for (const KeyEntry& entry : OfOneHash(5, 2000)) entries.push_back(entry);
  entries.push_back({6, 1});
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, entries), absl::OkStatus());
  for (const int64_t limit : {1, 7, 250, 251, 1999, 2000, 2001}) {
    std::vector<KeyEntry> found;
    KeyLookup lookup = {5, limit == 1 ? 1900 : 0};
    const size_t expected = limit == 1 ? 100 : 2000;
    for (int pages = 0; pages < 300; ++pages) {
      const std::vector<KeyEntry> page = Find(shop, kListingKeys, {lookup}, limit);
      if (page.empty()) break;
      EXPECT_LE(page.size(), static_cast<size_t>(limit));
      found.insert(found.end(), page.begin(), page.end());
      lookup.after_id = page.back().id;
    }
    ASSERT_EQ(found.size(), expected) << limit;
    EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
    EXPECT_EQ(found.back(), (KeyEntry{5, 2000}));
  }
}

TEST_P(LinkIndexConformance, WritingKeyEntriesTwiceIsOnce) {
  Shop shop(under_test());
  const std::vector<KeyEntry> first = OfOneHash(5, 600);
  const std::vector<KeyEntry> second = OfOneHash(6, 300);
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, first), absl::OkStatus());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, first), absl::OkStatus());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, second), absl::OkStatus());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, first), absl::OkStatus());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, {{6, 300}, {6, 300}, {6, 301}, {6, 301}}),
            absl::OkStatus());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, {}), absl::OkStatus());
  EXPECT_EQ(Value(index().ReadLinkBase(shop.channel_id())).entries, 901);
  ExpectEntries(Find(shop, kListingKeys, {{5, 0}}, 1000), first);
  ExpectEntries(Find(shop, kListingKeys, {{6, 0}}, 1000), OfOneHash(6, 301));
}

TEST_P(LinkIndexConformance, KeyEntriesThatCannotBeWrittenAreRefused) {
  Shop shop(under_test());
  const std::string before = StoreText(storage());
  std::vector<KeyEntry> entries = OfOneHash(5, LinkIndex::kMaxKeyEntries + 1);
  EXPECT_EQ(Code(index().WriteKeyEntries(shop.fence(), kListingKeys, entries)), kInvalidArgument);
  EXPECT_EQ(Code(index().WriteKeyEntries(shop.fence(), kListingKeys, {{5, 2}, {5, 1}})), kInvalidArgument);
  EXPECT_EQ(Code(index().WriteKeyEntries(shop.fence(), kListingKeys, {{5, 2}, {4, 3}})), kInvalidArgument);
  EXPECT_EQ(StoreText(storage()), before);
  entries.pop_back();
  EXPECT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, entries), absl::OkStatus());
  EXPECT_EQ(Value(index().ReadLinkBase(shop.channel_id())).entries, LinkIndex::kMaxKeyEntries);
  ExpectEntries(Find(shop, kListingKeys, {{5, LinkIndex::kMaxKeyEntries - 1}}), {{5, LinkIndex::kMaxKeyEntries}});
}

TEST_P(LinkIndexConformance, BaseThatIsSetTakesNoMoreKeyEntriesInBulk) {
  Shop shop(under_test());
  SetBase(shop);
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(index().WriteKeyEntries(shop.fence(), kListingKeys, {{5, 1}})), kFailedPrecondition);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(LinkIndexConformance, WorkerWithoutTheSlotWritesNoKeyEntries) {
  Shop shop(under_test());
  const Fence earlier = shop.fence();
  shop.ChangeJob();
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(index().WriteKeyEntries(earlier, kListingKeys, {{5, 1}})), kFailedPrecondition);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(LinkIndexConformance, LookupsHaveALimit) {
  Shop shop(under_test());
  const int64_t id = shop.channel_id();
  std::vector<KeyLookup> lookups(static_cast<size_t>(kMax), KeyLookup{1, 0});
  EXPECT_EQ(Code(index().FindKeyEntries(id, kListingKeys, lookups, 1)), kOk);
  EXPECT_EQ(Code(index().FindKeyEntries(id, kListingKeys, lookups, 2)), kInvalidArgument);
  lookups.push_back({1, 0});
  EXPECT_EQ(Code(index().FindKeyEntries(id, kListingKeys, lookups, 1)), kInvalidArgument);
  lookups.resize(2);
  EXPECT_EQ(Code(index().FindKeyEntries(id, kListingKeys, lookups, kMax / 2)), kOk);
  EXPECT_EQ(Code(index().FindKeyEntries(id, kListingKeys, lookups, kMax / 2 + 1)), kInvalidArgument);
  EXPECT_EQ(Code(index().FindKeyEntries(id, kListingKeys, lookups, 0)), kInvalidArgument);
  EXPECT_EQ(Code(index().FindKeyEntries(id, kListingKeys, {}, kMax + 1)), kInvalidArgument);
}

TEST_P(LinkIndexConformance, AddedKeyEntriesAreFoundAmongTheOthers) {
  Shop shop(under_test());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, {{5, 2}, {5, 4}, {5, 6}}), absl::OkStatus());
  SetBase(shop);
  const std::vector<KeyAddition> additions = {{kListingKeys, {5, 5}}, {kListingKeys, {5, 1}},
                                              {kListingKeys, {5, 4}}, {kListingKeys, {kHighestHash, 1}},
                                              {kListingKeys, {5, 5}}, {kChannelKeys, {5, 4}}};
  for (int time = 1; time <= 2; ++time) {
    ASSERT_EQ(index().AddKeyEntries(shop.fence(), additions), absl::OkStatus());
    // Whether {5, 4}, which was there before, counts is left open.
    EXPECT_THAT(Value(index().ReadLinkBase(shop.channel_id())).added, testing::AnyOf(4, 5)) << time;
  }
  EXPECT_EQ(Value(index().ReadLinkBase(shop.channel_id())).entries, 3);
  ExpectEntries(Find(shop, kListingKeys, {{5, 0}}), {{5, 1}, {5, 2}, {5, 4}, {5, 5}, {5, 6}});
  ExpectEntries(Find(shop, kListingKeys, {{5, 0}}, 3), {{5, 1}, {5, 2}, {5, 4}});
  ExpectEntries(Find(shop, kListingKeys, {{5, 4}}, 3), {{5, 5}, {5, 6}});
  ExpectEntries(Find(shop, kListingKeys, {{kHighestHash, 0}, {5, 5}}), {{kHighestHash, 1}, {5, 6}});
  ExpectEntries(Find(shop, kChannelKeys, {{5, 0}}), {{5, 4}});
}

TEST_P(LinkIndexConformance, KeyEntriesAreAddedOnlyToABaseThatIsSet) {
  Shop shop(under_test());
  ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, {{5, 2}}), absl::OkStatus());
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(index().AddKeyEntries(shop.fence(), {{kListingKeys, {5, 3}}})), kFailedPrecondition);
  EXPECT_EQ(StoreText(storage()), before);
  SetBase(shop);
  std::vector<KeyAddition> additions(static_cast<size_t>(kMax) + 1, KeyAddition{kListingKeys, {5, 3}});
  EXPECT_EQ(Code(index().AddKeyEntries(shop.fence(), additions)), kInvalidArgument);
  additions.pop_back();
  EXPECT_EQ(index().AddKeyEntries(shop.fence(), additions), absl::OkStatus());
  EXPECT_EQ(Value(index().ReadLinkBase(shop.channel_id())).added, 1);
}

TEST_P(LinkIndexConformance, FindingAgreesWithASortedList) {
  Shop shop(under_test());
  std::mt19937_64 random(7);
  // Few hashes far apart, so that entries of one go over the edges of what is stored together.
  const auto entry = [&] {
    return KeyEntry{(random() % 40) * 0x0654321fedcba987u, static_cast<int64_t>(random() % 400) + 1};
  };
  std::vector<KeyEntry> all;
  for (int i = 0; i < 6000; ++i) all.push_back(entry());
  std::sort(all.begin(), all.end());
  for (size_t begin = 0; begin < all.size(); begin += 1500) {
    const absl::Span<const KeyEntry> part = absl::MakeConstSpan(all).subspan(begin, 1500);
    ASSERT_EQ(index().WriteKeyEntries(shop.fence(), kListingKeys, part), absl::OkStatus());
  }
  SetBase(shop);
  std::vector<KeyAddition> additions;
  for (int i = 0; i < 500; ++i) additions.push_back({kListingKeys, entry()});
  ASSERT_EQ(index().AddKeyEntries(shop.fence(), additions), absl::OkStatus());
  for (const KeyAddition& addition : additions) all.push_back(addition.entry);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  const LinkBase base = Value(index().ReadLinkBase(shop.channel_id()));
  EXPECT_GE(base.entries + base.added, static_cast<int64_t>(all.size()));
  EXPECT_LE(base.added, static_cast<int64_t>(additions.size()));

  std::vector<KeyLookup> lookups;
  std::vector<KeyEntry> expected;
  const int64_t limit = 20;
  for (int i = 0; i < 500; ++i) {
    const KeyEntry near = entry();
    lookups.push_back({near.hash + (i % 5 == 0 ? 1 : 0), i % 3 == 0 ? 0 : near.id});
    const KeyLookup& lookup = lookups.back();
    auto at = std::upper_bound(all.begin(), all.end(), KeyEntry{lookup.hash, lookup.after_id});
    for (int64_t n = 0; n < limit && at != all.end() && at->hash == lookup.hash; ++n) expected.push_back(*at++);
  }
  ExpectEntries(Find(shop, kListingKeys, lookups, limit), expected);
}

// ---------------------------------------------------------------------------------------------------------------------
// What is recorded
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(LinkIndexConformance, WithoutABaseOnlyHandEditsAreRecorded) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  shop.Pull({{"X1", 100, 10}});
  shop.ReleaseBroken(At(5));
  EXPECT_EQ(CountChanges(shop), 0);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X1 live"));
  DropBase(shop);
  SetBase(shop);
  EXPECT_EQ(CountChanges(shop), 0) << "what was before is in the base";
}

TEST_P(LinkIndexConformance, BuildsRecordWhatTheyMakeAndChange) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1", 1, 1, "P", {{"upc", "1"}}},
              {"K2", "S2", 1, 1, "P", {{"upc", "2"}}},
              {"K3", "S3", 1, 1, "P", {{"upc", "3"}}},
              {"K4", "S4", 1, 1, "P", {{"upc", "4"}}}});
  SetBase(shop);
  shop.Stock({{"K1", "S1", 5, 5, "Q", {{"upc", "1"}}},
              {"K2", "S2", 1, 1, "P", {{"upc", "22"}}},
              {"K3", "S3", 7, 7, "P", {{"upc", "3"}}},  // Only price and quantity.
              {"K5", "S5", 1, 1, "P", {{"upc", "5"}}}});
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live parent=P upc=1", "S2 live parent=P upc=2", "S5 new"));
  EXPECT_THAT(ItemChanges(shop), IsEmpty());
}

TEST_P(LinkIndexConformance, PullsRecordWhatLinkingReads) {
  Shop shop(under_test());
  const auto item = [](const std::string& id, const std::string& parent, const std::string& upc,
                       ChannelStatus status = ChannelStatus::kListed, int64_t price = 1) {
    return PulledItem{id, price, 1, status, parent, {{"upc", upc}}};
  };
  const ChannelStatus dead = ChannelStatus::kDead;
  shop.Pull({item("X1", "P", "1"), item("X2", "P", "2"), item("X3", "P", "3"), item("X4", "P", "4", dead),
             item("X5", "P", "5"), item("X6", "P", "6", dead), item("X7", "P", "7")});
  shop.Pull({item("X1", "P", "1"), item("X2", "P", "2"), item("X3", "P", "3"), item("X4", "P", "4", dead),
             item("X5", "P", "5"), item("X6", "P", "6", dead)});  // X7 is gone.
  SetBase(shop);
  shop.Pull({item("X1", "Q", "1"), item("X2", "P", "22"), item("X3", "P", "3", dead), item("X4", "P", "4"),
             item("X5", "P", "5", ChannelStatus::kHidden, 9), item("X7", "P", "7"), item("X8", "P", "8")});
  EXPECT_THAT(ItemChanges(shop),
              ElementsAre("X1 live parent=P upc=1", "X2 live parent=P upc=2", "X3 live parent=P upc=3",
                          "X4 dead parent=P upc=4", "X7 dead parent=P upc=7", "X8 new"))
      << "X5 only has another price, X6 was dead before it was gone";
  EXPECT_THAT(ListingChanges(shop), IsEmpty());
}

TEST_P(LinkIndexConformance, SweepsRecordWhatTheyTakeForGone) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  shop.Pull({{"X1", 1, 1}, {"X2", 1, 1}, {"X3", 1, 1}});
  shop.Link("S1", "X1");
  SetBase(shop);
  shop.Pull({{"X3", 1, 1}});
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X1 live", "X2 live"));
}

TEST_P(LinkIndexConformance, MakingALinkRecordsBothSides) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1", 1, 1, "P", {{"upc", "1"}}}, {"K2", "S2"}, {"K3", "S3"}});
  shop.Pull({{"X1", 1, 1, ChannelStatus::kListed, "Q", {{"upc", "9"}}}, {"X2"}, {"X3"}});
  SetBase(shop);
  shop.Link("S1", "X1");
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live parent=P upc=1"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X1 live parent=Q upc=9"));
  ASSERT_EQ(shop.Edit("S2", LinkTo("X2")), absl::OkStatus());
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live parent=P upc=1", "S2 live"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X1 live parent=Q upc=9", "X2 live"));
}

TEST_P(LinkIndexConformance, ALinkWhoseWriterJudgedWhomItAffectsIsNotRecorded) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  shop.Pull({{"X1"}});
  SetBase(shop);
  LinkWrite write = NewLink(shop.ListingId("S1"), shop.ItemId("X1"));
  write.record_change = false;
  Value(storage().WriteLinks(shop.fence(), 0, {write}, At(5)));
  EXPECT_EQ(shop.Listing("S1").external_id, "X1");
  EXPECT_THAT(ListingChanges(shop), IsEmpty());
  EXPECT_THAT(ItemChanges(shop), IsEmpty());
}

TEST_P(LinkIndexConformance, DissolvingALinkRecordsBothSides) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  SetBase(shop);
  ASSERT_EQ(shop.Edit("S2", Only(Kind::kUnlink)), absl::OkStatus());
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S2 live"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X2 live"));
}

TEST_P(LinkIndexConformance, DissolvingALinkRecordsHowItsItemWasBefore) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  SettlementBatch archived;
  archived.rows = {Applied(shop.LinkRow("S1"), {100, 10, ChannelStatus::kDead})};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), archived, At(4)).status(), absl::OkStatus());
  SetBase(shop);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  EXPECT_FALSE(shop.IsLiveItem("X1")) << "what the link acknowledged is taken for what the channel has";
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X1 live"));
}

TEST_P(LinkIndexConformance, BreakingAndHealingALinkRecordBothSides) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  SetBase(shop);
  shop.Pull({{"X1", 100, 10}});
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S2 live"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X2 live"));
  ForgetAll(shop);
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}});
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S2 live"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X2 dead"));
}

TEST_P(LinkIndexConformance, HealingByAnItemThatIsArchivedRecordsBothSides) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Pull({});
  SetBase(shop);
  shop.Pull({{"X1", 100, 10, ChannelStatus::kDead}});
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X1 dead")) << "it is no more live than before, but the link is whole";
}

TEST_P(LinkIndexConformance, ItemThatAPushFindsMissingIsRecorded) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  SetBase(shop);
  SettlementBatch batch;
  batch.rows = {Applied(shop.LinkRow("S2"), {})};
  batch.rows[0].gone = true;
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(4)).status(), absl::OkStatus());
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S2 live"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X2 live"));
}

TEST_P(LinkIndexConformance, ReleasingALinkRecordsBothSides) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  shop.Pull({{"X1", 100, 10}});
  SetBase(shop);
  EXPECT_EQ(shop.ReleaseBroken(At(5)), 1);
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S2 live"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X2 dead"));
}

TEST_P(LinkIndexConformance, ClearingHandUnlinksIsRecorded) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  DropBase(shop);
  SetBase(shop);
  ASSERT_EQ(shop.Edit("S2", Only(Kind::kClearUnlink)), absl::OkStatus());
  EXPECT_THAT(ListingChanges(shop), IsEmpty()) << "there was nothing to clear";
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kClearUnlink)), absl::OkStatus());
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live"));
  EXPECT_THAT(ItemChanges(shop), IsEmpty());
}

TEST_P(LinkIndexConformance, StatusesAreRecordedWhereTheyChangeWhoIsLive) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  SetHealth(shop, "S2", Health::kDelisted);
  SetBase(shop);
  SetHealth(shop, "S3", Health::kHidden);
  EXPECT_THAT(ListingChanges(shop), IsEmpty());
  SetHealth(shop, "S1", Health::kDelisted);
  SetHealth(shop, "S2", Health::kListed);
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live", "S2 dead"));
  EXPECT_THAT(ItemChanges(shop), IsEmpty());
}

TEST_P(LinkIndexConformance, DelistingThatTheChannelAcknowledgesIsRecorded) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const ListingStatus listed = shop.Listing("S1").status;
  const ListingStatus delisting = {listed.base, PendingChange::kDelisting, false};
  ASSERT_EQ(Value(storage().WriteStatuses(shop.fence(), {{shop.ListingId("S1"), listed, delisting}}, At(3))), 1);
  SetBase(shop);
  SettlementBatch batch;
  batch.rows = {Applied(shop.LinkRow("S1"), {100, 10, ChannelStatus::kHidden}),
                Applied(shop.LinkRow("S2"), {100, 10, ChannelStatus::kListed})};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(4)).status(), absl::OkStatus());
  ASSERT_EQ(shop.Listing("S1").status.base, Health::kDelisted);
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live"));
}

TEST_P(LinkIndexConformance, WhatLinkingDoesNotReadIsNotRecorded) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  shop.Stock({{"K3", "S3"}});
  SetBase(shop);
  shop.WriteProducts({{"K1", "S1", 999, 1, "another parent", {{"upc", "1"}}}}, At(5));
  EXPECT_EQ(shop.Build({"S2"}), (std::vector<BuildOutcome>{BuildOutcome::kUnchanged}));
  shop.Pull({{"X1", 55, 5}, {"X2", 100, 10, ChannelStatus::kHidden}}, At(6));
  for (const ListingEdit& edit : {Priority(7), Only(Kind::kPause), Only(Kind::kResume), Only(Kind::kClearUnlink)}) {
    ASSERT_EQ(shop.Edit("S1", edit), absl::OkStatus());
  }
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus()) << "it is";
  LinkWrite reason;
  reason.listing_id = shop.ListingId("S3");
  reason.rule = 1;
  reason.reason = LinkReason::kNoMatch;
  Value(storage().WriteLinks(shop.fence(), 0, {reason, NewLink(shop.ListingId("S2"), shop.ItemId("X2"))}, At(7)));
  ASSERT_EQ(storage().ForceLinks(shop.fence(), {PairOf(shop.LinkRow("S1"))}, At(8)), absl::OkStatus());
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(1, {shop.LinkRow("S1")}))), kNothingLeftOut);
  shop.Clean("S1");
  EXPECT_THAT(ListingChanges(shop), IsEmpty());
  EXPECT_THAT(ItemChanges(shop), IsEmpty());
  EXPECT_EQ(CountChanges(shop), 0);
}

TEST_P(LinkIndexConformance, OperationsThatFailRecordNothing) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  shop.Stock({{"K3", "S3"}});
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}, {"X3"}});
  SetBase(shop);
  const std::vector<LinkWrite> taken = {NewLink(shop.ListingId("S3"), shop.ItemId("X3")),
                                        NewLink(shop.ListingId("S3"), shop.ItemId("X1"))};
  EXPECT_EQ(Code(storage().WriteLinks(shop.fence(), 0, taken, At(5))), kFailedPrecondition);
  EXPECT_EQ(Code(shop.Edit("S3", LinkTo("X1"))), kFailedPrecondition);
  EXPECT_EQ(Code(shop.Edit("S3", Only(Kind::kUnlink))), kFailedPrecondition);
  EXPECT_EQ(CountChanges(shop), 0);
}

TEST_P(LinkIndexConformance, FirstChangeCountsUntilItIsForgotten) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1", 1, 1, "P", {{"upc", "1"}}}});
  shop.Pull({{"X1", 1, 1, ChannelStatus::kListed, "P", {{"upc", "1"}}}});
  SetBase(shop);
  for (const char* upc : {"2", "3"}) {
    shop.Stock({{"K1", "S1", 1, 1, "P", {{"upc", upc}}}});
    shop.Pull({{"X1", 1, 1, ChannelStatus::kListed, "P", {{"upc", upc}}}});
  }
  shop.Link("S1", "X1");
  shop.Pull({});
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live parent=P upc=1"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X1 live parent=P upc=1"));
  EXPECT_EQ(CountChanges(shop), 2);
  ForgetAll(shop);
  EXPECT_EQ(CountChanges(shop), 0);
  shop.Stock({{"K1", "S1", 1, 1, "P", {{"upc", "4"}}}});
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live parent=P upc=3"));
  EXPECT_THAT(ItemChanges(shop), IsEmpty());
}

TEST_P(LinkIndexConformance, NewRowThatChangesAgainIsStillNew) {
  Shop shop(under_test());
  SetBase(shop);
  for (const char* upc : {"1", "2"}) {
    shop.Stock({{"K1", "S1", 1, 1, "P", {{"upc", upc}}}});
    shop.Pull({{"X1", 1, 1, ChannelStatus::kListed, "P", {{"upc", upc}}}});
  }
  shop.Link("S1", "X1");
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 new"));
  EXPECT_THAT(ItemChanges(shop), ElementsAre("X1 new"));
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading and forgetting changes
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(LinkIndexConformance, LinkChangesComeInColumns) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1", 1, 1, "P", {{"upc", "1"}, {"sku", "not this"}, {"id", "7"}}}});
  shop.Pull({{"X1", 1, 1, ChannelStatus::kListed, "Q", {{"id", "not this"}, {"sku", "s"}}}});
  SetBase(shop);
  shop.Stock({{"K1", "S1"}, {"K2", "S2", 1, 1, "P", {{"upc", "2"}}}});
  shop.Pull({{"X2", 1, 1, ChannelStatus::kListed, "Q", {{"sku", "s"}}}});
  const std::vector<std::string> fields = {"parent", "sku", "upc", "id", "nobody has this"};
  const auto row = [&](const LinkChangePage& page, int64_t i) {
    std::vector<std::string> values;
    for (const StringColumn& column : page.columns) values.emplace_back(column[i]);
    return values;
  };
  const LinkChangePage listings = Value(index().ReadLinkChanges(shop.channel_id(), LinkSide::kListing, fields, 0, 10));
  EXPECT_THAT(listings.id, ElementsAre(shop.ListingId("S1"), shop.ListingId("S2")));
  EXPECT_THAT(listings.known, ElementsAre(1, 0));
  EXPECT_THAT(listings.live, ElementsAre(1, 0));
  ASSERT_EQ(listings.columns.size(), fields.size());
  EXPECT_THAT(row(listings, 0), ElementsAre("P", "S1", "1", "7", ""));
  EXPECT_THAT(row(listings, 1), ElementsAre("", "", "", "", ""));
  EXPECT_THAT(ToStrings(listings.parent), ElementsAre("P", ""));
  const LinkChangePage items = Value(index().ReadLinkChanges(shop.channel_id(), LinkSide::kChannel, fields, 0, 10));
  EXPECT_THAT(items.id, ElementsAre(shop.ItemId("X1"), shop.ItemId("X2")));
  EXPECT_THAT(items.known, ElementsAre(1, 0));
  EXPECT_THAT(items.live, ElementsAre(1, 0));
  ASSERT_EQ(items.columns.size(), fields.size());
  EXPECT_THAT(row(items, 0), ElementsAre("Q", "s", "", "X1", ""));
  EXPECT_THAT(row(items, 1), ElementsAre("", "", "", "", ""));
  EXPECT_THAT(ToStrings(items.parent), ElementsAre("Q", ""));
}

TEST_P(LinkIndexConformance, LinkChangesAreReadInPages) {
  Shop shop(under_test());
  SetBase(shop);
  shop.Stock({{"K1", "S1"}, {"K2", "S2"}, {"K3", "S3"}});
  shop.Pull({{"X1"}, {"X2"}});
  const int64_t id = shop.channel_id();
  const LinkChangePage first = Value(index().ReadLinkChanges(id, LinkSide::kListing, {}, 0, 2));
  EXPECT_THAT(first.id, ElementsAre(shop.ListingId("S1"), shop.ListingId("S2")));
  const LinkChangePage second = Value(index().ReadLinkChanges(id, LinkSide::kListing, {}, first.id.back(), 2));
  EXPECT_THAT(second.id, ElementsAre(shop.ListingId("S3")));
  EXPECT_EQ(Value(index().ReadLinkChanges(id, LinkSide::kListing, {}, second.id.back(), 2)).size(), 0);
  for (const int64_t limit : {int64_t{0}, int64_t{-1}, kMax + 1}) {
    EXPECT_EQ(Code(index().ReadLinkChanges(id, LinkSide::kListing, {}, 0, limit)), kInvalidArgument);
    EXPECT_EQ(Code(index().ForgetLinkChanges(shop.fence(), 0, limit)), kInvalidArgument);
    EXPECT_EQ(Code(index().DropLinkBase(shop.fence(), limit)), kInvalidArgument);
  }
}

TEST_P(LinkIndexConformance, LinkChangesAreForgottenInSteps) {
  Shop shop(under_test());
  SetBase(shop);
  shop.Stock({{"K1", "S1"}, {"K2", "S2"}, {"K3", "S3"}});
  shop.Pull({{"X1"}, {"X2"}});
  EXPECT_TRUE(Value(index().ForgetLinkChanges(shop.fence(), 0, 2)));
  EXPECT_EQ(CountChanges(shop), 3);
  EXPECT_TRUE(Value(index().ForgetLinkChanges(shop.fence(), 0, 2)));
  EXPECT_EQ(CountChanges(shop), 1);
  EXPECT_FALSE(Value(index().ForgetLinkChanges(shop.fence(), 0, 2)));
  EXPECT_EQ(CountChanges(shop), 0);
  EXPECT_THAT(ListingChanges(shop), IsEmpty());
  EXPECT_THAT(ItemChanges(shop), IsEmpty());
  EXPECT_EQ(Value(index().ReadLinkBase(shop.channel_id())).text, "rules");
}

TEST_P(LinkIndexConformance, LinkChangesThatAHandEditTouchedAfterTheyWereReadAreNotForgotten) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  shop.Stock({{"K2", "S2"}});
  SetBase(shop);
  shop.Stock({{"K3", "S3"}});
  const int64_t read = shop.channel().edit_version;
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  EXPECT_EQ(CountChanges(shop), 3);
  EXPECT_FALSE(Value(index().ForgetLinkChanges(shop.fence(), read, 10)));
  EXPECT_EQ(CountChanges(shop), 2);
  EXPECT_THAT(ListingChanges(shop), ElementsAre("S1 live"));
  EXPECT_TRUE(Value(index().ForgetLinkChanges(shop.fence(), read + 1, 1)));
  EXPECT_FALSE(Value(index().ForgetLinkChanges(shop.fence(), read + 1, 1)));
  EXPECT_EQ(CountChanges(shop), 0);
}

}  // namespace flxlink
