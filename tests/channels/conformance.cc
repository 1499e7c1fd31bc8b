#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"

namespace flxlink {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;

namespace {

const SyncFields kPrice = {SyncField::kPrice};
const SyncFields kQuantity = {SyncField::kQuantity};
const SyncFields kStatus = {SyncField::kStatus};

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
  EXPECT_THAT(batch.compare_at_price, AnyOf(IsEmpty(), SizeIs(size)));
  EXPECT_EQ(batch.fields.names.size(), batch.fields.columns.size());
  for (const StringColumn& column : batch.fields.columns) EXPECT_EQ(column.size(), batch.size());
  const std::set<std::string> names(batch.fields.names.begin(), batch.fields.names.end());
  EXPECT_EQ(names.size(), batch.fields.names.size()) << "a field is there twice";
}

// `content`: the names of what a push can set of it.
ConformanceItem ItemAt(const ChannelVariantBatch& batch, int64_t row, const std::vector<std::string>& content) {
  ConformanceItem item;
  item.external_id = std::string(batch.external_id[row]);
  item.parent_id = std::string(batch.parent_id[row]);
  item.values = ValuesAt(batch, row);
  for (const std::string& name : content) {
    const StringColumn* column = batch.fields.Find(name);
    EXPECT_NE(column, nullptr) << "a pull does not show " << name << ", which a push can set";
    if (column != nullptr) item.values.SetContent(name, (*column)[row]);
  }
  for (size_t field = 0; field < batch.fields.names.size(); ++field) {
    const absl::string_view value = batch.fields.columns[field][row];
    if (!value.empty()) item.fields.push_back({batch.fields.names[field], std::string(value)});
  }
  return item;
}

std::vector<ConformanceItem> ItemsOf(const ChannelVariantBatch& batch, const AdapterCapabilities& capabilities) {
  std::vector<ConformanceItem> items;
  for (int64_t row = 0; row < batch.size(); ++row) {
    items.push_back(ItemAt(batch, row, capabilities.can_set.content()));
  }
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
    for (ConformanceItem& item : ItemsOf(page->items, adapter.capabilities())) pulled.items.push_back(std::move(item));
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
  for (const std::string& name : capabilities().can_set.Names()) fields.push_back(*ParseSyncFields(name));
  return fields;
}

PushItem ChannelConformance::MakePush(const ConformanceItem& item, const SyncFields& mask) {
  PushItem push;
  push.listing_id = ++pushes_made_;
  push.dirty_version = 1;
  push.external_id = item.external_id;
  push.parent_id = item.parent_id;
  push.mask = mask;
  const int64_t compare_at = item.values.compare_at_price == kAbsent ? item.values.price : item.values.compare_at_price;
  push.values = {item.values.price + 101, item.values.quantity + 7, ChannelStatus::kHidden, compare_at + 301};
  for (const std::string& name : mask.content()) {
    push.values.SetContent(name, absl::StrCat("new \"", name, "\", ", pushes_made_));
  }
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
  if (capabilities().can_set.Has(SyncField::kStatus)) {
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
  std::vector<std::string> declared = capabilities().link_fields;
  const absl::StatusOr<PullPage> page = adapter_->Pull({});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->items.fields.names, Not(IsEmpty()));
  if (!declared.empty()) {
    const std::vector<std::string>& content = capabilities().can_set.content();
    declared.insert(declared.end(), content.begin(), content.end());
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
    EXPECT_EQ(ItemsOf(again->items, capabilities()), ItemsOf(once->items, capabilities()));
    EXPECT_EQ(again->next_cursor, once->next_cursor);
    EXPECT_EQ(again->revision, once->revision);
  }
}

TEST_P(ChannelConformance, AChangeDuringAPullIsSeenOrStartsItOver) {
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 1});
  ASSERT_TRUE(first.ok()) << first.status();
  // The change is made to an item that was not shown yet.
  const bool is_front = ItemsOf(first->items, capabilities()).front().external_id == items_.front().external_id;
  const ConformanceItem& changed = is_front ? items_.back() : items_.front();
  ItemValues values = changed.values;
  values.price += 500;
  channel_->Change(changed.external_id, kPrice, values);
  const absl::StatusOr<PullPage> rest = adapter_->Pull({first->next_cursor, 1000});
  if (!rest.ok()) {
    EXPECT_EQ(rest.status().code(), absl::StatusCode::kAborted) << rest.status();
  } else {
    const std::vector<ConformanceItem> shown = ItemsOf(rest->items, capabilities());
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
  std::vector<ItemValues> expected;
  for (size_t i = 0; i < items_.size(); ++i) {
    ItemValues values = items_[i].values;
    CopyFields(capabilities().can_set, pushed[i].values, &values);
    EXPECT_EQ(channel_->Look(items_[i].external_id), values) << items_[i].external_id;
    expected.push_back(values);
  }
  std::vector<ItemValues> pulled;
  for (const ConformanceItem& item : PullAll(*adapter_).items) pulled.push_back(item.values);
  EXPECT_THAT(pulled, testing::UnorderedElementsAreArray(expected));
}

