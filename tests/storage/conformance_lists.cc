// Conformance: lists, their filters, and counts.

#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"

namespace flxlink {
namespace {

constexpr int64_t kMax = Storage::kMaxRows;
constexpr int kRows = 60;
constexpr int kFilters = 300;

// Draws from one seed.
class Dice {
 public:
  int Below(int count) { return static_cast<int>(random_() % static_cast<uint64_t>(count)); }
  bool OneIn(int count) { return Below(count) == 0; }
  // Some of them, now and then one twice; none, mostly, so that a filter of many conditions passes something.
  template <typename T>
  std::vector<T> Some(const std::vector<T>& all) {
    std::vector<T> some;
    if (!OneIn(4)) return some;
    for (int i = 1 + Below(3); i > 0; --i)
      some.push_back(all[static_cast<size_t>(Below(static_cast<int>(all.size())))]);
    return some;
  }
  absl::optional<bool> Maybe() { return OneIn(4) ? absl::optional<bool>(OneIn(2)) : absl::nullopt; }

 private:
  std::mt19937_64 random_{20261126};
};

std::string Sku(int i) { return absl::StrCat("S", i); }
std::string ExternalId(int i) { return absl::StrCat("X", i); }

const std::vector<std::string>& Parents() {
  static const auto* const parents = new std::vector<std::string>{"", "P\"1", "P2", "nobody's"};
  return *parents;
}

std::vector<PulledItem> Items(Dice& dice) {
  std::vector<PulledItem> items;
  for (int i = 0; i < kRows; ++i) {
    PulledItem item;
    item.external_id = ExternalId(i);
    item.parent = Parents()[static_cast<size_t>(dice.Below(3))];
    if (!dice.OneIn(4)) item.price = 100;
    if (!dice.OneIn(4)) item.quantity = 10;
    item.status = static_cast<ChannelStatus>(dice.Below(4));
    items.push_back(std::move(item));
  }
  return items;
}

// Gives the link an attention or two, or clears what is dirty of it.
void Settle(Shop& shop, Dice& dice, const SyncRow& link) {
  SettlementBatch batch;
  batch.rows.push_back(Applied(link, {200, 20, dice.OneIn(2) ? ChannelStatus::kListed : ChannelStatus::kHidden}));
  if (dice.OneIn(2)) {
    batch.rows[0].attentions = 0;
    batch.attentions = {{{"rejected", {}, "a price"}}};
    if (dice.OneIn(2)) batch.attentions[0].push_back({"throttled", {}, "too fast"});
  }
  ASSERT_EQ(shop.storage().WriteSettlements(shop.fence(), batch, At(5)).status(), absl::OkStatus());
}

// What becomes of a listing variant and its item.
void Act(Shop& shop, Dice& dice, int i) {
  if (dice.OneIn(3)) {
    LinkWrite unlinked;
    unlinked.listing_id = shop.ListingId(Sku(i));
    unlinked.rule = 1;
    unlinked.reason = static_cast<LinkReason>(2 + dice.Below(8));
    Value(shop.storage().WriteLinks(shop.fence(), shop.channel().edit_version, {unlinked}, At(2)));
    return;
  }
  if (dice.OneIn(6)) return;
  shop.Link(Sku(i), ExternalId(i));
  const auto edit = [&](ListingEdit::Kind kind) { EXPECT_EQ(shop.Edit(Sku(i), Only(kind)), absl::OkStatus()); };
  const int lot = dice.Below(6);
  if (lot == 3) Value(shop.storage().BeginPush(shop.fence(), Push(i + 1, {shop.LinkRow(Sku(i))})));
  if (dice.OneIn(5)) edit(ListingEdit::Kind::kPause);
  if (lot == 0) edit(ListingEdit::Kind::kUnlink);
  if (lot == 1 || lot == 2) Settle(shop, dice, shop.LinkRow(Sku(i)));
}

// Rows of every kind, by chance; items that are gone, and jobs that wait.
void Fill(Shop& shop, Dice& dice) {
  std::vector<ProductRow> products;
  for (int i = 0; i < kRows; ++i) {
    products.push_back({absl::StrCat("K", i), Sku(i), 100, 10, Parents()[static_cast<size_t>(dice.Below(3))]});
  }
  shop.Stock(products);
  std::vector<PulledItem> items = Items(dice);
  shop.Pull(items);
  for (int i = 0; i < kRows; ++i) Act(shop, dice, i);
  std::vector<PulledItem> left;
  for (const PulledItem& item : items) {
    if (!dice.OneIn(6)) left.push_back(item);
  }
  shop.Pull(left, At(9));
  for (int i = 0; i < 2; ++i) {
    const Job job = NewJob(shop.storage(), shop.channel_id(), i == 0 ? JobKind::kLink : JobKind::kRules);
    ASSERT_EQ(shop.storage().WriteQueue(Enqueue(shop.Queue(), job)), absl::OkStatus());
  }
}

ListingFilter SomeListings(Dice& dice) {
  std::vector<std::string> skus = {Sku(0), Sku(1), Sku(2), Sku(3), Sku(4), "none"};
  ListingFilter filter;
  filter.link_states = dice.Some<LinkState>({LinkState::kUnlinked, LinkState::kLinked, LinkState::kBroken});
  filter.reasons = dice.Some<LinkReason>({LinkReason::kNone, LinkReason::kNoMatch, LinkReason::kUnlinkedByHand,
                                          LinkReason::kTargetTaken, LinkReason::kNoKey});
  filter.healths = dice.Some<Health>({Health::kNotListed, Health::kListed, Health::kHidden, Health::kPaused});
  filter.attention = dice.OneIn(4);
  filter.attention_codes = dice.Some<std::string>({"rejected", "throttled", "item_gone", "none"});
  if (dice.OneIn(3)) filter.skus = dice.Some(skus);
  filter.parents = dice.Some(Parents());
  filter.dirty = dice.Maybe();
  filter.in_doubt = dice.Maybe();
  return filter;
}

ItemFilter SomeItems(Dice& dice) {
  ItemFilter filter;
  filter.external_ids = dice.Some<std::string>({ExternalId(0), ExternalId(1), ExternalId(2), ExternalId(3), "none"});
  filter.parents = dice.Some(Parents());
  filter.unlinked = dice.OneIn(3);
  filter.live = dice.Maybe();
  return filter;
}

}  // namespace

TEST_P(StorageConformance, ListedListingsAreThoseThatMatchTheFilter) {
  Dice dice;
  Shop shop(under_test());
  ASSERT_NO_FATAL_FAILURE(Fill(shop, dice));
  const std::vector<ListingRow> all = Value(storage().ReadListings(shop.channel_id(), {}, 0, kMax));
  ASSERT_EQ(all.size(), static_cast<size_t>(kRows));
  int64_t listed = 0;
  for (int i = 0; i < kFilters; ++i) {
    const ListingFilter filter = SomeListings(dice);
    std::vector<std::string> expected;
    for (const ListingRow& row : all) {
      if (Matches(row, filter)) expected.push_back(row.sku);
    }
    std::vector<std::string> skus;
    const int64_t limit = 1 + dice.Below(10);
    for (int64_t after = 0;;) {
      const std::vector<ListingRow> page = Value(storage().ReadListings(shop.channel_id(), filter, after, limit));
      for (const ListingRow& row : page) skus.push_back(row.sku);
      if (static_cast<int64_t>(page.size()) < limit) break;
      after = page.back().listing_id;
    }
    EXPECT_EQ(skus, expected) << "filter " << i;
    listed += static_cast<int64_t>(skus.size());
  }
  EXPECT_GT(listed, kFilters) << "most filters let nothing pass";
}

TEST_P(StorageConformance, ListedItemsAreThoseThatMatchTheFilter) {
  Dice dice;
  Shop shop(under_test());
  ASSERT_NO_FATAL_FAILURE(Fill(shop, dice));
  const std::vector<ItemRow> all = Value(storage().ReadItems(shop.channel_id(), {}, 0, kMax));
  ASSERT_EQ(all.size(), static_cast<size_t>(kRows));
  int64_t listed = 0;
  for (int i = 0; i < kFilters; ++i) {
    const ItemFilter filter = SomeItems(dice);
    std::vector<std::string> expected;
    for (const ItemRow& row : all) {
      if (Matches(row, filter)) expected.push_back(row.external_id);
    }
    std::vector<std::string> ids;
    const int64_t limit = 1 + dice.Below(10);
    for (int64_t after = 0;;) {
      const std::vector<ItemRow> page = Value(storage().ReadItems(shop.channel_id(), filter, after, limit));
      for (const ItemRow& row : page) ids.push_back(row.external_id);
      if (static_cast<int64_t>(page.size()) < limit) break;
      after = page.back().channel_variant_id;
    }
    EXPECT_EQ(ids, expected) << "filter " << i;
    listed += static_cast<int64_t>(ids.size());
  }
  EXPECT_GT(listed, kFilters) << "most filters let nothing pass";
}

TEST_P(StorageConformance, AnItemIsListedAsThePullSawItWithItsLink) {
  Shop shop(under_test());
  ChannelConfig config = shop.channel().config;
  config.currency = CurrencyOf("EUR");
  ASSERT_EQ(storage().WriteChannel(shop.channel_id(), shop.channel().revision, config, absl::nullopt, true),
            absl::OkStatus());
  shop.Stock({{"K1", "S1", 100, 10}});
  shop.Pull({{"X1", 250, 3, ChannelStatus::kHidden, "P1", {{"sku", "S1"}, {"title", "Mug"}}}, {"X2"}}, At(7));
  shop.Link("S1", "X1");
  std::vector<ItemRow> rows = Value(storage().ReadItems(shop.channel_id(), {}, 0, 10));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].channel_variant_id, shop.ItemId("X1"));
  EXPECT_EQ(rows[0].external_id, "X1");
  EXPECT_EQ(rows[0].parent_id, "P1");
  EXPECT_EQ(rows[0].fields, (std::vector<Field>{{"sku", "S1"}, {"title", "Mug"}}));
  EXPECT_EQ(rows[0].price, (Money{250, CurrencyOf("EUR")}));
  EXPECT_EQ(rows[0].quantity, 3);
  EXPECT_EQ(rows[0].status, ChannelStatus::kHidden);
  EXPECT_TRUE(rows[0].live);
  EXPECT_EQ(rows[0].seen_at, At(7));
  EXPECT_EQ(rows[0].sku, "S1");
  EXPECT_EQ(rows[0].link_state, LinkState::kLinked);
  EXPECT_FALSE(rows[1].price.has_value());
  EXPECT_FALSE(rows[1].quantity.has_value());
  EXPECT_EQ(rows[1].sku, "");
  EXPECT_EQ(rows[1].link_state, LinkState::kUnlinked);
  shop.Pull({{"X2", 1, 1, ChannelStatus::kDead}}, At(8));
  rows = Value(storage().ReadItems(shop.channel_id(), {}, 0, 10));
  EXPECT_FALSE(rows.at(0).live) << "it is gone";
  EXPECT_EQ(rows.at(0).seen_at, At(7));
  EXPECT_EQ(rows.at(0).sku, "S1");
  EXPECT_EQ(rows.at(0).link_state, LinkState::kBroken);
  EXPECT_FALSE(rows.at(1).live) << "it is archived";
}

