// Conformance: links that are looked at again: reconciled, forced, given other statuses.

#include <string>
#include <utility>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

constexpr int64_t kMax = Storage::kMaxRows;
constexpr int64_t kNoListing = 987654321;

StatusWrite Hide(const SyncRow& link) {
  return {link.listing_id, link.status, StateByRule(link.status, ChannelStatus::kHidden)};
}

}  // namespace

TEST_P(StorageConformance, ReconciliationSetsWhatWasFoundAndDirties) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  shop.Pull({{"X1", 100, 6}, {"X2", 100, 10}}, At(10));
  const SyncRow before = shop.LinkRow("S1");
  Reconciliation found = Found(before);
  found.acknowledged = {100, 6, ChannelStatus::kUnknown};
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {found}, At(11)), absl::OkStatus());
  const SyncRow after = shop.LinkRow("S1");
  EXPECT_EQ(after.acknowledged, found.acknowledged);
  EXPECT_EQ(after.dirty_version, before.dirty_version + 1);
  EXPECT_EQ(after.guarded_at, absl::InfinitePast());
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
}

TEST_P(StorageConformance, GuardIsAsOldAsWhatWasSeen) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Pull({{"X1", 100, 6}}, At(10));
  Reconciliation sold = Found(shop.LinkRow("S1"));
  sold.acknowledged = {100, 6, ChannelStatus::kListed};
  sold.guard_quantity = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(20)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, At(10));
  sold.guard_quantity = false;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(21)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, At(10)) << "a later look without a new observation keeps it";
  shop.WriteProducts({{"K1", "S1", 100, 10}}, At(10));
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, At(10)) << "a quantity of the same instant is not newer";
  shop.WriteProducts({{"K1", "S1", 100, 10}}, At(11));
  EXPECT_EQ(shop.LinkRow("S1").guarded_at, absl::InfinitePast()) << "overtaken";
}

TEST_P(StorageConformance, ReconciliationLeavesAttentionAndRefusalAlone) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  SettlementBatch refused = Settled(0, {Applied(shop.LinkRow("S1"), {})});
  refused.rows[0].mask = {};
  refused.rows[0].refused = {{"price", 42}};
  refused.rows[0].attentions = 0;
  refused.attentions = {{{"rejected", {{"name", "value"}}, "d"}}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), refused, At(5)).status(), absl::OkStatus());
  const Reconciliation found = Found(shop.LinkRow("S1"));
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {found}, At(6)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").refused, (RareVector<RefusedValue>{{"price", 42}}));
  EXPECT_EQ(shop.Listing("S1").attentions.at(0).code, "rejected");
  EXPECT_TRUE(shop.Listing("S1").dirty);
}

TEST_P(StorageConformance, ForcedLinkForgetsWhatWasRefusedAndNothingElse) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  Reconciliation sold = Found(shop.LinkRow("S1"));
  sold.guard_quantity = true;
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {sold}, At(4)), absl::OkStatus());
  const Problem no = {"rejected", {{"name", "value"}}, "d"};
  const Problem held = {"quantity_below_acknowledged", {}, "less"};
  SettlementBatch refused = Settled(0, {Applied(shop.LinkRow("S1"), {5, 5, ChannelStatus::kListed})});
  refused.rows[0].mask = {SyncField::kPrice};
  refused.rows[0].refused = {{"price", 42, no}};
  refused.rows[0].attentions = 0;
  refused.attentions = {{held, no}};
  ASSERT_EQ(storage().WriteSettlements(shop.fence(), refused, At(5)).status(), absl::OkStatus());
  shop.Clean("S2");
  const SyncRow before = shop.LinkRow("S1");
  ASSERT_NE(before.guarded_at, absl::InfinitePast());
  EXPECT_TRUE(before.forced.empty());

  ASSERT_EQ(storage().ForceLinks(shop.fence(), {PairOf(before)}, At(6)), absl::OkStatus());
  const SyncRow link = shop.LinkRow("S1");
  EXPECT_EQ(link.forced, shop.channel().config.sync_fields);
  EXPECT_EQ(link.acknowledged, before.acknowledged);
  EXPECT_EQ(link.acknowledged.price, 5);
  EXPECT_TRUE(link.refused.empty());
  EXPECT_EQ(link.guarded_at, before.guarded_at);
  EXPECT_EQ(link.dirty_version, before.dirty_version + 1);
  EXPECT_EQ(shop.Listing("S1").attentions, std::vector<Problem>{held});
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  EXPECT_TRUE(shop.LinkRow("S2").forced.empty());
}

