// Conformance: keys for linking, links, hand edits, history.

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

constexpr int64_t kMax = Storage::kMaxRows;

using Kind = ListingEdit::Kind;

std::vector<std::string> ToStrings(const StringColumn& column) {
  std::vector<std::string> strings;
  for (int64_t i = 0; i < column.size(); ++i) strings.emplace_back(column[i]);
  return strings;
}

LinkWrite Unlinked(int64_t listing_id, int32_t rule, LinkReason reason) {
  LinkWrite row;
  row.listing_id = listing_id;
  row.rule = rule;
  row.reason = reason;
  return row;
}

std::vector<LinkEvent::Kind> Kinds(const std::vector<LinkEvent>& events) {
  std::vector<LinkEvent::Kind> kinds;
  for (const LinkEvent& event : events) kinds.push_back(event.kind);
  return kinds;
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------------------
// Keys
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, ListingKeysComeInColumns) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  shop.Stock({{"K3", "S3", 1, 1, "P", {{"upc", "123"}, {"sku", "not this"}}}, {"K4", "S4", 1, 1, "P"}});
  shop.Pull({{"X1", 100, 10}});  // Breaks S2.
  const Fence& fence = shop.fence();
  Value(storage().WriteLinks(fence, 0, {Unlinked(shop.ListingId("S3"), 2, LinkReason::kNoMatch)}, At(3)));
  const StatusWrite delist = {shop.ListingId("S4"), {}, {Health::kDelisted, PendingChange::kNone, false}};
  Value(storage().WriteStatuses(fence, {delist}, At(3)));

  const std::vector<std::string> fields = {"upc", "sku", "parent", "nobody has this"};
  const ListingKeyPage page = Value(storage().ReadListingKeys(shop.channel_id(), fields, 0, 10));
  ASSERT_EQ(page.size(), 4);
  ASSERT_EQ(page.columns.size(), 4u);
  EXPECT_EQ(ToStrings(page.columns[0]), (std::vector<std::string>{"", "", "123", ""}));
  EXPECT_EQ(ToStrings(page.columns[1]), (std::vector<std::string>{"S1", "S2", "S3", "S4"}));
  EXPECT_EQ(ToStrings(page.columns[2]), (std::vector<std::string>{"", "", "P", "P"}));
  EXPECT_EQ(ToStrings(page.columns[3]), (std::vector<std::string>{"", "", "", ""}));
  EXPECT_EQ(ToStrings(page.parent), (std::vector<std::string>{"", "", "P", "P"}));
  EXPECT_EQ(page.live, (std::vector<uint8_t>{1, 1, 1, 0}));
  EXPECT_EQ(page.linked_to, (std::vector<int64_t>{shop.ItemId("X1"), shop.ItemId("X2"), 0, 0}));
  EXPECT_EQ(page.broken, (std::vector<uint8_t>{0, 1, 0, 0}));
  ASSERT_EQ(page.reason.size(), 4u);
  EXPECT_EQ(page.reason[2], LinkReason::kNoMatch);
  EXPECT_EQ(page.reason[3], LinkReason::kNone);
  ASSERT_EQ(page.rule.size(), 4u);
  EXPECT_EQ(page.rule[2], 2);
  EXPECT_EQ(page.rule[3], 0);
}

TEST_P(StorageConformance, ChannelKeysComeInColumns) {
  Shop shop(under_test());
  shop.Pull({{"X1"}, {"X2"}});
  shop.Pull({{"X2", 1, 1, ChannelStatus::kDead, "P", {{"barcode", "9"}, {"id", "not this"}}},
             {"X3", 1, 1, ChannelStatus::kHidden, "", {{"sku", "s"}}},
             {"X4", 1, 1, ChannelStatus::kUnknown}});
  const std::vector<std::string> fields = {"id", "parent", "barcode", "sku", "nobody has this"};
  const ChannelKeyPage page = Value(storage().ReadChannelKeys(shop.channel_id(), fields, 0, 10));
  ASSERT_EQ(page.size(), 4);
  ASSERT_EQ(page.columns.size(), 5u);
  EXPECT_EQ(ToStrings(page.external_id), (std::vector<std::string>{"X1", "X2", "X3", "X4"}));
  EXPECT_EQ(ToStrings(page.columns[0]), ToStrings(page.external_id));
  EXPECT_EQ(ToStrings(page.columns[1]), (std::vector<std::string>{"", "P", "", ""}));
  EXPECT_EQ(ToStrings(page.columns[2]), (std::vector<std::string>{"", "9", "", ""}));
  EXPECT_EQ(ToStrings(page.columns[3]), (std::vector<std::string>{"", "", "s", ""}));
  EXPECT_EQ(ToStrings(page.columns[4]), (std::vector<std::string>{"", "", "", ""}));
  EXPECT_EQ(ToStrings(page.parent), ToStrings(page.columns[1]));
  EXPECT_EQ(page.live, (std::vector<uint8_t>{0, 0, 1, 1}));
}

