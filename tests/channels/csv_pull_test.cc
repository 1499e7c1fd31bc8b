// Pulls and fetches of the csv channel.

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/channels/csv_under_test.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// -- Pulls.

TEST_F(CsvChannelTest, ShowsWhatTheRowsSay) {
  Make(
      "\xEF\xBB\xBFHandle,Title,Vendor,Status,Option1 Value,Option2 Value,Option3 Value,Variant SKU,Variant Barcode,"
      "Variant Price,Variant Inventory Qty,Body\n"
      "a/b,\"A \"\"big\"\"\nshirt\",Acme,archived,Red,M\\L,,sku-1,'0012,19.9,-1,\n"
      "a/b,,,active,Red,S,x,,,20,,\n"
      "c,,,,,,,,,,,\"image\n\nonly\"\n");
  const absl::StatusOr<PullPage> page = adapter_->Pull({}, TestCall());
  ASSERT_TRUE(page.ok()) << page.status();
  const PulledItems pulled = PullAll(*adapter_);
  ASSERT_THAT(pulled.items, SizeIs(2));
  const ConformanceItem first = {"a\\/b/Red/M\\\\L",
                                 "a/b",
                                 {1990, -1, ChannelStatus::kDead},
                                 {{"id", "a\\/b/Red/M\\\\L"},
                                  {"sku", "sku-1"},
                                  {"barcode", "'0012"},
                                  {"handle", "a/b"},
                                  {"title", "A \"big\"\nshirt"},
                                  {"vendor", "Acme"},
                                  {"option1", "Red"},
                                  {"option2", "M\\L"}}};
  EXPECT_EQ(pulled.items[0], first);
  EXPECT_EQ(pulled.items[1].external_id, "a\\/b/Red/S/x");
  EXPECT_EQ(pulled.items[1].values, (ItemValues{2000, kAbsent, ChannelStatus::kDead}));
}

TEST_F(CsvChannelTest, TodaysColumnNamesAreReadAndWritten) {
  const std::string text =
      "Title,URL handle,Vendor,Published on online store,Status,SKU,Barcode,Option1 name,Option1 value,Option2 value,"
      "Option3 value,Price,Compare-at price,Inventory tracker,Inventory quantity\n"
      "Shirt,shirt,Acme,TRUE,active,s-1,0012,Size,S,Red,x,19.90,25.00,shopify,3\n"
      ",shirt,,,,s-2,,,M,,,21.00,,,\n";
  Make(text);
  const PulledItems pulled = PullAll(*adapter_);
  ASSERT_THAT(pulled.items, SizeIs(2));
  const ConformanceItem first = {"shirt/S/Red/x",
                                 "shirt",
                                 {1990, 3, ChannelStatus::kListed, 2500},
                                 {{"id", "shirt/S/Red/x"},
                                  {"sku", "s-1"},
                                  {"barcode", "0012"},
                                  {"handle", "shirt"},
                                  {"title", "Shirt"},
                                  {"vendor", "Acme"},
                                  {"option1", "S"},
                                  {"option2", "Red"},
                                  {"option3", "x"}}};
  EXPECT_EQ(pulled.items[1], first);
  EXPECT_EQ(pulled.items[0].values, (ItemValues{2100, kAbsent, ChannelStatus::kListed}));
  EXPECT_THAT(pulled.items[0].fixed, ElementsAre(FixedField{"quantity", FixedReason::kNotTracked}));
  ExpectApplied({PriceItem("shirt/M", 2200), QuantityItem("shirt/S/Red/x", 7), CompareAtItem("shirt/S/Red/x", 3000),
                 StatusItem("shirt/M", ChannelStatus::kHidden)});
  EXPECT_EQ(ReadFile(path_),
            absl::StrReplaceAll(
                text, {{"active", "draft"}, {"25.00", "30.00"}, {"shopify,3", "shopify,7"}, {"21.00", "22.00"}}));
}

TEST_F(CsvChannelTest, TheInventoryPolicyIsShownAsItStands) {
  for (const char* header :
       {"Handle,Variant Inventory Policy,Variant Price", "URL handle,Continue selling when out of stock,Price"}) {
    Make(absl::StrCat(header, "\na,deny,1\nb,CONTINUE,1\nc,,1\n,deny,\n"));
    const std::vector<PullPage> pages = Pages();
    ASSERT_THAT(pages, SizeIs(1));
    EXPECT_THAT(pages[0].problems, SizeIs(0)) << "a policy makes no variant";
    const StringColumn* policy = pages[0].items.fields.Find("inventory_policy");
    ASSERT_NE(policy, nullptr);
    ASSERT_EQ(policy->size(), 3);
    EXPECT_EQ((*policy)[0], "deny");
    EXPECT_EQ((*policy)[1], "CONTINUE");
    EXPECT_EQ((*policy)[2], "");
  }
}

