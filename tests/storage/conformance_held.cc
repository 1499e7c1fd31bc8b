// Conformance: what the circuit breaker holds of links, what people decide of it, and how many changes were made.

#include <string>
#include <utility>
#include <vector>

#include "flxlink/breaker.h"
#include "flxlink/conformance/storage.h"
#include "flxlink/storage_kit/held.h"
#include "gmock/gmock.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

HeldChange Held(int64_t job_id, ChangeKind kind = ChangeKind::kReprice) {
  HeldChange change;
  change.kind = kind;
  change.field = kind == ChangeKind::kReprice ? SyncField::kPrice : SyncField::kStatus;
  change.digest = 0xfedcba9876543210;
  change.job_id = job_id;
  change.problem = MakeProblem(kind == ChangeKind::kReprice ? problem_code::kRepriceHeld : problem_code::kHideHeld,
                               {{"job", std::to_string(job_id)}, {"value", "3,00 \"€\""}}, "it is held");
  return change;
}

// Settles the link with this held of it.
void Hold(Shop& shop, const std::string& sku, std::vector<HeldChange> held) {
  Settlement row = Applied(shop.LinkRow(sku), {});
  row.mask = SyncFields();
  SettlementBatch batch = Settled(0, {});
  std::vector<Problem> problems;
  for (const HeldChange& change : held) {
    if (change.state == HeldChange::State::kHeld) problems.push_back(change.problem);
  }
  row.attentions = problems.empty() ? kClearAttentions : 0;
  if (!problems.empty()) batch.attentions.push_back(std::move(problems));
  row.held = std::move(held);
  batch.rows.push_back(std::move(row));
  Value(shop.storage().WriteSettlements(shop.fence(), batch, At(5)));
}

std::vector<std::string> HeldSkus(Shop& shop, int64_t job_id) {
  std::vector<std::string> skus;
  int64_t after = 0;
  for (int i = 0; i < kManyPages; ++i) {
    const std::vector<HeldRow> rows = Value(shop.storage().ReadHeldChanges(shop.channel_id(), job_id, after, 1));
    if (rows.empty()) return skus;
    for (const HeldRow& row : rows) skus.push_back(row.sku + ":" + std::string(ToString(row.change.kind)));
    after = rows.back().listing_id;
  }
  ADD_FAILURE() << "no page is the last";
  return skus;
}

HeldSelection Of(int64_t job_id, std::vector<ChangeKind> kinds = {}, std::vector<std::string> skus = {}) {
  return {job_id, std::move(kinds), std::move(skus)};
}

}  // namespace

TEST_P(StorageConformance, WhatIsHeldIsKeptWithItsLink) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  const std::vector<HeldChange> held = {Held(7), Held(8, ChangeKind::kHide)};
  Hold(shop, "S1", held);
  EXPECT_EQ(shop.LinkRow("S1").held.get(), held);
  EXPECT_THAT(shop.LinkRow("S2").held, IsEmpty());
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S2"}) << "it is parked";
  Hold(shop, "S1", {});
  EXPECT_THAT(shop.LinkRow("S1").held, IsEmpty());
}

TEST_P(StorageConformance, HeldChangesAreReadByTheirJob) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  Hold(shop, "S1", {Held(7), Held(7, ChangeKind::kHide)});
  Hold(shop, "S2", {Held(8)});
  HeldChange refused = Held(7);
  refused.state = HeldChange::State::kRefused;
  Hold(shop, "S3", {refused, Held(7, ChangeKind::kHide)});
  EXPECT_THAT(HeldSkus(shop, 7), ElementsAre("S1:reprice", "S1:hide", "S3:hide"));
  EXPECT_THAT(HeldSkus(shop, 8), ElementsAre("S2:reprice"));
  EXPECT_THAT(HeldSkus(shop, 9), IsEmpty());
  EXPECT_EQ(Code(storage().ReadHeldChanges(shop.channel_id(), 7, 0, 0)), kInvalidArgument);
}

