#include "src/csv/column_names.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::csv {
namespace {

using ::testing::ElementsAre;

TEST(ColumnNamesTest, AreTheOlderOneAndTodays) {
  EXPECT_THAT(ShopifyNames(ShopifyColumn::kHandle), ElementsAre("Handle", "URL handle"));
  EXPECT_THAT(ShopifyNames(ShopifyColumn::kTitle), ElementsAre("Title"));
  EXPECT_THAT(ShopifyNames(ShopifyColumn::kOption3), ElementsAre("Option3 Value", "Option3 value"));
}

TEST(ColumnNamesTest, FindWhatSomebodyMayHaveMeant) {
  const auto near = [](std::vector<std::string> header, std::vector<absl::string_view> names) {
    return std::string(FindNearColumn(header, names));
  };
  EXPECT_EQ(near({"Title", "SKU"}, {"sku"}), "SKU");
  EXPECT_EQ(near({"Variant SKU"}, {"sku"}), "Variant SKU");
  EXPECT_EQ(near({"Compare At-Price"}, {"compare_at_price"}), "Compare At-Price");
  EXPECT_EQ(near({"url_handle"}, {"Handle", "URL handle"}), "url_handle");
  EXPECT_EQ(near({"inventory quantity"}, {"quantity"}), "inventory quantity");
  EXPECT_EQ(near({"ARTIKELNUMMER"}, {"Artikelnummer"}), "ARTIKELNUMMER");
  EXPECT_EQ(near({" id"}, {"id"}), " id");
  EXPECT_EQ(near({"", "-", "Cost", "upc"}, {"sku", "-"}), "");
  EXPECT_EQ(near({"-"}, {"*"}), "");
}

TEST(ColumnNamesTest, FindWhatSomebodyMayHaveMistyped) {
  const auto near = [](std::vector<std::string> header, absl::string_view name) {
    return std::string(FindNearColumn(header, {name}));
  };
  EXPECT_EQ(near({"Titel", "Preis"}, "Pries"), "Preis");                                   // Two that are exchanged.
  EXPECT_EQ(near({"Artikelnummer"}, "artikelnumer"), "Artikelnummer");                     // One that is missing.
  EXPECT_EQ(near({"Bestand"}, "Bestandt"), "Bestand");                                     // One too many.
  EXPECT_EQ(near({"Artikelnummern", "Artikelnummer"}, "Artikelnummwr"), "Artikelnummer");  // The nearest.
  EXPECT_EQ(near({"Prize", "SKU"}, "sku"), "SKU");  // What means the same comes before what is mistyped.
  EXPECT_EQ(near({"upc", "ID"}, "sku"), "");
  EXPECT_EQ(near({"id"}, "ip"), "");  // A short name is soon another.
  EXPECT_EQ(near({std::string(1000, 'x')}, std::string(999, 'x')), "");
}

}  // namespace
}  // namespace flxlink::csv
