#include "src/sync/push_batches.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PushKind Kind(const SyncFields& fields) {
  PushKind kind;
  kind.fields = fields;
  return kind;
}

// The next item of the plan: of that kind, with the kind's fields.
void AddItem(int32_t kind, const SyncFields& mask, const std::string& parent_id, SyncPlan* plan) {
  PushItem item;
  item.external_id = "12";
  item.parent_id = parent_id;
  item.mask = mask;
  plan->items.push_back(item);
  SyncPlan::ItemState state;
  state.kind = kind;
  plan->item_states.push_back(state);
}

SyncPlan PlanOf(const std::vector<std::string>& parents) {
  SyncPlan plan;
  for (const std::string& parent : parents) AddItem(0, kPrice, parent, &plan);
  return plan;
}

// Such as "0: 0 1; 0: 2".
std::string ToText(const std::vector<PushBatch>& batches) {
  std::string text;
  for (const PushBatch& batch : batches) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", batch.kind, ":");
    for (const int64_t item : batch.items) absl::StrAppend(&text, " ", item);
  }
  return text;
}

TEST(PushBatchesTest, NothingIsNoCall) { EXPECT_THAT(MakePushBatches(SyncPlan(), {Kind(kPrice)}), IsEmpty()); }

TEST(PushBatchesTest, WithoutLimitsAKindIsOneCall) {
  EXPECT_EQ(ToText(MakePushBatches(PlanOf({"a", "", "b"}), {Kind(kPrice)})), "0: 0 1 2");
}

TEST(PushBatchesTest, KeepsTheMostItems) {
  PushKind kind = Kind(kPrice);
  kind.max_items = 2;
  EXPECT_EQ(ToText(MakePushBatches(PlanOf({"", "", "", "", ""}), {kind})), "0: 0 1; 0: 2 3; 0: 4");
}

TEST(PushBatchesTest, KeepsTheMostBytes) {
  PushKind kind = Kind(kPrice);
  kind.item_bytes = 4;
  kind.max_bytes = 20;
  SyncPlan plan = PlanOf({"ab", "ab", "ab", "ab", "ab"});
  EXPECT_EQ(ToText(MakePushBatches(plan, {kind})), "0: 0 1; 0: 2 3; 0: 4") << "8 bytes an item";
  plan.items[2].handle = "12345";
  EXPECT_EQ(ToText(MakePushBatches(plan, {kind})), "0: 0 1; 0: 2; 0: 3 4");
  plan.items[0].values.SetContent("title", "12345");
  EXPECT_EQ(ToText(MakePushBatches(plan, {kind})), "0: 0; 0: 1; 0: 2; 0: 3 4");
}

TEST(PushBatchesTest, AnItemThatIsTooLargeGoesAlone) {
  PushKind kind = Kind(kPrice);
  kind.max_bytes = 10;
  SyncPlan plan = PlanOf({"", "", "", ""});
  plan.items[1].handle = "much too long for a call";
  EXPECT_EQ(ToText(MakePushBatches(plan, {kind})), "0: 0; 0: 1; 0: 2 3");
}

TEST(PushBatchesTest, OneParentACallAndItsItemsGoWithTheFirst) {
  PushKind kind = Kind(kPrice);
  kind.one_parent = true;
  EXPECT_EQ(ToText(MakePushBatches(PlanOf({"a", "b", "a", "", "b", "", "a"}), {kind})), "0: 0 2 6; 0: 1 4; 0: 3; 0: 5");
  kind.max_items = 2;
  EXPECT_EQ(ToText(MakePushBatches(PlanOf({"a", "b", "a", "a"}), {kind})), "0: 0 2; 0: 3; 0: 1");
}

TEST(PushBatchesTest, EachKindHasItsCalls) {
  SyncPlan plan;
  for (const int32_t kind : {1, 0, 1, 0}) AddItem(kind, kind == 0 ? kPrice : kQuantity, "", &plan);
  EXPECT_EQ(ToText(MakePushBatches(plan, {Kind(kPrice), Kind(kQuantity)})), "1: 0 2; 0: 1 3");
}

TEST(PushBatchesTest, ManyGoByAKindThatIsWorthIt) {
  std::vector<PushKind> kinds = {Kind(kPriceAndQuantity), Kind(kPrice), Kind(kQuantity)};
  kinds[0].worth_from = 3;
  SyncPlan plan;
  for (int i = 0; i < 2; ++i) AddItem(1, kPrice, "", &plan);
  EXPECT_EQ(ToText(MakePushBatches(plan, kinds)), "1: 0 1");
  AddItem(1, kPrice, "", &plan);
  AddItem(2, kQuantity, "", &plan);
  EXPECT_EQ(ToText(MakePushBatches(plan, kinds)), "0: 0 1 2; 2: 3");
}