TEST_P(StorageConformance, KeysAreReadInPagesOfAnySize) {
  Shop shop(under_test());
  shop.StockAndLink(5);
  for (const int64_t limit : {1, 2, 5, 100}) {
    std::vector<std::string> skus;
    int64_t after = 0;
    for (int pages = 0; pages < kManyPages; ++pages) {
      const ListingKeyPage page = Value(storage().ReadListingKeys(shop.channel_id(), {"sku"}, after, limit));
      if (page.size() == 0) break;
      EXPECT_LE(page.size(), limit);
      after = page.listing_id.back();
      for (const std::string& sku : ToStrings(page.columns[0])) skus.push_back(sku);
    }
    EXPECT_EQ(skus, (std::vector<std::string>{"S1", "S2", "S3", "S4", "S5"})) << limit;
    std::vector<std::string> ids;
    after = 0;
    for (int pages = 0; pages < kManyPages; ++pages) {
      const ChannelKeyPage page = Value(storage().ReadChannelKeys(shop.channel_id(), {}, after, limit));
      if (page.size() == 0) break;
      EXPECT_LE(page.size(), limit);
      after = page.channel_variant_id.back();
      for (const std::string& id : ToStrings(page.external_id)) ids.push_back(id);
    }
    EXPECT_EQ(ids, (std::vector<std::string>{"X1", "X2", "X3", "X4", "X5"})) << limit;
  }
}

TEST_P(StorageConformance, KeyPagesHaveALimit) {
  Shop shop(under_test());
  const int64_t id = shop.channel_id();
  for (const int64_t limit : {int64_t{0}, int64_t{-1}, kMax + 1}) {
    EXPECT_EQ(Code(storage().ReadListingKeys(id, {"sku"}, 0, limit)), kInvalidArgument);
    EXPECT_EQ(Code(storage().ReadChannelKeys(id, {"sku"}, 0, limit)), kInvalidArgument);
    EXPECT_EQ(Code(storage().ReadHandUnlinks(id, {}, limit)), kInvalidArgument);
    EXPECT_EQ(Code(storage().ReadDoubtfulLinks(id, 0, limit)), kInvalidArgument);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Links by rule
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, NewLinkIsWrittenWithAllThatBelongsToIt) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1", 100, 10}});
  shop.Pull({{"X1", 90, 9, ChannelStatus::kHidden, "P"}}, At(4));
  LinkWrite row = NewLink(shop.ListingId("S1"), shop.ItemId("X1"));
  row.rule = 2;
  row.reason = LinkReason::kContradiction;
  EXPECT_TRUE(Value(storage().WriteLinks(shop.fence(), 0, {row}, At(5))).overtaken.empty());

  const ListingRow listing = shop.Listing("S1");
  EXPECT_EQ(listing.link_state, LinkState::kLinked);
  EXPECT_EQ(listing.external_id, "X1");
  EXPECT_EQ(listing.rule, 2);
  EXPECT_EQ(listing.reason, LinkReason::kContradiction);
  EXPECT_FALSE(listing.by_hand);
  EXPECT_EQ(listing.status, InitialStatus(ChannelStatus::kHidden));
  EXPECT_TRUE(listing.dirty);

  const SyncRow link = shop.LinkRow("S1");
  EXPECT_EQ(link.dirty_version, 1);
  EXPECT_EQ(link.acknowledged, (ItemValues{90, 9, ChannelStatus::kHidden})) << "what was seen is known to be there";
  EXPECT_EQ(link.guarded_at, absl::InfinitePast());
  EXPECT_TRUE(link.refused.empty());

  const std::vector<LinkEvent> history = shop.History("S1");
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].kind, LinkEvent::Kind::kLinked);
  EXPECT_EQ(history[0].external_id, "X1");
  EXPECT_EQ(history[0].rule, 2);
  EXPECT_EQ(history[0].job_id, shop.fence().job_id);
  EXPECT_EQ(history[0].at, At(5));
}

