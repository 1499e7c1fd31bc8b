// Conformance: pulls since a mark, what pages say is gone, and when a link was acknowledged.

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

// A pull since `since` of one page, up to its end.
PullWriteResult PullSince(Shop& shop, const std::string& since, const PullPage& page, absl::Time at) {
  const PullState begun = Value(shop.storage().BeginPull(shop.fence(), since));
  EXPECT_EQ(begun.since, since);
  const PullWriteResult result = Value(shop.storage().WritePulledPages(shop.fence(), begun.pull_number, {page}, at));
  EXPECT_EQ(shop.storage().EndPull(shop.fence(), begun.pull_number, true, page.mark, at), absl::OkStatus());
  return result;
}

PullPage Deleting(const std::vector<std::string>& external_ids) {
  PullPage page;
  page.deleted = external_ids;
  return page;
}

}  // namespace

TEST_P(StorageConformance, AMarkIsKeptWhenItsPullEnds) {
  Shop shop(under_test());
  EXPECT_EQ(shop.channel().pull.mark, "");
  const int64_t first = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  PullPage page = ToPage({{"X1", 100, 10}});
  page.mark = "5";
  Value(storage().WritePulledPages(shop.fence(), first, {page}, At(1)));
  EXPECT_EQ(shop.channel().pull.mark, "") << "it has not ended";
  ASSERT_EQ(storage().EndPull(shop.fence(), first, true, "5", At(2)), absl::OkStatus());
  EXPECT_EQ(shop.channel().pull.mark, "5");

  const PullState begun = Value(storage().BeginPull(shop.fence(), "5"));
  EXPECT_EQ(begun.since, "5");
  EXPECT_EQ(begun.mark, "5") << "that of the last pull that ended";
  EXPECT_EQ(shop.channel().pull.since, "5");
  ASSERT_EQ(storage().EndPull(shop.fence(), begun.pull_number, true, "8", At(3)), absl::OkStatus());
  EXPECT_EQ(shop.channel().pull.mark, "8");
  EXPECT_EQ(shop.channel().pull.since, "") << "none runs";
  ASSERT_EQ(storage().EndPull(shop.fence(), begun.pull_number, true, "9", At(4)), absl::OkStatus());
  EXPECT_EQ(shop.channel().pull.mark, "8") << "it had ended";

  const int64_t without = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  ASSERT_EQ(storage().EndPull(shop.fence(), without, true, "", At(5)), absl::OkStatus());
  EXPECT_EQ(shop.channel().pull.mark, "");
}

TEST_P(StorageConformance, APullSinceAMarkIsNeverComplete) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const PullState before = shop.channel().pull;
  PullSince(shop, "5", ToPage({{"X1", 7, 7}}), At(9));
  const PullState after = shop.channel().pull;
  EXPECT_EQ(after.complete_pulls, before.complete_pulls);
  EXPECT_EQ(after.completed_at, before.completed_at);
  EXPECT_EQ(shop.LinkRow("S1").seen.price, 7);
  EXPECT_EQ(shop.LinkRow("S1").seen_at, At(9));
  EXPECT_EQ(shop.LinkRow("S2").seen_at, At(1)) << "as before";
}

TEST_P(StorageConformance, APullSinceAMarkDoesNotSweep) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "5")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X1", 7, 7}})}, At(9)));
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(storage().SweepAbsent(shop.fence(), pull, 10, At(9))), kFailedPrecondition);
  EXPECT_EQ(StoreText(storage()), before);
  EXPECT_EQ(shop.Listing("S2").link_state, LinkState::kLinked);

  const int64_t whole = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), whole, {ToPage({{"X1", 7, 7}})}, At(10)));
  EXPECT_EQ(Value(storage().SweepAbsent(shop.fence(), whole, 10, At(10))).broken, 1) << "a whole pull proves absence";
}

