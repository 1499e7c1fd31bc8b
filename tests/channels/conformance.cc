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

// No adapter may need more polls than this for a decision, or more tries for a page.
constexpr int kMaxPolls = 100;
// Of the platforms of this suite no pull has nearly as many.
constexpr size_t kMaxPages = 10000;
// Calls are filled up to what is declared, where that is no more than this.
constexpr int64_t kLargestCall = 1000;

const char kUnknownItem[] = "no-such-item";

std::vector<PushResult> ResultsOf(const std::vector<PushOutcome>& outcomes) {
  std::vector<PushResult> results;
  for (const PushOutcome& outcome : outcomes) results.push_back(outcome.result);
  return results;
}

std::vector<SyncFields> SingleFields(const SyncFields& fields) {
  std::vector<SyncFields> singles;
  for (const std::string& name : fields.Names()) singles.push_back(*ParseSyncFields(name));
  return singles;
}

bool IsWithin(const SyncFields& part, const SyncFields& whole) { return IntersectionOf(part, whole) == part; }

void ExpectWellFormed(const ChannelVariantBatch& batch) {
  const auto size = static_cast<size_t>(batch.size());
  EXPECT_EQ(batch.parent_id.size(), batch.size());
  EXPECT_THAT(batch.price, SizeIs(size));
  EXPECT_THAT(batch.quantity, SizeIs(size));
  EXPECT_THAT(batch.status, SizeIs(size));
  EXPECT_THAT(batch.compare_at_price, AnyOf(IsEmpty(), SizeIs(size)));
  EXPECT_THAT(batch.handle.size(), AnyOf(0, batch.size()));
  for (int64_t row = 0; row < batch.handle.size(); ++row) EXPECT_LE(batch.handle[row].size(), 1000u);
  EXPECT_THAT(batch.fixed, AnyOf(IsEmpty(), SizeIs(size)));
  for (const RareVector<FixedField>& fixed : batch.fixed) {
    for (const FixedField& field : fixed) EXPECT_TRUE(ParseSyncFields(field.field).ok()) << field.field;
  }
  EXPECT_THAT(batch.aliases, AnyOf(IsEmpty(), SizeIs(size)));
  for (const RareVector<std::string>& aliases : batch.aliases) {
    for (const std::string& alias : aliases) EXPECT_THAT(alias, AllOf(Not(IsEmpty()), SizeIs(testing::Le(1000u))));
  }
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
  if (!batch.fixed.empty()) item.fixed = batch.fixed[static_cast<size_t>(row)];
  std::sort(item.fixed.begin(), item.fixed.end(),
            [](const FixedField& a, const FixedField& b) { return a.field < b.field; });
  return item;
}

std::vector<ConformanceItem> ItemsOf(const ChannelVariantBatch& batch, const AdapterCapabilities& capabilities) {
  const SyncFields settable = SettableFields(capabilities);
  std::vector<ConformanceItem> items;
  for (int64_t row = 0; row < batch.size(); ++row) items.push_back(ItemAt(batch, row, settable.content()));
  return items;
}

// Those that are said, by external id.
void AddIdentities(const ChannelVariantBatch& batch, std::map<std::string, std::string>* identities) {
  EXPECT_TRUE(batch.identity.size() == 0 || batch.identity.size() == batch.size()) << "not one identity an item";
  for (int64_t row = 0; row < batch.identity.size(); ++row) {
    EXPECT_LE(batch.identity[row].size(), 1000u);
    if (!batch.identity[row].empty()) {
      identities->emplace(std::string(batch.external_id[row]), std::string(batch.identity[row]));
    }
  }
}

// By external id, ascending; of the items that have any.
using AliasesById = std::map<std::string, std::set<std::string>>;

void AddAliases(const ChannelVariantBatch& batch, AliasesById* aliases) {
  for (size_t row = 0; row < batch.aliases.size(); ++row) {
    if (batch.aliases[row].empty()) continue;
    (*aliases)[std::string(batch.external_id[static_cast<int64_t>(row)])] = {batch.aliases[row].begin(),
                                                                             batch.aliases[row].end()};
  }
}

void AddPage(const PullPage& page, const AdapterCapabilities& capabilities, PulledItems* pulled) {
  ExpectWellFormed(page.items);
  EXPECT_GE(page.age, absl::ZeroDuration());
  for (ConformanceItem& item : ItemsOf(page.items, capabilities)) pulled->items.push_back(std::move(item));
  for (int64_t row = 0; row < page.items.handle.size(); ++row) {
    pulled->handles[std::string(page.items.external_id[row])] = std::string(page.items.handle[row]);
  }
  AddIdentities(page.items, &pulled->identities);
  pulled->problems.insert(pulled->problems.end(), page.problems.begin(), page.problems.end());
  pulled->deleted.insert(pulled->deleted.end(), page.deleted.begin(), page.deleted.end());
  EXPECT_TRUE(page.mark.empty() || page.next_cursor.empty()) << "only the last page has a mark";
  pulled->mark = page.mark;
}

// Makes a push's last known value one that the platform has no more: somebody else sets another one, or, of a status,
// it was another one.
void MakeStale(const SyncFields& field, ChannelUnderTest* channel, PushItem* push) {
  if (field.Has(SyncField::kStatus)) {
    push->known.status = ChannelStatus::kDead;
    return;
  }
  ItemValues other;
  for (const SyncField number : kSyncFields) {
    if (field.Has(number)) other.Set(number, push->values.Get(number) + 11);
  }
  for (const std::string& name : field.content()) other.SetContent(name, "somebody else's");
  channel->Change(push->external_id, field, other);
}

// What a conflict says of an item is what the platform has; of content that it does not have, that it is empty.
void ExpectSeenAs(const ItemValues& values, const ItemValues& seen) {
  for (const SyncField field : kSyncFields) {
    if (seen.Get(field) == kAbsent) continue;
    EXPECT_EQ(seen.Get(field), values.Get(field)) << "a conflict saw another " << ToString(field);
  }
  for (const Field& field : seen.content) {
    const std::string* value = values.FindContent(field.name);
    EXPECT_EQ(field.value, value == nullptr ? "" : *value) << "a conflict saw another " << field.name;
  }
}

}  // namespace

