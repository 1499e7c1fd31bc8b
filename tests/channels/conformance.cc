#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"

namespace flxlink {

using ::testing::Each;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;

namespace {

constexpr SyncFields kPrice = {true, false, false};
constexpr SyncFields kQuantity = {false, true, false};
constexpr SyncFields kStatus = {false, false, true};

// No adapter may need more polls than this for a decision.
constexpr int kMaxPolls = 100;

std::vector<PushResult> ResultsOf(const std::vector<PushOutcome>& outcomes) {
  std::vector<PushResult> results;
  for (const PushOutcome& outcome : outcomes) results.push_back(outcome.result);
  return results;
}

void ExpectWellFormed(const ChannelVariantBatch& batch) {
  const auto size = static_cast<size_t>(batch.size());
  EXPECT_EQ(batch.parent_id.size(), batch.size());
  EXPECT_THAT(batch.price, SizeIs(size));
  EXPECT_THAT(batch.quantity, SizeIs(size));
  EXPECT_THAT(batch.status, SizeIs(size));
  EXPECT_EQ(batch.fields.names.size(), batch.fields.columns.size());
  for (const StringColumn& column : batch.fields.columns) EXPECT_EQ(column.size(), batch.size());
  const std::set<std::string> names(batch.fields.names.begin(), batch.fields.names.end());
  EXPECT_EQ(names.size(), batch.fields.names.size()) << "a field is there twice";
}

ConformanceItem ItemAt(const ChannelVariantBatch& batch, int64_t row) {
  const auto i = static_cast<size_t>(row);
  ConformanceItem item;
  item.external_id = std::string(batch.external_id[row]);
  item.parent_id = std::string(batch.parent_id[row]);
  item.values = {batch.price[i], batch.quantity[i], batch.status[i]};
  for (size_t field = 0; field < batch.fields.names.size(); ++field) {
    const absl::string_view value = batch.fields.columns[field][row];
    if (!value.empty()) item.fields.push_back({batch.fields.names[field], std::string(value)});
  }
  return item;
}

std::vector<ConformanceItem> ItemsOf(const ChannelVariantBatch& batch) {
  std::vector<ConformanceItem> items;
  for (int64_t row = 0; row < batch.size(); ++row) items.push_back(ItemAt(batch, row));
  return items;
}

}  // namespace

PulledItems PullAll(const ChannelAdapter& adapter, int64_t limit) {
  PulledItems pulled;
  std::string cursor;
  do {
    const absl::StatusOr<PullPage> page = adapter.Pull({cursor, limit});
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return pulled;
    ExpectWellFormed(page->items);
    EXPECT_LE(page->items.size(), limit);
    if (!pulled.cursors.empty()) {
      EXPECT_EQ(page->revision, pulled.revision);
    }
    pulled.revision = page->revision;
    pulled.cursors.push_back(cursor);
    EXPECT_NE(page->next_cursor, cursor.empty() ? "none" : cursor) << "the pull does not move on";
    for (ConformanceItem& item : ItemsOf(page->items)) pulled.items.push_back(std::move(item));
    cursor = page->next_cursor;
  } while (!cursor.empty());
  const auto by_id = [](const ConformanceItem& a, const ConformanceItem& b) { return a.external_id < b.external_id; };
  std::sort(pulled.items.begin(), pulled.items.end(), by_id);
  return pulled;
}

void ChannelConformance::SetUp() {
  channel_ = GetParam().make();
  adapter_ = channel_->MakeAdapter();
  items_ = channel_->Items();
  ASSERT_GE(items_.size(), 4u);
}

std::vector<SyncFields> ChannelConformance::SettableFields() const {
  std::vector<SyncFields> fields;
  if (capabilities().can_set.price) fields.push_back(kPrice);
  if (capabilities().can_set.quantity) fields.push_back(kQuantity);
  if (capabilities().can_set.status) fields.push_back(kStatus);
  return fields;
}

PushItem ChannelConformance::MakePush(const ConformanceItem& item, const SyncFields& mask) {
  PushItem push;
  push.listing_id = ++pushes_made_;
  push.dirty_version = 1;
  push.external_id = item.external_id;
  push.parent_id = item.parent_id;
  push.mask = mask;
  push.values = {item.values.price + 101, item.values.quantity + 7, ChannelStatus::kHidden};
  push.idempotency_key = absl::StrCat("key-", pushes_made_);
  return push;
}

PushOutcome ChannelConformance::Settle(PushOutcome outcome) {
  const std::string receipt = outcome.receipt;
  for (int i = 0; i < kMaxPolls && outcome.result == PushResult::kAccepted; ++i) {
    channel_->Advance();
    absl::StatusOr<PushOutcome> polled = adapter_->PollReceipt(receipt);
    EXPECT_TRUE(polled.ok()) << polled.status();
    if (!polled.ok()) break;
    outcome = *std::move(polled);
  }
  return outcome;
}

std::vector<PushOutcome> ChannelConformance::PushOn(const std::string& revision, const std::vector<PushItem>& items) {
  absl::StatusOr<PushReply> reply = adapter_->Push({items, revision});
  EXPECT_TRUE(reply.ok()) << reply.status();
  if (!reply.ok()) return {};
  EXPECT_THAT(reply->outcomes, SizeIs(items.size()));
  for (PushOutcome& outcome : reply->outcomes) outcome = Settle(std::move(outcome));
  return reply->outcomes;
}

std::vector<PushOutcome> ChannelConformance::Push(const std::vector<PushItem>& items) {
  return PushOn(PullAll(*adapter_).revision, items);
}

void ChannelConformance::ExpectUntouched(const std::vector<std::string>& except) {
  for (const ConformanceItem& item : items_) {
    if (std::find(except.begin(), except.end(), item.external_id) != except.end()) continue;
    EXPECT_EQ(channel_->Look(item.external_id), item.values) << item.external_id;
  }
}

// -- Capabilities.

TEST_P(ChannelConformance, CapabilitiesFitTogether) {
  if (capabilities().can_set.status) {
    EXPECT_THAT(capabilities().status_set, IsSupersetOf({ChannelStatus::kListed, ChannelStatus::kHidden}));
  }
  EXPECT_THAT(capabilities().status_set, Not(testing::Contains(ChannelStatus::kUnknown)));
  EXPECT_GE(capabilities().push_limit, 0);
  EXPECT_GE(capabilities().push_timeout, absl::ZeroDuration());
  EXPECT_EQ(channel_->MakeAdapter()->capabilities().can_set, capabilities().can_set);
}

// -- Pulls.

TEST_P(ChannelConformance, PullShowsEveryItem) {
  std::vector<ConformanceItem> pulled = PullAll(*adapter_).items;
  ASSERT_EQ(pulled.size(), items_.size());
  for (const ConformanceItem& item : items_) {
    const auto same_id = [&](const ConformanceItem& other) { return other.external_id == item.external_id; };
    const auto found = std::find_if(pulled.begin(), pulled.end(), same_id);
    ASSERT_NE(found, pulled.end()) << item.external_id;
    EXPECT_EQ(found->parent_id, item.parent_id);
    EXPECT_EQ(found->values, item.values);
    EXPECT_THAT(found->fields, IsSupersetOf(item.fields));
  }
}

TEST_P(ChannelConformance, PullShowsNoFieldsButThoseThatCanBeLinked) {
  const std::vector<std::string>& declared = capabilities().link_fields;
  const absl::StatusOr<PullPage> page = adapter_->Pull({});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->items.fields.names, Not(IsEmpty()));
  if (!declared.empty()) {
    EXPECT_THAT(declared, IsSupersetOf(page->items.fields.names));
  }
}

