#include "src/model/cron.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flxlink::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The first `count` matches after the beginning of 2026, which was a Thursday.
std::vector<std::string> Matches(absl::string_view text, int count) {
  const absl::StatusOr<CronPattern> pattern = ParseCron(text);
  EXPECT_TRUE(pattern.ok()) << pattern.status();
  std::vector<std::string> matches;
  absl::CivilMinute at(2026, 1, 1, 0, 0);
  while (pattern.ok() && static_cast<int>(matches.size()) < count) {
    const absl::optional<absl::CivilMinute> next = NextMatch(*pattern, at);
    if (!next.has_value()) break;
    at = *next;
    matches.push_back(absl::FormatCivilTime(at));
  }
  return matches;
}

TEST(CronTest, StepsThroughMinutesAndHours) {
  EXPECT_THAT(Matches("* * * * *", 2), ElementsAre("2026-01-01T00:01", "2026-01-01T00:02"));
  EXPECT_THAT(Matches("*/25 * * * *", 4),
              ElementsAre("2026-01-01T00:25", "2026-01-01T00:50", "2026-01-01T01:00", "2026-01-01T01:25"));
  EXPECT_THAT(Matches("30 9-17/4 * * *", 4),
              ElementsAre("2026-01-01T09:30", "2026-01-01T13:30", "2026-01-01T17:30", "2026-01-02T09:30"));
  EXPECT_THAT(Matches("5,1-2 23 * * *", 4),
              ElementsAre("2026-01-01T23:01", "2026-01-01T23:02", "2026-01-01T23:05", "2026-01-02T23:01"));
}

TEST(CronTest, IsStrictlyAfter) {
  const CronPattern pattern = ParseCron("0 3 * * *").value();
  EXPECT_EQ(NextMatch(pattern, absl::CivilMinute(2026, 5, 5, 3, 0)), absl::CivilMinute(2026, 5, 6, 3, 0));
  EXPECT_EQ(NextMatch(pattern, absl::CivilMinute(2026, 5, 5, 2, 59)), absl::CivilMinute(2026, 5, 5, 3, 0));
}

TEST(CronTest, KnowsMonthsAndWeekdaysByNameAndNumber) {
  EXPECT_THAT(Matches("0 3 * * 1", 2), ElementsAre("2026-01-05T03:00", "2026-01-12T03:00"));
  EXPECT_EQ(Matches("0 3 * * MON", 5), Matches("0 3 * * 1", 5));
  EXPECT_EQ(Matches("0 0 * * mon-Fri", 9), Matches("0 0 * * 1-5", 9));
  EXPECT_EQ(Matches("0 0 * * 7", 3), Matches("0 0 * * 0", 3));
  EXPECT_EQ(Matches("0 0 * * sat,sun", 5), Matches("0 0 * * 6-7", 5));
  EXPECT_THAT(Matches("0 0 1 feb,Dec *", 3), ElementsAre("2026-02-01T00:00", "2026-12-01T00:00", "2027-02-01T00:00"));
}

TEST(CronTest, EitherDayFieldMayMatchWhereBothAreRestricted) {
  EXPECT_THAT(Matches("0 0 10 1 mon", 4),
              ElementsAre("2026-01-05T00:00", "2026-01-10T00:00", "2026-01-12T00:00", "2026-01-19T00:00"));
}

TEST(CronTest, BothDayFieldsMustMatchWhereOneBeginsWithAStar) {
  // The odd days that are Mondays.
  EXPECT_THAT(Matches("0 0 */2 * mon", 3), ElementsAre("2026-01-05T00:00", "2026-01-19T00:00", "2026-02-09T00:00"));
}

TEST(CronTest, FindsRareDates) {
  EXPECT_THAT(Matches("0 0 29 2 *", 2), ElementsAre("2028-02-29T00:00", "2032-02-29T00:00"));
  EXPECT_EQ(NextMatch(ParseCron("0 0 29 2 *").value(), absl::CivilMinute(2096, 3, 1, 0, 0)),
            absl::CivilMinute(2104, 2, 29, 0, 0));
  // A leap day that is a Sunday, over a century's end: 40 years.
  EXPECT_EQ(NextMatch(ParseCron("0 0 29 2 */7").value(), absl::CivilMinute(2088, 3, 1, 0, 0)),
            absl::CivilMinute(2128, 2, 29, 0, 0));
}

TEST(CronTest, GivesUpOnDatesThatDoNotExist) {
  EXPECT_THAT(Matches("0 0 30 2 *", 1), ElementsAre());
  EXPECT_THAT(Matches("0 0 31 4,6,9,11 *", 1), ElementsAre());
}

TEST(CronTest, DailyIsOneMinuteOfEveryDay) {
  EXPECT_EQ(NextMatch(DailyPattern(7, 30), absl::CivilMinute(2026, 2, 28, 7, 29)),
            absl::CivilMinute(2026, 2, 28, 7, 30));
  EXPECT_EQ(NextMatch(DailyPattern(7, 30), absl::CivilMinute(2026, 2, 28, 7, 30)),
            absl::CivilMinute(2026, 3, 1, 7, 30));
}

TEST(CronTest, NamesTheWrongField) {
  const struct {
    absl::string_view text;
    absl::string_view part;
  } kWrong[] = {
      {"", "has 0 fields"},
      {"* * * *", "has 4 fields"},
      {"* * * * * *", "has 6 fields"},
      {"@daily", "has 1 fields"},
      {"60 * * * *", "minute of a cron expression cannot be \"60\""},
      {"* 24 * * *", "hour"},
      {"* * 0 * *", "day of the month"},
      {"* * 32 * *", "day of the month"},
      {"* * * 0 *", "month"},
      {"* * * 13 *", "month"},
      {"* * * mon *", "month"},
      {"* * * * 8", "day of the week"},
      {"* * * * sun-mon-tue", "day of the week"},
      {"* * * * sat-sun", "rising ranges"},
      {"30-10 * * * *", "rising ranges"},
      {"*/0 * * * *", "minute"},
      {"5/10 * * * *", "minute"},
      {"*/5/5 * * * *", "minute"},
      {"1,,2 * * * *", "minute"},
      {", * * * *", "minute"},
      {"-1 * * * *", "minute"},
      {"+1 * * * *", "minute"},
      {"1- * * * *", "minute"},
      {"*-5 * * * *", "minute"},
      {"*/x * * * *", "minute"},
      {"99999999999 * * * *", "minute"},
      {"jan * * * *", "minute"},
  };
  for (const auto& wrong : kWrong) {
    const absl::Status status = ParseCron(wrong.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong.text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(wrong.part)));
  }
}

TEST(CronTest, StepsMayBeLargerThanTheField) {
  EXPECT_THAT(Matches("*/2147483647 12 * * *", 2), ElementsAre("2026-01-01T12:00", "2026-01-02T12:00"));
}

}  // namespace
}  // namespace flxlink::model