TEST_P(StorageConformance, CountsAreThoseOfTheLists) {
  Dice dice;
  Shop shop(under_test());
  Shop other(under_test(), "other");
  other.StockAndLink(3);
  ASSERT_NO_FATAL_FAILURE(Fill(shop, dice));
  ChannelCounts expected;
  for (const ListingRow& row : Value(storage().ReadListings(shop.channel_id(), {}, 0, kMax))) {
    ++expected.listings;
    ++expected.by_link_state[row.link_state];
    if (row.link_state == LinkState::kUnlinked) ++expected.unlinked_by_reason[row.reason];
    ++expected.by_health[HealthOf(row.status)];
    for (const Problem& attention : row.attentions) ++expected.by_attention[attention.code];
    expected.with_attention += row.attentions.empty() ? 0 : 1;
    expected.dirty += row.dirty ? 1 : 0;
    expected.in_doubt += row.in_doubt ? 1 : 0;
  }
  for (const ItemRow& row : Value(storage().ReadItems(shop.channel_id(), {}, 0, kMax))) {
    ++expected.items;
    expected.live_items += row.live ? 1 : 0;
    expected.unlinked_items += row.sku.empty() ? 1 : 0;
    expected.live_unlinked_items += row.sku.empty() && row.live ? 1 : 0;
  }
  const ChannelCounts counts = Value(storage().CountChannel(shop.channel_id()));
  EXPECT_EQ(counts.listings, expected.listings);
  EXPECT_EQ(counts.by_link_state, expected.by_link_state);
  EXPECT_EQ(counts.unlinked_by_reason, expected.unlinked_by_reason);
  EXPECT_EQ(counts.by_health, expected.by_health);
  EXPECT_EQ(counts.by_attention, expected.by_attention);
  EXPECT_EQ(counts.with_attention, expected.with_attention);
  EXPECT_EQ(counts.dirty, expected.dirty);
  EXPECT_EQ(counts.in_doubt, expected.in_doubt);
  EXPECT_EQ(counts.items, expected.items);
  EXPECT_EQ(counts.live_items, expected.live_items);
  EXPECT_EQ(counts.unlinked_items, expected.unlinked_items);
  EXPECT_EQ(counts.live_unlinked_items, expected.live_unlinked_items);
  EXPECT_EQ(counts.open_jobs, (std::map<JobState, int64_t>{{JobState::kRunning, 1}, {JobState::kPending, 2}}));
  EXPECT_EQ(counts.by_link_state.size(), 3u) << "there is one of every state";
  EXPECT_GT(counts.dirty, 0);
  EXPECT_GT(counts.in_doubt, 0);
  EXPECT_GT(counts.by_attention.size(), 2u);
}

