// Conformance: odd rows are refused one by one, and pulled pages are stored together.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/storage.h"
#include "tests/storage/shop.h"
#include "tests/storage/store_text.h"

namespace flxlink {
namespace {

// What is refused, see storage_kit/limits.h.
const std::string& TooLong() {
  static const std::string* const text = new std::string(1001, 'x');
  return *text;
}

std::string TitleWithZero() { return std::string("a\0b", 3); }

std::vector<std::string> Keys(const ProductBatch& batch) {
  std::vector<std::string> keys;
  for (int64_t i = 0; i < batch.size(); ++i) keys.emplace_back(batch.key[i]);
  return keys;
}

// A number of pages with one item each, X1, X2 …
std::vector<PullPage> Pages(int count) {
  std::vector<PullPage> pages;
  for (int i = 1; i <= count; ++i) {
    pages.push_back(ToPage({{absl::StrCat("X", i), 1, 1}}, i < count ? absl::StrCat("after ", i) : ""));
  }
  return pages;
}

}  // namespace

TEST_P(StorageConformance, AnOddProductIsRefusedAndTheOthersAreWritten) {
  const ProductWriteResult result =
      Value(storage().WriteProducts(ToBatch({{"K1", "S1", 1, 1},
                                             {TooLong(), "S2"},
                                             {"", "S3"},
                                             {"K1", "S4"},
                                             {"K5", "S5", 1, 1, "", {{"title", TitleWithZero()}}},
                                             {"K6", "\xFF"},
                                             {"K7", "S7", 7, 7}}),
                                    At(0)));
  EXPECT_EQ(result.inserted, 2);
  std::vector<std::string> told;
  for (const RowRefusal& refusal : result.refused) told.push_back(absl::StrCat(refusal.row, " ", refusal.problem.code));
  EXPECT_EQ(told, (std::vector<std::string>{"1 value_too_long", "2 missing_key", "3 repeated_key", "4 invalid_text",
                                            "5 invalid_text"}));
  const ProductBatch read = Value(storage().ReadProducts(0, {}, 10));
  EXPECT_EQ(Keys(read), (std::vector<std::string>{"K1", "K7"}));
  EXPECT_EQ(read.sku[0], "S1");
}

TEST_P(StorageConformance, ARefusedProductIsAsBefore) {
  const ProductBatch good = ToBatch({{"K1", "S1", 1, 1}});
  Value(storage().WriteProducts(good, At(0)));
  const std::string before = StoreText(storage());
  const ProductWriteResult result = Value(storage().WriteProducts(ToBatch({{"K1", TooLong(), 5, 5}}), At(1)));
  EXPECT_EQ(result.refused.size(), 1u);
  EXPECT_EQ(result.inserted + result.changed + result.unchanged, 0);
  EXPECT_EQ(StoreText(storage()), before);
}

TEST_P(StorageConformance, ValuesAtTheLimitsAreKept) {
  Shop shop(under_test());
  const std::string longest(1000, 'x');
  const std::string text(size_t{1} << 20, 't');
  EXPECT_TRUE(shop.WriteProducts({{longest, longest, 1, 1, longest, {{"title", text}}}}, At(0)).refused.empty());
  EXPECT_EQ(shop.Build({longest}), std::vector<BuildOutcome>{BuildOutcome::kCreated});
  EXPECT_TRUE(shop.Pull({{longest, 1, 1, ChannelStatus::kListed, longest, {{"title", text}}}}).refused.empty());
  shop.Link(longest, longest);
  EXPECT_EQ(shop.Listing(longest).external_id, longest);
  EXPECT_EQ((*Value(storage().ReadProducts(0, {longest}, 1)).fields.Find("title"))[0], text);
}

TEST_P(StorageConformance, AnOddItemIsRefusedAndCountsAsSeen) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  const PullPage page = ToPage({{"X1", 1, 1, ChannelStatus::kListed, "", {{"title", TitleWithZero()}}},
                                {"X2", 7, 7, ChannelStatus::kListed},
                                {"new", 1, 1, ChannelStatus::kListed, TooLong()}});
  const PullWriteResult result = Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(5)));
  EXPECT_EQ(result.inserted + result.changed, 0);
  EXPECT_EQ(result.unchanged, 1);
  EXPECT_EQ(result.unnamed, 0);
  ASSERT_EQ(result.refused.size(), 2u);
  EXPECT_EQ(result.refused[0].row, 0);
  EXPECT_EQ(result.refused[0].problem.code, problem_code::kInvalidText);
  EXPECT_EQ(result.refused[1].row, 2);
  EXPECT_EQ(result.refused[1].problem.code, problem_code::kValueTooLong);
  EXPECT_FALSE(shop.channel().pull.saw_unnamed);

  EXPECT_EQ(Value(storage().CountAbsentLinks(shop.channel_id(), pull)), 1);
  EXPECT_EQ(Value(storage().SweepAbsent(shop.fence(), pull, 10, At(6))).gone, 1);
  EXPECT_TRUE(shop.IsLiveItem("X1"));
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kLinked);
  EXPECT_EQ(shop.LinkRow("S1").seen.price, 100) << "as before";
  EXPECT_FALSE(shop.IsLiveItem("X3"));
}