TEST_P(StorageConformance, DeletedItemsAreGoneAndTheirLinksBroken) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}, {"X3", 100, 10}});
  const PullWriteResult result = PullSince(shop, "5", Deleting({"X2", "nobody", "", "X3", "X2"}), At(6));
  EXPECT_EQ(result.gone, 2);
  EXPECT_EQ(result.broken, 1);
  EXPECT_EQ(result.inserted + result.changed + result.unchanged, 0);
  shop.ExpectBroken("S2", "X2", At(6));
  EXPECT_EQ(shop.DirtySkus(), std::vector<std::string>{"S1"});
  EXPECT_TRUE(shop.IsLiveItem("X1"));
  EXPECT_FALSE(shop.IsLiveItem("X3"));
}

TEST_P(StorageConformance, OnOnePageAnItemThatWasSeenIsNotDeleted) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  PullPage page = ToPage({{"X1", 100, 10}});
  page.problems = {{"X2", {"code", {}, "message"}}};
  page.deleted = {"X1", "X2"};
  EXPECT_EQ(PullSince(shop, "5", page, At(6)).gone, 0);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_EQ(shop.Listing("S2").link_state, LinkState::kLinked);
}

TEST_P(StorageConformance, OverThePagesTheLastWordAboutAnItemCounts) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "5")).pull_number;
  PullPage first = ToPage({{"X2", 100, 10}}, "page 2");
  first.deleted = {"X1"};
  PullPage last = ToPage({{"X1", 3, 3}});
  last.deleted = {"X2"};
  PullWriteResult all;
  const std::vector<PullPage> pages = {first, last};
  for (size_t at = 0; at < pages.size();) {  // A storage may take fewer at a time.
    const PullWriteResult some =
        Value(storage().WritePulledPages(shop.fence(), pull, absl::MakeConstSpan(pages).subspan(at), At(6)));
    ASSERT_GT(some.pages, 0);
    at += static_cast<size_t>(some.pages);
    all.gone += some.gone;
    all.broken += some.broken;
    all.healed += some.healed;
  }
  EXPECT_EQ(all.gone, 2);
  EXPECT_EQ(all.broken, 2);
  EXPECT_EQ(all.healed, 1);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_EQ(shop.Listing("S2").link_state, LinkState::kBroken);
}

TEST_P(StorageConformance, TooManyDeletedItemsAreRefused) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "5")).pull_number;
  const PullPage page = Deleting(std::vector<std::string>(static_cast<size_t>(Storage::kMaxRows) + 1, "X1"));
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), pull, {page}, At(1))), kInvalidArgument);
}

TEST_P(StorageConformance, APullBegunAtAnotherMarkIsAnotherPull) {
  Shop shop(under_test());
  const int64_t first = Value(storage().BeginPull(shop.fence(), "5")).pull_number;
  EXPECT_EQ(Value(storage().BeginPull(shop.fence(), "5")).pull_number, first) << "the same call";
  EXPECT_EQ(Value(storage().BeginPull(shop.fence(), "6")).pull_number, first + 1);
  const PullState whole = Value(storage().BeginPull(shop.fence(), ""));
  EXPECT_EQ(whole.pull_number, first + 2);
  EXPECT_EQ(whole.since, "");
}

// It would ask another platform, or another file, for what changed since a time of the first.
TEST_P(StorageConformance, AMarkIsLostWithTheAdapterAndItsSettings) {
  Shop shop(under_test());
  const auto pull = [&] { PullSince(shop, "4", ToPage({}), At(1)); };
  const auto mark = [&] { return shop.channel().pull.mark; };
  const auto write = [&](const ChannelConfig& config) {
    const Channel now = shop.channel();
    ASSERT_EQ(storage().WriteChannel(now.channel_id, now.revision, config, absl::nullopt, true), absl::OkStatus());
  };
  const auto end = [&] {
    const int64_t number = Value(storage().BeginPull(shop.fence(), "")).pull_number;
    ASSERT_EQ(storage().EndPull(shop.fence(), number, true, "5", At(1)), absl::OkStatus());
  };
  pull();
  end();
  ChannelConfig config = shop.channel().config;
  config.name = "renamed";
  config.strict = !config.strict;
  write(config);
  EXPECT_EQ(mark(), "5") << "what else is in the configuration does not matter";
  config.settings = {{"path", "elsewhere"}};
  write(config);
  EXPECT_EQ(mark(), "");
  end();
  ASSERT_EQ(mark(), "5");
  config.adapter = "other";
  write(config);
  EXPECT_EQ(mark(), "");
}