TEST_P(StorageConformance, AnEmptyChannelCountsNothing) {
  const Channel channel = Value(storage().CreateChannel(NamedConfig("shop")));
  const ChannelCounts counts = Value(storage().CountChannel(channel.channel_id));
  EXPECT_EQ(counts.listings, 0);
  EXPECT_TRUE(counts.by_link_state.empty());
  EXPECT_TRUE(counts.by_attention.empty());
  EXPECT_EQ(counts.items, 0);
  EXPECT_EQ(counts.live_unlinked_items, 0);
  EXPECT_TRUE(counts.open_jobs.empty());
}

TEST_P(StorageConformance, LongListsInFiltersAreRefused) {
  Shop shop(under_test());
  std::vector<std::string> many(static_cast<size_t>(kMax), "a");
  ListingFilter listings;
  ItemFilter items;
  listings.skus = listings.parents = listings.attention_codes = many;
  items.external_ids = items.parents = many;
  EXPECT_EQ(Code(storage().ReadListings(shop.channel_id(), listings, 0, 1)), kOk);
  EXPECT_EQ(Code(storage().ReadItems(shop.channel_id(), items, 0, 1)), kOk);
  many.emplace_back("a");
  for (std::vector<std::string> ListingFilter::*list :
       {&ListingFilter::skus, &ListingFilter::parents, &ListingFilter::attention_codes}) {
    ListingFilter filter;
    filter.*list = many;
    EXPECT_EQ(Code(storage().ReadListings(shop.channel_id(), filter, 0, 1)), kInvalidArgument);
  }
  for (std::vector<std::string> ItemFilter::*list : {&ItemFilter::external_ids, &ItemFilter::parents}) {
    ItemFilter filter;
    filter.*list = many;
    EXPECT_EQ(Code(storage().ReadItems(shop.channel_id(), filter, 0, 1)), kInvalidArgument);
  }
  for (const int64_t limit : {int64_t{0}, kMax + 1}) {
    EXPECT_EQ(Code(storage().ReadItems(shop.channel_id(), {}, 0, limit)), kInvalidArgument);
    EXPECT_EQ(Code(storage().ReadLinkHistory(shop.channel_id(), {}, {}, limit)), kInvalidArgument);
  }
}