// A price taken away for a while is no item gone: its link would break.
TEST_F(CsvChannelTest, AVariantWithoutAPriceIsOneThatStatesNone) {
  Make("Handle,Option1 Value,Variant SKU,Variant Price\na,S,k,\na,M,,\na,,,\nb,,k2, \n");
  const PulledItems pulled = PullAll(*adapter_);
  EXPECT_THAT(pulled.problems, SizeIs(0));
  ASSERT_THAT(pulled.items, SizeIs(3));
  EXPECT_EQ(pulled.items[0].external_id, "a/M");
  for (const ConformanceItem& item : pulled.items) EXPECT_EQ(item.values.price, kAbsent) << item.external_id;
  ExpectApplied({PriceItem("a/M", 250)});
  EXPECT_EQ(ReadFile(path_), "Handle,Option1 Value,Variant SKU,Variant Price\na,S,k,\na,M,,2.50\na,,,\nb,,k2, \n");
}

// Sorted by SKU, say: what the first row of a product says holds for all of it, on every page, and after a crash.
TEST_F(CsvChannelTest, RowsOfOneHandleAreOneProductWhereverTheyStand) {
  Make(
      "Handle,Title,Status,Option1 Value,Variant Price\n"
      "a,A,draft,S,1\nb,B,active,,1\na,Other,active,M,2\nb,,,L,3\na,,,L,3\n");
  for (const bool is_new : {false, true}) {
    std::vector<std::string> seen;
    std::string cursor;
    do {
      if (is_new) adapter_ = MakeAdapter(path_);
      const absl::StatusOr<PullPage> page = adapter_->Pull({cursor, 2}, TestCall());
      ASSERT_TRUE(page.ok()) << page.status();
      for (int64_t i = 0; i < page->items.size(); ++i) {
        seen.push_back(absl::StrCat(page->items.external_id[i], " ", (*page->items.fields.Find("title"))[i], " ",
                                    ToString(ValuesAt(page->items, i).status)));
      }
      cursor = page->next_cursor;
    } while (!cursor.empty());
    EXPECT_THAT(seen, ElementsAre("a/S A hidden", "b B listed", "a/M A hidden", "b/L B listed", "a/L A hidden"));
  }
  const absl::StatusOr<FetchReply> fetched = Fetch({"a/L"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(ValuesAt(fetched->items, 0).status, ChannelStatus::kHidden);
  EXPECT_EQ((*fetched->items.fields.Find("title"))[0], "A");
}

TEST_F(CsvChannelTest, SiblingsThatStandApartShareTheStatusOfTheirFirstRow) {
  const std::string header = "Handle,Status,Option1 Value,Variant Price\n";
  Make(header + "a,active,1,1\nb,active,,1\na,active,2,1\n");
  ExpectApplied({StatusItem("a/2", ChannelStatus::kHidden)});
  EXPECT_EQ(ReadFile(path_), header + "a,draft,1,1\nb,active,,1\na,draft,2,1\n");
  for (const PushOutcome& outcome :
       Push({StatusItem("a/1", ChannelStatus::kHidden), StatusItem("a/2", ChannelStatus::kListed)})) {
    EXPECT_EQ(outcome.code, problem_code::kSiblingsDisagree);
  }
}

TEST_F(CsvChannelTest, ASiblingThatSaysAnotherStatusIsToldAndHasItsProducts) {
  Make(
      "Handle,Status,Option1 Value,Variant Price\n"
      "a,active,\"1\n2\",1\na,Active,3,1\nb,,1,1\na,draft,4,1\na, ,5,1\nb,Entwurf,2,1\na,archived,,\na,draft,6,x\n");
  const std::vector<PullPage> pages = Pages();
  ASSERT_THAT(pages, SizeIs(1));
  std::vector<std::string> seen;
  for (int64_t i = 0; i < pages[0].items.size(); ++i) {
    seen.push_back(absl::StrCat(pages[0].items.external_id[i], " ", ToString(ValuesAt(pages[0].items, i).status)));
  }
  EXPECT_THAT(seen, ElementsAre("a/1\n2 listed", "a/3 listed", "b/1 not_understood", "a/4 listed", "a/5 listed",
                                "b/2 not_understood"));
  const std::vector<ItemProblem>& problems = pages[0].problems;
  ASSERT_THAT(problems, SizeIs(3)) << "an image says nothing of a variant";
  EXPECT_EQ(problems[0].external_id, "a/4");
  EXPECT_EQ(problems[0].problem.code, problem_code::kStatusDisagrees);
  EXPECT_THAT(problems[0].problem.args,
              ElementsAre(Field{"external_id", "a/4"}, Field{"file", path_}, Field{"line", "6"},
                          Field{"first_line", "2"}, Field{"column", "Status"}));
  EXPECT_THAT(
      problems[0].problem.message,
      EndsWith("shop.csv:6: column \"Status\": the variant \"a/4\" says \"draft\", and its product's first row, "
               "line 2, says \"active\", which counts; write one word on all rows of the product, or on its "
               "first only"));
  EXPECT_EQ(problems[1].external_id, "b/2");
  EXPECT_THAT(problems[1].problem.message, HasSubstr("line 5, says \"\", which counts"));
  EXPECT_EQ(problems[2].external_id, "a/6");
  EXPECT_EQ(problems[2].problem.code, problem_code::kUnreadableItem) << "what keeps it from being an item is told";
}

// The problem of an item makes a page no shorter.
TEST_F(CsvChannelTest, PagesOfItemsThatSayAnotherStatusAreAsLong) {
  Make(
      "Handle,Published on online store,Option1 value,Price\n"
      "a,TRUE,1,1\na,FALSE,2,1\na,FALSE,3,1\na,FALSE,4,1\n");
  const std::vector<PullPage> pages = Pages(2);
  ASSERT_THAT(pages, SizeIs(2));
  EXPECT_THAT(pages[0].problems, SizeIs(1));
  EXPECT_EQ(pages[1].items.size(), 2);
  EXPECT_THAT(pages[1].problems, SizeIs(2));
  EXPECT_THAT(pages[0].problems[0].problem.message, HasSubstr("column \"Published on online store\": "));

  const absl::StatusOr<FetchReply> fetched = Fetch({"a/4"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->items.size(), 1);
  ASSERT_THAT(fetched->problems, SizeIs(1));
  EXPECT_EQ(fetched->problems[0].problem.code, problem_code::kStatusDisagrees);
}

TEST_F(CsvChannelTest, ReadsPricesInTheChannelsCurrency) {
  Make("Handle,Variant Price\na,1990\n", "JPY");
  EXPECT_EQ(PullAll(*adapter_).items.at(0).values.price, 1990);
  ExpectApplied({PriceItem("a", 2500)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,2500\n");
}

TEST_F(CsvChannelTest, AnEmptyTrackerIsAQuantityThatCannotBeSet) {
  const std::string text =
      "Handle,Variant Inventory Tracker,Variant Inventory Qty,Variant Price\n"
      "meal,,,11\ngift, ,40,25\nposter,shopify,3,8\n";
  Make(text);
  const std::vector<FixedField> fixed = {{"quantity", FixedReason::kNotTracked}};
  const ChannelVariantBatch items = Pages().front().items;
  ASSERT_THAT(items.fixed, SizeIs(3));
  EXPECT_EQ(items.fixed[0].get(), fixed);
  EXPECT_EQ(items.fixed[1].get(), fixed) << "a stray blank names nobody";
  EXPECT_TRUE(items.fixed[2].empty());

  const std::vector<PushOutcome> outcomes =
      Push({QuantityItem("meal", 40), QuantityItem("gift", 40), PriceItem("meal", 1200), QuantityItem("poster", 6)});
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(outcomes[i].result, PushResult::kRejected);
    EXPECT_EQ(outcomes[i].code, problem_code::kFieldFixed);
    EXPECT_EQ(outcomes[i].field, "quantity");
  }
  EXPECT_EQ(outcomes[0].message, absl::StrCat(path_,
                                              ":2: the inventory of \"meal\" is not tracked; name who tracks it, "
                                              "or do not sync its quantity"));
  EXPECT_EQ(ReadFile(path_), absl::StrReplaceAll(text, {{"11", "12.00"}, {"shopify,3", "shopify,6"}}));
}

TEST_F(CsvChannelTest, WithoutAColumnOfTrackersEveryQuantityCanBeSet) {
  Make("Handle,Variant Inventory Qty,Variant Price\na,,11\n");
  EXPECT_THAT(Pages().front().items.fixed, testing::IsEmpty());
  ExpectApplied({QuantityItem("a", 40)});
}

TEST_F(CsvChannelTest, AFileOfNoVariantsIsAnEmptyChannel) {
  Make("Handle,Variant Price\n");
  EXPECT_THAT(PullAll(*adapter_).items, SizeIs(0));
}

TEST_F(CsvChannelTest, WhatIsNoCsvFailsThePullWithFileAndLine) {
  Make("Handle,Cost\na,1\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:1: ", "\"Variant Price\" or \"Price\""});
  Make("Handle,Variant Price\na\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:2: "});
  Make("Handle,Variant Price\na,1\nb,\"1\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:3: ", "never closed"});
  Make("Handle,Variant Price\na,1\n\xFF,1\n");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:3: ", "UTF-8"});
  Make("");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv:1: "});
  Make("PK\x03\x04 and what else a workbook has");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"shop.csv: ", "an .xlsx workbook"});
}

