#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "flxlink/storage_kit/rules.h"
#include "gtest/gtest.h"
#include "tests/storage/shop.h"

namespace flxlink {
namespace {

TEST(StorageRules, RowsAndLimitsEndAtTheMost) {
  EXPECT_EQ(storage::CheckRows(0, "rows"), absl::OkStatus());
  EXPECT_EQ(storage::CheckRows(static_cast<size_t>(Storage::kMaxRows), "rows"), absl::OkStatus());
  const absl::Status many = storage::CheckRows(static_cast<size_t>(Storage::kMaxRows) + 1, "push items");
  EXPECT_EQ(many.code(), kInvalidArgument);
  EXPECT_EQ(many.message(), "10001 push items in one operation; the limit is 10000, work in pages");
  EXPECT_EQ(storage::CheckLimit(1), absl::OkStatus());
  EXPECT_EQ(storage::CheckLimit(Storage::kMaxRows), absl::OkStatus());
  EXPECT_EQ(storage::CheckLimit(0).code(), kInvalidArgument);
  EXPECT_EQ(storage::CheckLimit(std::numeric_limits<int64_t>::max()).code(), kInvalidArgument);
}

// What decides between two slots, the first that differs of these: higher goes first, but for lane, age and channel.
int FirstDifference(const Slot& a, const Slot& b) {
  const bool differs[] = {a.head_prioritized_at != b.head_prioritized_at, a.head_lane != b.head_lane,
                          a.head_priority != b.head_priority, a.head_sync_priority != b.head_sync_priority,
                          a.head_created_at != b.head_created_at};
  return static_cast<int>(std::find(std::begin(differs), std::end(differs), true) - std::begin(differs));
}

bool GoesFirst(const Slot& a, const Slot& b) {
  switch (FirstDifference(a, b)) {
    case 0:
      return a.head_prioritized_at > b.head_prioritized_at;
    case 1:
      return a.head_lane == Lane::kUrgent;
    case 2:
      return a.head_priority > b.head_priority;
    case 3:
      return !b.head_sync_priority.has_value() ||
             (a.head_sync_priority.has_value() && *a.head_sync_priority > *b.head_sync_priority);
    case 4:
      return a.head_created_at < b.head_created_at;
  }
  return a.channel_id < b.channel_id;
}

// Two values of each part, three where one may be missing: all pairs of slots of them.
TEST(StorageRules, SlotsAreInOrderPartByPart) {
  std::vector<Slot> slots;
  for (const absl::Time prioritized_at : {absl::InfinitePast(), At(1)}) {
    for (const Lane lane : {Lane::kUrgent, Lane::kBulk}) {
      for (const int64_t priority : {-1, 20}) {
        for (const absl::optional<int64_t> sync_priority :
             {absl::optional<int64_t>(), absl::make_optional<int64_t>(-5), absl::make_optional<int64_t>(7)}) {
          for (const absl::Time created_at : {At(2), At(3)}) {
            Slot slot;
            slot.channel_id = static_cast<int64_t>(slots.size()) + 1;
            slot.head_job = 1;
            slot.head_prioritized_at = prioritized_at;
            slot.head_lane = lane;
            slot.head_priority = priority;
            slot.head_sync_priority = sync_priority;
            slot.head_created_at = created_at;
            slots.push_back(slot);
            slot.channel_id += 1000;
            slots.push_back(slot);
          }
        }
      }
    }
  }
  for (const Slot& a : slots) {
    EXPECT_FALSE(storage::IsMoreUrgent(a, a));
    for (const Slot& b : slots) {
      if (a.channel_id == b.channel_id) continue;
      EXPECT_EQ(storage::IsMoreUrgent(a, b), GoesFirst(a, b)) << a.channel_id << " " << b.channel_id;
    }
  }
}

TEST(StorageRules, KeyEntriesAscend) {
  EXPECT_EQ(storage::CheckKeyEntries({}), absl::OkStatus());
  EXPECT_EQ(storage::CheckKeyEntries({{1, 2}, {1, 2}, {1, 3}, {2, 1}}), absl::OkStatus());
  EXPECT_EQ(storage::CheckKeyEntries({{1, 2}, {1, 3}, {1, 1}}).message(),
            "key entry 2 is below the one before it; sort them by hash, then id");
  const std::vector<KeyEntry> many(static_cast<size_t>(LinkIndex::kMaxKeyEntries) + 1);
  EXPECT_EQ(storage::CheckKeyEntries(many).message(),
            "250001 key entries in one operation; the limit is 250000, write them in pages");
}

TEST(StorageRules, LookupsTimesLimitIsAPage) {
  EXPECT_EQ(storage::CheckLookups(0, 1), absl::OkStatus());
  EXPECT_EQ(storage::CheckLookups(5000, 2), absl::OkStatus());
  EXPECT_EQ(storage::CheckLookups(5000, 3).message(),
            "5000 lookups of up to 3 entries; the product of both is at most 10000");
  EXPECT_EQ(storage::CheckLookups(1, 0).code(), kInvalidArgument);
  EXPECT_EQ(storage::CheckLookups(10001, 1).code(), kInvalidArgument);
  EXPECT_EQ(storage::CheckLinkBaseText("rules"), absl::OkStatus());
  EXPECT_EQ(storage::CheckLinkBaseText("").code(), kInvalidArgument);
}

TEST(StorageRules, WrongColumnIsNamed) {
  ProductBatch batch = ToBatch({{"K1", "S1"}, {"K2", "S2"}});
  batch.quantity.pop_back();
  EXPECT_EQ(storage::CheckProducts(batch).message(),
            "column quantity has 1 rows where the batch has 2; give every column one entry a row");
  PullPage page = ToPage({{"X1"}, {"X2"}});
  page.items.price.pop_back();
  EXPECT_EQ(storage::CheckChannelVariants(page.items).message(),
            "column price has 1 rows where the batch has 2; give every column one entry a row");
  EXPECT_EQ(storage::CheckPulledPages({}).message(), "no pulled page in the operation; give at least one");
}

TEST(StorageRules, WrongPagesAndFetchesAreToldApart) {
  PullPage page = ToPage({{"X1"}, {"X2"}});
  EXPECT_EQ(storage::CheckPulledPages({page}), absl::OkStatus());
  page.age = absl::Seconds(-5);
  EXPECT_EQ(storage::CheckPulledPages({page}).message(),
            "a page of the age -5s; state how long ago it was made, or zero where nobody knows");
  page.items.handle.Add("h");
  EXPECT_EQ(storage::CheckPulledPages({page}).message(),
            "column handle has 1 rows where the batch has 2; give every column one entry a row");
  const size_t many = static_cast<size_t>(Storage::kMaxRows) + 1;
  FetchReply reply;
  EXPECT_EQ(storage::CheckFetched(reply), absl::OkStatus());
  reply.missing.resize(many);
  EXPECT_EQ(storage::CheckFetched(reply).message(),
            "10001 missing items in one operation; the limit is 10000, work in pages");
  reply.problems.resize(many);
  EXPECT_EQ(storage::CheckFetched(reply).message(),
            "10001 item problems in one operation; the limit is 10000, work in pages");
}

TEST(StorageRules, WhatIsFoundIsNotMissing) {
  FetchReply reply;
  reply.items = ToPage({{"X1"}, {"X1"}}).items;
  reply.problems = {{"X2", {}}, {"", {}}};
  reply.missing = {"X3", "X2", "X1", "X4"};
  EXPECT_EQ(storage::MissingItems(storage::SightingOf(reply)), (std::vector<absl::string_view>{"X3", "X4"}));
}

TEST(StorageRules, OnlyWhatIsKnownIsSeenAfterUnlink) {
  const ItemValues seen = {100, 10, ChannelStatus::kListed, 150};
  EXPECT_EQ(storage::SeenAfterUnlink(seen, seen, {}), seen);
  EXPECT_EQ(storage::SeenAfterUnlink(seen, seen, {SyncField::kQuantity, SyncField::kStatus}),
            (ItemValues{100, kAbsent, ChannelStatus::kListed, 150}));
  EXPECT_EQ(storage::SeenAfterUnlink(seen, {99, 10, ChannelStatus::kHidden, 150}, {SyncField::kCompareAtPrice}),
            (ItemValues{kAbsent, 10, ChannelStatus::kHidden, kAbsent}));
}

TEST(StorageRules, SameConfigLooksAtEveryPart) {
  const std::vector<void (*)(ChannelConfig*)> changes = {
      [](ChannelConfig* c) { c->name = "other"; },
      [](ChannelConfig* c) { c->adapter = "csv"; },
      [](ChannelConfig* c) {
        c->settings = {{"path", "f"}};
      },
      [](ChannelConfig* c) {
        c->link_priority = {{"sku", "sku", {}, Ambiguity::kStop}};
      },
      [](ChannelConfig* c) { c->parent_guard = true; },
      [](ChannelConfig* c) { c->strict = true; },
      [](ChannelConfig* c) { c->link_after_build = true; },
      [](ChannelConfig* c) { c->link_after_sync = false; },
      [](ChannelConfig* c) { c->sync_fields.Remove(SyncField::kStatus); },
      [](ChannelConfig* c) { c->currency = CurrencyOf("EUR"); },
      [](ChannelConfig* c) { c->oversell_guard = OversellGuard::kOverwrite; },
      [](ChannelConfig* c) { c->zero_prices = true; },
      [](ChannelConfig* c) { c->status_rules = {StatusRule()}; },
      [](ChannelConfig* c) { c->keep_days = 7; },
      [](ChannelConfig* c) { c->keep_jobs = 20; },
  };
  const ChannelConfig config = NamedConfig("shop");
  EXPECT_TRUE(storage::SameConfig(config, NamedConfig("shop")));
  for (size_t i = 0; i < changes.size(); ++i) {
    ChannelConfig changed = config;
    changes[i](&changed);
    EXPECT_FALSE(storage::SameConfig(config, changed)) << i;
    EXPECT_TRUE(storage::SameConfig(changed, changed)) << i;
  }
}

TEST(StorageRules, PauseOutlivesLinkingAndUnlinking) {
  const ListingStatus paused = {Health::kDelisted, PendingChange::kDelisting, true};
  EXPECT_EQ(storage::StatusAfterLink(paused, ChannelStatus::kHidden),
            (ListingStatus{Health::kHidden, PendingChange::kNone, true}));
  EXPECT_EQ(storage::StatusAfterLink(paused, ChannelStatus::kUnknown),
            (ListingStatus{Health::kListed, PendingChange::kNone, true}));
  EXPECT_EQ(storage::StatusAfterUnlink(paused), (ListingStatus{Health::kNotListed, PendingChange::kNone, true}));
}

TEST(StorageRules, GuardHoldsUntilANewerQuantity) {
  EXPECT_EQ(storage::EffectiveGuard(At(5), At(4)), At(5));
  EXPECT_EQ(storage::EffectiveGuard(At(5), At(5)), At(5));
  EXPECT_EQ(storage::EffectiveGuard(At(5), At(6)), absl::InfinitePast());
  EXPECT_EQ(storage::EffectiveGuard(absl::InfinitePast(), At(6)), absl::InfinitePast());
}

TEST(StorageRules, FieldsOfRowsBecomeColumnsAndBack) {
  const std::vector<std::vector<Field>> rows = {{{"upc", "1"}}, {}, {{"color", "red"}, {"upc", "2"}}};
  FieldColumns columns;
  for (size_t row = 0; row < rows.size(); ++row) storage::AddRowFields(rows[row], static_cast<int64_t>(row), &columns);
  EXPECT_EQ(columns.names, (std::vector<std::string>{"upc", "color"}));
  for (const StringColumn& column : columns.columns) EXPECT_EQ(column.size(), 3);
  EXPECT_EQ(storage::RowFields(columns, 0), rows[0]);
  EXPECT_EQ(storage::RowFields(columns, 1), rows[1]);
  EXPECT_EQ(storage::RowFields(columns, 2), (std::vector<Field>{{"upc", "2"}, {"color", "red"}}))
      << "in the columns' order";
}

TEST(StorageRules, WhatIsFixedIsByNameAndOfTwoReasonsTheFirst) {
  PullPage page = ToPage({{"X1"}, {"X2"}});
  EXPECT_TRUE(storage::FixedAt(page.items, 1).empty()) << "the adapter says nothing of it";
  page.items.fixed = {{},
                      {{"title", FixedReason::kMadeOfOthers},
                       {"price", FixedReason::kNotStocked},
                       {"title", FixedReason::kKeptByParent}}};
  EXPECT_TRUE(storage::FixedAt(page.items, 0).empty());
  EXPECT_EQ(storage::FixedAt(page.items, 1).get(),
            (std::vector<FixedField>{{"price", FixedReason::kNotStocked}, {"title", FixedReason::kMadeOfOthers}}));
}

TEST(StorageRules, AnItemIsAnotherOnlyWhereBothAreSaid) {
  EXPECT_TRUE(storage::IsOther("A", "B"));
  EXPECT_TRUE(storage::IsOther("A", "a"));
  EXPECT_FALSE(storage::IsOther("A", "A"));
  EXPECT_FALSE(storage::IsOther("", "B"));
  EXPECT_FALSE(storage::IsOther("A", ""));
}

TEST(StorageRules, ALinkKeepsTheFirstIdentityOfItsItem) {
  EXPECT_EQ(storage::AfterSighting("A", "B").state, LinkState::kBroken);
  EXPECT_EQ(storage::AfterSighting("A", "B").identity, "A");
  EXPECT_EQ(storage::AfterSighting("A", "A").state, LinkState::kLinked);
  EXPECT_EQ(storage::AfterSighting("", "B").state, LinkState::kLinked);
  EXPECT_EQ(storage::AfterSighting("", "B").identity, "B");
}

TEST(StorageRules, WhatIsFixedIsAFieldThatCanBeSynced) {
  PullPage page = ToPage({{"X1"}});
  page.items.fixed = {{{"compare_at_price", FixedReason::kNotStocked}, {"title", FixedReason::kKeptByParent}}};
  EXPECT_EQ(storage::CheckChannelVariants(page.items), absl::OkStatus());
  for (const char* name : {"", "Title", "price,quantity", "a:b"}) {
    page.items.fixed = {{{name, FixedReason::kNotStocked}}};
    const absl::Status status = storage::CheckChannelVariants(page.items);
    EXPECT_EQ(status.code(), kInvalidArgument) << name;
    EXPECT_NE(status.message().find("name a field that can be synced"), std::string::npos) << status;
  }
}

TEST(DirtyRanks, AQuantityFellWhereLessIsStatedThanMayBeOnTheChannel) {
  const auto rank = [](int64_t before, int64_t after) {
    storage::ProductState known;
    storage::ProductState merged;
    known.quantity = before;
    merged.quantity = after;
    return storage::CompareProducts(known, merged).rank;
  };
  EXPECT_EQ(rank(5, 4), DirtyRank::kQuantityFell);
  EXPECT_EQ(rank(5, 0), DirtyRank::kQuantityFell);
  EXPECT_EQ(rank(kAbsent, 5), DirtyRank::kQuantityFell) << "nobody said what the channel shows";
  EXPECT_EQ(rank(5, 5), DirtyRank::kChanged);
  EXPECT_EQ(rank(4, 5), DirtyRank::kChanged);
  EXPECT_EQ(rank(5, kAbsent), DirtyRank::kChanged) << "nothing is sent";
  EXPECT_EQ(rank(kAbsent, kAbsent), DirtyRank::kChanged);
}

}  // namespace
}  // namespace flxlink