TEST_P(ChannelConformance, PagesOfAnySizeShowTheSameItems) {
  const PulledItems whole = PullAll(*adapter_);
  EXPECT_THAT(whole.cursors, SizeIs(1));
  for (int64_t limit = 1; limit <= static_cast<int64_t>(items_.size()) + 1; ++limit) {
    const PulledItems paged = PullAll(*adapter_, limit);
    EXPECT_EQ(paged.items, whole.items) << "limit " << limit;
    EXPECT_EQ(paged.revision, whole.revision);
  }
}

TEST_P(ChannelConformance, APageCanBeAskedForAgainByAnotherProcess) {
  for (const std::string& cursor : PullAll(*adapter_, 1).cursors) {
    const absl::StatusOr<PullPage> once = adapter_->Pull({cursor, 2});
    const absl::StatusOr<PullPage> again = channel_->MakeAdapter()->Pull({cursor, 2});
    ASSERT_TRUE(once.ok()) << once.status();
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(ItemsOf(again->items), ItemsOf(once->items));
    EXPECT_EQ(again->next_cursor, once->next_cursor);
    EXPECT_EQ(again->revision, once->revision);
  }
}

TEST_P(ChannelConformance, AChangeDuringAPullIsSeenOrStartsItOver) {
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 1});
  ASSERT_TRUE(first.ok()) << first.status();
  // The change is made to an item that was not shown yet.
  const bool is_front = ItemsOf(first->items).front().external_id == items_.front().external_id;
  const ConformanceItem& changed = is_front ? items_.back() : items_.front();
  Pqs values = changed.values;
  values.price += 500;
  channel_->Change(changed.external_id, kPrice, values);
  const absl::StatusOr<PullPage> rest = adapter_->Pull({first->next_cursor, 1000});
  if (!rest.ok()) {
    EXPECT_EQ(rest.status().code(), absl::StatusCode::kAborted) << rest.status();
  } else {
    const std::vector<ConformanceItem> shown = ItemsOf(rest->items);
    EXPECT_TRUE(std::any_of(shown.begin(), shown.end(), [&](const auto& item) { return item.values == values; }));
  }
  EXPECT_THAT(PullAll(*adapter_).items, SizeIs(items_.size()));
}

