// Conformance: the statuses that a person states. See StateStatus in flxlink/listing_status.h.

#include <string>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"

namespace flxlink {
namespace {

constexpr int64_t kMax = Storage::kMaxRows;

ListingEdit Stated(Health status) {
  ListingEdit edit;
  edit.kind = ListingEdit::Kind::kSetStatus;
  edit.status = status;
  return edit;
}

// As a person stated it.
ListingStatus Of(Health base, PendingChange pending = PendingChange::kNone) {
  return {base, pending, false, StatusAuthor::kPerson};
}

// The channel does what the link's status asks for.
void Acknowledge(Shop& shop, const std::string& sku) {
  ItemValues values;
  values.status = *DesiredStatus(shop.Listing(sku).status);
  SettlementBatch batch;
  batch.rows.push_back(Applied(shop.LinkRow(sku), values));
  ASSERT_EQ(shop.storage().WriteSettlements(shop.fence(), batch, At(6)).status(), absl::OkStatus());
}

}  // namespace

TEST_P(StorageConformance, StatusThatAPersonStatesWaitsForTheChannel) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kHidden)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, Of(Health::kListed, PendingChange::kHiding));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S1"}));
  Acknowledge(shop, "S1");
  EXPECT_EQ(shop.Listing("S1").status, Of(Health::kHidden));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{}));
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kHidden)), absl::OkStatus()) << "repeated";
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{}));
}

TEST_P(StorageConformance, DelistingHidesFirstAndThenTakesOutOfLinking) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kDelisted)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, Of(Health::kListed, PendingChange::kDelisting));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S1"}));
  EXPECT_EQ(Value(shop.storage().ReadListingKeys(shop.channel_id(), {}, 0, kMax)).live, (std::vector<uint8_t>{1, 1}));
  Acknowledge(shop, "S1");
  EXPECT_EQ(shop.Listing("S1").status, Of(Health::kDelisted));
  EXPECT_EQ(shop.Listing("S1").external_id, "X1") << "the link stays";
  EXPECT_EQ(Value(shop.storage().ReadListingKeys(shop.channel_id(), {}, 0, kMax)).live, (std::vector<uint8_t>{0, 1}));

  ASSERT_EQ(shop.Edit("S1", Stated(Health::kListed)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, Of(Health::kHidden, PendingChange::kUnhiding));
  EXPECT_EQ(shop.DirtySkus(), (std::vector<std::string>{"S1"}));
  Acknowledge(shop, "S1");
  EXPECT_EQ(shop.Listing("S1").status, Of(Health::kListed));
}

TEST_P(StorageConformance, DelistedWithoutALinkHoldsAtOnceAndIsAHandEdit) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  const int64_t edit_version = shop.channel().edit_version;
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kDelisted)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, (ListingStatus{Health::kDelisted}));
  EXPECT_EQ(shop.channel().edit_version, edit_version + 1) << "a link job that read it before must not link it";
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kDelisted)), absl::OkStatus()) << "repeated";
  EXPECT_EQ(shop.channel().edit_version, edit_version + 1);
  ASSERT_EQ(shop.Edit("S1", Stated(Health::kListed)), absl::OkStatus());
  EXPECT_EQ(shop.Listing("S1").status, ListingStatus());
  EXPECT_EQ(shop.channel().edit_version, edit_version + 2);
}

TEST_P(StorageConformance, StatusThatCannotBeIsRefused) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}, {"K2", "S2"}});
  shop.Pull({{"X2", 1, 1, ChannelStatus::kNotUnderstood}});
  Value(shop.storage().WriteLinks(shop.fence(), 0, {NewLink(shop.ListingId("S2"), shop.ItemId("X2"))}, At(3)));
  ASSERT_EQ(shop.Listing("S2").status, InitialStatus(ChannelStatus::kNotUnderstood));
  const absl::Status unlinked = shop.Edit("S1", Stated(Health::kHidden));
  EXPECT_EQ(unlinked.code(), kFailedPrecondition);
  EXPECT_EQ(ProblemFrom(unlinked).code, problem_code::kNotLinked);
  const absl::Status not_understood = shop.Edit("S2", Stated(Health::kListed));
  EXPECT_EQ(not_understood.code(), kFailedPrecondition);
  EXPECT_EQ(ProblemFrom(not_understood).code, problem_code::kStatusNotUnderstood);
  EXPECT_EQ(shop.Edit("S1", Stated(Health::kPaused)).code(), kInvalidArgument);
  EXPECT_EQ(shop.Edit("S1", Stated(Health::kNotListed)).code(), kInvalidArgument);
  EXPECT_EQ(shop.Listing("S1").status, ListingStatus());
  EXPECT_EQ(shop.Listing("S2").status, InitialStatus(ChannelStatus::kNotUnderstood));
}

}  // namespace flxlink
