// Pushes of the csv channel.

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "flxlink/conformance/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/csv/utf16.h"
#include "src/files/file_lock.h"
#include "tests/channels/csv_under_test.h"
#include "tests/support/temporary_folder.h"

namespace flxlink {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// -- Pushes.

constexpr char kQuotedBreaks[] =
    "Handle,Body,Published,Option1 Value,Variant Price,Variant Inventory Qty,Note\r\n"
    "shirt,\"two\r\nlines, \"\"quoted\"\"\",TRUE,Red,\"10.00\",5,last\r\n"
    "shirt,,,,,,\"an image,\nno variant\"\r\n"
    "shirt,,,Blue,11.5,\"\",\r\n"
    "\r\n"
    "pen,\"first row, no variant\",false,,,,\r\n"
    "pen,,,,3,007,";

TEST_F(CsvChannelTest, ChangesTheNamedCellsAndNoOtherByte) {
  Make(kQuotedBreaks);
  ExpectApplied({MakeItem("shirt/Blue", {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus},
                          {1250, 9, ChannelStatus::kHidden}),
                 PriceItem("shirt/Red", 999), QuantityItem("pen", -2), StatusItem("pen", ChannelStatus::kListed)});
  EXPECT_EQ(ReadFile(path_),
            "Handle,Body,Published,Option1 Value,Variant Price,Variant Inventory Qty,Note\r\n"
            "shirt,\"two\r\nlines, \"\"quoted\"\"\",FALSE,Red,\"9.99\",5,last\r\n"
            "shirt,,,,,,\"an image,\nno variant\"\r\n"
            "shirt,,,Blue,12.50,\"9\",\r\n"
            "\r\n"
            "pen,\"first row, no variant\",true,,,,\r\n"
            "pen,,,,3,-2,");
}

TEST_F(CsvChannelTest, WritesAFileBackWithItsSeparator) {
  for (const std::string& text :
       {std::string("Handle;Title;Variant Price;Status;;\r\na;\"A;,\";1;active;;\r\n;;;;;\r\nb;B, b;2;draft;;\r\n"),
        std::string("\xEF\xBB\xBFsep=\t\nHandle\tTitle\tVariant Price\tStatus\na\tA;,\t1\tactive\nb\tB\t2\tdraft\n")}) {
    Make(text);
    ExpectApplied({PriceItem("b", 345), StatusItem("a", ChannelStatus::kHidden)});
    const std::string separator = absl::StrContains(text, "\t") ? "\t" : ";";
    EXPECT_EQ(
        ReadFile(path_),
        absl::StrReplaceAll(text, {{"active", "draft"},
                                   {absl::StrCat("2", separator, "draft"), absl::StrCat("3.45", separator, "draft")}}));
  }
}

TEST_F(CsvChannelTest, PricesAreReadAndWrittenWithTheFilesDecimalMark) {
  const std::string text =
      "Handle;Variant Price;Variant Compare At Price;Variant Inventory "
      "Qty\na;19,90;;5,0\nb;20;1.250,00;3\nc;1.234;;1\n";
  Make(text);
  const PulledItems pulled = PullAll(*adapter_);
  ASSERT_THAT(pulled.items, SizeIs(2));
  EXPECT_EQ(pulled.items[0].values, (ItemValues{1990, 5, ChannelStatus::kUnknown}));
  EXPECT_EQ(pulled.items[1].values, (ItemValues{2000, 3, ChannelStatus::kUnknown, 125000}));
  ASSERT_THAT(pulled.problems, SizeIs(1));
  EXPECT_THAT(pulled.problems[0].problem.message,
              HasSubstr("shop.csv:4: column \"Variant Price\": \"1.234\" can be read"));
  ExpectApplied({PriceItem("a", 1990), PriceItem("b", 2150), QuantityItem("a", 5)});
  EXPECT_EQ(ReadFile(path_), absl::StrReplaceAll(text, {{";20;", ";21,50;"}}));
  EXPECT_EQ(Push({PriceItem("c", 100)}).at(0).code, "unreadable_item");

  adapter_ = *TryMakeAdapter({{"path", path_}, {"decimal", "comma"}});
  EXPECT_EQ(PullAll(*adapter_).items.at(2).values.price, 123400);
  ExpectApplied({PriceItem("c", 100)});
  EXPECT_THAT(ReadFile(path_), HasSubstr("\nc;1,00;;1\n"));
}

// Told of each item, so that none is taken for gone, and always the same, so that it is said once: on any page, and of
// a pull that goes on elsewhere.
TEST_F(CsvChannelTest, NumbersThatCanBeReadInTwoWaysAreToldOnceForTheFile) {
  Make(
      "Handle;Variant Price;Variant Inventory Qty;Variant Compare At Price\n"
      "a;1,50;1;\nb;1.234;1;\nc;2;3,456;\nd;x;1.234;\nb;1.234;1;\n;1.234;;\ne;$;;1.234\nf;1,500; 1.000 "
      ";\ng;1;1;1.234\n");
  std::vector<std::string> told;
  for (const PullPage& page : Pages(2)) {
    for (const ItemProblem& problem : page.problems) {
      told.push_back(absl::StrCat(problem.external_id, " ", problem.problem.code));
      if (problem.problem.code != problem_code::kUnclearNumbers) continue;
      EXPECT_EQ(problem.problem.message,
                absl::StrCat(path_,
                             ":3: column \"Variant Price\": \"1.234\" can be read in two ways; say whether the file's "
                             "decimal mark is the point or the comma; further variants with such numbers: 2"));
      EXPECT_THAT(problem.problem.args, ElementsAre(Field{"external_id", "b"}, Field{"file", path_}, Field{"line", "3"},
                                                    Field{"column", "Variant Price"}, Field{"more", "2"}));
    }
  }
  EXPECT_THAT(told, ElementsAre("b unclear_numbers", "c unclear_numbers", "d unreadable_item", "b repeated_item",
                                " unreadable_item", "e unreadable_item", "f unclear_numbers"));

  // What is asked for by its name is told of by its name.
  const absl::StatusOr<FetchReply> fetched = Fetch({"c"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  ASSERT_THAT(fetched->problems, SizeIs(1));
  EXPECT_EQ(fetched->problems[0].problem.code, problem_code::kUnclearNumbers);
  EXPECT_THAT(
      fetched->problems[0].problem.message,
      EndsWith(":4: column \"Variant Inventory Qty\": \"3,456\" can be read in two ways; say whether the file's "
               "decimal mark is the point or the comma"));

  adapter_ = *TryMakeAdapter({{"path", path_}, {"decimal", "comma"}});
  EXPECT_EQ(PullAll(*adapter_).items.at(1).values.price, 123400);
}

// The row that is written shows no mark of its own, and stands before those that do.
TEST_F(CsvChannelTest, TheDecimalMarkIsTheFiles) {
  const std::string text = "Handle;Variant Price\na;20\nb;19,90\n";
  Make(text);
  ExpectApplied({PriceItem("a", 2150)});
  EXPECT_EQ(ReadFile(path_), absl::StrReplaceAll(text, {{"20", "21,50"}}));
}

TEST_F(CsvChannelTest, WhatTheNextPullCouldNotReadIsNotWritten) {
  const std::string text = "Handle;Variant Price\na;12\n";
  Make(text);
  for (const bool said : {false, true}) {
    adapter_ = *TryMakeAdapter({{"path", path_}, {said ? "decimal" : "path", said ? "comma" : path_}}, "KWD");
    const PushOutcome outcome = Push({PriceItem("a", 12500)}).at(0);
    EXPECT_EQ(outcome.result, said ? PushResult::kApplied : PushResult::kRejected) << outcome.message;
    EXPECT_EQ(outcome.code, said ? "" : "bad_setting");
    EXPECT_EQ(ReadFile(path_), said ? absl::StrReplaceAll(text, {{"12", "12,500"}}) : text);
  }
  EXPECT_EQ(PullAll(*adapter_).items.at(0).values.price, 12500);
}

TEST_F(CsvChannelTest, ADecimalCommaBetweenCommasIsWrittenInQuotes) {
  WriteFile(path_, "Handle,Variant Price\na,5\nb,\"1,50\"\n");
  adapter_ = *TryMakeAdapter({{"path", path_}, {"decimal", "comma"}});
  ExpectApplied({PriceItem("a", 250), PriceItem("b", 175)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,\"2,50\"\nb,\"1,75\"\n");
}

TEST_F(CsvChannelTest, WritesUtf16BackAsUtf16) {
  const std::string text =
      "\xEF\xBB\xBFHandle\tTitle\tVariant Price\r\na\tA \xF0\x9F\x98\x80\t1,00\r\nb\t\xC3\xA9\t2,00\r\n";
  for (const csv::TextEncoding encoding : {csv::TextEncoding::kUtf16Le, csv::TextEncoding::kUtf16Be}) {
    Make(csv::FromUtf8(text, encoding));
    const PulledItems pulled = PullAll(*adapter_, 1);
    ASSERT_THAT(pulled.items, SizeIs(2));
    EXPECT_THAT(pulled.items[0].fields, testing::Contains(Field{"title", "A \xF0\x9F\x98\x80"}));
    EXPECT_EQ(Fetch({"b"})->items.price.at(0), 200);
    ExpectApplied({PriceItem("b", 345)});
    EXPECT_EQ(ReadFile(path_), csv::FromUtf8(absl::StrReplaceAll(text, {{"2,00", "3,45"}}), encoding));
  }
  Make("\xFF\xFE,");
  ExpectPullError(absl::StatusCode::kInvalidArgument, {"UTF-16"});
}

TEST_F(CsvChannelTest, EqualValuesLeaveTheFileAlone) {
  Make(kQuotedBreaks);
  const FileId before = IdOf(path_);
  const std::vector<PushItem> items = {
      MakeItem("shirt/Blue", {SyncField::kPrice, SyncField::kStatus}, {1150, 0, ChannelStatus::kListed}),
      MakeItem("pen", {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus}, {300, 7, ChannelStatus::kHidden})};
  const absl::StatusOr<PushReply> reply = PushRows(*adapter_, items);
  ASSERT_TRUE(reply.ok()) << reply.status();
  for (const PushOutcome& outcome : reply->outcomes) EXPECT_EQ(outcome.result, PushResult::kApplied);
  EXPECT_EQ(ReadFile(path_), kQuotedBreaks);
  EXPECT_EQ(IdOf(path_), before);
}

// -- Comparing.

constexpr char kThree[] =
    "Handle,Option1 Value,Status,Variant SKU,Variant Price,Variant Inventory Qty,Variant Compare At Price\n"
    "a,1,active,s1,1,5,\n"
    "a,2,,s2,2,6,9\n"
    "b,,draft,s3,3,,soon\n";

TEST_F(CsvChannelTest, AnotherValueThanTheKnownOneIsAConflictOfThatItemAlone) {
  Make(kThree);
  ExpectConflict(
      {Knowing(PriceItem("a/1", 150), {100}), Knowing(PriceItem("a/2", 250), {199}), Knowing(QuantityItem("b", 7), {})},
      1, {"shop.csv:3: ", "\"a/2\"", "\"Variant Price\"", "found 2.00", "expected 1.99"});
  EXPECT_THAT(ReadFile(path_), HasSubstr("a,1,active,s1,1.50,5,\na,2,,s2,2,6,9\nb,,draft,s3,3,7,soon\n"));
}

// Whatever of it agrees.
TEST_F(CsvChannelTest, OfAConflictNothingIsWritten) {
  Make(kThree);
  const SyncFields mask = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  const PushItem item = MakeItem("a/1", mask, {900, 9, ChannelStatus::kHidden});
  ExpectConflict({Knowing(item, {100, 4, ChannelStatus::kListed})}, 0,
                 {"\"Variant Inventory Qty\"", "found 5", "expected 4"});
  EXPECT_EQ(ReadFile(path_), kThree);
  ExpectConflict({Knowing(item, {100, 5, ChannelStatus::kDead})}, 0,
                 {"shop.csv:2: ", "\"Status\"", "found active", "expected archived"});
  EXPECT_EQ(ReadFile(path_), kThree);
}

TEST_F(CsvChannelTest, AConflictSaysWhatTheCellsToSetHave) {
  Make(kThree);
  const SyncFields mask = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  const PushItem item = MakeItem("a/1", mask, {900, 9, ChannelStatus::kHidden});
  const PushItem priced = Knowing(PriceItem("a/2", 250), {199});
  const std::vector<PushOutcome> outcomes = Push({Knowing(item, {100, 4, ChannelStatus::kListed}), priced});
  EXPECT_EQ(outcomes.at(0).seen, (ItemValues{100, 5, ChannelStatus::kListed}));
  EXPECT_EQ(outcomes.at(1).seen, ItemValues{200});
  const PushItem other = WithHandle(PriceItem("a/1", 150), "another");
  EXPECT_EQ(Push({other}).at(0).seen, ItemValues()) << "who knows whose price that is";
}

TEST_F(CsvChannelTest, TheStatusIsComparedOnTheProductsFirstRow) {
  Make(kThree);
  ExpectConflict({Knowing(StatusItem("a/2", ChannelStatus::kDead), {kAbsent, kAbsent, ChannelStatus::kHidden})}, 0,
                 {"shop.csv:2: ", "\"a/2\"", "found active", "expected draft"});
  ExpectApplied({Knowing(StatusItem("a/2", ChannelStatus::kDead), {kAbsent, kAbsent, ChannelStatus::kListed})});
  EXPECT_THAT(ReadFile(path_), HasSubstr("a,1,archived,s1,1,5,\na,2,,s2,2,6,9\n"));
}

// There is nothing in it that could be destroyed, and a conflict would never end.
TEST_F(CsvChannelTest, AnEmptyCellIsSetWhateverWasKnown) {
  const std::string header = "Handle,Variant Price,Variant Inventory Qty,Variant Compare At Price\n";
  for (const bool is_known : {false, true}) {
    Make(header + "a,1,,\n");
    const SyncFields mask = {SyncField::kQuantity, SyncField::kCompareAtPrice};
    const ItemValues known = {kAbsent, 8, ChannelStatus::kUnknown, 800};
    ExpectApplied(
        {Knowing(MakeItem("a", mask, {kAbsent, 7, ChannelStatus::kUnknown, 700}), is_known ? known : ItemValues())});
    EXPECT_EQ(ReadFile(path_), header + "a,1,7,7.00\n");
  }
}

// An empty cell is a word, too, that is none of the format's.
TEST_F(CsvChannelTest, AStatusThatIsNotUnderstoodIsNotWrittenOver) {
  for (const std::string word : {"", "unlisted", "draft "}) {
    const std::string text = absl::StrCat("Handle,Status,Variant Price\na,", word, ",1\n");
    Make(text);
    const std::vector<PushOutcome> outcomes = Push({StatusItem("a", ChannelStatus::kListed)});
    ASSERT_THAT(outcomes, SizeIs(1));
    EXPECT_EQ(outcomes[0].result, PushResult::kRejected) << word;
    EXPECT_EQ(outcomes[0].code, problem_code::kUnreadableItem);
    EXPECT_EQ(ReadFile(path_), text);
  }
}

// What is sent again after its sender died behind the rename.
TEST_F(CsvChannelTest, WhatIsThereAlreadyIsAppliedWhateverWasKnown) {
  Make(kThree);
  const std::string handle = Handles().at("a/1");
  const SyncFields mask = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus};
  const std::vector<PushItem> items = {WithHandle(
      Knowing(MakeItem("a/1", mask, {900, 9, ChannelStatus::kHidden}), {100, 5, ChannelStatus::kListed}), handle)};
  ExpectApplied(items);
  const std::string text = ReadFile(path_);
  EXPECT_THAT(text, HasSubstr("a,1,draft,s1,9.00,9,\n"));
  const FileId before = IdOf(path_);
  ExpectApplied(items);
  EXPECT_EQ(IdOf(path_), before);
  EXPECT_EQ(ReadFile(path_), text);
}

TEST_F(CsvChannelTest, AnotherRowUnderTheIdIsAConflict) {
  Make(kThree);
  const std::map<std::string, std::string> handles = Handles();
  const auto items = [&](int64_t price) {
    return std::vector<PushItem>{WithHandle(PriceItem("a/1", price), handles.at("a/1")),
                                 WithHandle(PriceItem("a/2", price), handles.at("a/2")), PriceItem("b", price)};
  };
  ExpectApplied(items(500));
  const std::string text = absl::StrReplaceAll(ReadFile(path_), {{"s2", "other"}});
  WriteFile(path_, text);
  ExpectConflict(items(600), 1,
                 {"shop.csv:3: ", "\"a/2\"", Handles().at("a/2"), absl::StrCat("expected ", handles.at("a/2"))});
  EXPECT_EQ(ReadFile(path_), absl::StrReplaceAll(text, {{"s1,5.00", "s1,6.00"}, {"s3,5.00", "s3,6.00"}}));
}

// It is rejected, which has an end; a conflict would have none, since looking again shows the same.
TEST_F(CsvChannelTest, ACellThatCannotBeReadIsNotWrittenOver) {
  const std::string header =
      "Handle,Option1 Value,Status,Variant Price,Variant Inventory Qty,Variant Compare At Price\n";
  const std::string text = header + "a,1,unlisted,$5,many,soon\na,2,,1,1,1\nb,,draft,1,1,1\n";
  Make(text);
  struct Case {
    PushItem item;
    std::string field;
    std::string cell;
  };
  const Case cases[] = {
      {PriceItem("a/1", 100), "price", "shop.csv:2: column \"Variant Price\": \"$5\""},
      {QuantityItem("a/1", 2), "quantity", "shop.csv:2: column \"Variant Inventory Qty\": \"many\""},
      {CompareAtItem("a/1", 200), "compare_at_price", "shop.csv:2: column \"Variant Compare At Price\": \"soon\""},
      // The status is its product's.
      {StatusItem("a/2", ChannelStatus::kHidden), "status", "shop.csv:2: column \"Status\": \"unlisted\""}};
  for (const Case& one : cases) {
    // Also together with what could be set.
    const std::vector<PushOutcome> outcomes = Push({one.item, PriceItem("b", 100)});
    ASSERT_THAT(outcomes, SizeIs(2));
    EXPECT_EQ(outcomes[0].result, PushResult::kRejected) << one.field;
    EXPECT_EQ(outcomes[0].code, "unreadable_item");
    EXPECT_EQ(outcomes[0].field, one.field);
    EXPECT_THAT(outcomes[0].message, HasSubstr(one.cell));
    EXPECT_EQ(outcomes[1].result, PushResult::kApplied);
    EXPECT_EQ(ReadFile(path_), text);
  }
  ExpectApplied({QuantityItem("a/2", 2), CompareAtItem("a/2", 300)});
  EXPECT_EQ(ReadFile(path_), header + "a,1,unlisted,$5,many,soon\na,2,,1,2,3.00\nb,,draft,1,1,1\n");
}

TEST_F(CsvChannelTest, TheLastOfTwoItemsForOneVariantWins) {
  Make("Handle,Variant Price\na,1.0\n");
  ExpectApplied({PriceItem("a", 200), PriceItem("a", 300)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,3.00\n");
  ExpectApplied({PriceItem("a", 200), PriceItem("a", 300)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,3.00\n");
}

TEST_F(CsvChannelTest, WritesStatusesAsTheFileHasThem) {
  Make("Handle,Status,Published,Variant Price\na,active,true,1\nb,ACTIVE,true,1\nc,Draft,true,1\nd,draft,true,1\n");
  ExpectApplied({StatusItem("a", ChannelStatus::kDead), StatusItem("b", ChannelStatus::kHidden),
                 StatusItem("c", ChannelStatus::kHidden), StatusItem("d", ChannelStatus::kListed)});
  EXPECT_EQ(ReadFile(path_),
            "Handle,Status,Published,Variant Price\na,archived,true,1\nb,DRAFT,true,1\nc,Draft,true,1\n"
            "d,active,true,1\n");
}

// Else the next pull would tell of what the push itself has brought about.
TEST_F(CsvChannelTest, AStatusIsWrittenWhereverItsProductSaysIt) {
  const std::string header = "Handle,Status,Option1 Value,Variant Price\n";
  const std::string others = "c,active,1,1\nc,,2,1\n";
  Make(header + "a,active,1,1\nb,active,1,1\na,ACTIVE,2,1\na,active,,\na,draft,3,1\na,,4,1\nb,active,2,1\n" + others);
  ExpectApplied(
      {PriceItem("b/1", 200), StatusItem("a/4", ChannelStatus::kDead), StatusItem("a/1", ChannelStatus::kDead)});
  EXPECT_EQ(ReadFile(path_), header +
                                 "a,archived,1,1\nb,active,1,2.00\na,ARCHIVED,2,1\na,active,,\na,draft,3,1\na,,4,1\n"
                                 "b,active,2,1\n" +
                                 others)
      << "neither what a person has written otherwise, nor an image, nor another product";
  const std::vector<PullPage> pages = Pages();
  ASSERT_THAT(pages, SizeIs(1));
  ASSERT_THAT(pages[0].problems, SizeIs(1));
  EXPECT_EQ(pages[0].problems[0].external_id, "a/3");

  const std::string before = ReadFile(path_);
  ExpectApplied({StatusItem("b/1", ChannelStatus::kListed)});
  EXPECT_EQ(ReadFile(path_), before);
  ExpectApplied({StatusItem("c/2", ChannelStatus::kHidden)});
  EXPECT_THAT(ReadFile(path_), EndsWith("\nc,draft,1,1\nc,,2,1\n")) << "an empty cell says nothing";
}

TEST_F(CsvChannelTest, RefusesAStatusThatHasNoWord) {
  Make("Handle,Published,Variant Price\na,true,1\n");
  const std::vector<PushOutcome> outcomes = Push({StatusItem("a", ChannelStatus::kDead)});
  ASSERT_THAT(outcomes, SizeIs(1));
  EXPECT_EQ(outcomes[0].result, PushResult::kRejected);
  EXPECT_EQ(outcomes[0].code, "unsupported_status");
  EXPECT_EQ(outcomes[0].field, "status");
}

TEST_F(CsvChannelTest, RefusesToWriteWhatIsAbsent) {
  Make("Handle,Variant Price,Variant Inventory Qty\na,1,2\n");
  for (const PushItem& item : {PriceItem("a", kAbsent), QuantityItem("a", kAbsent)}) {
    const std::vector<PushOutcome> outcomes = Push({item});
    ASSERT_THAT(outcomes, SizeIs(1));
    EXPECT_EQ(outcomes[0].result, PushResult::kRejected);
    EXPECT_EQ(outcomes[0].code, "missing_value");
  }
}

TEST_F(CsvChannelTest, SiblingsThatDisagreeAreRefusedWhole) {
  const std::string text =
      "Handle,Status,Option1 Value,Variant Price\na,active,1,1\na,,2,1\na,,3,1\nb,active,1,1\nb,,2,1\n";
  Make(text);
  const std::vector<PushOutcome> outcomes = Push(
      {MakeItem("a/1", {SyncField::kPrice, SyncField::kStatus}, {500, 0, ChannelStatus::kHidden}),
       MakeItem("a/2", {SyncField::kPrice, SyncField::kStatus}, {600, 0, ChannelStatus::kListed}),
       PriceItem("a/3", 700), StatusItem("b/1", ChannelStatus::kHidden), StatusItem("b/2", ChannelStatus::kHidden)});
  ASSERT_THAT(outcomes, SizeIs(5));
  for (const size_t i : {0, 1}) {
    EXPECT_EQ(outcomes[i].result, PushResult::kRejected);
    EXPECT_EQ(outcomes[i].code, "siblings_disagree");
    EXPECT_EQ(outcomes[i].field, "status");
  }
  for (const size_t i : {2, 3, 4}) EXPECT_EQ(outcomes[i].result, PushResult::kApplied);
  EXPECT_EQ(ReadFile(path_),
            "Handle,Status,Option1 Value,Variant Price\na,active,1,1\na,,2,1\na,,3,7.00\nb,draft,1,1\nb,,2,1\n");
}

TEST_F(CsvChannelTest, KeepsTheModeAndTheLinkAndLeavesOnlyItsLock) {
  Make("Handle,Variant Price\na,1\n");
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  std::filesystem::create_directory(folder_.PathOf("links"));
  const std::string link = folder_.PathOf("links/shop.csv");
  std::filesystem::create_symlink("../shop.csv", link);
  adapter_ = MakeAdapter(link);
  ExpectApplied({PriceItem("a", 200)});
  EXPECT_EQ(ReadFile(path_), "Handle,Variant Price\na,2.00\n");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, mode_t{0640});
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.PathOf(""))) {
    names.insert(entry.path().filename());
  }
  EXPECT_THAT(names, ElementsAre("links", "shop.csv", "shop.csv.lock"));
}

TEST_F(CsvChannelTest, APushOfManyItemsReadsTheFileOnceAndWritesItOnce) {
  constexpr int kRows = 5000;
  std::string text = "Handle,Variant Price,Body\n";
  std::string expected = text;
  std::vector<PushItem> items;
  for (int i = 0; i < kRows; ++i) {
    const std::string body = absl::StrCat(",\"", std::string(static_cast<size_t>(i % 401), '\n'), "\"\n");
    absl::StrAppend(&text, "item ", i, ",1", body);
    absl::StrAppend(&expected, "item ", i, i % 3 == 0 ? ",2.00" : ",1", body);
    if (i % 3 == 0) items.push_back(Knowing(PriceItem(absl::StrCat("item ", i), 200), {100}));
  }
  Make(text);
  const int64_t before = BytesRead();
  ExpectApplied(items);
  const int64_t read = BytesRead() - before;
  EXPECT_TRUE(ReadFile(path_) == expected);
  const auto size = static_cast<int64_t>(text.size());
  EXPECT_GE(read, size);
  EXPECT_LE(read, 2 * size + size / 5);  // Looked through, and copied.
}

// A sanitizer keeps what is freed for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int64_t kMostMoreKib = 40 << 10;
#else
constexpr int64_t kMostMoreKib = 10 << 10;
#endif

// What a call of a child process adds to the most memory that it has had, in KiB. -1: it failed.
int64_t MemoryOfPush(const ChannelAdapter& adapter, const std::vector<PushItem>& items) {
  int pipes[2];
  EXPECT_EQ(pipe(pipes), 0);
  const pid_t child = fork();
  if (child == 0) {
    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    const absl::StatusOr<PushReply> reply = PushRows(adapter, items);
    rusage after{};
    getrusage(RUSAGE_SELF, &after);
    const int64_t more = reply.ok() ? after.ru_maxrss - before.ru_maxrss : -1;
    _exit(write(pipes[1], &more, sizeof(more)) == sizeof(more) ? 0 : 1);
  }
  int64_t more = -1;
  EXPECT_EQ(read(pipes[0], &more, sizeof(more)), static_cast<ssize_t>(sizeof(more)));
  close(pipes[0]);
  close(pipes[1]);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  return more;
}

TEST_F(CsvChannelTest, TheMemoryOfAPushDoesNotGrowWithColumnsThatNobodyReads) {
  std::string text = "Handle,Variant Price,Title,Body\n";
  for (int i = 0; i < 2000; ++i) {
    absl::StrAppend(&text, i, ",1,", std::string(16 << 10, 't'), ",", std::string(16 << 10, 'x'), "\n");
  }
  Make(text);
  const int64_t more = MemoryOfPush(*adapter_, {PriceItem("0", 200), PriceItem("1999", 200)});
  EXPECT_GE(more, 0);
  EXPECT_LE(more, static_cast<int64_t>(text.size() >> 10) / 4);
  EXPECT_TRUE(absl::StartsWith(ReadFile(path_), "Handle,Variant Price,Title,Body\n0,2.00,t"));
}

TEST_F(CsvChannelTest, TheMemoryOfAPushDoesNotGrowWithACellThatNobodyReads) {
  const std::string header = "Handle,Body,Variant Price\n";
  const std::string body = absl::StrCat("\"", std::string(40 << 20, 'x'), "\"\"\r\n", std::string(40 << 20, 'y'), "\"");
  Make(absl::StrCat(header, "a,", body, ",1\nb,,1\n"));
  const int64_t more = MemoryOfPush(*adapter_, {PriceItem("a", 200), PriceItem("b", 300)});
  EXPECT_GE(more, 0);
  EXPECT_LE(more, kMostMoreKib);
  EXPECT_TRUE(ReadFile(path_) == absl::StrCat(header, "a,", body, ",2.00\nb,,3.00\n"));
  EXPECT_THAT(Pages(), SizeIs(1));
}

// A limit on the size of files stands in for a full disk.
TEST_F(CsvChannelTest, AFullDiskLeavesTheFileAsItWas) {
  Make(absl::StrCat("Handle,Variant Price,Body\na,1,", std::string(5000, 'x'), "\n"));
  const std::string text = ReadFile(path_);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const absl::Status status = PushRows(*adapter_, {PriceItem("a", 200)}).status();
    _exit(status.code() == absl::StatusCode::kResourceExhausted ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(ReadFile(path_), text);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".flxlink.tmp"));
  ExpectApplied({PriceItem("a", 200)});
}

// The call that has no time left from the start, as the engine's have, all the same waits for another one's push.
TEST_F(CsvChannelTest, APushWaitsForTheLock) {
  Make("Handle,Variant Price\na,1\n");
  absl::optional<files::FileLock> other;
  const auto lock = [&] {
    absl::StatusOr<files::FileLock> held = files::FileLock::Acquire(path_ + ".lock", absl::ZeroDuration(), TestCall());
    ASSERT_TRUE(held.ok()) << held.status();
    other.emplace(*std::move(held));
  };
  lock();
  const AskedCall call([&](int times) {
    if (times == 2) other.reset();
  });
  const std::vector<PushItem> items = {PriceItem("a", 200)};
  const absl::StatusOr<PushReply> reply = adapter_->Push({"rows", items, ""}, call);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->outcomes.at(0).result, PushResult::kApplied);
  EXPECT_FALSE(other.has_value());

  // It still ends when it is cancelled.
  lock();
  TestCall cancelled;
  cancelled.Cancel();
  const absl::StatusOr<PushReply> ended = adapter_->Push({"rows", items, ""}, cancelled);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->outcomes.at(0).result, PushResult::kNotTried);
}

// -- Several at once, all knowing the same: one is first, and the others find another value.

constexpr int kPushers = 4;

PushItem ItemOfPusher(int pusher) { return Knowing(PriceItem("a", 100 * (pusher + 2)), {100}); }

TEST_F(CsvChannelTest, OfSeveralThreadsOnePushesAndTheOthersConflict) {
  Make("Handle,Variant Price\na,1\n");
  std::vector<PushResult> results(kPushers);
  std::vector<std::thread> threads;
  for (int i = 0; i < kPushers; ++i) {
    threads.emplace_back([&, i] {
      const absl::StatusOr<PushReply> reply = PushRows(*adapter_, {ItemOfPusher(i)});
      EXPECT_TRUE(reply.ok()) << reply.status();
      if (reply.ok()) results[static_cast<size_t>(i)] = reply->outcomes.at(0).result;
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto winner = std::find(results.begin(), results.end(), PushResult::kApplied);
  ASSERT_NE(winner, results.end());
  EXPECT_EQ(std::count(results.begin(), results.end(), PushResult::kConflict), kPushers - 1);
  EXPECT_EQ(PullAll(*adapter_).items.at(0).values.price,
            ItemOfPusher(static_cast<int>(winner - results.begin())).values.price);
}

TEST_F(CsvChannelTest, OfSeveralProcessesOnePushesAndTheOthersConflict) {
  Make("Handle,Variant Price\na,1\n");
  std::vector<pid_t> children;
  for (int i = 0; i < kPushers; ++i) {
    children.push_back(fork());
    if (children.back() == 0) {
      const absl::StatusOr<PushReply> reply = PushRows(*MakeAdapter(path_), {ItemOfPusher(i)});
      _exit(reply.ok() ? static_cast<int>(reply->outcomes.at(0).result) : 100);
    }
  }
  int applied = 0;
  int conflicts = 0;
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    applied += WEXITSTATUS(status) == static_cast<int>(PushResult::kApplied) ? 1 : 0;
    conflicts += WEXITSTATUS(status) == static_cast<int>(PushResult::kConflict) ? 1 : 0;
  }
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(conflicts, kPushers - 1);
}

}  // namespace
}  // namespace flxlink
