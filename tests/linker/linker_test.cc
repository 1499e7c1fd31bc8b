#include "flxlink/linker.h"

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::linker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CollectingSink : public LinkSink {
 public:
  absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                      absl::Span<const LinkDetail> details) override {
    ++calls;
    for (size_t i = 0; i < outcomes.size(); ++i) {
      const LinkOutcome& outcome = outcomes[i];
      rows.push_back(absl::StrCat(row_base + static_cast<int64_t>(i), " ", ToString(outcome.state), " ",
                                  outcome.channel_row, " ", outcome.rule, " ", ToString(outcome.reason)));
    }
    named.insert(named.end(), details.begin(), details.end());
    return result;
  }

  int calls = 0;
  std::vector<std::string> rows;
  std::vector<LinkDetail> named;
  absl::Status result;
};

// Two columns a side, rules over them, and everything else of an input.
class LinkerTest : public ::testing::Test {
 protected:
  LinkerTest() {
    input_.listings = &listings_;
    input_.channel = &channel_;
  }

  void AddRule(int column, Ambiguity ambiguous = Ambiguity::kStop) {
    priority_.push_back({"f", "f", {}, ambiguous});
    input_.rule_columns.push_back({column, column});
  }
  void AddListing(absl::string_view a, absl::string_view b = "", absl::string_view parent = "", bool live = true) {
    listings_.AddRow({a, b}, parent, live);
  }
  void AddChannel(absl::string_view a, absl::string_view b = "", absl::string_view parent = "", bool live = true) {
    channel_.AddRow({a, b}, parent, live);
  }
  std::vector<std::string> Rows() {
    sink_ = CollectingSink();
    const PairSpan links(links_);
    const PairSpan broken(broken_);
    const PairSpan unlinked(unlinked_);
    input_.links = &links;
    input_.broken_links = &broken;
    input_.hand_unlinks = &unlinked;
    stats_ = Linker::Create(priority_)->Match(input_, options_, sink_);
    return sink_.rows;
  }
  std::string Error() {
    EXPECT_THAT(Rows(), IsEmpty());
    return std::string(stats_.status().message());
  }

  LinkPriority priority_;
  VariantTable listings_{2};
  VariantTable channel_{2};
  std::vector<RowPair> links_;
  std::vector<RowPair> broken_;
  std::vector<RowPair> unlinked_;
  MatchInput input_;
  MatchOptions options_;
  CollectingSink sink_;
  absl::StatusOr<MatchStats> stats_;
};