TEST_P(StorageConformance, FieldsAreForcedUntilTheyAreSentOrTheLinkIsSettled) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  const SyncRow old = shop.LinkRow("S1");
  ASSERT_EQ(storage().ForceLinks(shop.fence(), {PairOf(old)}, At(4)), absl::OkStatus());
  const SyncFields all = shop.LinkRow("S1").forced;
  ASSERT_TRUE(all.Has(SyncField::kQuantity));
  const auto settle = [&](const SyncRow& row, const SyncFields& mask, bool settled, RareVector<RefusedValue> refused) {
    Settlement settlement = Applied(row, {1, 2, ChannelStatus::kListed});
    settlement.mask = mask;
    settlement.settled = settled;
    settlement.refused = std::move(refused);
    Value(storage().WriteSettlements(shop.fence(), Settled(0, {settlement}), At(5)));
    return shop.LinkRow("S1").forced;
  };
  EXPECT_EQ(settle(old, all, true, {}), all) << "what was sent before is not what was asked for";
  EXPECT_EQ(settle(shop.LinkRow("S1"), {}, false, {}), all);
  SyncFields rest = all;
  rest.Remove(SyncField::kPrice);
  EXPECT_EQ(settle(shop.LinkRow("S1"), {SyncField::kPrice}, false, {}), rest) << "a step";
  shop.WriteProducts({{"K1", "S1", 7, 7}}, At(6));
  EXPECT_EQ(shop.LinkRow("S1").forced, rest) << "a change asks for more, not for less";
  rest.Remove(SyncField::kStatus);
  EXPECT_EQ(settle(shop.LinkRow("S1"), {}, false, {{"status", 1}}), rest) << "it was sent, and refused";
  EXPECT_EQ(settle(shop.LinkRow("S1"), {}, true, {}), SyncFields()) << "the rest could not be sent";
  EXPECT_TRUE(shop.DirtySkus().empty());
}

TEST_P(StorageConformance, UnlinkedAndBrokenOnesAreNeitherReconciledNorForced) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const SyncRow unlinked = shop.LinkRow("S1");
  const SyncRow broken = shop.LinkRow("S2");
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  shop.Pull({{"X1", 100, 10}});  // Breaks S2.
  const std::string before = StoreText(storage());
  EXPECT_EQ(storage().WriteReconciliations(shop.fence(), {Found(unlinked), Found(broken)}, At(5)), absl::OkStatus());
  EXPECT_EQ(storage().ForceLinks(shop.fence(), {PairOf(unlinked), PairOf(broken)}, At(5)), absl::OkStatus());
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, EvaluatedVersionFollowsAndNeverFallsBack) {
  Shop shop(under_test());
  const Channel channel = shop.channel();
  ASSERT_EQ(storage().WriteChannel(channel.channel_id, channel.revision, channel.config, absl::nullopt, true),
            absl::OkStatus());
  const int64_t policy = shop.channel().policy_version;
  ASSERT_EQ(storage().WriteEvaluatedVersion(shop.fence(), policy), absl::OkStatus());
  EXPECT_EQ(shop.channel().evaluated_version, policy);
  ASSERT_EQ(storage().WriteEvaluatedVersion(shop.fence(), policy - 1), absl::OkStatus());
  EXPECT_EQ(shop.channel().evaluated_version, policy);
}

