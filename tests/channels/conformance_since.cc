// Conformance: pulls since a mark.

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"

namespace flxlink {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

namespace {

std::vector<std::string> IdsOf(const std::vector<ConformanceItem>& items) {
  std::vector<std::string> ids;
  for (const ConformanceItem& item : items) ids.push_back(item.external_id);
  return ids;
}

// Other values than these in one field.
ItemValues Changed(const ItemValues& values, const SyncFields& field) {
  ItemValues changed;
  CopyFields(field, values, &changed);
  for (const SyncField number : {SyncField::kPrice, SyncField::kQuantity, SyncField::kCompareAtPrice}) {
    if (field.Has(number)) changed.Set(number, std::max<int64_t>(values.Get(number), 0) + 17);
  }
  if (field.Has(SyncField::kStatus)) changed.status = ChannelStatus::kHidden;
  for (const std::string& name : field.content()) changed.SetContent(name, "as somebody else wrote it");
  return changed;
}

// What who follows a channel has of it.
class Mirror {
 public:
  // False: the pull has to start over.
  bool Take(ChannelUnderTest& channel, const ChannelAdapter& adapter, const std::string& mark,
            const std::function<void()>& after_page) {
    const auto take = [&](const std::string& /*cursor*/, const PullPage& page) {
      for (int64_t row = 0; row < page.items.size(); ++row) {
        prices_[std::string(page.items.external_id[row])] = page.items.price[static_cast<size_t>(row)];
      }
      for (const std::string& id : page.deleted) prices_.erase(id);
      after_page();
      mark_ = page.mark;
    };
    const absl::Status status = ForEachPage(
        adapter, 1, mark, [&] { channel.Advance(); }, take);
    if (!status.ok()) {
      EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
    }
    return status.ok();
  }

  const std::map<std::string, int64_t>& prices() const { return prices_; }
  const std::string& mark() const { return mark_; }

 private:
  std::map<std::string, int64_t> prices_;
  std::string mark_;
};

}  // namespace

TEST_P(ChannelConformance, PullsGiveMarksWhereTheyCanBeginAtThem) {
  for (const int64_t limit : {int64_t{1}, int64_t{1000}}) {
    EXPECT_EQ(Pull(limit).mark.empty(), !capabilities().since.has_value()) << "limit " << limit;
  }
}

TEST_P(ChannelConformance, APullSinceAMarkShowsNothingWhereNothingChanged) {
  if (!capabilities().since.has_value()) GTEST_SKIP() << "pulls are whole";
  const PulledItems since = PullSince(PullSince(Pull().mark).mark);
  EXPECT_THAT(since.deleted, IsEmpty());
  EXPECT_NE(since.mark, "");
  if (capabilities().since->overlap == absl::ZeroDuration()) {
    EXPECT_THAT(since.items, IsEmpty());
  }
}

TEST_P(ChannelConformance, APullSinceAMarkShowsWhatChanged) {
  if (!capabilities().since.has_value()) GTEST_SKIP() << "pulls are whole";
  const SinceReads since = *capabilities().since;
  for (const std::string& name : since.sees.Names()) {
    SCOPED_TRACE(name);
    Renew();
    const std::string mark = Pull().mark;
    const SyncFields field = *ParseSyncFields(name);
    channel_->Change(items_[2].external_id, field, Changed(items_[2].values, field));
    const std::vector<ConformanceItem> whole = Pull().items;
    for (const int64_t limit : {int64_t{1}, int64_t{1000}}) {
      const std::vector<ConformanceItem> shown = PullSince(mark, limit).items;
      EXPECT_THAT(IdsOf(shown), Contains(items_[2].external_id));
      EXPECT_THAT(whole, IsSupersetOf(shown)) << "an item is shown as by a whole pull";
      if (since.overlap == absl::ZeroDuration()) {
        EXPECT_THAT(IdsOf(shown), Not(Contains(items_[3].external_id))) << "it did not change";
      }
    }
    EXPECT_THAT(IdsOf(PullSince(mark).items), Contains(items_[2].external_id)) << "a mark can be used again";
  }
}

TEST_P(ChannelConformance, APullSinceAMarkTellsWhatIsGone) {
  if (!capabilities().since.has_value()) GTEST_SKIP() << "pulls are whole";
  const std::string mark = Pull().mark;
  const std::string gone = items_.back().external_id;
  channel_->Remove(gone);
  const PulledItems since = PullSince(mark);
  EXPECT_THAT(IdsOf(since.items), Not(Contains(gone)));
  for (const ConformanceItem& item : items_) {
    if (item.external_id == gone) continue;
    EXPECT_THAT(since.deleted, Not(Contains(item.external_id))) << "it is there";
  }
  if (capabilities().since->sees_deletions) {
    EXPECT_THAT(since.deleted, Contains(gone));
  }
}

TEST_P(ChannelConformance, APullSinceAMarkShowsNewItems) {
  if (!capabilities().since.has_value()) GTEST_SKIP() << "pulls are whole";
  const std::string mark = Pull().mark;
  ConformanceItem added = items_.back();
  added.external_id = "added";
  if (!channel_->Add(added)) GTEST_SKIP() << "no item can be added";
  EXPECT_THAT(IdsOf(Pull().items), Contains("added"));
  if (capabilities().since->sees_new_items) {
    EXPECT_THAT(IdsOf(PullSince(mark).items), Contains("added"));
  }
}

// While a channel is pulled page by page, whole or since a mark, one item changes after one of the pages, be it before
// or after the item was shown: who takes in that pull and the next has what the platform has.
TEST_P(ChannelConformance, NothingIsLostBetweenTwoMarks) {
  if (!capabilities().since.has_value()) GTEST_SKIP() << "pulls are whole";
  if (!capabilities().since->sees.Has(SyncField::kPrice)) GTEST_SKIP() << "prices are not among what is seen";
  const size_t count = items_.size();
  for (size_t at = 0; at < 2 * count * count; ++at) {
    const bool whole = at < count * count;
    const size_t page = at / count % count;
    const size_t item = at % count;
    SCOPED_TRACE(absl::StrCat(whole ? "whole" : "since a mark", ", item ", item, " changes after page ", page));
    Renew();
    const auto raise = [&](size_t number, int64_t by) {
      ItemValues values;
      values.price = items_[number].values.price + by;
      channel_->Change(items_[number].external_id, {SyncField::kPrice}, values);
    };
    Mirror mirror;
    if (!whole) {
      ASSERT_TRUE(mirror.Take(*channel_, *adapter_, "", [] {}));
      for (size_t number = 0; number < count; ++number) raise(number, 100);
    }
    size_t pages = 0;
    const auto raise_one = [&] {
      if (pages++ == page) raise(item, 500);
    };
    // Where the change starts it over, the second time it is quiet.
    if (!mirror.Take(*channel_, *adapter_, mirror.mark(), raise_one)) {
      ASSERT_TRUE(mirror.Take(*channel_, *adapter_, "", [] {}));
    }
    ASSERT_TRUE(mirror.Take(*channel_, *adapter_, mirror.mark(), [] {}));
    for (const ConformanceItem& known : items_) {
      EXPECT_EQ(mirror.prices().at(known.external_id), channel_->Look(known.external_id)->price) << known.external_id;
    }
  }
}

TEST_P(ChannelConformance, AMarkThatIsNotKnownStartsThePullOver) {
  if (!capabilities().since.has_value()) GTEST_SKIP() << "pulls are whole";
  EXPECT_EQ(adapter_->Pull({"", 1000, "no mark of this platform"}, call_).status().code(), absl::StatusCode::kAborted);
}

}  // namespace flxlink