TEST(PushBatchesTest, OfSeveralThatAreWorthItTheFirstIsUsed) {
  std::vector<PushKind> kinds = {Kind(kQuantity), Kind(kPriceAndQuantity), Kind(kPrice), Kind(kPriceAndQuantity)};
  kinds[1].worth_from = kinds[3].worth_from = 2;
  SyncPlan plan;
  for (int i = 0; i < 2; ++i) AddItem(2, kPrice, "", &plan);
  EXPECT_EQ(ToText(MakePushBatches(plan, kinds)), "1: 0 1");
}

TEST(PushBatchesTest, AKindThatDoesNotSetAllOfThemIsNotUsed) {
  std::vector<PushKind> kinds = {Kind(kPrice), Kind(kPriceAndQuantity)};
  SyncPlan plan;
  AddItem(1, kPrice, "", &plan);
  AddItem(1, kPriceAndQuantity, "", &plan);
  EXPECT_EQ(ToText(MakePushBatches(plan, kinds)), "1: 0 1");
}

TEST(CallKeyTest, IsOfTheItemsInTheirOrder) {
  std::vector<PushItem> items(2);
  items[0].idempotency_key = "7-3-a";
  items[1].idempotency_key = "8-1-b";
  const std::string key = CallKeyOf(items);
  EXPECT_EQ(CallKeyOf(items), key);
  EXPECT_EQ(key.size(), 16u);
  std::set<std::string> keys = {key, CallKeyOf({}), CallKeyOf({items[0]}), CallKeyOf({items[1]}),
                                CallKeyOf({items[1], items[0]})};
  items[0].idempotency_key = "7-3-a8";
  items[1].idempotency_key = "-1-b";
  keys.insert(CallKeyOf(items));
  EXPECT_EQ(keys.size(), 6u);
}

// All of it -----------------------------------------------------------------------------------------------------------

struct BatchesCase {
  SyncPlan plan;
  std::vector<PushKind> kinds;
};

class BatchesMaker {
 public:
  explicit BatchesMaker(uint64_t seed) : random_(seed) {}

  BatchesCase Make() {
    BatchesCase problem;
    const int64_t kinds = 1 + Below(4);
    for (int64_t i = 0; i < kinds; ++i) problem.kinds.push_back(AnyKind());
    const int64_t items = Below(30);
    for (int64_t i = 0; i < items; ++i) AddAnyItem(&problem);
    return problem;
  }

 private:
  int64_t Below(int64_t bound) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound)); }
  bool Chance(int64_t percent) { return Below(100) < percent; }
  std::string AnyText(int64_t longest) { return std::string(static_cast<size_t>(Below(longest + 1)), 'x'); }

  PushKind AnyKind() {
    PushKind kind;
    kind.fields = Chance(40) ? kPriceAndQuantity : (Chance(50) ? kPrice : kQuantity);
    if (Chance(50)) kind.max_items = 1 + Below(5);
    if (Chance(50)) kind.max_bytes = 5 + Below(40);
    kind.item_bytes = Below(4);
    kind.one_parent = Chance(40);
    if (Chance(40)) kind.worth_from = 2 + Below(10);
    return kind;
  }

  void AddAnyItem(BatchesCase* problem) {
    const int32_t kind = static_cast<int32_t>(Below(static_cast<int64_t>(problem->kinds.size())));
    AddItem(kind, problem->kinds[static_cast<size_t>(kind)].fields, AnyText(3), &problem->plan);
    PushItem& item = problem->plan.items.back();
    item.handle = AnyText(5);
    if (Chance(20)) item.values.SetContent("title", AnyText(20));
  }

  std::mt19937_64 random_;
};

// Bytes as flxlink/push_kind.h counts them.
int64_t BytesOf(const PushItem& item, const PushKind& kind) {
  std::string texts = item.external_id + item.parent_id + item.handle;
  for (const Field& field : item.values.content) texts += field.value;
  return kind.item_bytes + static_cast<int64_t>(texts.size());
}