TEST_P(StorageConformance, WritingLinksTwiceIsOnce) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}, {"K2", "S2"}});
  shop.Pull({{"X1"}});
  const std::vector<LinkWrite> rows = {NewLink(shop.ListingId("S1"), shop.ItemId("X1")),
                                       Unlinked(shop.ListingId("S2"), 1, LinkReason::kNoMatch)};
  Value(storage().WriteLinks(shop.fence(), 0, rows, At(5)));
  const std::string once = StoreText(storage());
  Value(storage().WriteLinks(shop.fence(), 0, rows, At(6)));
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, ReasonsOfUnlinkedOnesAreWritten) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Stock({{"K2", "S2"}, {"K3", "S3"}});
  const ListingRow linked = shop.Listing("S1");
  const auto write = [&](int32_t rule, LinkReason reason) {
    const std::vector<LinkWrite> rows = {Unlinked(linked.listing_id, rule, reason),
                                         Unlinked(shop.ListingId("S2"), rule, reason),
                                         Unlinked(shop.ListingId("S3"), 1, LinkReason::kNoKey)};
    Value(storage().WriteLinks(shop.fence(), 0, rows, At(5)));
    EXPECT_EQ(shop.Listing("S2").rule, rule);
    EXPECT_EQ(shop.Listing("S2").reason, reason);
    EXPECT_EQ(shop.Listing("S3").rule, 1);
    EXPECT_EQ(shop.Listing("S3").reason, LinkReason::kNoKey);
  };
  write(1, LinkReason::kNoMatch);
  write(2, LinkReason::kNoMatch);      // Another rule.
  write(2, LinkReason::kTargetTaken);  // Another reason.
  write(2, LinkReason::kTargetTaken);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked) << "a linked one needs no reason";
  EXPECT_EQ(shop.Listing("S1").rule, linked.rule);
  EXPECT_EQ(shop.Listing("S1").reason, linked.reason);
  EXPECT_TRUE(shop.DirtySkus().empty());
}

TEST_P(StorageConformance, EveryReasonIsKept) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  for (const LinkReason reason :
       {LinkReason::kAmbiguousListing, LinkReason::kAmbiguousChannel, LinkReason::kContradiction,
        LinkReason::kTargetTaken, LinkReason::kUnlinkedByHand, LinkReason::kParentMismatch, LinkReason::kNoMatch,
        LinkReason::kNoKey, LinkReason::kNone}) {
    Value(storage().WriteLinks(shop.fence(), 0, {Unlinked(shop.ListingId("S1"), 1, reason)}, At(5)));
    EXPECT_EQ(shop.Listing("S1").reason, reason);
  }
}

TEST_P(StorageConformance, RowsThatAHandEditTouchedAfterTheyWereReadAreNotWritten) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  shop.Stock({{"K2", "S2"}, {"K3", "S3"}, {"K4", "S4"}});
  shop.Pull({{"X1", 100, 10}, {"X2"}, {"X3"}, {"X4"}});
  const int64_t read = shop.channel().edit_version;
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  ListingEdit link;
  link.kind = Kind::kLink;
  link.external_id = "X3";
  ASSERT_EQ(shop.Edit("S3", link), absl::OkStatus());
  LinkWrite reason;
  reason.listing_id = shop.ListingId("S1");
  reason.reason = LinkReason::kNoMatch;
  const std::vector<LinkWrite> rows = {NewLink(shop.ListingId("S2"), shop.ItemId("X1")), reason,
                                       NewLink(shop.ListingId("S3"), shop.ItemId("X2")),
                                       NewLink(shop.ListingId("S4"), shop.ItemId("X4"))};
  const LinkWriteResult written = Value(storage().WriteLinks(shop.fence(), read, rows, At(5)));
  EXPECT_EQ(written.overtaken, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(shop.Listing("S2").link_state, LinkState::kUnlinked);
  EXPECT_EQ(shop.Listing("S1").reason, LinkReason::kUnlinkedByHand);
  EXPECT_EQ(shop.Listing("S3").external_id, "X3");
  EXPECT_EQ(shop.Listing("S4").external_id, "X4");
  Value(storage().WriteLinks(shop.fence(), shop.channel().edit_version, {rows[0]}, At(6)));
  EXPECT_EQ(shop.Listing("S2").external_id, "X1");
}