TEST_P(ChannelConformance, WhatIsPushedForAFieldIsWhatAPullThenReports) {
  for (const SyncFields& mask : SettableFields()) {
    std::vector<ConformanceItem> expected = PullAll(*adapter_).items;
    std::vector<PushItem> pushed;
    for (ConformanceItem& item : expected) {
      pushed.push_back(MakePush(item, mask));
      CopyFields(mask, pushed.back().values, &item.values);
    }
    EXPECT_THAT(ResultsOf(Push(pushed)), Each(PushResult::kApplied)) << FormatSyncFields(mask);
    const std::vector<ConformanceItem> pulled = PullAll(*adapter_).items;
    ASSERT_EQ(pulled.size(), expected.size());
    for (size_t i = 0; i < pulled.size(); ++i) {
      EXPECT_EQ(pulled[i].values, expected[i].values) << FormatSyncFields(mask) << " of " << pulled[i].external_id;
    }
  }
}

TEST_P(ChannelConformance, AMaskSendsItsFieldsOnly) {
  const ConformanceItem& item = items_.back();
  ItemValues expected = item.values;
  for (const SyncFields& mask : SettableFields()) {
    const PushItem push = MakePush(item, mask);
    EXPECT_THAT(ResultsOf(Push({push})), Each(PushResult::kApplied));
    CopyFields(mask, push.values, &expected);
    EXPECT_EQ(channel_->Look(item.external_id), expected) << FormatSyncFields(mask);
  }
  ExpectUntouched({item.external_id});
}

TEST_P(ChannelConformance, AFieldThatCannotBeSetIsNotApplied) {
  SyncFields all({}, {"no_such_field"});
  for (const SyncField field : kSyncFields) all.Add(field);
  for (const std::string& name : all.Names()) {
    const SyncFields mask = *ParseSyncFields(name);
    if (IntersectionOf(mask, capabilities().can_set) == mask) continue;
    const absl::StatusOr<PushReply> reply =
        adapter_->Push({{MakePush(items_.back(), mask)}, PullAll(*adapter_).revision});
    if (reply.ok()) {
      EXPECT_THAT(ResultsOf(reply->outcomes), Each(PushResult::kRejected));
    }
  }
  ExpectUntouched();
}

TEST_P(ChannelConformance, EveryStatusOfASiblingIsShared) {
  if (!capabilities().can_set.Has(SyncField::kStatus)) GTEST_SKIP() << "there is no status to set";
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

TEST_P(ChannelConformance, APushOnAnOldRevisionIsAConflict) {
  const std::string old = PullAll(*adapter_).revision;
  if (old.empty()) GTEST_SKIP() << "no revisions";
  const SyncFields mask = SettableFields().front();
  const std::vector<PushItem> pushed = {MakePush(items_[2], mask), MakePush(items_[3], mask)};
  EXPECT_THAT(ResultsOf(PushOn("", pushed)), Each(PushResult::kConflict)) << "never pulled";
  ExpectUntouched();

  ItemValues edited = items_[0].values;
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