absl::Status ForEachPage(const ChannelAdapter& adapter, int64_t limit, const std::string& mark,
                         const std::function<void()>& wait,
                         const std::function<void(const std::string& cursor, const PullPage& page)>& visit) {
  const auto fail = [](const char* what) {
    ADD_FAILURE() << what;
    return absl::InternalError(what);
  };
  std::set<std::string> cursors;
  std::string cursor;
  int tries = 0;
  do {
    const absl::StatusOr<PullPage> page = adapter.Pull({cursor, limit, mark}, NoLimitCall());
    if (!page.ok()) return page.status();
    if (page->ask_again_after > absl::ZeroDuration()) {
      EXPECT_NE(page->next_cursor, "") << "there is nothing to ask again with";
      EXPECT_EQ(page->items.size(), 0) << "a page that is not ready has items";
      if (++tries >= kMaxPolls) return fail("a page is never ready");
      if (wait != nullptr) wait();
    } else {
      visit(cursor, *page);
      if (!cursors.insert(page->next_cursor).second) return fail("the pull comes back to a cursor");
      if (cursors.size() >= kMaxPages) return fail("the pull has too many pages");
    }
    cursor = page->next_cursor;
  } while (!cursor.empty());
  return absl::OkStatus();
}

PulledItems PullAll(const ChannelAdapter& adapter, int64_t limit, const std::function<void()>& wait,
                    const std::string& mark) {
  PulledItems pulled;
  const absl::Status status =
      ForEachPage(adapter, limit, mark, wait, [&](const std::string& cursor, const PullPage& page) {
        EXPECT_LE(page.items.size(), limit);
        AddPage(page, adapter.capabilities(), &pulled);
        pulled.cursors.push_back(cursor);
      });
  EXPECT_TRUE(status.ok()) << status;
  const auto by_id = [](const ConformanceItem& a, const ConformanceItem& b) { return a.external_id < b.external_id; };
  std::sort(pulled.items.begin(), pulled.items.end(), by_id);
  return pulled;
}

void ChannelConformance::Renew() {
  adapter_ = nullptr;
  channel_ = GetParam().make();
  adapter_ = channel_->MakeAdapter();
  items_ = channel_->Items();
  ASSERT_GE(items_.size(), 4u);
}

void ChannelConformance::ForEachKind(const std::function<void(const PushKind& kind)>& check) {
  const std::vector<PushKind> kinds = capabilities().push_kinds;
  if (kinds.empty()) GTEST_SKIP() << "nothing can be set";
  for (const PushKind& kind : kinds) {
    SCOPED_TRACE(absl::StrCat("push kind ", kind.name));
    Renew();
    check(kind);
  }
}

void ChannelConformance::ForEachField(const std::function<void(const PushKind& kind, const SyncFields& field)>& check) {
  ForEachKind([&](const PushKind& kind) {
    for (const SyncFields& field : SingleFields(kind.fields)) {
      SCOPED_TRACE(FormatSyncFields(field));
      Renew();
      check(kind, field);
    }
  });
}

PulledItems ChannelConformance::PullSince(const std::string& mark, int64_t limit) {
  EXPECT_NE(mark, "") << "that would be a whole pull";
  return PullAll(
      *adapter_, limit, [&] { channel_->Advance(); }, mark);
}

PulledItems ChannelConformance::Pull(int64_t limit) {
  return PullAll(*adapter_, limit, [&] { channel_->Advance(); });
}

absl::StatusOr<PullPage> ChannelConformance::PullPageAt(const ChannelAdapter& adapter, const std::string& cursor,
                                                        int64_t limit) {
  absl::StatusOr<PullPage> page = adapter.Pull({cursor, limit}, call_);
  for (int i = 0; i < kMaxPolls && page.ok() && page->ask_again_after > absl::ZeroDuration(); ++i) {
    channel_->Advance();
    page = adapter.Pull({page->next_cursor, limit}, call_);
  }
  return page;
}

SeenItems ChannelConformance::See() {
  SeenItems seen;
  const SyncFields settable = SettableFields(capabilities());
  for (ConformanceItem& item : Pull().items) {
    const auto is_content = [&](const Field& field) { return settable.HasContent(field.name); };
    item.fields.erase(std::remove_if(item.fields.begin(), item.fields.end(), is_content), item.fields.end());
    SeenItem& as_seen = seen[item.external_id];
    as_seen.values = channel_->Look(item.external_id).value_or(ItemValues());
    as_seen.rest = channel_->LookAtRest(item.external_id);
    as_seen.pulled = std::move(item);
  }
  return seen;
}

std::vector<ConformanceItem> ChannelConformance::Together(const PushKind& kind) const {
  std::vector<ConformanceItem> items = items_;
  if (kind.one_parent) items.resize(2);
  if (kind.max_items > 0 && kind.max_items < static_cast<int64_t>(items.size())) {
    items.resize(static_cast<size_t>(kind.max_items));
  }
  return items;
}

std::vector<PushItem> ChannelConformance::BadItemsFor(const PushKind& kind) const {
  const std::vector<ConformanceItem> together = Together(kind);
  std::vector<PushItem> items;
  for (PushItem& bad : channel_->BadItems()) {
    const auto is_it = [&](const ConformanceItem& item) { return item.external_id == bad.external_id; };
    if (!IsWithin(bad.mask, kind.fields) || std::none_of(together.begin(), together.end(), is_it)) continue;
    bad.parent_id = items_[0].parent_id;
    items.push_back(std::move(bad));
  }
  return items;
}

PushItem ChannelConformance::MakePush(const ConformanceItem& item, const SyncFields& mask) {
  PushItem push;
  push.listing_id = ++pushes_made_;
  push.dirty_version = 1;
  push.external_id = item.external_id;
  push.parent_id = item.parent_id;
  push.handle = Pull().handles[item.external_id];
  push.mask = mask;
  const int64_t compare_at = item.values.compare_at_price == kAbsent ? item.values.price : item.values.compare_at_price;
  push.values = {item.values.price + 101, item.values.quantity + 7, ChannelStatus::kHidden, compare_at + 301};
  for (const std::string& name : mask.content()) {
    push.values.SetContent(name, absl::StrCat("new \"", name, "\", ", pushes_made_));
  }
  CopyFields(mask, item.values, &push.known);
  push.idempotency_key = absl::StrCat("key-", pushes_made_);
  return push;
}

std::vector<PushItem> ChannelConformance::MakePushes(const std::vector<ConformanceItem>& items,
                                                     const SyncFields& mask) {
  std::vector<PushItem> pushes;
  std::map<std::string, ItemValues> shared;  // By parent.
  for (const ConformanceItem& item : items) {
    pushes.push_back(MakePush(item, mask));
    PushItem& push = pushes.back();
    if (item.parent_id.empty()) continue;
    CopyFields(IntersectionOf(mask, capabilities().kept_by_parent),
               shared.emplace(item.parent_id, push.values).first->second, &push.values);
  }
  return pushes;
}