// What is known of the items may be of another platform, or another file.
TEST_P(StorageConformance, APullIsNeededAfterTheAdapterOrItsSettingsChangedUntilAWholeOneEnded) {
  Shop shop(under_test());
  const auto needed = [&] { return shop.channel().pull.needed; };
  const auto set_path = [&](const std::string& path) {
    const Channel now = shop.channel();
    ChannelConfig config = now.config;
    config.settings = {{"path", path}};
    ASSERT_EQ(storage().WriteChannel(now.channel_id, now.revision, config, absl::nullopt, true), absl::OkStatus());
  };
  const auto pull = [&](absl::string_view since, bool complete) {
    const int64_t number = Value(storage().BeginPull(shop.fence(), since)).pull_number;
    ASSERT_EQ(storage().EndPull(shop.fence(), number, complete, "5", At(1)), absl::OkStatus());
  };
  set_path("first");
  EXPECT_FALSE(needed()) << "nothing is known yet";
  pull("", true);
  EXPECT_FALSE(needed());
  set_path("second");
  EXPECT_TRUE(needed());
  pull("4", true);
  EXPECT_TRUE(needed()) << "it saw only what changed";
  pull("", false);
  EXPECT_FALSE(needed()) << "it saw all that its adapter can show";
}

// What it has read, and its mark, are of another platform, or another file.
TEST_P(StorageConformance, APullEndsWithTheAdapterAndItsSettings) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  const PullState before = shop.channel().pull;
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "5")).pull_number;
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X1", 7, 7}}, "page 2")}, At(9)));
  const auto write = [&](absl::FunctionRef<void(ChannelConfig&)> edit) {
    const Channel now = shop.channel();
    ChannelConfig config = now.config;
    edit(config);
    ASSERT_EQ(storage().WriteChannel(now.channel_id, now.revision, config, absl::nullopt, true), absl::OkStatus());
  };
  write([](ChannelConfig& config) { config.strict = !config.strict; });
  EXPECT_TRUE(shop.channel().pull.running) << "what else is in the configuration does not matter";
  EXPECT_EQ(shop.channel().pull.cursor, "page 2");

  write([](ChannelConfig& config) { config.settings = {{"path", "elsewhere"}}; });
  const PullState ended = shop.channel().pull;
  EXPECT_FALSE(ended.running);
  EXPECT_EQ(ended.cursor, "");
  EXPECT_EQ(ended.cursor_at, absl::nullopt);
  EXPECT_EQ(ended.since, "");
  EXPECT_EQ(ended.job_id, 0);
  EXPECT_EQ(ended.complete_pulls, before.complete_pulls);
  EXPECT_EQ(ended.completed_at, before.completed_at);
  const std::string then = StoreText(storage());
  EXPECT_EQ(Code(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X1", 8, 8}})}, At(10))),
            kFailedPrecondition);
  EXPECT_EQ(Code(storage().SweepAbsent(shop.fence(), pull, 10, At(10))), kFailedPrecondition);
  EXPECT_EQ(Code(storage().EndPull(shop.fence(), pull, true, "6", At(10))), kFailedPrecondition);
  EXPECT_EQ(StoreText(storage()), then);

  const PullState next = Value(storage().BeginPull(shop.fence(), ""));
  EXPECT_GT(next.pull_number, pull);
  write([](ChannelConfig& config) { config.adapter = "other"; });
  EXPECT_EQ(Code(storage().EndPull(shop.fence(), next.pull_number, true, "6", At(11))), kFailedPrecondition);
  EXPECT_EQ(shop.channel().pull.mark, "");
  EXPECT_EQ(shop.channel().pull.complete_pulls, before.complete_pulls);
}