TEST_P(StorageConformance, WhatDriftedIsNotAStoragesToTell) {
  Shop shop(under_test());
  ListingFilter filter;
  filter.drifted = true;
  EXPECT_EQ(Code(storage().ReadListings(shop.channel_id(), filter, 0, 1)), kInvalidArgument);
}

TEST_P(StorageConformance, JobsAreThoseThatMatchTheFilter) {
  Dice dice;
  std::vector<int64_t> channels;
  for (const char* name : {"east", "west"}) {
    channels.push_back(Value(storage().CreateChannel(NamedConfig(name))).channel_id);
  }
  for (int i = 0; i < kRows; ++i) {
    Job job = NewJob(storage(), channels[static_cast<size_t>(dice.Below(2))], static_cast<JobKind>(dice.Below(5)));
    const JobState states[] = {JobState::kPending, JobState::kCompleted, JobState::kFailed, JobState::kCancelled};
    job.state = states[dice.Below(4)];
    QueueChange change = Enqueue(Value(storage().ReadQueue(job.channel_id)), job);
    ASSERT_EQ(storage().WriteQueue(change), absl::OkStatus());
  }
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  const std::vector<Job> all = Value(storage().ReadJobs({}, kLast, kMax));
  ASSERT_EQ(all.size(), static_cast<size_t>(kRows));
  for (int i = 0; i < kFilters; ++i) {
    JobFilter filter;
    if (dice.OneIn(2)) filter.channel = dice.OneIn(2) ? "east" : "west";
    filter.kinds =
        dice.Some<JobKind>({JobKind::kPull, JobKind::kLink, JobKind::kSync, JobKind::kRules, JobKind::kFetch});
    filter.states =
        dice.Some<JobState>({JobState::kPending, JobState::kFailed, JobState::kCancelled, JobState::kRunning});
    std::vector<int64_t> expected;
    for (const Job& job : all) {
      if (Matches(job, filter)) expected.push_back(job.job_id);
    }
    std::vector<int64_t> ids;
    const int64_t limit = 1 + dice.Below(10);
    for (int64_t before = kLast;;) {
      const std::vector<Job> page = Value(storage().ReadJobs(filter, before, limit));
      for (const Job& job : page) ids.push_back(job.job_id);
      if (static_cast<int64_t>(page.size()) < limit) break;
      before = page.back().job_id;
    }
    EXPECT_EQ(ids, expected) << "filter " << i;
  }
}