TEST_P(StorageConformance, ARefusedItemThatWasGoneStaysGone) {
  Shop shop(under_test());
  shop.StockAndSync(1);
  shop.Pull({});
  ASSERT_EQ(shop.Listing("S1").link_state, LinkState::kBroken);
  const PullWriteResult result = shop.Pull({{"X1", 1, 1, ChannelStatus::kListed, TooLong()}});
  EXPECT_EQ(result.refused.size(), 1u);
  EXPECT_EQ(result.healed, 0);
  EXPECT_EQ(shop.Listing("S1").link_state, LinkState::kBroken);
}

TEST_P(StorageConformance, AnItemWithoutAnIdThatCanBeKeptIsRemembered) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  const PullWriteResult result = Value(storage().WritePulledPages(
      shop.fence(), pull, {ToPage({{"X1", 1, 1}}, "one"), ToPage({{""}, {TooLong()}, {"\xFF"}, {"X2"}}, "two")},
      At(5)));
  int64_t stored = result.pages;
  int64_t unnamed = result.unnamed;
  if (stored == 1) {
    const PullPage second = ToPage({{""}, {TooLong()}, {"\xFF"}, {"X2"}}, "two");
    unnamed += Value(storage().WritePulledPages(shop.fence(), pull, {second}, At(5))).unnamed;
  }
  EXPECT_EQ(unnamed, 3);
  EXPECT_TRUE(shop.channel().pull.saw_unnamed);
  Value(storage().WritePulledPages(shop.fence(), pull, {ToPage({{"X3"}})}, At(6)));
  EXPECT_TRUE(shop.channel().pull.saw_unnamed) << "for the rest of the pull";
  EXPECT_TRUE(shop.IsLiveItem("X2"));
  EXPECT_FALSE(Value(storage().BeginPull(shop.fence(), "")).saw_unnamed);
  EXPECT_FALSE(shop.channel().pull.saw_unnamed);
}

TEST_P(StorageConformance, ItemsThatTheAdapterCouldNotReadCountAsSeen) {
  Shop shop(under_test());
  shop.StockAndSync(3);
  shop.Pull({{"X1", 100, 10}, {"X2", 100, 10}});  // Breaks S3.
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  PullPage page = ToPage({{"X1", 7, 7}}, "next");
  page.problems = {{"X2", {"code", {}, "message"}}, {"X3", {}}, {"new", {}}};
  const SyncRow second = shop.LinkRow("S2");
  const PullWriteResult result = Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(5)));
  EXPECT_EQ(result.unchanged, 1);
  EXPECT_EQ(result.inserted + result.changed + result.healed + result.unnamed, 0);
  EXPECT_TRUE(result.refused.empty()) << "what the adapter says itself is not said again";
  EXPECT_FALSE(shop.channel().pull.saw_unnamed);
  EXPECT_EQ(Value(storage().SweepAbsent(shop.fence(), pull, 10, At(6))).gone, 0);
  EXPECT_TRUE(shop.IsLiveItem("X2"));
  EXPECT_EQ(shop.Listing("S3").link_state, LinkState::kBroken) << "as before";
  EXPECT_EQ(shop.LinkRow("S2").seen, second.seen);
  EXPECT_EQ(shop.LinkRow("S2").seen_at, second.seen_at);
}