TEST_P(StorageConformance, ASettlementThatAcknowledgesSaysWhen) {
  Shop shop(under_test());
  shop.StockAndLink(2);
  EXPECT_EQ(shop.LinkRow("S1").acknowledged_at, absl::InfinitePast());
  const auto settle = [&](const SyncFields& mask, absl::Time at) {
    SettlementBatch batch;
    batch.rows = {Applied(shop.LinkRow("S1"), {1, 1, ChannelStatus::kListed})};
    batch.rows[0].mask = mask;
    EXPECT_EQ(Code(storage().WriteSettlements(shop.fence(), batch, at)), kOk);
  };
  settle({}, At(5));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged_at, absl::InfinitePast()) << "nothing was acknowledged";
  settle({SyncField::kPrice}, At(6));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged_at, At(6));
  settle({}, At(7));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged_at, At(6));
  settle({{}, {"title"}}, At(8));
  EXPECT_EQ(shop.LinkRow("S1").acknowledged_at, At(8));
  EXPECT_EQ(shop.LinkRow("S2").acknowledged_at, absl::InfinitePast());

  shop.Pull({{"X1", 9, 9}, {"X2", 9, 9}}, At(9));
  Reconciliation found = Found(shop.LinkRow("S1"));
  ASSERT_EQ(storage().WriteReconciliations(shop.fence(), {found}, At(10)), absl::OkStatus());
  ASSERT_EQ(storage().ForceLinks(shop.fence(), {PairOf(shop.LinkRow("S1"))}, At(11)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").acknowledged_at, At(8)) << "a look is no acknowledgement";
}

// A read that is old says as little about a link that was dissolved and made again.
TEST_P(StorageConformance, AnAcknowledgementOutlivesItsLink) {
  Shop shop(under_test());
  shop.StockAndLink(1);
  SettlementBatch batch;
  batch.rows = {Applied(shop.LinkRow("S1"), {1, 1, ChannelStatus::kListed})};
  EXPECT_EQ(Code(storage().WriteSettlements(shop.fence(), batch, At(6))), kOk);
  ASSERT_EQ(shop.Edit("S1", Only(ListingEdit::Kind::kUnlink), At(7)), absl::OkStatus());
  ASSERT_EQ(shop.Edit("S1", LinkTo("X1"), At(8)), absl::OkStatus());
  EXPECT_EQ(shop.LinkRow("S1").acknowledged_at, At(6));
}

TEST_P(StorageConformance, AFetchIsAsOldAsItSays) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  FetchReply reply;
  reply.items = ToPage({{"X1", 5, 5}}).items;
  reply.age = absl::Seconds(3);
  Value(storage().WriteFetched(shop.fence(), reply, At(9)));
  EXPECT_EQ(shop.LinkRow("S1").seen_at, At(6));
  reply.age = absl::Seconds(-1);
  EXPECT_EQ(Code(storage().WriteFetched(shop.fence(), reply, At(9))), kInvalidArgument);
}

namespace {

PullPage Aged(PullPage page, absl::Duration age) {
  page.age = age;
  return page;
}

}  // namespace