TEST_P(ChannelConformance, WhatIsGoneIsAbsentFromACompletePull) {
  if (!capabilities().complete_pull) GTEST_SKIP() << "pulls are not complete";
  channel_->Remove(items_.back().external_id);
  const std::vector<ConformanceItem> pulled = PullAll(*adapter_).items;
  EXPECT_EQ(pulled.size(), items_.size() - 1);
  for (const ConformanceItem& item : pulled) EXPECT_NE(item.external_id, items_.back().external_id);
}

// -- Pushes.

TEST_P(ChannelConformance, PushedValuesAreOnThePlatformAndInTheNextPull) {
  std::vector<PushItem> pushed;
  for (const ConformanceItem& item : items_) pushed.push_back(MakePush(item, capabilities().can_set));
  EXPECT_THAT(ResultsOf(Push(pushed)), Each(PushResult::kApplied));
  std::vector<Pqs> expected;
  for (size_t i = 0; i < items_.size(); ++i) {
    Pqs values = items_[i].values;
    if (capabilities().can_set.price) values.price = pushed[i].values.price;
    if (capabilities().can_set.quantity) values.quantity = pushed[i].values.quantity;
    if (capabilities().can_set.status) values.status = pushed[i].values.status;
    EXPECT_EQ(channel_->Look(items_[i].external_id), values) << items_[i].external_id;
    expected.push_back(values);
  }
  std::vector<Pqs> pulled;
  for (const ConformanceItem& item : PullAll(*adapter_).items) pulled.push_back(item.values);
  EXPECT_THAT(pulled, testing::UnorderedElementsAreArray(expected));
}

TEST_P(ChannelConformance, AMaskSendsItsFieldsOnly) {
  const ConformanceItem& item = items_.back();
  Pqs expected = item.values;
  for (const SyncFields& mask : SettableFields()) {
    const PushItem push = MakePush(item, mask);
    EXPECT_THAT(ResultsOf(Push({push})), Each(PushResult::kApplied));
    if (mask.price) expected.price = push.values.price;
    if (mask.quantity) expected.quantity = push.values.quantity;
    if (mask.status) expected.status = push.values.status;
    EXPECT_EQ(channel_->Look(item.external_id), expected);
  }
  ExpectUntouched({item.external_id});
}

TEST_P(ChannelConformance, AFieldThatCannotBeSetIsNotApplied) {
  for (const SyncFields& mask : {kPrice, kQuantity, kStatus}) {
    const SyncFields& can_set = capabilities().can_set;
    if ((mask.price && can_set.price) || (mask.quantity && can_set.quantity) || (mask.status && can_set.status))
      continue;
    const absl::StatusOr<PushReply> reply =
        adapter_->Push({{MakePush(items_.back(), mask)}, PullAll(*adapter_).revision});
    if (reply.ok()) {
      EXPECT_THAT(ResultsOf(reply->outcomes), Each(PushResult::kRejected));
    }
  }
  ExpectUntouched();
}

TEST_P(ChannelConformance, EveryStatusOfASiblingIsShared) {
  if (!capabilities().can_set.status) GTEST_SKIP() << "there is no status to set";
  for (const ChannelStatus status : {ChannelStatus::kHidden, ChannelStatus::kListed}) {
    PushItem push = MakePush(items_[0], kStatus);
    push.values.status = status;
    EXPECT_THAT(ResultsOf(Push({push})), Each(PushResult::kApplied));
    EXPECT_EQ(channel_->Look(items_[0].external_id)->status, status);
    const bool is_shared = capabilities().grouping == PushGrouping::kProduct;
    EXPECT_EQ(channel_->Look(items_[1].external_id)->status, is_shared ? status : ChannelStatus::kListed);
  }
  ExpectUntouched();
}

