// Conformance: ids, channels, and what belongs to which channel.

#include <string>
#include <vector>

#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"
#include "tests/support/open_pushes.h"

namespace flxlink {
namespace {

constexpr int64_t kNoChannel = 987654321;

// A configuration with nothing at its default.
ChannelConfig FullConfig() {
  ChannelConfig config;
  config.name = "Shop-1.eu_west";
  config.adapter = "csv";
  config.settings = {{"path", "/data/a b.csv"}, {"empty", ""}, {"accent", "é=\n\""}};
  config.link_priority = {
      {"upc", "barcode", {Normalizer::kTrim, Normalizer::kCasefold, Normalizer::kGtin}, Ambiguity::kNext},
      {"sku", "sku", {}, Ambiguity::kStop}};
  config.parent_guard = true;
  config.strict = true;
  config.link_after_build = true;
  config.link_after_sync = false;
  config.sync_fields = {SyncField::kQuantity};
  config.currency = CurrencyOf("JPY");
  config.oversell_guard = OversellGuard::kOverwrite;
  config.zero_prices = true;
  config.status_rules = {
      {StatusRule::Subject::kPrice, StatusRule::Comparison::kGreater, -5, StatusRule::Action::kUnhide},
      {StatusRule::Subject::kQuantity, StatusRule::Comparison::kNotEqual, 1LL << 60, StatusRule::Action::kHide}};
  config.limits = {{ChangeKind::kBreak, 0, false}, {ChangeKind::kReprice, 5, true}};
  config.keep_days = 7;
  config.keep_jobs = 20;
  return config;
}

}  // namespace

TEST_P(StorageConformance, ReservedIdsStartAtOneAndAreNeverGivenTwice) {
  EXPECT_EQ(Value(storage().ReserveIds(5)), 1);
  EXPECT_GE(Value(storage().ReserveIds(1)), 6);
  const int64_t third = Value(storage().ReserveIds(100));
  EXPECT_GE(Value(storage().ReserveIds(1)), third + 100);
}

TEST_P(StorageConformance, ReservingNoIdsIsRefused) {
  EXPECT_EQ(Code(storage().ReserveIds(0)), kInvalidArgument);
  EXPECT_EQ(Code(storage().ReserveIds(-1)), kInvalidArgument);
}

TEST_P(StorageConformance, NewStoreIsEmpty) {
  EXPECT_TRUE(Value(storage().ReadChannels()).empty());
  EXPECT_TRUE(Value(storage().ReadSchedules()).empty());
  EXPECT_TRUE(Value(storage().ReadClaimable(At(0), 10)).empty());
  EXPECT_EQ(Value(storage().ReadProducts(0, {}, 10)).size(), 0);
  EXPECT_TRUE(Value(storage().ReadJobs({}, 1000, 10)).empty());
}

TEST_P(StorageConformance, NewChannelHasNothingInIt) {
  const Channel channel = Value(storage().CreateChannel(NamedConfig("shop")));
  EXPECT_GT(channel.channel_id, 0);
  EXPECT_FALSE(channel.draft.has_value());
  EXPECT_EQ(channel.evaluated_version, channel.policy_version);
  EXPECT_EQ(channel.edit_version, 0);
  EXPECT_EQ(channel.pull.pull_number, 0);
  EXPECT_FALSE(channel.pull.running);
  EXPECT_EQ(channel.pull.complete_pulls, 0);
  EXPECT_FALSE(channel.pull.completed_at.has_value());
  EXPECT_TRUE(Value(storage().ReadListings(channel.channel_id, {}, 0, 10)).empty());
  EXPECT_EQ(Value(storage().ReadChannelKeys(channel.channel_id, {}, 0, 10)).size(), 0);
}

TEST_P(StorageConformance, CreatingAChannelTwiceIsOnce) {
  const Channel first = Value(storage().CreateChannel(FullConfig()));
  const Channel second = Value(storage().CreateChannel(FullConfig()));
  EXPECT_EQ(second.channel_id, first.channel_id);
  EXPECT_EQ(second.revision, first.revision);
  EXPECT_EQ(Value(storage().ReadChannels()).size(), 1u);
}

TEST_P(StorageConformance, CreatingAChannelOfATakenNameIsRefused) {
  Value(storage().CreateChannel(FullConfig()));
  const std::string before = StoreText(storage());
  ChannelConfig other = FullConfig();
  other.settings[0].second = "/data/other.csv";
  EXPECT_EQ(Code(storage().CreateChannel(other)), kAlreadyExists);
  other = FullConfig();
  other.link_priority[0].normalizers.pop_back();
  EXPECT_EQ(Code(storage().CreateChannel(other)), kAlreadyExists);
  other = FullConfig();
  other.limits.pop_back();
  EXPECT_EQ(Code(storage().CreateChannel(other)), kAlreadyExists);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, ChannelKeepsEveryPartOfItsConfiguration) {
  const Channel created = Value(storage().CreateChannel(FullConfig()));
  EXPECT_EQ(ToText(created.config), ToText(FullConfig()));
  EXPECT_EQ(ToText(Value(storage().ReadChannel("Shop-1.eu_west")).config), ToText(FullConfig()));
  EXPECT_EQ(ToText(Value(storage().ReadChannel(created.channel_id)).config), ToText(FullConfig()));
}

TEST_P(StorageConformance, ChannelKeepsTheDefaultsOfAConfiguration) {
  Value(storage().CreateChannel(NamedConfig("plain")));
  const ChannelConfig read = Value(storage().ReadChannel("plain")).config;
  EXPECT_EQ(ToText(read), ToText(NamedConfig("plain")));
  EXPECT_TRUE(read.limits.empty());
  EXPECT_EQ(read.keep_days, 90);
  EXPECT_EQ(read.keep_jobs, 1000);
}

TEST_P(StorageConformance, ReadingAnUnknownChannelIsNotFound) {
  Value(storage().CreateChannel(NamedConfig("shop")));
  EXPECT_EQ(Code(storage().ReadChannel("shop2")), kNotFound);
  EXPECT_EQ(Code(storage().ReadChannel("Shop")), kNotFound);
  EXPECT_EQ(Code(storage().ReadChannel(kNoChannel)), kNotFound);
}

TEST_P(StorageConformance, ChannelsAreOrderedByName) {
  for (const char* name : {"b", "a.2", "Z", "a"}) Value(storage().CreateChannel(NamedConfig(name)));
  std::vector<std::string> names;
  for (const Channel& channel : Value(storage().ReadChannels())) names.push_back(channel.config.name);
  EXPECT_EQ(names, (std::vector<std::string>{"Z", "a", "a.2", "b"}));
}

TEST_P(StorageConformance, WritingAChannelMovesItsRevision) {
  const Channel before = Value(storage().CreateChannel(NamedConfig("shop")));
  ChannelConfig config = NamedConfig("shop");
  config.strict = true;
  ASSERT_EQ(storage().WriteChannel(before.channel_id, before.revision, config, absl::nullopt, false), absl::OkStatus());
  const Channel after = Value(storage().ReadChannel("shop"));
  EXPECT_TRUE(after.config.strict);
  EXPECT_GT(after.revision, before.revision);
  EXPECT_EQ(after.policy_version, before.policy_version);
}

TEST_P(StorageConformance, WritingAChannelThatMovesPolicyGrowsThePolicyVersion) {
  const Channel before = Value(storage().CreateChannel(NamedConfig("shop")));
  ChannelConfig config = NamedConfig("shop");
  config.sync_fields.Remove(SyncField::kStatus);
  ASSERT_EQ(storage().WriteChannel(before.channel_id, before.revision, config, absl::nullopt, true), absl::OkStatus());
  const Channel after = Value(storage().ReadChannel("shop"));
  EXPECT_GT(after.policy_version, before.policy_version);
  EXPECT_EQ(after.evaluated_version, before.evaluated_version);
}

TEST_P(StorageConformance, DraftIsKeptBesideTheConfigurationAndCleared) {
  const Channel created = Value(storage().CreateChannel(NamedConfig("shop")));
  ChannelConfig draft = FullConfig();
  draft.name = "shop";
  ASSERT_EQ(storage().WriteChannel(created.channel_id, created.revision, created.config, draft, false),
            absl::OkStatus());
  const Channel drafted = Value(storage().ReadChannel("shop"));
  ASSERT_TRUE(drafted.draft.has_value());
  EXPECT_EQ(ToText(*drafted.draft), ToText(draft));
  EXPECT_EQ(ToText(drafted.config), ToText(created.config));
  ASSERT_EQ(storage().WriteChannel(created.channel_id, drafted.revision, draft, absl::nullopt, true), absl::OkStatus());
  const Channel applied = Value(storage().ReadChannel("shop"));
  EXPECT_FALSE(applied.draft.has_value());
  EXPECT_EQ(ToText(applied.config), ToText(draft));
}

TEST_P(StorageConformance, WritingAChannelThatMovedIsAborted) {
  const Channel read = Value(storage().CreateChannel(NamedConfig("shop")));
  ChannelConfig config = NamedConfig("shop");
  config.strict = true;
  ASSERT_EQ(storage().WriteChannel(read.channel_id, read.revision, config, absl::nullopt, false), absl::OkStatus());
  const std::string before = StoreText(storage());
  config.parent_guard = true;
  EXPECT_EQ(Code(storage().WriteChannel(read.channel_id, read.revision, config, config, true)), kAborted);
  EXPECT_EQ(Code(storage().WriteChannel(read.channel_id, read.revision + 2, config, config, true)), kAborted);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, ChannelCanBeRenamedToAFreeName) {
  const Channel first = Value(storage().CreateChannel(NamedConfig("first")));
  Value(storage().CreateChannel(NamedConfig("second")));
  EXPECT_EQ(Code(storage().WriteChannel(first.channel_id, first.revision, NamedConfig("second"), absl::nullopt, false)),
            kAlreadyExists);
  EXPECT_EQ(Value(storage().ReadChannel("first")).revision, first.revision);
  ASSERT_EQ(storage().WriteChannel(first.channel_id, first.revision, NamedConfig("third"), absl::nullopt, false),
            absl::OkStatus());
  EXPECT_EQ(Value(storage().ReadChannel("third")).channel_id, first.channel_id);
  EXPECT_EQ(Code(storage().ReadChannel("first")), kNotFound);
}

TEST_P(StorageConformance, RemovedChannelIsGoneWithAllThatBelongedToIt) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  ASSERT_EQ(shop.Edit("S3", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  ASSERT_EQ(Value(storage().BeginPush(shop.fence(), Push(7, {shop.LinkRow("S1")}))), kNothingLeftOut);
  Schedule schedule;
  schedule.channel_id = shop.channel_id();
  schedule.name = "sync";
  schedule.next_fire = At(60);
  ASSERT_EQ(Code(storage().WriteSchedule(schedule)), kOk);
  const int64_t job_id = shop.fence().job_id;
  shop.EndJob();

  ASSERT_EQ(storage().RemoveChannel(shop.channel_id()), absl::OkStatus());
  EXPECT_EQ(Code(storage().ReadChannel("shop")), kNotFound);
  EXPECT_EQ(Code(storage().ReadJob(job_id)), kNotFound);
  EXPECT_TRUE(Value(storage().ReadJobs({}, job_id + 100, 10)).empty());
  EXPECT_TRUE(Value(storage().ReadSchedules()).empty());
  EXPECT_EQ(Value(storage().ReadProducts(0, {}, 10)).size(), 3) << "products belong to no channel";

  const Channel again = Value(storage().CreateChannel(NamedConfig("shop")));
  EXPECT_NE(again.channel_id, shop.channel_id());
  EXPECT_TRUE(Value(storage().ReadListings(again.channel_id, {}, 0, 10)).empty());
  EXPECT_EQ(Value(storage().ReadChannelKeys(again.channel_id, {}, 0, 10)).size(), 0);
  EXPECT_TRUE(Value(storage().ReadHandUnlinks(again.channel_id, {}, 10)).empty());
  EXPECT_TRUE(ReadAllPushes(storage(), again.channel_id).empty());
  EXPECT_EQ(Value(storage().ReadQueue(again.channel_id)).slot.epoch, 0);
}

TEST_P(StorageConformance, ProductsOfARemovedChannelCanStillBeWritten) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.EndJob();
  ASSERT_EQ(storage().RemoveChannel(shop.channel_id()), absl::OkStatus());
  EXPECT_EQ(Value(storage().WriteProducts(ToBatch({{"K1", "S1", 200, 10}}), At(5))).dirtied, 0);
}

TEST_P(StorageConformance, ChannelWhoseJobRunsCannotBeRemoved) {
  Shop shop(under_test());
  const std::string before = StoreText(storage());
  EXPECT_EQ(Code(storage().RemoveChannel(shop.channel_id())), kFailedPrecondition);
  EXPECT_EQ(StoreText(storage()), before);
  under_test().KillOwner(shop.owner());
  EXPECT_EQ(storage().RemoveChannel(shop.channel_id()), absl::OkStatus()) << "a dead owner does not hold it";
}

TEST_P(StorageConformance, EveryOperationOnAnUnknownChannelIsNotFound) {
  Storage::DirtyCursor cursor;
  Schedule schedule;
  schedule.channel_id = kNoChannel;
  schedule.name = "sync";
  QueueChange change;
  change.slot.channel_id = kNoChannel;
  EXPECT_EQ(Code(storage().WriteChannel(kNoChannel, 0, NamedConfig("x"), absl::nullopt, false)), kNotFound);
  EXPECT_EQ(Code(storage().ReadListings(kNoChannel, {}, 0, 1)), kNotFound);
  EXPECT_EQ(Code(storage().CountAbsentLinks(kNoChannel, 1)), kNotFound);
  EXPECT_EQ(Code(storage().ReadListingKeys(kNoChannel, {}, 0, 1)), kNotFound);
  EXPECT_EQ(Code(storage().ReadChannelKeys(kNoChannel, {}, 0, 1)), kNotFound);
  EXPECT_EQ(Code(storage().ReadHandUnlinks(kNoChannel, {}, 1)), kNotFound);
  EXPECT_EQ(Code(storage().EditListings(kNoChannel, {Only(ListingEdit::Kind::kPause)}, At(0))), kNotFound);
  EXPECT_EQ(Code(storage().ReadLinkHistory(kNoChannel, {}, {}, 1)), kNotFound);
  EXPECT_EQ(Code(storage().ReadItems(kNoChannel, {}, 0, 1)), kNotFound);
  EXPECT_EQ(Code(storage().CountChannel(kNoChannel)), kNotFound);
  EXPECT_EQ(Code(storage().ReadDirty(kNoChannel, &cursor, 1)), kNotFound);
  EXPECT_EQ(Code(storage().CountDirty(kNoChannel, 1)), kNotFound);
  EXPECT_EQ(Code(storage().ReadLinks(kNoChannel, 0, 1)), kNotFound);
  EXPECT_EQ(Code(storage().ReadLinksBySku(kNoChannel, {"S1"})), kNotFound);
  EXPECT_EQ(Code(storage().ReadLinksByParent(kNoChannel, {"P"}, 0, 10)), kNotFound);
  LinkStorage::PushCursor pushes;
  EXPECT_EQ(Code(storage().ReadOpenPushes(kNoChannel, At(0), &pushes, 1)), kNotFound);
  EXPECT_EQ(Code(storage().ReadNextLook(kNoChannel)), kNotFound);
  EXPECT_EQ(Code(storage().ReadAwaited(kNoChannel, {1})), kNotFound);
  EXPECT_EQ(Code(storage().ReadQueue(kNoChannel)), kNotFound);
  EXPECT_EQ(Code(storage().WriteQueue(change)), kNotFound);
  EXPECT_EQ(Code(storage().WriteSchedule(schedule)), kNotFound);
  EXPECT_EQ(Code(storage().ClearSchedule(kNoChannel, "sync")), kNotFound);
}

TEST_P(StorageConformance, ChannelsDoNotSeeEachOther) {
  Shop east(under_test(), "east");
  east.StockAndSync(2);
  Shop west(under_test(), "west");
  west.Build({"S1", "S2"});
  west.Pull({{"X1", 7, 7}});
  west.Link("S1", "X1");

  EXPECT_EQ(east.LinkRow("S1").seen.price, 100);
  EXPECT_EQ(west.LinkRow("S1").seen.price, 7);
  ASSERT_EQ(west.Edit("S1", Only(ListingEdit::Kind::kUnlink)), absl::OkStatus());
  EXPECT_EQ(east.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_TRUE(Value(storage().ReadHandUnlinks(east.channel_id(), {}, 10)).empty());
  west.Pull({});
  EXPECT_TRUE(east.IsLiveItem("X1"));
  east.EndJob();
  ASSERT_EQ(storage().RemoveChannel(east.channel_id()), absl::OkStatus());
  EXPECT_EQ(west.Listing("S2").sku, "S2");
}

}  // namespace flxlink