// A mistake at the end of the file must not leave the beginning of it taken in.
TEST_F(CsvChannelTest, TheFirstPageFindsMistakesAnywhere) {
  Make("Handle,Variant Price\na,1\nb,1\nc\n");
  const absl::Status status = adapter_->Pull({"", 1}, TestCall()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("shop.csv:4: "));
}

TEST_F(CsvChannelTest, OddRowsAreProblemsAndTheOthersAreRead) {
  Make(
      "Handle,Option1 Value,Variant Price,Variant Inventory Qty\n"
      "a,,\"1\n2\",3\nb,,1,lots\nc,,1,1\n,Red,5,1\n,,6,1\n,,7,1\nd,,2,\n");
  const std::vector<PullPage> pages = Pages();
  ASSERT_THAT(pages, SizeIs(1));
  ASSERT_EQ(pages[0].items.size(), 2);
  EXPECT_EQ(pages[0].items.external_id[0], "c");
  EXPECT_EQ(pages[0].items.external_id[1], "d");
  const std::vector<ItemProblem>& problems = pages[0].problems;
  ASSERT_THAT(problems, SizeIs(5));
  EXPECT_EQ(problems[0].external_id, "a");
  EXPECT_EQ(problems[0].problem.code, "unreadable_item");
  EXPECT_THAT(problems[0].problem.args, ElementsAre(Field{"external_id", "a"}, Field{"file", path_}, Field{"line", "2"},
                                                    Field{"column", "Variant Price"}));
  EXPECT_THAT(problems[0].problem.message, HasSubstr("shop.csv:2: column \"Variant Price\": "));
  EXPECT_EQ(problems[1].external_id, "b");
  EXPECT_THAT(
      problems[1].problem.message,
      EndsWith("shop.csv:4: column \"Variant Inventory Qty\": \"lots\" is not a whole number; write one, or leave "
               "the cell empty"));
  // Nothing names these. They are no repeats of each other.
  for (const size_t i : {2, 3, 4}) {
    EXPECT_EQ(problems[i].external_id, "");
    EXPECT_EQ(problems[i].problem.code, "unreadable_item");
    EXPECT_THAT(problems[i].problem.message,
                HasSubstr(absl::StrCat("shop.csv:", i + 4, ": column \"Handle\": the variant has none; give")));
  }
}