// Asks for all that is not decided in one call, each time.
std::vector<PushOutcome> ChannelConformance::Settle(std::vector<PushOutcome> outcomes) {
  for (int i = 0; i < kMaxPolls; ++i) {
    std::vector<size_t> open;
    std::vector<std::string> receipts;
    for (size_t at = 0; at < outcomes.size(); ++at) {
      if (outcomes[at].result != PushResult::kAccepted) continue;
      open.push_back(at);
      receipts.push_back(outcomes[at].receipt);
    }
    if (open.empty()) return outcomes;
    channel_->Advance();
    const absl::StatusOr<std::vector<PushOutcome>> polled = adapter_->PollReceipts(receipts, call_);
    EXPECT_TRUE(polled.ok()) << polled.status();
    if (!polled.ok()) return outcomes;
    EXPECT_THAT(*polled, SizeIs(receipts.size())) << "not one outcome a receipt";
    if (polled->size() != receipts.size()) return outcomes;
    for (size_t at = 0; at < open.size(); ++at) {
      if ((*polled)[at].result != PushResult::kAccepted) outcomes[open[at]] = (*polled)[at];
    }
  }
  ADD_FAILURE() << "a receipt is never decided";
  return outcomes;
}

std::vector<PushOutcome> ChannelConformance::Push(const PushKind& kind, const std::vector<PushItem>& items) {
  const absl::StatusOr<PushReply> reply =
      adapter_->Push({kind.name, items, absl::StrCat("call-", ++calls_made_)}, call_);
  EXPECT_TRUE(reply.ok()) << reply.status();
  if (!reply.ok()) return {};
  EXPECT_THAT(reply->outcomes, SizeIs(items.size()));
  return Settle(reply->outcomes);
}

SeenItems ChannelConformance::Expected(SeenItems before, const std::vector<PushItem>& pushed) {
  for (const PushItem& push : pushed) {
    const SyncFields shared = IntersectionOf(push.mask, capabilities().kept_by_parent);
    for (auto& [id, item] : before) {
      const bool is_sibling = !push.parent_id.empty() && item.pulled.parent_id == push.parent_id;
      const SyncFields set = id == push.external_id ? push.mask : is_sibling ? shared : SyncFields();
      CopyFields(set, push.values, &item.values);
      CopyFields(set, push.values, &item.pulled.values);
    }
  }
  return before;
}

SeenItems ChannelConformance::Expected(SeenItems before, const std::vector<PushItem>& pushed,
                                       const std::vector<PushOutcome>& outcomes) {
  std::vector<PushItem> applied;
  for (size_t i = 0; i < std::min(pushed.size(), outcomes.size()); ++i) {
    if (outcomes[i].result == PushResult::kApplied) applied.push_back(pushed[i]);
  }
  return Expected(std::move(before), applied);
}

// -- Capabilities.

TEST_P(ChannelConformance, CapabilitiesFitTogether) {
  EXPECT_EQ(CheckCapabilities(capabilities()), absl::OkStatus());
  const SyncFields settable = SettableFields(capabilities());
  if (settable.Has(SyncField::kStatus)) {
    EXPECT_THAT(capabilities().status_set, IsSupersetOf({ChannelStatus::kListed, ChannelStatus::kHidden}));
  }
  EXPECT_THAT(capabilities().status_set, Not(testing::Contains(ChannelStatus::kUnknown)));
  EXPECT_EQ(SettableFields(channel_->MakeAdapter()->capabilities()), settable);
}

// -- Pulls.

TEST_P(ChannelConformance, PullShowsEveryItem) {
  const PulledItems pulled = Pull();
  EXPECT_THAT(pulled.problems, IsEmpty());
  ASSERT_EQ(pulled.items.size(), items_.size());
  for (const ConformanceItem& item : items_) {
    const auto same_id = [&](const ConformanceItem& other) { return other.external_id == item.external_id; };
    const auto found = std::find_if(pulled.items.begin(), pulled.items.end(), same_id);
    ASSERT_NE(found, pulled.items.end()) << item.external_id;
    EXPECT_EQ(found->parent_id, item.parent_id);
    EXPECT_EQ(found->values, item.values);
    EXPECT_EQ(found->fixed, item.fixed);
    EXPECT_THAT(found->fields, IsSupersetOf(item.fields));
  }
}

TEST_P(ChannelConformance, PullShowsNoFieldsButThoseThatCanBeLinked) {
  std::vector<std::string> declared = capabilities().link_fields;
  const absl::StatusOr<PullPage> page = PullPageAt(*adapter_, "", 1000);
  ASSERT_TRUE(page.ok()) << page.status();
  if (!declared.empty()) {
    const SyncFields settable = SettableFields(capabilities());
    declared.insert(declared.end(), settable.content().begin(), settable.content().end());
    declared.emplace_back("status");  // The word of a status that is not understood.
    EXPECT_THAT(declared, IsSupersetOf(page->items.fields.names));
  }
}

// A rule over a field that no pull shows would link nothing, and nobody would know why.
TEST_P(ChannelConformance, PullShowsEveryFieldThatIsSaidToBeLinked) {
  const absl::StatusOr<PullPage> page = PullPageAt(*adapter_, "", 1000);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->items.fields.names, IsSupersetOf(capabilities().link_fields));
}

TEST_P(ChannelConformance, PagesOfAnySizeShowTheSameItems) {
  const PulledItems whole = Pull();
  EXPECT_THAT(whole.cursors, SizeIs(1));
  for (int64_t limit = 1; limit <= static_cast<int64_t>(items_.size()) + 1; ++limit) {
    EXPECT_EQ(Pull(limit).items, whole.items) << "limit " << limit;
  }
}

TEST_P(ChannelConformance, APageCanBeAskedForAgainByAnotherProcess) {
  for (const std::string& cursor : Pull(1).cursors) {
    const absl::StatusOr<PullPage> once = PullPageAt(*adapter_, cursor, 2);
    const absl::StatusOr<PullPage> again = PullPageAt(*channel_->MakeAdapter(), cursor, 2);
    ASSERT_TRUE(once.ok()) << once.status();
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(ItemsOf(again->items, capabilities()), ItemsOf(once->items, capabilities()));
    EXPECT_EQ(again->next_cursor, once->next_cursor);
  }
}

TEST_P(ChannelConformance, AChangeDuringAPullIsSeenOrStartsItOver) {
  const absl::StatusOr<PullPage> first = PullPageAt(*adapter_, "", 1);
  ASSERT_TRUE(first.ok()) << first.status();
  // The change is made to an item that was not shown yet.
  const bool is_front = first->items.size() > 0 && first->items.external_id[0] == items_.front().external_id;
  const ConformanceItem& changed = is_front ? items_.back() : items_.front();
  ItemValues values = changed.values;
  values.price += 500;
  channel_->Change(changed.external_id, {SyncField::kPrice}, values);
  const absl::StatusOr<PullPage> rest = PullPageAt(*adapter_, first->next_cursor, 1000);
  if (!rest.ok()) {
    EXPECT_EQ(rest.status().code(), absl::StatusCode::kAborted) << rest.status();
  } else {
    const std::vector<ConformanceItem> shown = ItemsOf(rest->items, capabilities());
    EXPECT_TRUE(std::any_of(shown.begin(), shown.end(), [&](const auto& item) { return item.values == values; }));
  }
  EXPECT_THAT(Pull().items, SizeIs(items_.size()));
}