TEST_P(ChannelConformance, PushingTheSameAgainIsHarmless) {
  std::vector<PushItem> pushed;
  for (const ConformanceItem& item : items_) pushed.push_back(MakePush(item, capabilities().can_set));
  EXPECT_THAT(ResultsOf(Push(pushed)), Each(PushResult::kApplied));
  const std::vector<ConformanceItem> after = PullAll(*adapter_).items;
  EXPECT_THAT(ResultsOf(Push(pushed)), Each(PushResult::kApplied));
  EXPECT_EQ(PullAll(*adapter_).items, after);
}

TEST_P(ChannelConformance, APushOfNothingChangesNothing) {
  const std::string revision = PullAll(*adapter_).revision;
  const absl::StatusOr<PushReply> reply = adapter_->Push({{}, revision});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_THAT(reply->outcomes, IsEmpty());
  EXPECT_EQ(PullAll(*adapter_).revision, revision);
  ExpectUntouched();
}

TEST_P(ChannelConformance, AnUnknownItemIsNotFound) {
  if (!capabilities().partial_success) GTEST_SKIP() << "a push with such an item is refused whole";
  PushItem unknown = MakePush(items_.back(), SettableFields().front());
  unknown.external_id = "no-such-item";
  EXPECT_THAT(ResultsOf(Push({unknown})), Each(PushResult::kNotFound));
  channel_->Remove(items_.back().external_id);
  EXPECT_THAT(ResultsOf(Push({MakePush(items_.back(), SettableFields().front())})), Each(PushResult::kNotFound));
  ExpectUntouched({items_.back().external_id});
}

TEST_P(ChannelConformance, BadItemsDoNotSinkGoodOnes) {
  if (!capabilities().partial_success) GTEST_SKIP() << "a push with a bad item is refused whole";
  const SyncFields mask = SettableFields().front();
  PushItem unknown = MakePush(items_[3], mask);
  unknown.external_id = "no-such-item";
  std::vector<PushItem> pushed = {MakePush(items_[2], mask)};
  std::vector<PushResult> expected = {PushResult::kApplied};
  for (const PushItem& bad : channel_->BadItems()) {
    pushed.push_back(bad);
    expected.push_back(PushResult::kRejected);
  }
  pushed.insert(pushed.end(), {unknown, MakePush(items_[3], mask)});
  expected.insert(expected.end(), {PushResult::kNotFound, PushResult::kApplied});

  const std::vector<PushOutcome> outcomes = Push(pushed);
  EXPECT_THAT(ResultsOf(outcomes), ElementsAreArray(expected));
  for (const PushOutcome& outcome : outcomes) {
    if (outcome.result != PushResult::kRejected) continue;
    EXPECT_FALSE(outcome.code.empty());
    EXPECT_FALSE(outcome.message.empty());
  }
  for (const size_t good : {2, 3}) {
    EXPECT_FALSE(channel_->Look(items_[good].external_id) == items_[good].values);
  }
  ExpectUntouched({items_[2].external_id, items_[3].external_id});
}

TEST_P(ChannelConformance, APushThatIsRefusedWholeChangesNothing) {
  if (capabilities().partial_success) GTEST_SKIP() << "good items are taken";
  std::vector<PushItem> pushed = channel_->BadItems();
  pushed.push_back(MakePush(items_.back(), SettableFields().front()));
  EXPECT_FALSE(adapter_->Push({pushed, PullAll(*adapter_).revision}).ok());
  ExpectUntouched();
}

TEST_P(ChannelConformance, AThrottledCallSaysWhenToComeAgainAndDidNothing) {
  if (!channel_->SetThrottled(true)) GTEST_SKIP() << "the platform never throttles";
  const PushItem push = MakePush(items_.back(), SettableFields().front());
  const absl::Status pushed = adapter_->Push({{push}, ""}).status();
  EXPECT_TRUE(IsThrottled(pushed)) << pushed;
  const absl::Status pulled = adapter_->Pull({}).status();
  EXPECT_TRUE(IsThrottled(pulled)) << pulled;
  channel_->SetThrottled(false);
  ExpectUntouched();
  EXPECT_THAT(ResultsOf(Push({push})), Each(PushResult::kApplied));
}