TEST_F(CsvChannelTest, APriceBelowZeroIsAProblemAndAQuantityIsNot) {
  Make(
      "Handle,Variant Price,Variant Inventory Qty,Variant Compare At "
      "Price\na,-5.00,1,\nb,5.00,-3,-9.00\nc,5.00,5.5,\n");
  const std::vector<PullPage> pages = Pages();
  ASSERT_THAT(pages, SizeIs(1));
  ASSERT_EQ(pages[0].items.size(), 1);
  EXPECT_EQ(pages[0].items.external_id[0], "b");
  EXPECT_EQ(pages[0].items.quantity[0], -3);
  EXPECT_EQ(pages[0].items.compare_at_price[0], kAbsent);
  EXPECT_TRUE(adapter_->capabilities().takes_negative_quantities);
  const std::vector<ItemProblem>& problems = pages[0].problems;
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_EQ(problems[0].external_id, "a");
  EXPECT_EQ(problems[0].problem.code, "negative_price");
  EXPECT_THAT(problems[0].problem.message,
              EndsWith("shop.csv:2: column \"Variant Price\": \"-5.00\" is below zero; write a price of 0 or more, or "
                       "leave the cell empty"));
  EXPECT_EQ(problems[1].external_id, "c");
}

TEST_F(CsvChannelTest, OfARepeatedItemTheFirstRowCounts) {
  Make("Handle,Option1 Value,Variant Price\na,\"x\ny\",1\nb,,1\nc,,1\nb,,2\nb,,x\nd,,x\nd,,1\n");
  const std::vector<PullPage> pages = Pages();
  ASSERT_THAT(pages, SizeIs(1));
  ASSERT_EQ(pages[0].items.size(), 3);
  EXPECT_EQ(pages[0].items.external_id[1], "b");
  EXPECT_EQ(pages[0].items.price[1], 100);
  const std::vector<ItemProblem>& problems = pages[0].problems;
  ASSERT_THAT(problems, SizeIs(4));
  EXPECT_EQ(problems[0].external_id, "b");
  EXPECT_EQ(problems[0].problem.code, "repeated_item");
  EXPECT_THAT(problems[0].problem.args, ElementsAre(Field{"external_id", "b"}, Field{"file", path_}, Field{"line", "6"},
                                                    Field{"first_line", "4"}));
  EXPECT_THAT(
      problems[0].problem.message,
      EndsWith("shop.csv:6: the variant \"b\" is there already, on line 4; give one of them other option values, "
               "or remove it"));
  EXPECT_EQ(problems[1].problem.code, "repeated_item");
  EXPECT_EQ(problems[2].problem.code, "unreadable_item");
  EXPECT_EQ(problems[3].external_id, "d");
  EXPECT_EQ(problems[3].problem.code, "repeated_item");

  ExpectApplied({PriceItem("b", 300)});
  EXPECT_THAT(ReadFile(path_), HasSubstr("\nb,,3.00\nc,,1\nb,,2\n"));
}