TEST_P(ChannelConformance, WhatIsGoneIsAbsentFromACompletePull) {
  if (!capabilities().complete_pull) GTEST_SKIP() << "pulls are not complete";
  channel_->Remove(items_.back().external_id);
  const std::vector<ConformanceItem> pulled = Pull().items;
  EXPECT_EQ(pulled.size(), items_.size() - 1);
  for (const ConformanceItem& item : pulled) EXPECT_NE(item.external_id, items_.back().external_id);
}

TEST_P(ChannelConformance, HandlesAreTheSameInEveryPull) {
  const std::map<std::string, std::string> handles = Pull().handles;
  EXPECT_EQ(Pull(1).handles, handles);
  EXPECT_EQ(PullAll(*channel_->MakeAdapter(), 1000, [&] { channel_->Advance(); }).handles, handles);
}

// An item that has another identity is another item to flxlink: its link breaks.
TEST_P(ChannelConformance, IdentitiesAreTheSameInEveryRead) {
  const std::map<std::string, std::string> identities = Pull().identities;
  EXPECT_EQ(Pull(1).identities, identities);
  EXPECT_EQ(PullAll(*channel_->MakeAdapter(), 1000, [&] { channel_->Advance(); }).identities, identities);
  if (capabilities().fetch_limit == 0) return;
  std::map<std::string, std::string> fetched;
  for (const ConformanceItem& item : items_) {
    const std::vector<std::string> ids = {item.external_id};
    const absl::StatusOr<FetchReply> reply = adapter_->Fetch({ids}, call_);
    ASSERT_TRUE(reply.ok()) << reply.status();
    AddIdentities(reply->items, &fetched);
  }
  EXPECT_EQ(fetched, identities);
}

TEST_P(ChannelConformance, APushChangesNoIdentity) {
  ForEachField([&](const PushKind& kind, const SyncFields& field) {
    const std::map<std::string, std::string> identities = Pull().identities;
    Push(kind, {MakePush(items_.front(), field)});
    EXPECT_EQ(Pull().identities, identities);
  });
}

// A notice is of the items that have its alias: what a read leaves out is never noticed.
TEST_P(ChannelConformance, AliasesAreTheSameInEveryRead) {
  const auto pull = [&](int64_t limit) {
    AliasesById aliases;
    const absl::Status status = ForEachPage(
        *adapter_, limit, "", [&] { channel_->Advance(); },
        [&](const std::string&, const PullPage& page) { AddAliases(page.items, &aliases); });
    EXPECT_TRUE(status.ok()) << status;
    return aliases;
  };
  const AliasesById aliases = pull(1000);
  EXPECT_EQ(pull(1), aliases);
  if (capabilities().fetch_limit == 0) return;
  AliasesById fetched;
  for (const ConformanceItem& item : items_) {
    const std::vector<std::string> ids = {item.external_id};
    const absl::StatusOr<FetchReply> reply = adapter_->Fetch({ids}, call_);
    ASSERT_TRUE(reply.ok()) << reply.status();
    ExpectWellFormed(reply->items);
    AddAliases(reply->items, &fetched);
  }
  EXPECT_EQ(fetched, aliases);
}

TEST_P(ChannelConformance, WhatIsFixedIsPulledAndFetchedSo) {
  const std::string id = items_.back().external_id;
  const std::vector<FixedField> fixed = channel_->Fix(id);
  if (fixed.empty()) GTEST_SKIP() << "every field can be set of every item";
  const PulledItems pulled = Pull();
  ASSERT_EQ(pulled.items.size(), items_.size());
  for (const ConformanceItem& item : pulled.items) {
    EXPECT_EQ(item.fixed, item.external_id == id ? fixed : std::vector<FixedField>()) << item.external_id;
  }
  if (capabilities().fetch_limit == 0) return;
  const std::vector<std::string> ids = {id};
  const absl::StatusOr<FetchReply> reply = adapter_->Fetch({ids}, call_);
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->items.size(), 1);
  EXPECT_EQ(ItemsOf(reply->items, capabilities()).front().fixed, fixed);
}

// -- Fetches.

TEST_P(ChannelConformance, FetchShowsWhatAPullShows) {
  if (capabilities().fetch_limit == 0) {
    EXPECT_EQ(adapter_->Fetch({}, call_).status().code(), absl::StatusCode::kUnimplemented);
    return;
  }
  const PulledItems pulled = Pull();
  for (const ConformanceItem& item : pulled.items) {
    const std::vector<std::string> ids = {item.external_id};
    const absl::StatusOr<FetchReply> reply = adapter_->Fetch({ids}, call_);
    ASSERT_TRUE(reply.ok()) << reply.status();
    ExpectWellFormed(reply->items);
    EXPECT_THAT(ItemsOf(reply->items, capabilities()), testing::ElementsAre(item));
    EXPECT_THAT(reply->missing, IsEmpty());
    EXPECT_THAT(reply->problems, IsEmpty());
    const auto handle = pulled.handles.find(item.external_id);
    ASSERT_EQ(reply->items.handle.size(), handle == pulled.handles.end() ? 0 : 1);
    if (handle != pulled.handles.end()) {
      EXPECT_EQ(reply->items.handle[0], handle->second);
    }
  }
}

TEST_P(ChannelConformance, FetchNamesWhatIsMissing) {
  if (capabilities().fetch_limit == 0) GTEST_SKIP() << "no single item can be asked for";
  channel_->Remove(items_.back().external_id);
  for (const std::string& id : {items_.back().external_id, std::string(kUnknownItem)}) {
    const std::vector<std::string> ids = {id};
    const absl::StatusOr<FetchReply> reply = adapter_->Fetch({ids}, call_);
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->items.size(), 0);
    EXPECT_EQ(reply->missing, ids);
  }
}

TEST_P(ChannelConformance, FetchShowsWhatThereIsNow) {
  if (capabilities().fetch_limit == 0) GTEST_SKIP() << "no single item can be asked for";
  Pull();
  ItemValues values = items_.back().values;
  values.price += 500;
  channel_->Change(items_.back().external_id, {SyncField::kPrice}, values);
  const std::vector<std::string> ids = {items_.back().external_id};
  const absl::StatusOr<FetchReply> reply = adapter_->Fetch({ids}, call_);
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->items.size(), 1);
  EXPECT_EQ(ItemsOf(reply->items, capabilities()).front().values, values);
}