TEST_P(StorageConformance, LinksStayOneToOne) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  shop.Stock({{"K3", "S3"}, {"K4", "S4"}});
  shop.Pull({{"X1", 100, 10}, {"X3"}, {"X4"}});  // Breaks S2.
  const auto listing = [&](const char* sku) { return shop.ListingId(sku); };
  const auto item = [&](const char* id) { return shop.ItemId(id); };
  const LinkWrite good = NewLink(listing("S4"), item("X4"));
  const std::vector<std::vector<LinkWrite>> wrong = {
      {good, NewLink(listing("S1"), item("X3"))}, {good, NewLink(listing("S3"), item("X1"))},
      {good, NewLink(listing("S3"), item("X2"))}, {good, NewLink(listing("S2"), item("X3"))},
      {good, NewLink(listing("S3"), item("X4"))}, {good, NewLink(listing("S4"), item("X3"))},
  };
  const std::string before = StoreText(storage());
  for (size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_EQ(Code(storage().WriteLinks(shop.fence(), 0, wrong[i], At(5))), kFailedPrecondition) << i;
    EXPECT_EQ(StoreText(storage()), before) << i;
  }
}

TEST_P(StorageConformance, LinksOfUnknownRowsAreNotFound) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}, {"K2", "S2"}});
  shop.Pull({{"X1"}});
  const std::string before = StoreText(storage());
  const LinkWrite good = NewLink(shop.ListingId("S2"), shop.ItemId("X1"));
  EXPECT_EQ(Code(storage().WriteLinks(shop.fence(), 0, {good, NewLink(shop.ListingId("S1"), 987654321)}, At(5))),
            kNotFound);
  EXPECT_EQ(Code(storage().WriteLinks(shop.fence(), 0, {good, NewLink(987654321, shop.ItemId("X1"))}, At(5))),
            kNotFound);
  EXPECT_EQ(Code(storage().WriteLinks(shop.fence(), 0, {good, Unlinked(987654321, 1, LinkReason::kNoKey)}, At(5))),
            kNotFound);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, MoreLinksThanAllowedAreRefused) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  const LinkWrite row = Unlinked(shop.ListingId("S1"), 1, LinkReason::kNoKey);
  std::vector<LinkWrite> rows(static_cast<size_t>(kMax), row);
  Value(storage().WriteLinks(shop.fence(), 0, rows, At(5)));
  EXPECT_EQ(shop.Listing("S1").reason, LinkReason::kNoKey);
  rows.push_back(row);
  EXPECT_EQ(Code(storage().WriteLinks(shop.fence(), 0, rows, At(5))), kInvalidArgument);
  EXPECT_TRUE(Value(storage().WriteLinks(shop.fence(), 0, {}, At(5))).overtaken.empty());
}

TEST_P(StorageConformance, LinkJobDoesNotUndoAPause) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  shop.Pull({{"X1"}});
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kPause)), absl::OkStatus());
  shop.Link("S1", "X1");
  EXPECT_TRUE(shop.Listing("S1").status.paused);
  EXPECT_EQ(shop.Listing("S1").status.base, Health::kListed);
  EXPECT_TRUE(shop.DirtySkus().empty());
}

TEST_P(StorageConformance, ReleasedLinksKeepTheirHistory) {
  Shop shop(under_test());
  shop.StockAndSync(4);
  shop.Pull({{"X4", 100, 10}});
  EXPECT_EQ(shop.ReleaseBroken(At(7)), 3);
  const std::string after = StoreText(storage());
  EXPECT_EQ(shop.ReleaseBroken(At(8)), 0);
  EXPECT_EQ(StoreText(storage()), after);

  const ListingRow row = shop.Listing("S1");
  EXPECT_EQ(row.link_state, LinkState::kUnlinked);
  EXPECT_EQ(row.external_id, "");
  EXPECT_EQ(row.rule, 0);
  EXPECT_EQ(row.reason, LinkReason::kNone);
  EXPECT_EQ(row.status, ListingStatus());
  EXPECT_TRUE(row.attentions.empty());
  EXPECT_FALSE(row.dirty);
  EXPECT_EQ(shop.Listing("S4").link_state, LinkState::kLinked);
  const LinkEvent last = shop.History("S1").back();
  EXPECT_EQ(last.kind, LinkEvent::Kind::kReleased);
  EXPECT_EQ(last.external_id, "X1");
  EXPECT_EQ(last.job_id, shop.fence().job_id);
  EXPECT_EQ(last.at, At(7));
}