void CheckCall(const BatchesCase& problem, const PushBatch& batch) {
  const PushKind& kind = problem.kinds.at(static_cast<size_t>(batch.kind));
  ASSERT_FALSE(batch.items.empty());
  if (kind.max_items > 0) {
    ASSERT_LE(static_cast<int64_t>(batch.items.size()), kind.max_items);
  }
  ASSERT_TRUE(std::is_sorted(batch.items.begin(), batch.items.end()));
  int64_t bytes = 0;
  std::set<std::string> parents;
  for (const int64_t number : batch.items) {
    const PushItem& item = problem.plan.items.at(static_cast<size_t>(number));
    ASSERT_EQ(DifferenceOf(item.mask, kind.fields), SyncFields());
    bytes += BytesOf(item, kind);
    parents.insert(item.parent_id);
  }
  if (kind.max_bytes > 0 && batch.items.size() > 1) {
    ASSERT_LE(bytes, kind.max_bytes);
  }
  if (!kind.one_parent) return;
  ASSERT_EQ(parents.size(), 1u);
  if (batch.items.size() > 1) {
    ASSERT_NE(*parents.begin(), "");
  }
}

// A call could not have taken the first item of the next one of its kind along.
void CheckFull(const BatchesCase& problem, const PushBatch& batch, const PushBatch& next) {
  const PushKind& kind = problem.kinds.at(static_cast<size_t>(batch.kind));
  const PushItem& item = problem.plan.items.at(static_cast<size_t>(next.items.front()));
  const PushItem& last = problem.plan.items.at(static_cast<size_t>(batch.items.back()));
  int64_t bytes = BytesOf(item, kind);
  for (const int64_t number : batch.items) bytes += BytesOf(problem.plan.items.at(static_cast<size_t>(number)), kind);
  ASSERT_TRUE((kind.max_items > 0 && static_cast<int64_t>(batch.items.size()) == kind.max_items) ||
              (kind.max_bytes > 0 && bytes > kind.max_bytes) ||
              (kind.one_parent && (item.parent_id.empty() || item.parent_id != last.parent_id)))
      << ToText({batch, next});
}

TEST(PushBatchesTest, KeepEveryLimitAndEveryItem) {
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const BatchesCase problem = BatchesMaker(seed).Make();
    const std::vector<PushBatch> batches = MakePushBatches(problem.plan, problem.kinds);
    std::vector<int64_t> seen;
    for (size_t i = 0; i < batches.size(); ++i) {
      CheckCall(problem, batches[i]);
      const bool same_group = i + 1 < batches.size() && batches[i + 1].kind == batches[i].kind &&
                              problem.plan.item_states.at(static_cast<size_t>(batches[i].items[0])).kind ==
                                  problem.plan.item_states.at(static_cast<size_t>(batches[i + 1].items[0])).kind;
      if (same_group) CheckFull(problem, batches[i], batches[i + 1]);
      if (HasFatalFailure()) return;
      seen.insert(seen.end(), batches[i].items.begin(), batches[i].items.end());
    }
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(seen.size(), problem.plan.items.size());
    for (size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], static_cast<int64_t>(i));
  }
}

// Of one kind and one group, items go out in the order of the plan.
TEST(PushBatchesTest, KeepTheOrderOfThePlan) {
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    const BatchesCase problem = BatchesMaker(seed).Make();
    std::map<std::string, int64_t> last;
    for (const PushBatch& batch : MakePushBatches(problem.plan, problem.kinds)) {
      const bool one_parent = problem.kinds[static_cast<size_t>(batch.kind)].one_parent;
      for (const int64_t number : batch.items) {
        const size_t item = static_cast<size_t>(number);
        const std::string group = absl::StrCat(problem.plan.item_states[item].kind, " ",
                                               one_parent ? problem.plan.items[item].parent_id : "all");
        const auto [found, is_new] = last.try_emplace(group, number);
        if (!is_new) {
          ASSERT_LT(found->second, number) << "seed " << seed;
        }
        found->second = number;
      }
    }
  }
}

TEST(PushBatchesTest, GoOverOnlyToAKindThatIsWorthIt) {
  int64_t gone_over = 0;
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    const BatchesCase problem = BatchesMaker(seed).Make();
    std::map<int32_t, int64_t> planned;
    for (const SyncPlan::ItemState& state : problem.plan.item_states) ++planned[state.kind];
    for (const PushBatch& batch : MakePushBatches(problem.plan, problem.kinds)) {
      const int32_t before = problem.plan.item_states[static_cast<size_t>(batch.items[0])].kind;
      if (batch.kind == before) continue;
      ++gone_over;
      ASSERT_GE(planned[before], problem.kinds[static_cast<size_t>(batch.kind)].worth_from) << "seed " << seed;
    }
  }
  EXPECT_GT(gone_over, 0);
}

}  // namespace
}  // namespace flxlink::sync