TEST_P(StorageConformance, StatusesAreWrittenWhereTheyAreAsExpected) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  shop.Stock({{"K4", "S4"}});
  const StatusWrite first = Hide(shop.LinkRow("S1"));
  const StatusWrite second = Hide(shop.LinkRow("S2"));
  const StatusWrite unlinked = {shop.ListingId("S4"), {}, {Health::kListed, PendingChange::kHiding, false}};
  ASSERT_EQ(shop.Edit("S2", Only(ListingEdit::Kind::kPause)), absl::OkStatus());
  EXPECT_EQ(Value(storage().WriteStatuses(shop.fence(), {first, second, unlinked}, At(6))), 2);
  EXPECT_EQ(shop.Listing("S1").status, first.status);
  EXPECT_EQ(shop.Listing("S2").status, (ListingStatus{Health::kListed, PendingChange::kNone, true}));
  EXPECT_EQ(shop.Listing("S4").status.pending, PendingChange::kHiding);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  const std::string once = StoreText(storage());
  EXPECT_EQ(Value(storage().WriteStatuses(shop.fence(), {first}, At(6))), 0);
  EXPECT_EQ(StoreText(storage()), once);
}

TEST_P(StorageConformance, EveryStatusIsKept) {
  Shop shop(under_test());
  shop.Stock({{"K1", "S1"}});
  ListingStatus status;
  int64_t number = 0;
  for (const Health base :
       {Health::kListed, Health::kHidden, Health::kDelisted, Health::kUnknown, Health::kNotListed}) {
    for (const PendingChange pending :
         {PendingChange::kHiding, PendingChange::kUnhiding, PendingChange::kDelisting, PendingChange::kNone}) {
      const auto author = static_cast<StatusAuthor>(++number % 3);
      const auto before = static_cast<ChannelStatus>(number % 5);
      const ListingStatus next = {base, pending, pending == PendingChange::kHiding, author, before, number % 4 == 0};
      EXPECT_EQ(Value(storage().WriteStatuses(shop.fence(), {{shop.ListingId("S1"), status, next}}, At(1))), 1);
      status = next;
      EXPECT_EQ(shop.Listing("S1").status, status);
    }
  }
}

TEST_P(StorageConformance, SyncWritesOfUnknownListingsAreNotFound) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const SyncRow link = shop.LinkRow("S1");
  const Reconciliation found = Found(link);
  Reconciliation unknown;
  unknown.listing_id = kNoListing;
  Settlement settled = Applied(link, {1, 1, ChannelStatus::kHidden});
  Settlement no_link = settled;
  no_link.listing_id = kNoListing;
  SyncRow nobody;
  nobody.listing_id = kNoListing;
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(storage().WriteReconciliations(shop.fence(), {found, unknown}, At(5))), kNotFound);
  EXPECT_EQ(Code(storage().ForceLinks(shop.fence(), {PairOf(link), {kNoListing, link.channel_variant_id}}, At(5))),
            kNotFound);
  EXPECT_EQ(Code(storage().WriteStatuses(shop.fence(), {Hide(link), Hide(nobody)}, At(5))), kNotFound);
  EXPECT_EQ(Code(storage().BeginPush(shop.fence(), Push(1, {link, nobody}))), kNotFound);
  EXPECT_EQ(Code(storage().WriteSettlements(shop.fence(), Settled(0, {settled, no_link}), At(5))), kNotFound);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, MoreSyncRowsThanAllowedAreRefused) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  const SyncRow link = shop.LinkRow("S1");
  const size_t many = static_cast<size_t>(kMax) + 1;
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(storage().WriteReconciliations(shop.fence(), std::vector<Reconciliation>(many), At(5))),
            kInvalidArgument);
  EXPECT_EQ(Code(storage().ForceLinks(shop.fence(), std::vector<LinkPair>(many, PairOf(link)), At(5))),
            kInvalidArgument);
  EXPECT_EQ(Code(storage().WriteStatuses(shop.fence(), std::vector<StatusWrite>(many, Hide(link)), At(5))),
            kInvalidArgument);
  EXPECT_EQ(Code(storage().BeginPush(shop.fence(), Push(1, std::vector<SyncRow>(many, link)))), kInvalidArgument);
  EXPECT_EQ(
      Code(storage().WriteSettlements(shop.fence(), Settled(0, std::vector<Settlement>(many, Gone(link))), At(5))),
      kInvalidArgument);
  EXPECT_EQ(StoreText(storage()), before);
}

}  // namespace flxlink