TEST_P(StorageConformance, BrokenLinksAreReadInPages) {
  Shop shop(under_test());
  shop.StockAndSync(4);
  EXPECT_TRUE(Value(storage().ReadBrokenLinks(shop.channel_id(), 0, 10)).empty());
  shop.Pull({{"X3", 100, 10}});
  const std::vector<LinkPair> first = Value(storage().ReadBrokenLinks(shop.channel_id(), 0, 2));
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].listing_id, shop.ListingId("S1"));
  EXPECT_EQ(first[0].channel_variant_id, shop.ItemId("X1"));
  EXPECT_EQ(first[1].listing_id, shop.ListingId("S2"));
  const std::vector<LinkPair> rest = Value(storage().ReadBrokenLinks(shop.channel_id(), first[1].listing_id, 2));
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].listing_id, shop.ListingId("S4"));
  for (const int64_t limit : {int64_t{0}, kMax + 1}) {
    EXPECT_EQ(Code(storage().ReadBrokenLinks(shop.channel_id(), 0, limit)), kInvalidArgument);
  }
  EXPECT_EQ(Code(storage().ReadBrokenLinks(99, 0, 1)), kNotFound);
}

TEST_P(StorageConformance, NamedLinksAreReleasedWhereTheyAreBroken) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  shop.Pull({{"X3", 100, 10}});
  const LinkPair broken = {shop.ListingId("S1"), shop.ItemId("X1")};
  const LinkPair linked = {shop.ListingId("S3"), shop.ItemId("X3")};
  const LinkPair other = {shop.ListingId("S2"), shop.ItemId("X1")};
  EXPECT_EQ(Value(storage().ReleaseLinks(shop.fence(), {broken, other, linked, {999, 1}}, {}, At(7))), 1);
  const ListingRow row = shop.Listing("S1");
  EXPECT_EQ(row.link_state, LinkState::kUnlinked);
  EXPECT_EQ(row.reason, LinkReason::kNone);
  EXPECT_TRUE(row.attentions.empty());
  EXPECT_EQ(shop.Listing("S2").link_state, LinkState::kBroken);
  EXPECT_EQ(shop.Listing("S3").link_state, LinkState::kLinked);
  const LinkEvent last = shop.History("S1").back();
  EXPECT_EQ(last.kind, LinkEvent::Kind::kReleased);
  EXPECT_EQ(last.job_id, shop.fence().job_id);
  EXPECT_EQ(last.at, At(7));
  EXPECT_TRUE(Value(storage().ReadHandUnlinks(shop.channel_id(), {}, 10)).empty());
  const std::string after = StoreText(storage());
  EXPECT_EQ(Value(storage().ReleaseLinks(shop.fence(), {broken, other, linked}, {}, At(8))), 0);
  EXPECT_EQ(StoreText(storage()), after);
}

TEST_P(StorageConformance, ReleasedOnesCanBeLinkedAnew) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Pull({{"X9"}});
  shop.ReleaseBroken(At(7));
  EXPECT_TRUE(Value(storage().ReadHandUnlinks(shop.channel_id(), {}, 10)).empty());
  EXPECT_EQ(shop.channel().edit_version, 0) << "no person did it";
  shop.Link("S1", "X9");
  EXPECT_EQ(shop.Listing("S1").external_id, "X9");
  shop.Pull({{"X1"}, {"X9"}});
  EXPECT_EQ(shop.Listing("S1").external_id, "X9") << "a dissolved link does not heal";
}

// ---------------------------------------------------------------------------------------------------------------------
// Edits by hand
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, PersonLinksByHand) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1", 100, 10}});
  shop.Pull({{"X1", 90, 9, ChannelStatus::kHidden}});
  Value(storage().WriteLinks(shop.fence(), 0, {Unlinked(shop.ListingId("S1"), 1, LinkReason::kNoMatch)}, At(2)));
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1"), At(5)), absl::OkStatus());
  const ListingRow row = shop.Listing("S1");
  EXPECT_EQ(row.link_state, LinkState::kLinked);
  EXPECT_EQ(row.external_id, "X1");
  EXPECT_TRUE(row.by_hand);
  EXPECT_EQ(row.rule, 0);
  EXPECT_EQ(row.reason, LinkReason::kNone);
  EXPECT_TRUE(row.dirty);
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, (ItemValues{90, 9, ChannelStatus::kHidden}));
  EXPECT_EQ(shop.LinkRow("S1").dirty_version, 1);
  EXPECT_EQ(shop.channel().edit_version, 1);
  const std::vector<LinkEvent> history = shop.History("S1");
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].kind, LinkEvent::Kind::kLinked);
  EXPECT_EQ(history[0].rule, 0);
  EXPECT_EQ(history[0].job_id, 0);
  EXPECT_EQ(history[0].at, At(5));
}