// Filled up with items that are not there.
TEST_P(ChannelConformance, AsManyItemsAsDeclaredAreFetched) {
  const auto limit = static_cast<size_t>(std::min(capabilities().fetch_limit, kLargestCall));
  if (limit == 0) GTEST_SKIP() << "no single item can be asked for";
  std::vector<std::string> ids;
  std::vector<std::string> missing;
  for (const ConformanceItem& item : items_) ids.push_back(item.external_id);
  ids.resize(std::min(limit, ids.size()));
  const size_t present = ids.size();
  while (ids.size() < limit) ids.push_back(absl::StrCat(kUnknownItem, "-", ids.size()));
  missing.assign(ids.begin() + static_cast<std::ptrdiff_t>(present), ids.end());
  const absl::StatusOr<FetchReply> reply = adapter_->Fetch({ids}, call_);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->items.size(), static_cast<int64_t>(present));
  EXPECT_THAT(reply->missing, testing::UnorderedElementsAreArray(missing));
}

// -- Pushes.

// Each field by itself, to an item without siblings.
TEST_P(ChannelConformance, NothingButTheStatedFieldDiffers) {
  ForEachField([&](const PushKind& kind, const SyncFields& field) {
    const SeenItems before = See();
    const PushItem push = MakePush(items_.back(), field);
    EXPECT_THAT(ResultsOf(Push(kind, {push})), Each(PushResult::kApplied));
    EXPECT_EQ(See(), Expected(before, {push}));
  });
}

// All fields of a kind, for as many items as go together.
TEST_P(ChannelConformance, PushedValuesAreOnThePlatformAndInTheNextPull) {
  ForEachKind([&](const PushKind& kind) {
    const SeenItems before = See();
    const std::vector<PushItem> pushed = MakePushes(Together(kind), kind.fields);
    EXPECT_THAT(ResultsOf(Push(kind, pushed)), Each(PushResult::kApplied));
    EXPECT_EQ(See(), Expected(before, pushed));
  });
}

TEST_P(ChannelConformance, SiblingsShareWhatTheirParentKeeps) {
  ForEachField([&](const PushKind& kind, const SyncFields& field) {
    SeenItems before = See();
    const PushItem there = MakePush(items_[0], field);
    EXPECT_THAT(ResultsOf(Push(kind, {there})), Each(PushResult::kApplied));
    before = Expected(before, {there});
    EXPECT_EQ(See(), before);
    PushItem back = MakePush(items_[0], field);
    back.values = items_[0].values;
    back.known = there.values;
    back.mask = IntersectionOf(field, PresentFields(back.values));
    if (back.mask.empty()) return;
    EXPECT_THAT(ResultsOf(Push(kind, {back})), Each(PushResult::kApplied));
    EXPECT_EQ(See(), Expected(before, {back}));
  });
}

TEST_P(ChannelConformance, AKindRefusesWhatItDoesNotSet) {
  ForEachKind([&](const PushKind& kind) {
    const SeenItems before = See();
    SyncFields all = UnionOf(SettableFields(capabilities()), SyncFields({}, {"no_such_field"}));
    for (const SyncField field : kSyncFields) all.Add(field);
    for (const SyncFields& field : SingleFields(all)) {
      if (IsWithin(field, kind.fields)) continue;
      const std::vector<PushItem> pushed = {MakePush(items_.back(), field)};
      const absl::StatusOr<PushReply> reply = adapter_->Push({kind.name, pushed, "call-x"}, call_);
      if (reply.ok()) {
        EXPECT_THAT(ResultsOf(reply->outcomes), ElementsAreArray({PushResult::kRejected})) << FormatSyncFields(field);
      }
    }
    EXPECT_EQ(See(), before);
  });
}