// Each page is asked of an adapter of its own too, as after a crash.
TEST_F(CsvChannelTest, ProblemsComeWithThePageOnWhichTheirRowLies) {
  Make("Handle,Variant Price\na,1\nb,x\nc,1\na,1\n,1\n,1\n,1\nd,1\n");
  for (const bool is_new : {false, true}) {
    std::vector<std::string> told;
    std::string cursor;
    do {
      if (is_new) adapter_ = MakeAdapter(path_);
      const absl::StatusOr<PullPage> page = adapter_->Pull({cursor, 2}, TestCall());
      ASSERT_TRUE(page.ok()) << page.status();
      told.emplace_back("page");
      for (int64_t i = 0; i < page->items.size(); ++i) told.emplace_back(page->items.external_id[i]);
      for (const ItemProblem& problem : page->problems) {
        told.push_back(absl::StrCat(problem.problem.code, " ", problem.external_id));
      }
      cursor = page->next_cursor;
    } while (!cursor.empty());
    EXPECT_THAT(told, ElementsAre("page", "a", "unreadable_item b", "page", "c", "repeated_item a", "page",
                                  "unreadable_item ", "unreadable_item ", "page", "d", "unreadable_item "));
  }
}

TEST_F(CsvChannelTest, AHandleIsOfWhatIdentifiesTheRow) {
  const std::string header = "Handle,Variant SKU,Variant Barcode,Variant Price,Title\n";
  Make(header + "a,s,12,1,A\nb,s1,2,1,B\n");
  const std::map<std::string, std::string> before = Handles();
  ASSERT_THAT(before, SizeIs(2));
  for (const auto& [id, handle] : before) {
    EXPECT_THAT(handle, SizeIs(16)) << id;
    EXPECT_EQ(handle.find_first_not_of("0123456789abcdef"), std::string::npos) << handle;
  }
  EXPECT_NE(before.at("a"), before.at("b"));
  WriteFile(path_, header + "b,s1,2,9,Other\na,s,12,8,Title\n");
  EXPECT_EQ(Handles(), before);
  for (const char* other : {"a,s1,2,1,A\n", "a,t,12,1,A\n", "a,s,13,1,A\n", "a,,12,1,A\n"}) {
    WriteFile(path_, header + other);
    EXPECT_NE(Handles().at("a"), before.at("a")) << other;
  }
}