TEST_P(StorageConformance, StatusOfAHandLinkIsWhatTheChannelShows) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}, {"K2", "S2"}, {"K3", "S3"}});
  shop.Pull({{"X1", 1, 1, ChannelStatus::kListed},
             {"X2", 1, 1, ChannelStatus::kHidden},
             {"X3", 1, 1, ChannelStatus::kUnknown}});
  ASSERT_EQ(shop.Edit("S3", Only(Kind::kPause)), absl::OkStatus());
  for (const char* number : {"1", "2", "3"}) {
    ASSERT_EQ(shop.Edit(absl::StrCat("S", number), LinkTo(absl::StrCat("X", number))), absl::OkStatus());
  }
  EXPECT_EQ(shop.Listing("S1").status, (ListingStatus{Health::kListed, PendingChange::kNone, false}));
  EXPECT_EQ(shop.Listing("S2").status, (ListingStatus{Health::kHidden, PendingChange::kNone, false}));
  EXPECT_EQ(shop.Listing("S3").status, (ListingStatus{Health::kListed, PendingChange::kNone, true}));
}

TEST_P(StorageConformance, LinkingTheSamePairAgainChangesNothing) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Stock({{"K2", "S2"}});
  shop.Pull({{"X1"}, {"X2"}});
  ASSERT_EQ(shop.Edit("S2", LinkTo("X2")), absl::OkStatus());
  const std::string before = StoreText(storage());
  EXPECT_EQ(shop.Edit("S1", LinkTo("X1"), At(9)), absl::OkStatus());
  EXPECT_EQ(shop.Edit("S2", LinkTo("X2"), At(9)), absl::OkStatus());
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, HandLinkNamesWhatIsNotThere) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  shop.Pull({{"X1"}});
  const absl::Status no_sku = shop.Edit("S9", LinkTo("X1"));
  EXPECT_EQ(no_sku.code(), kNotFound);
  EXPECT_TRUE(absl::StrContains(no_sku.message(), "S9")) << no_sku;
  const absl::Status no_item = shop.Edit("S1", LinkTo("X9"));
  EXPECT_EQ(no_item.code(), kNotFound);
  EXPECT_TRUE(absl::StrContains(no_item.message(), "X9")) << no_item;
  EXPECT_EQ(shop.channel().edit_version, 0);
}

TEST_P(StorageConformance, HandLinkDissolvesNoOtherLink) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  shop.Stock({{"K3", "S3"}});
  shop.Pull({{"X1", 100, 10}, {"X3"}});  // Breaks S2.
  const std::string before = StoreText(storage());
  const absl::Status listing_taken = shop.Edit("S1", LinkTo("X3"));
  EXPECT_EQ(listing_taken.code(), kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(listing_taken.message(), "X1")) << listing_taken;
  const absl::Status item_taken = shop.Edit("S3", LinkTo("X1"));
  EXPECT_EQ(item_taken.code(), kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(item_taken.message(), "S1")) << item_taken;
  EXPECT_EQ(shop.Edit("S2", LinkTo("X3")).code(), kFailedPrecondition) << "a broken link is a link";
  EXPECT_EQ(shop.Edit("S3", LinkTo("X2")).code(), kFailedPrecondition) << "a broken link holds its item";
  EXPECT_EQ(shop.Edit("S2", LinkTo("X2")).code(), kFailedPrecondition) << "only the item's return heals it";
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, HandLinkToAnItemThatIsNotLiveIsRefused) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  shop.Pull({{"gone"}});
  shop.Pull({{"dead", 1, 1, ChannelStatus::kDead}});
  EXPECT_EQ(shop.Edit("S1", LinkTo("gone")).code(), kFailedPrecondition);
  EXPECT_EQ(shop.Edit("S1", LinkTo("dead")).code(), kFailedPrecondition);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kUnlinked);
}

TEST_P(StorageConformance, PersonUnlinks) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const int64_t item = shop.ItemId("X1");
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink), At(5)), absl::OkStatus());
  const ListingRow row = shop.Listing("S1");
  EXPECT_EQ(row.link_state, LinkState::kUnlinked);
  EXPECT_EQ(row.external_id, "");
  EXPECT_EQ(row.reason, LinkReason::kUnlinkedByHand);
  EXPECT_EQ(row.rule, 0);
  EXPECT_FALSE(row.by_hand);
  EXPECT_EQ(row.status, ListingStatus());
  EXPECT_FALSE(row.dirty);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S2"});
  EXPECT_EQ(shop.channel().edit_version, 1);
  EXPECT_EQ(Value(storage().ReadLinksBySku(shop.channel_id(), {"S1"})).size(), 0);
  const std::vector<LinkPair> pairs = Value(storage().ReadHandUnlinks(shop.channel_id(), {}, 10));
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].listing_id, row.listing_id);
  EXPECT_EQ(pairs[0].channel_variant_id, item);
  const LinkEvent last = shop.History("S1").back();
  EXPECT_EQ(last.kind, LinkEvent::Kind::kUnlinked);
  EXPECT_EQ(last.external_id, "X1");
  EXPECT_EQ(last.job_id, 0);
  EXPECT_EQ(last.at, At(5));
  EXPECT_TRUE(shop.IsLiveItem("X1")) << "the item is there and free";
}

