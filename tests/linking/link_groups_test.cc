#include "src/linking/link_groups.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "flxlink/memory_storage.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/engine/link_store.h"
#include "tests/engine/watched_storage.h"

namespace flxlink::linking {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ChannelConfig OneRule() {
  ChannelConfig config;
  config.link_priority = {{"sku", "sku", {Normalizer::kCasefold}, Ambiguity::kStop}};
  return config;
}

// An index that names every row it has for any hash, as if all keys collided, and some rows that are not there.
class CollidingIndex : public engine::WatchedStorage {
 public:
  struct Row {
    std::string sku;
    bool live = true;
  };

  CollidingIndex(std::map<int64_t, Row> rows, std::vector<int64_t> missing)
      : WatchedStorage(*Nothing()), rows_(std::move(rows)), missing_(std::move(missing)) {}

  int64_t entries_read() const { return entries_read_; }
  // The most that one call asked for.
  int64_t most_rows() const { return most_rows_; }

  absl::StatusOr<std::vector<KeyEntry>> FindKeyEntries(int64_t /*channel_id*/, KeyColumn /*column*/,
                                                       absl::Span<const KeyLookup> asked, int64_t limit) override {
    std::vector<int64_t> ids = missing_;
    for (const auto& [id, row] : rows_) ids.push_back(id);
    std::sort(ids.begin(), ids.end());
    std::vector<KeyEntry> entries;
    for (const KeyLookup& lookup : asked) {
      auto id = std::upper_bound(ids.begin(), ids.end(), lookup.after_id);
      for (int64_t i = 0; i < limit && id != ids.end(); ++i, ++id) entries.push_back({lookup.hash, *id});
    }
    entries_read_ += static_cast<int64_t>(entries.size());
    most_rows_ = std::max(most_rows_, static_cast<int64_t>(asked.size()) * limit);
    return entries;
  }

  absl::StatusOr<ListingKeyPage> ReadListingKeysById(int64_t /*channel_id*/, absl::Span<const std::string> fields,
                                                     absl::Span<const int64_t> ids) override {
    EXPECT_THAT(fields, ElementsAre("sku"));
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    most_rows_ = std::max(most_rows_, static_cast<int64_t>(ids.size()));
    ListingKeyPage page;
    page.columns.resize(1);
    for (const int64_t id : ids) {
      const auto row = rows_.find(id);
      if (row == rows_.end()) continue;
      EXPECT_TRUE(read_.insert(id).second) << id << " is read twice";
      page.listing_id.push_back(id);
      page.columns[0].Add(row->second.sku);
      page.parent.Add("");
      page.live.push_back(row->second.live ? 1 : 0);
      page.linked_to.push_back(0);
      page.broken.push_back(0);
      page.reason.push_back(LinkReason::kNone);
      page.rule.push_back(0);
    }
    return page;
  }

 private:
  static Storage* Nothing() {
    static Storage* const nothing = NewMemoryStorage().release();
    return nothing;
  }

  const std::map<int64_t, Row> rows_;
  const std::vector<int64_t> missing_;
  std::set<int64_t> read_;
  int64_t entries_read_ = 0;
  int64_t most_rows_ = 0;
};

class LinkGroupsTest : public ::testing::Test {
 protected:
  // Groups over rows 1 to 9, of which 5 and 7 are not there.
  void Make(int64_t page_rows, int64_t max_entries = 1000) {
    const std::map<int64_t, CollidingIndex::Row> rows = {{1, {"a"}}, {2, {"b"}}, {3, {"A"}}, {4, {"a", false}},
                                                         {6, {""}},  {8, {"c"}}, {9, {"a"}}};
    index_ = std::make_unique<CollidingIndex>(rows, std::vector<int64_t>{5, 7});
    lookup_ = std::make_unique<engine::StorageLinkLookup>(*index_, 1, page_rows);
    rows_ = std::make_unique<LinkRows>(*lookup_, LinkSide::kListing, keys_);
    groups_ = std::make_unique<LinkGroups>(*lookup_, LinkSide::kListing, keys_, *rows_, 2, max_entries);
  }
  GroupIndex Find(absl::string_view key) { return groups_->Find(0, {key, keys_.Hash(key)}); }
  // The ids of the members that were read.
  std::vector<int64_t> Members(GroupIndex group) {
    std::vector<int64_t> ids;
    for (const RowIndex row : groups_->group(group).members) ids.push_back(rows_->row(row).id);
    return ids;
  }
  static bool All(const LinkGroups::Group& /*group*/) { return false; }

  std::unique_ptr<CollidingIndex> index_;
  std::unique_ptr<engine::StorageLinkLookup> lookup_;
  const LinkKeys keys_{OneRule(), 5};
  std::unique_ptr<LinkRows> rows_;
  std::unique_ptr<LinkGroups> groups_;
};

TEST_F(LinkGroupsTest, OnlyRowsThatAreLiveAndHaveTheKeyAreMembers) {
  for (const int64_t page_rows : {1, 2, 3, 1000}) {
    Make(page_rows);
    const GroupIndex a = Find("a");
    const GroupIndex b = Find("b");
    const GroupIndex none = Find("none");
    EXPECT_EQ(Find("a"), a);
    ASSERT_TRUE(groups_->Read({b, a, none, a}, All).ok());
    EXPECT_THAT(Members(a), ElementsAre(1, 3, 9));
    EXPECT_THAT(Members(b), ElementsAre(2));
    EXPECT_THAT(Members(none), IsEmpty());
    EXPECT_EQ(groups_->group(a).only_member(), kNotRead);
    EXPECT_EQ(rows_->row(groups_->group(b).only_member()).id, 2);
    EXPECT_EQ(groups_->group(none).only_member(), kNotRead);
    EXPECT_LE(index_->most_rows(), page_rows);
  }
}

TEST_F(LinkGroupsTest, ReadsNoMoreThanIsEnough) {
  Make(1000);
  const GroupIndex a = Find("a");
  ASSERT_TRUE(groups_->Read({a}, [](const LinkGroups::Group& group) { return group.has(1); }).ok());
  EXPECT_THAT(Members(a), ElementsAre(1));
  EXPECT_EQ(groups_->group(a).only_member(), kNotRead) << "there may be more";
  EXPECT_EQ(index_->entries_read(), 2);
  ASSERT_TRUE(groups_->Read({a}, [](const LinkGroups::Group& group) { return group.has(1); }).ok());
  EXPECT_EQ(index_->entries_read(), 2);
  ASSERT_TRUE(groups_->Read({a}, All).ok());
  EXPECT_THAT(Members(a), ElementsAre(1, 3, 9));
  EXPECT_EQ(index_->entries_read(), 9);
}

TEST_F(LinkGroupsTest, RowsThatChangedAreNotStable) {
  Make(1000);
  std::vector<int64_t> ids = {3};
  ASSERT_TRUE(rows_->Read(&ids).ok());
  rows_->row(rows_->Find(3)).changed = true;
  const GroupIndex a = Find("a");
  ASSERT_TRUE(groups_->Read({a}, All).ok());
  EXPECT_TRUE(groups_->group(a).has(3));
  EXPECT_TRUE(groups_->group(a).has_stable(2));
  EXPECT_FALSE(groups_->group(a).has_stable(3));
}

TEST_F(LinkGroupsTest, GivesUpWhereThereAreTooManyEntries) {
  Make(1000, 10);
  EXPECT_TRUE(groups_->Read({Find("a")}, All).ok());
  EXPECT_TRUE(absl::IsOutOfRange(groups_->Read({Find("b")}, All)));
}

}  // namespace
}  // namespace flxlink::linking