// -- What is declared.

TEST_P(ChannelConformance, CompareAndSetRefusesAnotherQuantity) {
  if (!capabilities().compare_and_set) GTEST_SKIP() << "no compare-and-set";
  PushItem push = MakePush(items_.back(), kQuantity);
  push.expected_quantity = items_.back().values.quantity;
  channel_->Change(push.external_id, kQuantity, {kAbsent, push.expected_quantity - 1, ChannelStatus::kUnknown});
  EXPECT_THAT(ResultsOf(Push({push})), Each(PushResult::kConflict));
  EXPECT_EQ(channel_->Look(push.external_id)->quantity, push.expected_quantity - 1);
  push.expected_quantity -= 1;
  EXPECT_THAT(ResultsOf(Push({push})), Each(PushResult::kApplied));
  EXPECT_EQ(channel_->Look(push.external_id)->quantity, push.values.quantity);
}

TEST_P(ChannelConformance, AKeyIsAppliedOnce) {
  if (!capabilities().idempotency_keys) GTEST_SKIP() << "no idempotency keys";
  const PushItem push = MakePush(items_.back(), kQuantity);
  EXPECT_THAT(ResultsOf(Push({push})), Each(PushResult::kApplied));
  const Pqs sold = {kAbsent, 1, ChannelStatus::kUnknown};
  channel_->Change(push.external_id, kQuantity, sold);
  EXPECT_THAT(ResultsOf(Push({push})), Each(PushResult::kApplied));
  EXPECT_EQ(channel_->Look(push.external_id)->quantity, sold.quantity);
}

TEST_P(ChannelConformance, APushOnAnOldRevisionIsAConflict) {
  const std::string old = PullAll(*adapter_).revision;
  if (old.empty()) GTEST_SKIP() << "no revisions";
  const SyncFields mask = SettableFields().front();
  const std::vector<PushItem> pushed = {MakePush(items_[2], mask), MakePush(items_[3], mask)};
  EXPECT_THAT(ResultsOf(PushOn("", pushed)), Each(PushResult::kConflict)) << "never pulled";
  ExpectUntouched();

  Pqs edited = items_[0].values;
  edited.price += 1;
  channel_->Change(items_[0].external_id, kPrice, edited);
  EXPECT_THAT(ResultsOf(PushOn(old, pushed)), Each(PushResult::kConflict));
  EXPECT_EQ(channel_->Look(items_[0].external_id), edited);
  ExpectUntouched({items_[0].external_id});
}

TEST_P(ChannelConformance, APushGivesTheRevisionForTheNext) {
  const std::string before = PullAll(*adapter_).revision;
  if (before.empty()) GTEST_SKIP() << "no revisions";
  const SyncFields mask = SettableFields().front();
  const absl::StatusOr<PushReply> first = adapter_->Push({{MakePush(items_[2], mask)}, before});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(first->revision.empty());
  EXPECT_EQ(first->revision, PullAll(*adapter_).revision);
  EXPECT_THAT(ResultsOf(PushOn(first->revision, {MakePush(items_[3], mask)})), Each(PushResult::kApplied));
}

TEST_P(ChannelConformance, ReceiptsAreGivenOnlyWhereDeclared) {
  const PushItem push = MakePush(items_.back(), SettableFields().front());
  const absl::StatusOr<PushReply> reply = adapter_->Push({{push}, PullAll(*adapter_).revision});
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_THAT(reply->outcomes, SizeIs(1));
  if (!capabilities().asynchronous_receipts) {
    EXPECT_EQ(reply->outcomes[0].result, PushResult::kApplied);
    EXPECT_EQ(adapter_->PollReceipt("any").status().code(), absl::StatusCode::kUnimplemented);
    return;
  }
  EXPECT_EQ(reply->outcomes[0].result, PushResult::kAccepted);
  EXPECT_FALSE(reply->outcomes[0].receipt.empty());
}

TEST_P(ChannelConformance, AnyNumberOfItemsIsTaken) {
  std::vector<PushItem> pushed;
  for (const ConformanceItem& item : items_) {
    pushed.push_back(MakePush(item, SettableFields().front()));
    EXPECT_THAT(ResultsOf(Push(pushed)), Each(PushResult::kApplied)) << pushed.size() << " items";
  }
}

}  // namespace flxlink