TEST_P(StorageConformance, UnlinkingWhatHasNoLinkIsRefused) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  const std::string before = StoreText(storage());
  EXPECT_EQ(shop.Edit("S1", Only(Kind::kUnlink)).code(), kFailedPrecondition);
  EXPECT_EQ(shop.Edit("S9", Only(Kind::kUnlink)).code(), kNotFound);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, BrokenLinkCanBeUnlinked) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Pull({});
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kUnlinked);
  EXPECT_TRUE(shop.Listing("S1").attentions.empty());
  EXPECT_EQ(Value(storage().ReadHandUnlinks(shop.channel_id(), {}, 10)).size(), 1u);
  EXPECT_EQ(shop.Pull({{"X1"}}).healed, 0);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kUnlinked);
}

TEST_P(StorageConformance, UnlinkKeepsAPause) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kPause)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, (ListingStatus{Health::kNotListed, PendingChange::kNone, true}));
}

TEST_P(StorageConformance, HandUnlinksAreOrderedAndReadInPages) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  for (const char* sku : {"S3", "S1", "S2"}) ASSERT_EQ(shop.Edit(sku, Only(Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X2")), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  std::vector<LinkPair> expected;
  for (const auto& [sku, item] :
       std::vector<std::pair<std::string, std::string>>{{"S1", "X1"}, {"S1", "X2"}, {"S2", "X2"}, {"S3", "X3"}}) {
    expected.push_back({shop.ListingId(sku), shop.ItemId(item)});
  }
  for (const int64_t limit : {1, 3, 10}) {
    std::vector<LinkPair> read;
    for (int pages = 0; pages < kManyPages; ++pages) {
      const LinkPair after = read.empty() ? LinkPair() : read.back();
      const std::vector<LinkPair> page = Value(storage().ReadHandUnlinks(shop.channel_id(), after, limit));
      if (page.empty()) break;
      EXPECT_LE(static_cast<int64_t>(page.size()), limit);
      read.insert(read.end(), page.begin(), page.end());
    }
    ASSERT_EQ(read.size(), expected.size()) << limit;
    for (size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(read[i].listing_id, expected[i].listing_id) << i;
      EXPECT_EQ(read[i].channel_variant_id, expected[i].channel_variant_id) << i;
    }
  }
}

TEST_P(StorageConformance, ClearingForgetsAllHandUnlinksOfOneListing) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S2", Only(Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X2")), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  const int64_t edits = shop.channel().edit_version;
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kClearUnlink)), absl::OkStatus());
  EXPECT_EQ(shop.channel().edit_version, edits + 1);
  const std::vector<LinkPair> left = Value(storage().ReadHandUnlinks(shop.channel_id(), {}, 10));
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].listing_id, shop.ListingId("S2"));
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kClearUnlink)), absl::OkStatus());
  EXPECT_EQ(shop.channel().edit_version, edits + 1) << "nothing to clear, nothing changed";
}

TEST_P(StorageConformance, LinkingByHandClearsTheHandUnlinkOfThatPairOnly) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S2", Only(Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X2")), absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadHandUnlinks(shop.channel_id(), {}, 10)).size(), 2u);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  const std::vector<LinkPair> left = Value(storage().ReadHandUnlinks(shop.channel_id(), {}, 10));
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].listing_id, shop.ListingId("S1"));
  EXPECT_EQ(left[0].channel_variant_id, shop.ItemId("X2"));
  EXPECT_EQ(left[1].listing_id, shop.ListingId("S2"));
}

TEST_P(StorageConformance, PersonSetsTheSyncPriority) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  ASSERT_EQ(shop.Edit("S3", Priority(5)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S2", Priority(-5)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S3").sync_priority, 5);
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S3", "S1", "S2"}));
  EXPECT_EQ(shop.channel().edit_version, 0) << "linking does not read it";
  EXPECT_EQ(shop.Edit("S9", Priority(1)).code(), kNotFound);
}