TEST(LinkerCreateTest, WantsARule) {
  EXPECT_EQ(Linker::Create({}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Linker::Create({LinkRule{"a", "b", {}}})->priority().size(), 1u);
}

TEST_F(LinkerTest, LinksUniqueKeysAndSaysWhyNot) {
  AddRule(0);
  for (const char* key : {"a", "b", "b", "c", "", "z"}) AddListing(key);
  for (const char* key : {"c", "a", "b", "c", ""}) AddChannel(key);
  EXPECT_THAT(Rows(),
              ElementsAre("0 linked 1 1 ", "1 unlinked -1 1 ambiguous_listing", "2 unlinked -1 1 ambiguous_listing",
                          "3 unlinked -1 1 ambiguous_channel", "4 unlinked -1 1 no_key", "5 unlinked -1 1 no_match"));
  EXPECT_EQ(stats_->listing_rows, 6);
  EXPECT_EQ(stats_->channel_rows, 5);
  EXPECT_EQ(stats_->linked, 1);
  EXPECT_EQ(stats_->unlinked, 5);
  EXPECT_EQ(stats_->rules[0].ambiguous_listing, 2);
}

TEST_F(LinkerTest, AmbiguousStopsUnlessToldToGoOn) {
  AddRule(0);
  AddRule(1);
  AddListing("a", "x");
  AddListing("a", "y");
  AddChannel("a", "x");
  EXPECT_EQ(Rows()[0], "0 unlinked -1 1 ambiguous_listing");
  priority_[0].ambiguous = Ambiguity::kNext;
  EXPECT_THAT(Rows(), ElementsAre("0 linked 0 2 ", "1 unlinked -1 1 ambiguous_listing"));
}

TEST_F(LinkerTest, NamesWhoHoldsATarget) {
  options_.details = true;
  AddRule(0);
  AddRule(1);
  AddListing("a", "");
  AddListing("", "x");
  AddListing("b", "");
  AddListing("c", "");
  AddChannel("a", "x");
  AddChannel("b", "");
  AddChannel("c", "");
  links_ = {{kNoRow, 1}};
  broken_ = {{0, 2}};
  EXPECT_THAT(Rows(), ElementsAre("0 broken 2 0 existing", "1 linked 0 2 contradiction", "2 unlinked -1 1 target_taken",
                                  "3 unlinked -1 1 target_taken"));
  ASSERT_EQ(sink_.named.size(), 2u);
  EXPECT_EQ(sink_.named[0].target_row, 1);
  EXPECT_EQ(sink_.named[0].holder_row, kNoRow);
  EXPECT_EQ(sink_.named[1].target_row, 2);
  EXPECT_EQ(sink_.named[1].holder_row, 0);
}

TEST_F(LinkerTest, LeavesOutWhatIsNotLive) {
  AddRule(0);
  AddListing("a", "", "", false);
  AddListing("a");
  AddListing("b");
  AddListing("c", "", "", false);
  AddChannel("a");
  AddChannel("b", "", "", false);
  links_ = {{3, 1}};
  EXPECT_THAT(Rows(),
              ElementsAre("0 unlinked -1 0 ", "1 linked 0 1 ", "2 unlinked -1 1 no_match", "3 linked 1 0 existing"));
  EXPECT_EQ(stats_->unlinked, 1);
  EXPECT_EQ(stats_->existing, 1);
}

TEST_F(LinkerTest, RespectsHandUnlinks) {
  AddRule(0);
  AddRule(1);
  AddListing("a", "x");
  AddChannel("a", "");
  AddChannel("", "x");
  EXPECT_THAT(Rows(), ElementsAre("0 linked 0 1 contradiction"));
  unlinked_ = {{0, 0}, {0, 0}};
  EXPECT_THAT(Rows(), ElementsAre("0 linked 1 2 "));
  options_.strict = true;
  EXPECT_THAT(Rows(), ElementsAre("0 unlinked -1 1 contradiction"));
}

TEST_F(LinkerTest, NamesTheParentsOfAMismatch) {
  options_.parent_guard = true;
  options_.details = true;
  AddRule(0);
  for (const char* key : {"a", "b", "c"}) AddListing(key, "", "P");
  AddChannel("x", "", " ");
  AddChannel("a", "", "\t");
  AddChannel("b", "", "q");
  AddChannel("c", "", "q");
  EXPECT_THAT(Rows(), ElementsAre("0 unlinked -1 1 parent_mismatch", "1 unlinked -1 1 parent_mismatch",
                                  "2 unlinked -1 1 parent_mismatch"));
  ASSERT_EQ(sink_.named.size(), 3u);
  EXPECT_THAT(sink_.named[1].parent_rows, ElementsAre(0, 2));
}

TEST_F(LinkerTest, NamesAtMostAHundredCandidates) {
  options_.details = true;
  AddRule(0);
  for (int i = 0; i < 150; ++i) AddListing("a");
  AddListing("b");
  AddChannel("a");
  for (int i = 0; i < 120; ++i) AddChannel("b");
  Rows();
  ASSERT_EQ(sink_.named.size(), 151u);
  EXPECT_EQ(sink_.named[0].candidate_rows.size(), 100u);
  EXPECT_EQ(sink_.named[0].candidate_rows[99], 99);
  EXPECT_EQ(sink_.named[150].candidate_rows.size(), 100u);
  EXPECT_EQ(sink_.named[150].candidate_rows[0], 1);
}

TEST_F(LinkerTest, GivesNoDetailsUnasked) {
  AddRule(0);
  AddListing("a");
  AddListing("a");
  AddChannel("a");
  Rows();
  EXPECT_THAT(sink_.named, IsEmpty());
}

// Large enough for several partitions, blocks and sink calls.
TEST_F(LinkerTest, MatchesManyRowsOnAnyNumberOfThreads) {
  AddRule(0);
  AddRule(1);
  constexpr int kRows = 300000;
  for (int i = 0; i < kRows; ++i) AddListing(i % 10 == 0 ? "" : absl::StrCat("sku-", i), absl::StrCat("upc-", i));
  for (int i = kRows; i-- > 0;) AddChannel(absl::StrCat("sku-", i), i % 10 == 5 ? "" : absl::StrCat("upc-", i));
  std::vector<std::string> expected;
  for (int i = 0; i < kRows; ++i) {
    expected.push_back(absl::StrCat(i, " linked ", kRows - 1 - i, i % 10 == 0 ? " 2 " : " 1 "));
  }
  for (int threads = 1; threads <= 4; ++threads) {
    const std::unique_ptr<Executor> executor = NewThreadExecutor(threads);
    options_.executor = executor.get();
    // Every other time in several passes over the sources.
    options_.memory_limit_bytes = threads % 2 == 0 ? 12 << 20 : 0;
    EXPECT_TRUE(Rows() == expected) << threads;
    EXPECT_GT(sink_.calls, 1);
    EXPECT_EQ(stats_->rules[1].linked, kRows / 10);
  }
}

TEST_F(LinkerTest, TakesEmptySides) {
  AddRule(0);
  EXPECT_THAT(Rows(), IsEmpty());
  EXPECT_TRUE(stats_.ok());
  AddListing("a");
  EXPECT_THAT(Rows(), ElementsAre("0 unlinked -1 1 no_match"));
}

TEST_F(LinkerTest, RefusesLinksThatAreNotOneToOne) {
  AddRule(0);
  AddListing("a");
  AddListing("b");
  AddChannel("a");
  AddChannel("b");
  links_ = {{0, 0}, {0, 1}};
  EXPECT_THAT(Error(), HasSubstr("a listing has two: listing row 0, channel row 1"));
  links_ = {{0, 0}};
  broken_ = {{kNoRow, 0}};
  EXPECT_THAT(Error(), HasSubstr("a channel row has two: listing row -1, channel row 0"));
  links_ = {{kNoRow, kNoRow}, {kNoRow, kNoRow}};
  broken_.clear();
  EXPECT_THAT(Rows(), ElementsAre("0 linked 0 1 ", "1 linked 1 1 "));
}

TEST_F(LinkerTest, RefusesRowsThatAreNotThere) {
  AddRule(0);
  AddListing("a");
  AddChannel("a");
  for (const RowPair& bad : {RowPair{1, 0}, RowPair{0, 1}, RowPair{-2, 0}, RowPair{0, -2}}) {
    links_ = {bad};
    EXPECT_THAT(Error(), HasSubstr("that is not there")) << bad.listing_row << " " << bad.channel_row;
    EXPECT_EQ(stats_.status().code(), absl::StatusCode::kInvalidArgument);
  }
  links_.clear();
  unlinked_ = {{0, 1}};
  EXPECT_THAT(Error(), HasSubstr("that is not there"));
  unlinked_ = {{kNoRow, 0}, {0, kNoRow}};
  EXPECT_THAT(Rows(), ElementsAre("0 linked 0 1 "));
}

TEST_F(LinkerTest, RefusesColumnsThatDoNotFit) {
  AddRule(0);
  AddRule(2);
  EXPECT_THAT(Error(), HasSubstr("there is no column 2"));
  input_.rule_columns.pop_back();
  EXPECT_THAT(Error(), HasSubstr("columns for 1 rules and 2 rules"));
}

class HugeSource : public VariantSource {
 public:
  int64_t row_count() const override { return int64_t{std::numeric_limits<int32_t>::max()} + 1; }
  absl::Status Scan(int, absl::Span<const int>, absl::FunctionRef<absl::Status(const VariantChunk&)>) const override {
    return absl::InternalError("not to be read");
  }
};

TEST_F(LinkerTest, RefusesMoreRowsThanItTakes) {
  AddRule(0);
  const HugeSource huge;
  input_.channel = &huge;
  EXPECT_THAT(Error(), HasSubstr("2147483648 rows on the channel side"));
  EXPECT_EQ(stats_.status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(LinkerTest, StopsAtTheFirstErrorOfItsCheckAndBeforeTheSinkSeesAnything) {
  AddRule(0);
  AddRule(1);
  AddListing("a");
  int asked = 0;
  for (int fail_at = 1; fail_at <= 4; ++fail_at) {
    asked = 0;
    options_.check = [&] {
      return ++asked == fail_at ? absl::FailedPreconditionError("another worker has the slot") : absl::OkStatus();
    };
    EXPECT_THAT(Rows(), IsEmpty());
    EXPECT_EQ(stats_.status(), absl::FailedPreconditionError("another worker has the slot"));
    EXPECT_EQ(asked, fail_at) << "it goes on no further";
  }
}

TEST_F(LinkerTest, PassesOnTheSinksError) {
  class FailingSink : public LinkSink {
   public:
    absl::Status Accept(int64_t, absl::Span<const LinkOutcome>, absl::Span<const LinkDetail>) override {
      return absl::DataLossError("full");
    }
  } sink;
  AddRule(0);
  AddListing("a");
  EXPECT_EQ(Linker::Create(priority_)->Match(input_, options_, sink).status(), absl::DataLossError("full"));
}

TEST_F(LinkerTest, ExplainsOneVariant) {
  AddRule(0, Ambiguity::kNext);
  AddRule(1);
  AddListing("a", "x");
  AddListing("a", "y");
  AddChannel("a", "x");
  const auto explained = Linker::Create(priority_)->Explain(input_, options_, 0);
  ASSERT_TRUE(explained.ok()) << explained.status();
  ASSERT_EQ(explained->size(), 2u);
  EXPECT_EQ((*explained)[0].key, "a");
  EXPECT_THAT((*explained)[0].listing_rows, ElementsAre(0, 1));
  EXPECT_THAT((*explained)[0].channel_rows, ElementsAre(0));
  EXPECT_EQ((*explained)[0].reason, LinkReason::kAmbiguousListing);
  EXPECT_FALSE((*explained)[0].stopped);
  EXPECT_TRUE((*explained)[1].linked);
  EXPECT_EQ(Linker::Create(priority_)->Explain(input_, options_, 2).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(LinkReasonTest, HasNames) {
  EXPECT_EQ(ToString(LinkState::kBroken), "broken");
  EXPECT_EQ(ToString(LinkReason::kNone), "");
  EXPECT_EQ(ToString(LinkReason::kUnlinkedByHand), "unlinked_by_hand");
}

}  // namespace
}  // namespace flxlink::linker
