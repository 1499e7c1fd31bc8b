#include "src/sync/awaited_fields.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/sync/sync_rows.h"

namespace flxlink::sync {
namespace {

SyncPolicy LaterWins(const SyncFields& fields) {
  SyncPolicy policy = FullPolicy();
  policy.later_wins = fields;
  return policy;
}

TEST(AwaitedFieldsTest, AreThoseOfAllSubmissions) {
  SyncRow row = EqualRow();
  EXPECT_EQ(AwaitedFields(row), kNothing);
  Await(kPrice, {1500}, &row);
  Await(kPriceAndStatus, {1600, kAbsent, ChannelStatus::kHidden}, &row);
  EXPECT_EQ(AwaitedFields(row), kPriceAndStatus);
}

TEST(WaitingFieldsTest, WhatIsAwaitedWaits) {
  SyncRow row = EqualRow();
  EXPECT_EQ(WaitingFields(row, row.acknowledged, FullPolicy()), kNothing);
  Await(kAll, {1500, 4, ChannelStatus::kHidden}, &row);
  EXPECT_EQ(WaitingFields(row, row.acknowledged, FullPolicy()), kAll);
}

TEST(WaitingFieldsTest, ALowerQuantityThanAllThatMayLandDoesNot) {
  SyncRow row = EqualRow();
  Await(kQuantity, {kAbsent, 9}, &row);
  Await(kQuantity, {kAbsent, 3}, &row);
  EXPECT_EQ(WaitingFields(row, {kAbsent, 9}, FullPolicy()), kQuantity);
  EXPECT_EQ(WaitingFields(row, {kAbsent, 8}, FullPolicy()), kQuantity) << "less than that was sent after the 9";
  EXPECT_EQ(WaitingFields(row, {kAbsent, 3}, FullPolicy()), kQuantity) << "it is on its way";
  EXPECT_EQ(WaitingFields(row, {kAbsent, 2}, FullPolicy()), kNothing);
}

// The one that stands in the end is compared, and no other.
TEST(WaitingFieldsTest, WhereLaterSubmissionsWinOnlyWhatWasSentLastWaits) {
  SyncRow row = EqualRow();
  Await(kPriceAndQuantity, {1500, 9}, &row);
  Await(kPriceAndQuantity, {1700, 3}, &row);
  const SyncPolicy policy = LaterWins(kAll);
  EXPECT_EQ(WaitingFields(row, {1700, 3}, policy), kPriceAndQuantity) << "it is on its way";
  EXPECT_EQ(WaitingFields(row, {1500, 9}, policy), kNothing) << "it was overtaken";
  EXPECT_EQ(WaitingFields(row, {1700, 2}, policy), kPrice);
  EXPECT_EQ(WaitingFields(row, {1600, 9}, LaterWins(kQuantity)), kPrice);
}

// Against what is written down of it in words, submission by submission.
bool Waits(const std::string& name, const SyncRow& row, const ItemValues& desired, const SyncPolicy& policy) {
  const SyncField field = name == "price" ? SyncField::kPrice : SyncField::kQuantity;
  std::vector<int64_t> sent;
  for (const AwaitedValues& awaited : row.awaited) {
    if (awaited.fields.Has(field)) sent.push_back(awaited.values.Get(field));
  }
  if (sent.empty()) return false;
  if (policy.later_wins.Has(field)) return desired.Get(field) == kAbsent || desired.Get(field) == sent.back();
  if (field != SyncField::kQuantity) return true;
  for (const int64_t quantity : sent) {
    if (desired.quantity >= quantity) return true;
  }
  return false;
}

TEST(WaitingFieldsPropertyTest, IsWhatIsSaidOfIt) {
  std::mt19937_64 random(20261127);
  const std::vector<SyncFields> sets = {kNothing, kPrice, kQuantity, kPriceAndQuantity};
  const auto any_set = [&] { return sets[random() % sets.size()]; };
  const auto any_value = [&] { return static_cast<int64_t>(random() % 4); };
  std::map<std::string, int> waited;
  for (int round = 0; round < 5000; ++round) {
    SyncRow row = EqualRow();
    for (int64_t i = any_value(); i > 0; --i) Await(any_set(), {any_value(), any_value()}, &row);
    ItemValues desired = {any_value(), any_value()};
    if (any_value() == 0) desired.price = kAbsent;
    const SyncPolicy policy = LaterWins(any_set());
    const SyncFields waiting = WaitingFields(row, desired, policy);
    for (const std::string name : {"price", "quantity"}) {
      const bool waits = !IntersectionOf(waiting, FieldNamed(name)).empty();
      EXPECT_EQ(waits, Waits(name, row, desired, policy)) << name << " in round " << round;
      waited[name] += waits ? 1 : 0;
    }
  }
  for (const auto& [name, count] : waited) EXPECT_GT(count, 500) << name;
}

}  // namespace
}  // namespace flxlink::sync