TEST_P(StorageConformance, PersonPausesAndResumes) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  const int64_t version = shop.LinkRow("S1").dirty_version;
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kPause)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kPause)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, (ListingStatus{Health::kListed, PendingChange::kNone, true}));
  EXPECT_EQ(shop.LinkRow("S1").dirty_version, version);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kResume)), absl::OkStatus());
  EXPECT_FALSE(shop.Listing("S1").status.paused);
  EXPECT_EQ(shop.LinkRow("S1").dirty_version, version + 1) << "what changed meanwhile goes out";
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kResume)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").dirty_version, version + 1) << "said twice is said once";
  EXPECT_EQ(shop.channel().edit_version, 0) << "linking does not read it";
}

TEST_P(StorageConformance, DirtyLinkWaitsWhilePausedAndKeepsItsPlace) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kPause), At(20)), absl::OkStatus());
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S2"});
  shop.WriteProducts({{"K1", "S1", 5, 5}}, At(30));
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kResume), At(40)), absl::OkStatus());
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S1", "S2"}));
}

TEST_P(StorageConformance, UnlinkedListingCanBePausedAndResumed) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kPause)), absl::OkStatus());
  EXPECT_TRUE(shop.Listing("S1").status.paused);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kResume)), absl::OkStatus());
  EXPECT_FALSE(shop.Listing("S1").status.paused);
  EXPECT_FALSE(shop.Listing("S1").dirty);
}

// ---------------------------------------------------------------------------------------------------------------------
// A link's life
// ---------------------------------------------------------------------------------------------------------------------

TEST_P(StorageConformance, HistoryTellsALinksWholeLife) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Pull({}, At(10));
  shop.Pull({{"X1"}}, At(11));
  shop.Pull({}, At(12));
  shop.ReleaseBroken(At(13));
  shop.Pull({{"X1"}}, At(14));
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1"), At(15)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink), At(16)), absl::OkStatus());
  using What = LinkEvent::Kind;
  EXPECT_EQ(Kinds(shop.History("S1")), (std::vector<What>{What::kLinked, What::kBroken, What::kHealed, What::kBroken,
                                                          What::kReleased, What::kLinked, What::kUnlinked}));
}

TEST_P(StorageConformance, VersionsNeverGoBackOverAListingsLife) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.WriteProducts({{"K1", "S1", 7, 7}}, At(5));
  const int64_t before = shop.LinkRow("S1").dirty_version;
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").dirty_version, before + 1);
  EXPECT_TRUE(shop.LinkRow("S1").dirty);
}

TEST_P(StorageConformance, OnlyWhatIsInDoubtIsNotKnownOfAnUnlinkedItem) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  PushRecord record = Push(1, {shop.LinkRow("S1")});
  record.items[0].mask = {SyncField::kPrice, SyncField::kStatus};
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), record)), kNothingLeftOut);
  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").acknowledged, (ItemValues{kAbsent, 10, ChannelStatus::kListed}));
}

TEST_P(StorageConformance, NewLinkStartsWithNothingOfTheEarlierOne) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  SettlementBatch batch;
  batch.rows = {Applied(shop.LinkRow("S1"), {55, 5, ChannelStatus::kHidden})};
  batch.rows[0].settled = false;
  batch.rows[0].refused = {{"price", 77}};
  batch.rows[0].attentions = 0;
  batch.attentions = {{{"rejected", {{"name", "raise it"}}, "too cheap"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
  Reconciliation sold = Found(shop.LinkRow("S1"));
  sold.acknowledged = {55, 4, ChannelStatus::kHidden};
  sold.guard_quantity = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(6)), absl::OkStatus());

  ASSERT_EQ(storage().ForceLinks(shop.fence(), {PairOf(shop.LinkRow("S1"))}, At(7)), absl::OkStatus());

  ASSERT_EQ(shop.Edit("S1", Only(Kind::kUnlink), At(20)), absl::OkStatus());
  EXPECT_TRUE(shop.Listing("S1").attentions.empty());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1"), At(21)), absl::OkStatus());
  const SyncRow link = shop.LinkRow("S1");
  // Price and quantity are not what the last pull saw, and who knows what they are now: all is to be sent.
  EXPECT_EQ(link.acknowledged, (ItemValues{kAbsent, kAbsent, ChannelStatus::kHidden}));
  EXPECT_TRUE(link.refused.empty());
  EXPECT_TRUE(link.forced.empty());
  EXPECT_EQ(link.guarded_at, absl::InfinitePast());
  EXPECT_EQ(link.status.base, Health::kHidden);
  EXPECT_TRUE(shop.Listing("S1").attentions.empty());
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S2", "S1"})) << "its mark is as old as the new link";
}

}  // namespace flxlink