// A report that was made before an item was last looked at says nothing new of it.
TEST_P(StorageConformance, WhatIsOlderThanTheLastSightingOnlyProvesPresence) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  FetchReply fetched;
  fetched.items = ToPage({{"X1", 5, 5, ChannelStatus::kHidden, "P", {{"sku", "new"}}}}).items;
  fetched.items.handle.Add("new");
  Value(storage().WriteFetched(shop.fence(), fetched, At(9)));
  const std::vector<ItemRow> before = Value(storage().ReadItems(shop.channel_id(), {}, 0, 10));

  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  PullPage page = Aged(ToPage({{"X1", 7, 7}, {"X2", 7, 7}}), absl::Seconds(4));
  page.items.handle = ToPage({{"old"}, {"old"}}).items.external_id;
  page.items.fixed = {{{"price", FixedReason::kKeptByParent}}, {}};
  const PullWriteResult result = Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(12)));
  EXPECT_EQ(result.unchanged, 2) << "whether it is overtaken or has another price";
  EXPECT_EQ(result.changed, 0);
  const std::vector<ItemRow> after = Value(storage().ReadItems(shop.channel_id(), {}, 0, 10));
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0].price, before[0].price);
  EXPECT_EQ(after[0].parent_id, "P");
  EXPECT_EQ(after[0].fields, before[0].fields);
  EXPECT_EQ(after[0].fixed, before[0].fixed);
  EXPECT_EQ(after[0].seen_at, At(9));
  EXPECT_EQ(after[1].seen_at, At(8)) << "it is news of this one";
  EXPECT_EQ(shop.LinkRow("S2").seen.price, 7);
  EXPECT_TRUE(shop.DirtySkus().empty());
  EXPECT_EQ(Value(storage().ReadLinksBySku(shop.channel_id(), {"S1"})).handle[0], "new");
  EXPECT_EQ(Value(storage().SweepAbsent(shop.fence(), pull, 10, At(12))).gone, 0) << "it was there";

  fetched.age = absl::Seconds(5);
  fetched.items.price[0] = 6;
  Value(storage().WriteFetched(shop.fence(), fetched, At(13)));
  EXPECT_EQ(shop.LinkRow("S1").seen.price, 5) << "a fetch that is as old says as little";
  fetched.age = absl::Seconds(4);
  Value(storage().WriteFetched(shop.fence(), fetched, At(13)));
  EXPECT_EQ(shop.LinkRow("S1").seen.price, 6) << "as of the same time the last word counts";
}

TEST_P(StorageConformance, AnItemThatWasSeenSinceIsNotDeleted) {
  Shop shop(under_test());
  shop.StockAndSync(2);
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}}, At(9));
  EXPECT_EQ(PullSince(shop, "5", Aged(Deleting({"X1"}), absl::Seconds(2)), At(10)).gone, 0);
  FetchReply reply;
  reply.missing = {"X2"};
  reply.age = absl::Seconds(2);
  EXPECT_EQ(Value(storage().WriteFetched(shop.fence(), reply, At(10))).gone, 0);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_EQ(shop.Listing("S2").link_state, LinkState::kLinked);
  reply.age = absl::Seconds(1);
  EXPECT_EQ(Value(storage().WriteFetched(shop.fence(), reply, At(10))).broken, 1) << "not seen since";
}

TEST_P(StorageConformance, WhatIsOlderThanALossHealsNoLink) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  EXPECT_EQ(PullSince(shop, "5", Aged(Deleting({"X1"}), absl::Seconds(1)), At(10)).broken, 1);
  SettlementBatch batch;
  batch.rows = {Applied(shop.LinkRow("S2"), {})};
  batch.rows[0].gone = true;
  Value(storage().WriteSettlements(shop.fence(), batch, At(9)));
  const int64_t whole = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  EXPECT_EQ(Value(storage().SweepAbsent(shop.fence(), whole, 10, At(9))).broken, 1);
  ASSERT_EQ(storage().EndPull(shop.fence(), whole, true, "", At(9)), absl::OkStatus());

  const PullPage page = ToPage({{"X1", 7, 7}, {"X2", 7, 7}, {"X3", 7, 7}});
  EXPECT_EQ(PullSince(shop, "5", Aged(page, absl::Seconds(4)), At(12)).healed, 0) << "seen between sighting and loss";
  for (const char* sku : {"S1", "S2", "S3"}) EXPECT_EQ(shop.Listing(sku).link_state, LinkState::kBroken) << sku;
  EXPECT_EQ(PullSince(shop, "5", Aged(page, absl::Seconds(3)), At(12)).healed, 3);
}

}  // namespace flxlink
