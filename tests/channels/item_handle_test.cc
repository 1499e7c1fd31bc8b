#include "src/channels/csv/item_handle.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace flxlink {
namespace {

std::string HandleOf(const std::string& id, const std::string& sku, const std::string& barcode) {
  csv::ShopifyVariant variant;
  variant.id = id;
  variant.sku = sku;
  variant.barcode = barcode;
  return csv_channel::HandleOf(variant);
}

// It is stored with items, so that another one would make a conflict of each of them.
TEST(ItemHandleTest, IsTheSameInEveryVersion) { EXPECT_EQ(HandleOf("shirt/Red", "s-1", "0012"), "bbd13f482d983bc3"); }

TEST(ItemHandleTest, IsAnotherForEveryOtherRow) {
  std::set<std::string> handles;
  const std::string values[] = {"", "a", "aa", ",", "1,1,"};
  for (const std::string& id : values) {
    for (const std::string& sku : values) {
      for (const std::string& barcode : values) handles.insert(HandleOf(id, sku, barcode));
    }
  }
  EXPECT_EQ(handles.size(), 125u);
}

TEST(ItemHandleTest, DoesNotHangOnWhatASyncSets) {
  csv::ShopifyVariant variant;
  variant.id = "a";
  const std::string handle = csv_channel::HandleOf(variant);
  variant.price = "5";
  variant.quantity = "7";
  variant.compare_at_price = "6";
  variant.status = "draft";
  variant.title = "T";
  variant.row.begin = 99;
  EXPECT_EQ(csv_channel::HandleOf(variant), handle);
}

}  // namespace
}  // namespace flxlink