TEST_P(StorageConformance, LinkHistoryIsReadByListingVariantByJobAndInPages) {
  Shop shop(under_test());
  shop.StockAndLink(3);
  const int64_t first_job = shop.fence().job_id;
  ASSERT_EQ(shop.Edit("S2", Only(ListingEdit::Kind::kUnlink), At(5)), absl::OkStatus());
  shop.ChangeJob();
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}}, At(6));  // Breaks S3.
  const auto read = [&](const HistoryFilter& filter, int64_t limit) {
    std::vector<std::string> entries;
    for (LinkEventPlace after;;) {
      const std::vector<LinkHistoryRow> page =
          Value(storage().ReadLinkHistory(shop.channel_id(), filter, after, limit));
      for (const LinkHistoryRow& row : page) {
        EXPECT_EQ(row.place.listing_id, shop.ListingId(row.sku));
        entries.push_back(absl::StrCat(row.sku, " ", row.place.number, " ", ToString(row.event.kind), " ",
                                       row.event.external_id, " by ", row.event.job_id));
      }
      if (static_cast<int64_t>(page.size()) < limit) return entries;
      after = page.back().place;
    }
  };
  const std::string by_first = absl::StrCat(" by ", first_job);
  const std::string by_second = absl::StrCat(" by ", shop.fence().job_id);
  const std::vector<std::string> all = {"S1 1 linked X1" + by_first, "S2 1 linked X2" + by_first,
                                        "S2 2 unlinked X2 by 0", "S3 1 linked X3" + by_first,
                                        "S3 2 broken X3" + by_second};
  for (const int64_t limit : {1, 2, 5, 100}) EXPECT_EQ(read({}, limit), all) << limit;
  HistoryFilter filter;
  filter.sku = "S2";
  EXPECT_EQ(read(filter, 1), (std::vector<std::string>{all[1], all[2]}));
  filter.job_id = 0;
  EXPECT_EQ(read(filter, 10), std::vector<std::string>{all[2]});
  filter.sku = "";
  EXPECT_EQ(read(filter, 10), std::vector<std::string>{all[2]}) << "what people did";
  filter.job_id = first_job;
  EXPECT_EQ(read(filter, 1), (std::vector<std::string>{all[0], all[1], all[3]}));
  filter.job_id = shop.fence().job_id;
  EXPECT_EQ(read(filter, 10), std::vector<std::string>{all[4]});
  filter.job_id.reset();
  filter.sku = "none";
  EXPECT_TRUE(read(filter, 10).empty());
}

TEST_P(StorageConformance, AnEditThatFailsDoesNotKeepOthersFromBeingMade) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  std::vector<ListingEdit> edits = {Priority(7),  Only(ListingEdit::Kind::kPause),
                                    LinkTo("X1"), Only(ListingEdit::Kind::kUnlink),
                                    LinkTo("X3"), Priority(8)};
  const std::vector<std::string> skus = {"S1", "none", "S2", "S3", "S3", "S1"};
  for (size_t i = 0; i < edits.size(); ++i) edits[i].sku = skus[i];
  std::vector<absl::StatusCode> codes;
  std::vector<bool> changed_links;
  for (const EditOutcome& outcome : Value(storage().EditListings(shop.channel_id(), edits, At(9)))) {
    codes.push_back(outcome.status.code());
    changed_links.push_back(outcome.changed_link);
  }
  EXPECT_EQ(codes, (std::vector<absl::StatusCode>{kOk, kNotFound, kFailedPrecondition, kOk, kOk, kOk}));
  EXPECT_EQ(changed_links, (std::vector<bool>{false, false, false, true, true, false}));
  EXPECT_EQ(shop.Listing("S1").sync_priority, 8) << "edits are made in their order";
  EXPECT_EQ(shop.Listing("S2").external_id, "X2");
  EXPECT_EQ(shop.Listing("S3").external_id, "X3") << "unlinked and linked again";
  EXPECT_EQ(shop.History("S3").size(), 3u);
  EXPECT_TRUE(Value(storage().EditListings(shop.channel_id(), {}, At(9))).empty());
  edits.resize(static_cast<size_t>(kMax) + 1, edits[0]);
  EXPECT_EQ(Code(storage().EditListings(shop.channel_id(), edits, At(9))), kInvalidArgument);
}

}  // namespace flxlink