// Though a pull of before did not say so.
TEST_P(ChannelConformance, WhatIsFixedIsRefusedAndStaysUntouched) {
  ForEachField([&](const PushKind& kind, const SyncFields& field) {
    const std::vector<FixedField> fixed = channel_->Fix(items_.back().external_id);
    const SeenItems before = See();
    const std::vector<PushItem> pushed = {MakePush(items_.back(), field)};
    const bool is_fixed = std::any_of(fixed.begin(), fixed.end(),
                                      [&](const FixedField& one) { return one.field == field.Names().front(); });
    if (!is_fixed) {
      EXPECT_THAT(ResultsOf(Push(kind, pushed)), Each(PushResult::kApplied));
      EXPECT_EQ(See(), Expected(before, pushed));
    } else if (!kind.takes_good_items) {
      EXPECT_EQ(adapter_->Push({kind.name, pushed, "call-x"}, call_).status().code(),
                absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(See(), before);
    } else {
      const std::vector<PushOutcome> outcomes = Push(kind, pushed);
      EXPECT_THAT(ResultsOf(outcomes), Each(PushResult::kRejected));
      for (const PushOutcome& outcome : outcomes) EXPECT_THAT(outcome.field, AnyOf("", field.Names().front()));
      EXPECT_EQ(See(), before);
    }
  });
}

TEST_P(ChannelConformance, AnUnknownKindIsRefused) {
  ForEachKind([&](const PushKind& kind) {
    const SeenItems before = See();
    const std::vector<PushItem> pushed = {MakePush(items_.back(), kind.fields)};
    const absl::StatusOr<PushReply> reply = adapter_->Push({"no_such_kind", pushed, "call-x"}, call_);
    if (reply.ok()) {
      EXPECT_THAT(ResultsOf(reply->outcomes), ElementsAreArray({PushResult::kRejected}));
    }
    EXPECT_EQ(See(), before);
  });
}

TEST_P(ChannelConformance, WithoutKindsThereIsNothingToPush) {
  if (!capabilities().push_kinds.empty()) GTEST_SKIP() << "something can be set";
  const std::vector<PushItem> pushed = {MakePush(items_.back(), {SyncField::kPrice})};
  EXPECT_EQ(adapter_->Push({"any", pushed, "call-x"}, call_).status().code(), absl::StatusCode::kUnimplemented);
}

TEST_P(ChannelConformance, PushingTheSameAgainIsHarmless) {
  ForEachKind([&](const PushKind& kind) {
    const std::vector<PushItem> pushed = MakePushes(Together(kind), kind.fields);
    EXPECT_THAT(ResultsOf(Push(kind, pushed)), Each(PushResult::kApplied));
    const SeenItems after = See();
    EXPECT_THAT(ResultsOf(Push(kind, pushed)), Each(PushResult::kApplied));
    EXPECT_EQ(See(), after);
  });
}

// The engine pulls seldom: what a pull gave goes with many pushes.
TEST_P(ChannelConformance, AHandleLastsOverPushes) {
  ForEachKind([&](const PushKind& kind) {
    PushItem push = MakePush(items_.back(), kind.fields);
    EXPECT_THAT(ResultsOf(Push(kind, {push})), Each(PushResult::kApplied));
    const SeenItems before = See();
    ConformanceItem changed = items_.back();
    changed.values = push.values;
    PushItem next = MakePush(changed, kind.fields);
    next.handle = push.handle;
    EXPECT_THAT(ResultsOf(Push(kind, {next})), Each(PushResult::kApplied));
    EXPECT_EQ(See(), Expected(before, {next}));
  });
}

TEST_P(ChannelConformance, APushOfNothingChangesNothing) {
  ForEachKind([&](const PushKind& kind) {
    const SeenItems before = See();
    const absl::StatusOr<PushReply> reply = adapter_->Push({kind.name, {}, "call-x"}, call_);
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_THAT(reply->outcomes, IsEmpty());
    EXPECT_EQ(See(), before);
  });
}

TEST_P(ChannelConformance, EveryStatusThatIsDeclaredIsSet) {
  ForEachKind([&](const PushKind& kind) {
    if (!kind.fields.Has(SyncField::kStatus)) return;
    const std::vector<ChannelStatus> statuses = capabilities().status_set;
    for (const ChannelStatus status : statuses) {
      SCOPED_TRACE(ToString(status));
      Renew();
      PushItem push = MakePush(items_.back(), {SyncField::kStatus});
      push.values.status = status;
      const SeenItems before = See();
      EXPECT_THAT(ResultsOf(Push(kind, {push})), Each(PushResult::kApplied));
      EXPECT_EQ(See(), Expected(before, {push}));
    }
  });
}

TEST_P(ChannelConformance, AnUnknownItemIsNotFound) {
  ForEachKind([&](const PushKind& kind) {
    if (!kind.takes_good_items) return;  // A push with such an item is refused whole.
    PushItem unknown = MakePush(items_.back(), kind.fields);
    unknown.external_id = kUnknownItem;
    EXPECT_THAT(ResultsOf(Push(kind, {unknown})), Each(PushResult::kNotFound));
    const PushItem gone = MakePush(items_.back(), kind.fields);
    channel_->Remove(items_.back().external_id);
    const SeenItems before = See();
    EXPECT_THAT(ResultsOf(Push(kind, {gone})), Each(PushResult::kNotFound));
    EXPECT_EQ(See(), before);
  });
}

TEST_P(ChannelConformance, BadItemsDoNotSinkGoodOnes) {
  bool has_bad = channel_->BadItems().empty();
  ForEachKind([&](const PushKind& kind) {
    const std::vector<PushItem> bad = BadItemsFor(kind);
    has_bad = has_bad || !bad.empty();
    if (!kind.takes_good_items || bad.empty()) return;
    std::vector<PushItem> good;
    for (const ConformanceItem& item : Together(kind)) {
      const auto is_it = [&](const PushItem& push) { return push.external_id == item.external_id; };
      if (std::any_of(bad.begin(), bad.end(), is_it)) continue;
      good.push_back(MakePush(item, SingleFields(kind.fields).front()));
    }
    std::vector<PushItem> pushed;
    std::vector<PushResult> expected;
    const auto add_from = [&](const std::vector<PushItem>& items, size_t i, PushResult result) {
      if (i >= items.size()) return;
      pushed.push_back(items[i]);
      expected.push_back(result);
    };
    for (size_t i = 0; i < items_.size(); ++i) {
      add_from(bad, i, PushResult::kRejected);
      add_from(good, i, PushResult::kApplied);
    }
    const SeenItems before = See();
    const std::vector<PushOutcome> outcomes = Push(kind, pushed);
    EXPECT_EQ(ResultsOf(outcomes), expected);
    for (const PushOutcome& outcome : outcomes) {
      if (outcome.result != PushResult::kRejected) continue;
      EXPECT_FALSE(outcome.code.empty());
      EXPECT_FALSE(outcome.message.empty());
    }
    EXPECT_EQ(See(), Expected(before, pushed, outcomes));
  });
  EXPECT_TRUE(has_bad || capabilities().push_kinds.empty()) << "no kind sets what BadItems() sets";
}

TEST_P(ChannelConformance, APushThatIsRefusedWholeChangesNothing) {
  ForEachKind([&](const PushKind& kind) {
    if (kind.takes_good_items) return;
    std::vector<PushItem> pushed = BadItemsFor(kind);
    if (pushed.empty()) return;
    pushed.resize(1);
    const size_t good = pushed.front().external_id == items_[0].external_id ? 1 : 0;
    pushed.insert(pushed.begin(), MakePush(items_[good], SingleFields(kind.fields).front()));
    const SeenItems before = See();
    const absl::Status status = adapter_->Push({kind.name, pushed, "call-x"}, call_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(See(), before);
  });
}

TEST_P(ChannelConformance, AThrottledCallSaysWhenToComeAgainAndDidNothing) {
  if (!channel_->SetThrottled(true)) GTEST_SKIP() << "the platform never throttles";
  channel_->SetThrottled(false);
  ForEachKind([&](const PushKind& kind) {
    const SeenItems before = See();
    const PushItem push = MakePush(items_.back(), kind.fields);
    channel_->SetThrottled(true);
    const absl::Status pushed = adapter_->Push({kind.name, {push}, "call-x"}, call_).status();
    EXPECT_TRUE(IsThrottled(pushed)) << pushed;
    const absl::Status pulled = adapter_->Pull({}, call_).status();
    EXPECT_TRUE(IsThrottled(pulled)) << pulled;
    channel_->SetThrottled(false);
    EXPECT_EQ(See(), before);
    EXPECT_THAT(ResultsOf(Push(kind, {push})), Each(PushResult::kApplied));
  });
}

// -- What kinds declare.

TEST_P(ChannelConformance, AnyNumberOfItemsIsTaken) {
  ForEachKind([&](const PushKind& kind) {
    const std::vector<PushItem> all = MakePushes(Together(kind), SingleFields(kind.fields).front());
    for (size_t count = 1; count <= all.size(); ++count) {
      const std::vector<PushItem> pushed(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
      EXPECT_THAT(ResultsOf(Push(kind, pushed)), Each(PushResult::kApplied)) << count << " items";
    }
  });
}

// Filled up with items that are not there.
TEST_P(ChannelConformance, AsManyItemsAsDeclaredArePushed) {
  ForEachKind([&](const PushKind& kind) {
    if (kind.max_items == 0 || kind.max_items > kLargestCall || kind.max_bytes > 0 || !kind.takes_good_items) return;
    const SeenItems before = See();
    std::vector<PushItem> pushed = MakePushes(Together(kind), SingleFields(kind.fields).front());
    std::vector<PushResult> expected(pushed.size(), PushResult::kApplied);
    while (static_cast<int64_t>(pushed.size()) < kind.max_items) {
      pushed.push_back(pushed.front());
      pushed.back().external_id = absl::StrCat(kUnknownItem, "-", pushed.size());
      pushed.back().idempotency_key = absl::StrCat("filled-", pushed.size());
      expected.push_back(PushResult::kNotFound);
    }
    const std::vector<PushOutcome> outcomes = Push(kind, pushed);
    EXPECT_EQ(ResultsOf(outcomes), expected);
    EXPECT_EQ(See(), Expected(before, pushed, outcomes));
  });
}

TEST_P(ChannelConformance, AConflictChangesNothingOfItsItem) {
  ForEachField([&](const PushKind& kind, const SyncFields& field) {
    if (!IsWithin(field, kind.compares)) return;
    PushItem push = MakePush(items_.back(), kind.fields);
    if (!IsWithin(field, PresentFields(push.known))) return;  // Nothing is known of it.
    MakeStale(field, channel_.get(), &push);
    const SeenItems before = See();
    const std::vector<PushOutcome> outcomes = Push(kind, {push});
    EXPECT_THAT(ResultsOf(outcomes), Each(PushResult::kConflict));
    EXPECT_EQ(See(), before);
    for (const PushOutcome& outcome : outcomes) ExpectSeenAs(before.at(push.external_id).values, outcome.seen);
  });
}

TEST_P(ChannelConformance, AConflictIsOfItsItemAlone) {
  ForEachField([&](const PushKind& kind, const SyncFields& field) {
    if (!IsWithin(field, kind.compares) || IsWithin(field, capabilities().kept_by_parent)) return;
    std::vector<PushItem> pushed = MakePushes(Together(kind), field);
    if (!IsWithin(field, PresentFields(pushed.front().known)) || pushed.size() < 2) return;
    MakeStale(field, channel_.get(), &pushed.front());
    const SeenItems before = See();
    const std::vector<PushOutcome> outcomes = Push(kind, pushed);
    std::vector<PushResult> expected(pushed.size(), PushResult::kApplied);
    expected.front() = PushResult::kConflict;
    EXPECT_EQ(ResultsOf(outcomes), expected);
    EXPECT_EQ(See(), Expected(before, pushed, outcomes));
  });
}

TEST_P(ChannelConformance, WhatIsThereAlreadyIsApplied) {
  ForEachField([&](const PushKind& kind, const SyncFields& field) {
    if (!IsWithin(field, kind.compares)) return;
    const PushItem push = MakePush(items_.back(), field);
    channel_->Change(push.external_id, field, push.values);
    const SeenItems before = See();
    EXPECT_THAT(ResultsOf(Push(kind, {push})), Each(PushResult::kApplied));
    EXPECT_EQ(See(), before);
  });
}

TEST_P(ChannelConformance, WhereNothingIsKnownAnythingIsReplaced) {
  ForEachField([&](const PushKind& kind, const SyncFields& field) {
    PushItem push = MakePush(items_.back(), field);
    push.known = ItemValues();
    const SeenItems before = See();
    EXPECT_THAT(ResultsOf(Push(kind, {push})), Each(PushResult::kApplied));
    EXPECT_EQ(See(), Expected(before, {push}));
  });
}

// Between the two somebody else sets the value back: the repeat must not undo that.
TEST_P(ChannelConformance, ARepeatedKeyIsDoneOnce) {
  ForEachKind([&](const PushKind& kind) {
    if (kind.keys == IdempotencyKeys::kNone) return;
    const SyncFields field = SingleFields(kind.fields).front();
    const std::vector<PushItem> pushed = MakePushes(Together(kind), field);
    const PushRequest request = {kind.name, pushed, "call-once"};
    const absl::StatusOr<PushReply> once = adapter_->Push(request, call_);
    ASSERT_TRUE(once.ok()) << once.status();
    EXPECT_THAT(ResultsOf(Settle(once->outcomes)), Each(PushResult::kApplied));
    for (const PushItem& push : pushed) channel_->Change(push.external_id, field, push.known);
    const SeenItems before = See();
    const absl::StatusOr<PushReply> again = channel_->MakeAdapter()->Push(request, call_);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_THAT(ResultsOf(Settle(again->outcomes)), Each(PushResult::kApplied));
    EXPECT_EQ(See(), before);
  });
}

TEST_P(ChannelConformance, ANewKeyIsDone) {
  ForEachKind([&](const PushKind& kind) {
    const SyncFields field = SingleFields(kind.fields).front();
    PushItem push = MakePush(items_.back(), field);
    EXPECT_THAT(ResultsOf(Push(kind, {push})), Each(PushResult::kApplied));
    channel_->Change(push.external_id, field, push.known);
    push.idempotency_key = "another-key";
    const SeenItems before = See();
    EXPECT_THAT(ResultsOf(Push(kind, {push})), Each(PushResult::kApplied));
    EXPECT_EQ(See(), Expected(before, {push}));
  });
}

TEST_P(ChannelConformance, ReceiptsAreGivenOnlyWhereDeclared) {
  bool gives_receipts = false;
  ForEachKind([&](const PushKind& kind) {
    gives_receipts = gives_receipts || kind.receipt_timeout > absl::ZeroDuration();
    const std::vector<PushItem> pushed = MakePushes(Together(kind), kind.fields);
    const absl::StatusOr<PushReply> reply = adapter_->Push({kind.name, pushed, "call-x"}, call_);
    ASSERT_TRUE(reply.ok()) << reply.status();
    std::set<std::string> receipts;
    for (const PushOutcome& outcome : reply->outcomes) {
      if (outcome.result == PushResult::kAccepted && kind.receipt_timeout > absl::ZeroDuration()) {
        EXPECT_TRUE(receipts.insert(outcome.receipt).second) << "a receipt is given twice";
      } else {
        EXPECT_EQ(outcome.result, PushResult::kApplied);
      }
    }
    EXPECT_EQ(receipts.count(""), 0u) << "a receipt is empty";
  });
  if (gives_receipts) return;
  const std::vector<std::string> any = {"any"};
  EXPECT_EQ(adapter_->PollReceipts(any, call_).status().code(), absl::StatusCode::kUnimplemented);
}

// One item is gone by then; the outcomes stand in the order in which they were asked for, and stay as they are.
TEST_P(ChannelConformance, ReceiptsAreDecidedInBulk) {
  ForEachKind([&](const PushKind& kind) {
    if (kind.receipt_timeout == absl::ZeroDuration()) return;
    const std::vector<PushItem> pushed = MakePushes(Together(kind), SingleFields(kind.fields).front());
    const absl::StatusOr<PushReply> reply = adapter_->Push({kind.name, pushed, "call-x"}, call_);
    ASSERT_TRUE(reply.ok()) << reply.status();
    ASSERT_THAT(reply->outcomes, SizeIs(pushed.size()));
    const SeenItems before = See();
    const std::vector<PushOutcome> decided = Settle(reply->outcomes);
    EXPECT_THAT(ResultsOf(decided), Each(PushResult::kApplied));
    EXPECT_EQ(See(), Expected(before, pushed, decided));

    // Known and unknown among each other, in any order.
    std::vector<PushItem> more = MakePushes(Together(kind), SingleFields(kind.fields).front());
    for (PushItem& push : more) push.known = ItemValues();
    const absl::StatusOr<PushReply> second = adapter_->Push({kind.name, more, "call-y"}, call_);
    ASSERT_TRUE(second.ok()) << second.status();
    ASSERT_THAT(second->outcomes, SizeIs(more.size()));
    channel_->Remove(items_[1].external_id);
    std::vector<PushOutcome> mixed = Settle(second->outcomes);
    ASSERT_THAT(mixed, SizeIs(more.size()));
    for (size_t i = 0; i < more.size(); ++i) {
      const bool is_gone = i == 1 && second->outcomes[i].result == PushResult::kAccepted;
      EXPECT_THAT(mixed[i].result, is_gone ? AnyOf(PushResult::kNotFound, PushResult::kRejected)
                                           : AnyOf(PushResult::kApplied, PushResult::kApplied))
          << more[i].external_id;
    }
    std::vector<std::string> receipts;
    std::vector<PushResult> expected;
    for (size_t i = more.size(); i-- > 0;) {
      if (second->outcomes[i].result == PushResult::kAccepted) {
        receipts.push_back(second->outcomes[i].receipt);
        expected.push_back(mixed[i].result);
      }
      if (reply->outcomes[i].result == PushResult::kAccepted) {
        receipts.push_back(reply->outcomes[i].receipt);
        expected.push_back(decided[i].result);
      }
    }
    const absl::StatusOr<std::vector<PushOutcome>> polled = channel_->MakeAdapter()->PollReceipts(receipts, call_);
    ASSERT_TRUE(polled.ok()) << polled.status();
    EXPECT_EQ(ResultsOf(*polled), expected);
  });
}

TEST_P(ChannelConformance, TheLastSubmissionStandsWhereLaterOnesWin) {
  ForEachKind([&](const PushKind& kind) {
    if (!kind.later_wins) return;
    const SyncFields fields = SingleFields(kind.fields).front();
    std::vector<PushOutcome> outcomes;
    std::vector<PushItem> last;
    for (int i = 0; i < 3; ++i) {
      last = MakePushes(Together(kind), fields);
      for (PushItem& push : last) {
        push.known = ItemValues();
        push.values.price += i;
        push.values.quantity += i;
        push.values.compare_at_price += i;
      }
      const absl::StatusOr<PushReply> reply = adapter_->Push({kind.name, last, absl::StrCat("submission-", i)}, call_);
      ASSERT_TRUE(reply.ok()) << reply.status();
      ASSERT_THAT(reply->outcomes, SizeIs(last.size()));
      outcomes.insert(outcomes.end(), reply->outcomes.begin(), reply->outcomes.end());
    }
    const SeenItems before = See();
    EXPECT_THAT(ResultsOf(Settle(outcomes)), Each(PushResult::kApplied));
    PushOutcome applied;
    applied.result = PushResult::kApplied;
    EXPECT_EQ(See(), Expected(before, last, std::vector<PushOutcome>(last.size(), applied)));
  });
}

// -- Several pushes, and cancelled calls.

TEST_P(ChannelConformance, SeveralPushesAreAnsweredOnceEach) {
  ForEachKind([&](const PushKind& kind) {
    const SeenItems before = See();
    const size_t count = std::min(static_cast<size_t>(kind.in_flight), items_.size());
    const std::vector<PushItem> pushed = MakePushes(items_, SingleFields(kind.fields).front());
    std::vector<PushRequest> requests;
    for (size_t i = 0; i < count; ++i) {
      requests.push_back({kind.name, absl::MakeConstSpan(&pushed[i], 1), absl::StrCat("several-", i)});
    }
    std::vector<int> answers(count, 0);
    std::vector<PushOutcome> outcomes(count);
    adapter_->PushSeveral(requests, call_, [&](size_t request, absl::StatusOr<PushReply> reply) {
      ASSERT_LT(request, count);
      ++answers[request];
      ASSERT_TRUE(reply.ok()) << reply.status();
      ASSERT_THAT(reply->outcomes, SizeIs(1));
      outcomes[request] = reply->outcomes.front();
    });
    EXPECT_THAT(answers, Each(1));
    outcomes = Settle(std::move(outcomes));
    EXPECT_THAT(ResultsOf(outcomes), Each(PushResult::kApplied));
    EXPECT_EQ(See(), Expected(before, pushed, outcomes));
  });
}

TEST_P(ChannelConformance, ACancelledReadReturns) {
  const absl::StatusOr<PullPage> page = adapter_->Pull({}, CancelledCall());
  EXPECT_THAT(page.status().code(), AnyOf(absl::StatusCode::kOk, absl::StatusCode::kCancelled)) << page.status();
  EXPECT_THAT(Pull().items, SizeIs(items_.size()));
  if (capabilities().fetch_limit == 0) return;
  const std::vector<std::string> ids = {items_.back().external_id};
  const absl::StatusOr<FetchReply> reply = adapter_->Fetch({ids}, CancelledCall());
  EXPECT_THAT(reply.status().code(), AnyOf(absl::StatusCode::kOk, absl::StatusCode::kCancelled)) << reply.status();
  if (reply.ok()) {
    EXPECT_THAT(reply->missing, IsEmpty());
  }
}

TEST_P(ChannelConformance, ACancelledPushIsDoneWholeOrNotAtAll) {
  ForEachKind([&](const PushKind& kind) {
    const SeenItems before = See();
    const std::vector<PushItem> pushed = {MakePush(items_.back(), kind.fields)};
    const SeenItems done = Expected(before, pushed);
    const absl::StatusOr<PushReply> reply = adapter_->Push({kind.name, pushed, "call-x"}, CancelledCall());
    if (!reply.ok()) {
      EXPECT_EQ(reply.status().code(), absl::StatusCode::kCancelled) << reply.status();
      EXPECT_THAT(See(), AnyOf(before, done));
      return;
    }
    ASSERT_THAT(reply->outcomes, SizeIs(1));
    const std::vector<PushOutcome> outcomes = Settle(reply->outcomes);
    EXPECT_THAT(ResultsOf(outcomes), Each(AnyOf(PushResult::kApplied, PushResult::kNotTried)));
    EXPECT_EQ(See(), Expected(before, pushed, outcomes));
  });
}

}  // namespace flxlink