// -- Fetches.

TEST_F(CsvChannelTest, AFetchIsTheItemsAsThePullHasThem) {
  Make(
      "Handle,Option1 Value,Variant SKU,Variant Price,Variant Inventory "
      "Qty\na,1,s,1,5\na,2,t,2,6\nb,,u,x,7\nc,,v,4,8\n");
  const absl::StatusOr<FetchReply> reply = Fetch({"c", "zz", "a/2", "b", "a"});
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->items.size(), 2);
  EXPECT_EQ(reply->items.external_id[0], "a/2");
  EXPECT_EQ(reply->items.parent_id[0], "a");
  EXPECT_EQ(ValuesAt(reply->items, 0), (ItemValues{200, 6}));
  EXPECT_EQ((*reply->items.fields.Find("sku"))[0], "t");
  EXPECT_EQ(reply->items.external_id[1], "c");
  EXPECT_EQ(reply->items.handle[1], Handles().at("c"));
  ASSERT_THAT(reply->problems, SizeIs(1));
  EXPECT_EQ(reply->problems[0].external_id, "b");
  EXPECT_EQ(reply->problems[0].problem.code, "unreadable_item");
  EXPECT_THAT(reply->missing, ElementsAre("zz", "a"));
}

TEST_F(CsvChannelTest, AFetchOfARepeatedItemIsItsFirstRow) {
  Make("Handle,Variant Price\na,1\nb,2\na,3\n");
  const absl::StatusOr<FetchReply> reply = Fetch({"a"});
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_EQ(reply->items.size(), 1);
  EXPECT_EQ(reply->items.price[0], 100);
  ASSERT_THAT(reply->problems, SizeIs(1));
  EXPECT_EQ(reply->problems[0].problem.code, "repeated_item");
  EXPECT_THAT(reply->missing, SizeIs(0));
}

TEST_F(CsvChannelTest, AFetchOfAFileThatCannotBeReadFindsNothingMissing) {
  Make("Handle,Variant Price\na,1\nb\n");
  const absl::Status odd = Fetch({"a", "c"}).status();
  EXPECT_EQ(odd.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(odd.message()), HasSubstr("shop.csv:3: "));
  std::filesystem::remove(path_);
  EXPECT_EQ(Fetch({"a"}).status().code(), absl::StatusCode::kNotFound);
}

// The pages of a pull and a fetch in between do not disturb each other.
TEST_F(CsvChannelTest, AFetchDuringAPullSeesTheFileAsItIs) {
  Make("Handle,Variant Price\na,1\nb,1\n");
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 1}, TestCall());
  ASSERT_TRUE(first.ok()) << first.status();
  ExpectApplied({PriceItem("b", 700)});
  const absl::StatusOr<FetchReply> fetched = Fetch({"b"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->items.price.at(0), 700);
  EXPECT_EQ(adapter_->Pull({first->next_cursor, 1}, TestCall()).status().code(), absl::StatusCode::kAborted);
}

TEST_F(CsvChannelTest, CallsThatAreCancelledReadAndWriteNothing) {
  Make("Handle,Variant Price\na,1\n");
  TestCall cancelled;
  cancelled.Cancel();
  EXPECT_EQ(adapter_->Pull({}, cancelled).status().code(), absl::StatusCode::kCancelled);
  const std::vector<std::string> ids = {"a"};
  EXPECT_EQ(adapter_->Fetch({ids}, cancelled).status().code(), absl::StatusCode::kCancelled);
  const std::vector<PushItem> items = {PriceItem("a", 200), PriceItem("b", 200)};
  const absl::StatusOr<PushReply> reply = adapter_->Push({"rows", items, ""}, cancelled);
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_THAT(reply->outcomes, SizeIs(2));
  for (const PushOutcome& outcome : reply->outcomes) EXPECT_EQ(outcome.result, PushResult::kNotTried);
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,1\n");
}