TEST_P(StorageConformance, APersonDecidesOnWhatIsSelected) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  for (const char* sku : {"S1", "S2", "S3"}) Hold(shop, sku, {Held(7), Held(8, ChangeKind::kHide)});
  const auto decide = [&](const HeldSelection& selection, HeldChange::State decision) {
    return Value(storage().DecideHeldChanges(shop.channel_id(), selection, decision, 10, At(9)));
  };
  EXPECT_EQ(decide(Of(7, {ChangeKind::kHide}), HeldChange::State::kApproved), 0) << "the hides are another job's";
  EXPECT_EQ(decide(Of(7, {}, {"S4"}), HeldChange::State::kApproved), 0);
  EXPECT_THAT(shop.DirtySkus(), IsEmpty());

  const int64_t version = shop.LinkRow("S2").dirty_version;
  EXPECT_EQ(decide(Of(7, {ChangeKind::kReprice}, {"S2"}), HeldChange::State::kApproved), 1);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S2"});
  const SyncRow approved = shop.LinkRow("S2");
  EXPECT_EQ(approved.dirty_version, version + 1);
  EXPECT_EQ(approved.held.get()[0].state, HeldChange::State::kApproved);
  EXPECT_TRUE(approved.held.get()[0].problem.empty());
  EXPECT_EQ(approved.held.get()[1].state, HeldChange::State::kHeld);
  ASSERT_EQ(shop.Listing("S2").attentions.size(), 1u);
  EXPECT_EQ(shop.Listing("S2").attentions[0].code, problem_code::kHideHeld);

  EXPECT_EQ(decide(Of(8), HeldChange::State::kRefused), 3);
  EXPECT_EQ(decide(Of(8), HeldChange::State::kRefused), 0) << "that is done";
  EXPECT_THAT(HeldSkus(shop, 7), ElementsAre("S1:reprice", "S3:reprice"));
  EXPECT_EQ(Code(storage().DecideHeldChanges(-1, Of(8), HeldChange::State::kRefused, 10, At(9))), kNotFound);
}

TEST_P(StorageConformance, DecidingGoesByLinks) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  for (const char* sku : {"S1", "S2", "S3"}) Hold(shop, sku, {Held(7), Held(7, ChangeKind::kHide)});
  const auto decide = [&] {
    return Value(storage().DecideHeldChanges(shop.channel_id(), Of(7), HeldChange::State::kApproved, 2, At(9)));
  };
  EXPECT_EQ(decide(), 4);
  EXPECT_EQ(decide(), 2);
  EXPECT_EQ(decide(), 0);
}

TEST_P(StorageConformance, ASettlementOfBeforeDoesNotUndoADecision) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  Hold(shop, "S1", {Held(7)});
  Settlement before = Applied(shop.LinkRow("S1"), {});
  before.mask = SyncFields();
  before.held = {Held(7)};
  ASSERT_EQ(Value(storage().DecideHeldChanges(shop.channel_id(), Of(7), HeldChange::State::kApproved, 9, At(9))), 1);
  Value(storage().WriteSettlements(shop.fence(), Settled(0, {before}), At(10)));
  EXPECT_EQ(shop.LinkRow("S1").held.get().at(0).state, HeldChange::State::kApproved);
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
}

TEST_P(StorageConformance, WhatIsHeldEndsWithItsLink) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  Hold(shop, "S1", {Held(7)});
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  EXPECT_THAT(HeldSkus(shop, 7), IsEmpty());
  EXPECT_THAT(shop.Listing("S1").attentions, IsEmpty());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1")), absl::OkStatus());
  EXPECT_THAT(shop.LinkRow("S1").held, IsEmpty());
}

TEST_P(StorageConformance, APushThatFindsAnItemGoneBreaksItsLinkWhateverIsHeldOfThat) {
  for (const HeldChange::State state : {HeldChange::State::kHeld, HeldChange::State::kRefused}) {
    Shop shop(under_test(), std::string(ToString(state)));
    shop.StockAndLink(1);
    HeldChange held = storage::HeldOfLink(ChangeKind::kBreak, 7, "X1");
    held.state = state;
    Hold(shop, "S1", {held});
    ASSERT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
    Value(shop.storage().WriteSettlements(shop.fence(), Settled(0, {Gone(shop.LinkRow("S1"))}), At(9)));
    EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kBroken);
    EXPECT_THAT(HeldSkus(shop, 7), IsEmpty());
    EXPECT_EQ(Value(storage().ReadChangeCounts(shop.channel_id(), At(9)))[ChangeKind::kBreak], 1);
  }
}