TEST_P(StorageConformance, AnItemThatCouldNotBeReadOrNamedIsRemembered) {
  for (const std::string& name : {std::string(), TooLong(), std::string("\xFF")}) {
    Shop shop(under_test(), absl::StrCat("shop", name.size()));
    const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
    PullPage page = ToPage({{""}}, "next");
    page.problems = {{name, {}}, {"X1", {}}};
    const PullWriteResult result = Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(5)));
    EXPECT_EQ(result.unnamed, 2) << "with the refused row";
    EXPECT_EQ(result.refused.size(), 1u);
    page = ToPage({});
    page.problems = {{name, {}}};
    const int64_t next = Value(storage().BeginPull(shop.fence(), "")).pull_number;
    ASSERT_FALSE(shop.channel().pull.saw_unnamed);
    EXPECT_EQ(Value(storage().WritePulledPages(shop.fence(), next, {page}, At(6))).unnamed, 1);
    EXPECT_TRUE(shop.channel().pull.saw_unnamed);
  }
}

TEST_P(StorageConformance, AnItemWithAnOddHandleIsRefused) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  PullPage page = ToPage({{"X1"}, {"X2"}, {"X3"}});
  page.items.handle.Add(TooLong());
  page.items.handle.Add(TitleWithZero());
  page.items.handle.Add("handle");
  const PullWriteResult result = Value(storage().WritePulledPages(shop.fence(), pull, {page}, At(5)));
  EXPECT_EQ(result.inserted, 1);
  ASSERT_EQ(result.refused.size(), 2u);
  EXPECT_EQ(result.refused[0].problem.code, problem_code::kValueTooLong);
  EXPECT_EQ(FieldValue(result.refused[0].problem.args, "field"), "handle");
  EXPECT_EQ(result.refused[1].problem.code, problem_code::kInvalidText);
  EXPECT_EQ(result.unnamed, 0);
}

TEST_P(StorageConformance, PagesOfAPullAreStoredTogether) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  const std::vector<PullPage> pages = Pages(7);
  int64_t inserted = 0;
  for (int64_t stored = 0; stored < 7;) {
    const PullWriteResult result = Value(storage().WritePulledPages(
        shop.fence(), pull, absl::MakeConstSpan(pages).subspan(static_cast<size_t>(stored)), At(5)));
    ASSERT_GE(result.pages, 1);
    ASSERT_LE(result.pages, 7 - stored);
    EXPECT_EQ(result.inserted, result.pages);
    stored += result.pages;
    inserted += result.inserted;
    EXPECT_EQ(shop.channel().pull.cursor, pages[static_cast<size_t>(stored - 1)].next_cursor);
    EXPECT_EQ(shop.channel().pull.cursor_at, At(5));
  }
  EXPECT_EQ(inserted, 7);
  EXPECT_EQ(Value(storage().SweepAbsent(shop.fence(), pull, 10, At(6))).gone, 0);
  EXPECT_TRUE(shop.IsLiveItem("X7"));
}

TEST_P(StorageConformance, ARefusalSaysOnWhichPageItIs) {
  Shop shop(under_test());
  const int64_t pull = Value(storage().BeginPull(shop.fence(), "")).pull_number;
  std::vector<PullPage> pages = Pages(3);
  pages[2] = ToPage({{"X3"}, {"X4", 1, 1, ChannelStatus::kListed, TooLong()}});
  for (int64_t stored = 0; stored < 3;) {
    const PullWriteResult result = Value(storage().WritePulledPages(
        shop.fence(), pull, absl::MakeConstSpan(pages).subspan(static_cast<size_t>(stored)), At(5)));
    ASSERT_GE(result.pages, 1);
    const bool has_last = stored + result.pages == 3;
    ASSERT_EQ(result.refused.size(), has_last ? 1u : 0u);
    if (has_last) {
      EXPECT_EQ(stored + result.refused[0].page, 2);
      EXPECT_EQ(result.refused[0].row, 1);
    }
    stored += result.pages;
  }
}

}  // namespace flxlink