// What was read while somebody wrote may be half of the one file and half of the other.
TEST_F(CsvChannelTest, WhatChangesWhileItIsReadIsNotTakenIn) {
  const std::string text = "Handle,Variant Price\na,1\nb,1\n";
  const auto change = [&](int times) {
    if (times == 0) WriteFile(path_, text + "c,1\n");
  };
  Make(text);
  EXPECT_EQ(adapter_->Pull({"", 10}, AskedCall(change)).status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(PullAll(*adapter_).items, SizeIs(3)) << "the next pull begins anew";

  Make(text);
  const std::vector<std::string> ids = {"a", "c"};
  const absl::Status fetched = adapter_->Fetch({ids}, AskedCall(change)).status();
  EXPECT_EQ(fetched.code(), absl::StatusCode::kUnavailable) << fetched;

  // A push too that has nothing to write: what it does not find may be there.
  Make(text);
  const std::vector<PushItem> items = {PriceItem("c", 200)};
  const absl::Status pushed = adapter_->Push({"rows", items, ""}, AskedCall(change)).status();
  EXPECT_EQ(pushed.code(), absl::StatusCode::kAborted) << pushed;
}

// -- Cursors.

TEST_F(CsvChannelTest, ACursorOfAnotherRevisionIsAborted) {
  Make("Handle,Variant Price\na,1\nb,1\n");
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 1}, TestCall());
  ASSERT_TRUE(first.ok()) << first.status();
  WriteFile(path_, "Handle,Variant Price\na,1\nb,2\n");
  EXPECT_EQ(adapter_->Pull({first->next_cursor, 1}, TestCall()).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(adapter_->Pull({"what", 1}, TestCall()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(adapter_->Pull({"", 0}, TestCall()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CsvChannelTest, APullReadsTheFileOnceWhateverItsPages) {
  constexpr int kPages = 50;
  constexpr int kPageRows = 20;
  std::string text = "Handle,Variant Price,Body\n";
  for (int i = 0; i < kPages * kPageRows; ++i) absl::StrAppend(&text, "item ", i, ",1,", std::string(1000, 'x'), "\n");
  WriteFile(path_, text);
  const int64_t before = BytesRead();
  adapter_ = MakeAdapter(path_);
  const PulledItems pulled = PullAll(*adapter_, kPageRows);
  const int64_t read = BytesRead() - before;
  EXPECT_THAT(pulled.items, SizeIs(kPages * kPageRows));
  EXPECT_THAT(pulled.cursors, SizeIs(kPages));
  const int64_t size = static_cast<int64_t>(text.size());
  EXPECT_GE(read, size);
  EXPECT_LE(read, size + size / 5);  // The header once more, to know the columns.
}

// A pull keeps its file; what replaces that, or is written into it, is noticed all the same.
TEST_F(CsvChannelTest, APageOfAFileThatWasWrittenAgainGoesOnWhereItsContentsAreTheSame) {
  const std::string text = "Handle,Variant Price\na,1\nb,1\nc,1\n";
  Make(text);
  const absl::StatusOr<PullPage> first = adapter_->Pull({"", 1}, TestCall());
  ASSERT_TRUE(first.ok()) << first.status();
  std::filesystem::remove(path_);
  EXPECT_EQ(adapter_->Pull({first->next_cursor, 1}, TestCall()).status().code(), absl::StatusCode::kNotFound);
  WriteFile(path_, text);
  const absl::StatusOr<PullPage> second = adapter_->Pull({first->next_cursor, 1}, TestCall());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->items.external_id[0], "b");
  // A new pull sees the new file, whatever is kept of the one before.
  WriteFile(path_, "Handle,Variant Price\nd,1\n");
  EXPECT_EQ(PullAll(*adapter_).items.at(0).external_id, "d");
}

// A FIFO would be waited for; of a device there is no telling where it ends.
TEST_F(CsvChannelTest, OnlyARegularFileIsAChannel) {
  const std::string fifo = folder_.PathOf("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const std::string expected = absl::StrCat(fifo, ": is a FIFO; give a regular file");
  const absl::Status made = TryMakeAdapter({{"path", fifo}}).status();
  EXPECT_EQ(made.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(made.message(), expected);
  EXPECT_EQ(TryMakeAdapter({{"path", "/dev/zero"}}).status().message(), "/dev/zero: is a device; give a regular file");

  // It comes in the file's place later.
  Make("Handle,Variant Price\na,1\n");
  std::filesystem::rename(fifo, path_);
  const std::string later = absl::StrCat(path_, ": is a FIFO; give a regular file");
  EXPECT_EQ(adapter_->Pull({}, TestCall()).status().message(), later);
  EXPECT_EQ(PushRows(*adapter_, {PriceItem("a", 1)}).status().message(), later);
}

}  // namespace
}  // namespace flxlink
