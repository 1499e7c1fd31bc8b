#include "src/csv/row_index.h"

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "flxlink/executor.h"
#include "flxlink/linker.h"
#include "gtest/gtest.h"

namespace flxlink::csv {
namespace {

StringColumn MakeIds(int64_t count) {
  StringColumn ids;
  for (int64_t i = 0; i < count; ++i) ids.Add(absl::StrCat("id-", i));
  return ids;
}

TEST(RowIndexTest, FindsTheRowsOfIds) {
  const StringColumn ids = MakeIds(1000);
  const auto id_of = [&](int64_t row) { return ids[row]; };
  RowIndex index(ids.size(), 7);
  EXPECT_EQ(index.Find("id-0", id_of), kNoRow);
  EXPECT_EQ(index.Insert(0, ids.view(), id_of), kNoRow);
  for (int64_t row = 0; row < ids.size(); ++row) EXPECT_EQ(index.Find(ids[row], id_of), row);
  EXPECT_EQ(index.Find("id-1000", id_of), kNoRow);
  EXPECT_EQ(index.Find("", id_of), kNoRow);
}

TEST(RowIndexTest, TellsTheFirstRowWhoseIdIsThereAlready) {
  StringColumn ids = MakeIds(100);
  for (const char* id : {"new", "id-40", "id-3"}) ids.Add(id);
  RowIndex index(ids.size(), 7);
  EXPECT_EQ(index.Insert(0, ids.view(), [&](int64_t row) { return ids[row]; }), 101);
}

TEST(RowIndexTest, HoldsNothing) {
  RowIndex index(0, 7);
  EXPECT_EQ(index.Find("id", [](int64_t) { return absl::string_view(); }), kNoRow);
}

// Of the threads that insert the same id, all but one hear that it is there.
TEST(RowIndexTest, IsFilledByManyThreads) {
  constexpr int kParts = 8;
  const StringColumn ids = MakeIds(5000);
  const auto id_of = [&](int64_t row) { return ids[row % ids.size()]; };
  const std::unique_ptr<Executor> executor = NewThreadExecutor(4);
  for (const int copies : {1, 2}) {
    RowIndex index(kParts * ids.size(), static_cast<uint64_t>(copies));
    std::atomic<int64_t> repeated{0};
    executor->ParallelFor(kParts, [&](int part) {
      for (int64_t row = part; row < copies * ids.size(); row += kParts) {
        StringColumn one;
        one.Add(id_of(row));
        if (index.Insert(row, one.view(), id_of) != kNoRow) ++repeated;
      }
    });
    EXPECT_EQ(repeated, (copies - 1) * ids.size());
    for (int64_t row = 0; row < ids.size(); ++row) EXPECT_EQ(index.Find(ids[row], id_of) % ids.size(), row);
  }
}

}  // namespace
}  // namespace flxlink::csv
