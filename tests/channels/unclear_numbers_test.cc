#include "src/channels/csv/unclear_numbers.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "flxlink/conformance/print.h"
#include "gtest/gtest.h"

namespace flxlink {
namespace {

absl::Status Unclear(int line) {
  return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kUnclearNumbers,
                       {{"line", absl::StrCat(line)}}, absl::StrCat("s.csv:", line, ": what is it?"));
}

TEST(UnclearNumbersTest, OfNoneNothingIsTold) {
  csv_channel::UnclearNumbers unclear;
  EXPECT_TRUE(unclear.Told().empty());
  unclear.Add(absl::OkStatus());
  unclear.Add(ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kUnreadableItem, {}, "no number"));
  EXPECT_TRUE(unclear.Told().empty());
}

TEST(UnclearNumbersTest, TheFirstIsToldWithHowManyMoreThereAre) {
  csv_channel::UnclearNumbers unclear;
  unclear.Add(Unclear(3));
  EXPECT_EQ(unclear.Told(), ProblemFrom(Unclear(3)));
  unclear.Add(absl::OkStatus());
  unclear.Add(Unclear(5));
  unclear.Add(Unclear(6));
  EXPECT_EQ(unclear.Told(), MakeProblem(problem_code::kUnclearNumbers, {{"line", "3"}, {"more", "2"}},
                                        "s.csv:3: what is it?; further variants with such numbers: 2"));
}

}  // namespace
}  // namespace flxlink