TEST_P(StorageConformance, ForceKeepsWhatIsHeld) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  Hold(shop, "S1", {Held(7)});
  ASSERT_EQ(storage().ForceLinks(shop.fence(), {PairOf(shop.LinkRow("S1"))}, At(9)), absl::OkStatus());
  EXPECT_THAT(HeldSkus(shop, 7), ElementsAre("S1:reprice"));
}

TEST_P(StorageConformance, ChangesAreCountedByTheHour) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const auto push = [&](int64_t push_id, ChangeKind kind, absl::Time at) {
    const SyncRow link = shop.LinkRow("S1");
    ASSERT_EQ(storage().ForceLinks(shop.fence(), {PairOf(link)}, at), absl::OkStatus());
    const SyncRow forced = shop.LinkRow("S1");
    EXPECT_THAT(Value(storage().BeginPush(shop.fence(), Push(push_id, {forced}, at + absl::Seconds(60)))), IsEmpty());
    SettlementBatch batch = Settled(push_id, {Applied(forced, {1, 1, ChannelStatus::kListed})});
    batch.changes[kind] = 3;
    Value(storage().WriteSettlements(shop.fence(), batch, at));
    Value(storage().WriteSettlements(shop.fence(), batch, at));  // A repeat: its record is gone.
  };
  push(1, ChangeKind::kReprice, At(0));
  push(2, ChangeKind::kReprice, At(1800));
  push(3, ChangeKind::kHide, At(3600));
  const auto counts = [&](int64_t since) { return Value(storage().ReadChangeCounts(shop.channel_id(), At(since))); };
  EXPECT_EQ(counts(0)[ChangeKind::kReprice], 6);
  EXPECT_EQ(counts(3599)[ChangeKind::kReprice], 6) << "the hour of that time, whole";
  EXPECT_EQ(counts(0)[ChangeKind::kHide], 3);
  EXPECT_EQ(counts(3600)[ChangeKind::kReprice], 0);
  EXPECT_TRUE(counts(7200).empty());
  EXPECT_EQ(Code(storage().ReadChangeCounts(-1, At(0))), kNotFound);

  push(4, ChangeKind::kHide, At(3600 * 26));
  EXPECT_EQ(counts(0)[ChangeKind::kReprice], 0) << "what is older than a day is forgotten";
}

TEST_P(StorageConformance, WorkingLinksAreCountedUpToALimit) {
  Shop shop(under_test());
  EXPECT_EQ(Value(storage().CountLinks(shop.channel_id(), 10)), 0);
  shop.StockAndLink(3);
  EXPECT_EQ(Value(storage().CountLinks(shop.channel_id(), 10)), 3);
  EXPECT_EQ(Value(storage().CountLinks(shop.channel_id(), 2)), 2);
  EXPECT_EQ(Code(storage().CountLinks(shop.channel_id(), 0)), kInvalidArgument);
  EXPECT_EQ(Code(storage().CountLinks(-1, 10)), kNotFound);
}

TEST_P(StorageConformance, AJobThatHoldsSomethingIsNotPruned) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  const int64_t holding = shop.fence().job_id;
  Hold(shop, "S1", {Held(holding)});
  for (int i = 0; i < 3; ++i) shop.ChangeJob();
  const absl::Time later = At(86400 * 200);
  while (Value(storage().PruneJobs(shop.channel_id(), later, 10)) > 0) {
  }
  EXPECT_EQ(Code(storage().ReadJob(holding)), kOk);
  Value(storage().DecideHeldChanges(shop.channel_id(), Of(holding), HeldChange::State::kRefused, 10, later));
  Value(storage().PruneJobs(shop.channel_id(), later, 10));
  EXPECT_EQ(Code(storage().ReadJob(holding)), kNotFound);
}

}  // namespace flxlink
