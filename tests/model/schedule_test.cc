#include "flxlink/schedule.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/model/cron.h"

namespace flxlink::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::TimeZone Zone(const std::string& name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

ScheduleSpec Hourly(const std::string& zone) {
  ScheduleSpec spec;
  spec.time_zone = zone;
  return spec;
}

ScheduleSpec Daily(absl::string_view at, const std::string& zone) {
  ScheduleSpec spec = ParseDaily(at).value();
  spec.time_zone = zone;
  return spec;
}

ScheduleSpec Cron(const std::string& cron, const std::string& zone) {
  ScheduleSpec spec;
  spec.kind = ScheduleKind::kCron;
  spec.cron = cron;
  spec.time_zone = zone;
  return spec;
}

// The next fires after a time of the spec's zone, as that zone's clocks and offset from UTC show them.
std::vector<std::string> Fires(const ScheduleSpec& spec, const absl::CivilSecond& after, int count) {
  const absl::TimeZone zone = Zone(spec.time_zone);
  absl::Time at = absl::FromCivil(after, zone);
  std::vector<std::string> fires;
  for (int i = 0; i < count; ++i) {
    const absl::StatusOr<absl::Time> next = NextFire(spec, at);
    EXPECT_TRUE(next.ok()) << next.status();
    if (!next.ok()) break;
    at = *next;
    fires.push_back(absl::FormatTime("%d %H:%M:%S %z", at, zone));
  }
  return fires;
}

TEST(ScheduleTest, HourlyIsAtMinuteZero) {
  EXPECT_THAT(Fires(Hourly("UTC"), absl::CivilSecond(2026, 3, 1, 10, 0, 0), 2),
              ElementsAre("01 11:00:00 +0000", "01 12:00:00 +0000"));
  EXPECT_THAT(Fires(Hourly("Asia/Kolkata"), absl::CivilSecond(2026, 3, 1, 10, 59, 59), 2),
              ElementsAre("01 11:00:00 +0530", "01 12:00:00 +0530"));
}

TEST(ScheduleTest, HourlyIsEveryHourThroughBothChanges) {
  EXPECT_THAT(Fires(Hourly("Europe/Berlin"), absl::CivilSecond(2026, 3, 29, 0, 30, 0), 3),
              ElementsAre("29 01:00:00 +0100", "29 03:00:00 +0200", "29 04:00:00 +0200"));
  EXPECT_THAT(Fires(Hourly("Europe/Berlin"), absl::CivilSecond(2026, 10, 25, 1, 30, 0), 3),
              ElementsAre("25 02:00:00 +0200", "25 02:00:00 +0100", "25 03:00:00 +0100"));
}

// Lord Howe moves its clocks by half an hour, so the gap swallows a full hour and begins none.
TEST(ScheduleTest, HourlyThroughAChangeOfHalfAnHour) {
  EXPECT_THAT(Fires(Hourly("Australia/Lord_Howe"), absl::CivilSecond(2026, 10, 4, 0, 30, 0), 3),
              ElementsAre("04 01:00:00 +1030", "04 02:30:00 +1100", "04 03:00:00 +1100"));
  EXPECT_THAT(Fires(Hourly("Australia/Lord_Howe"), absl::CivilSecond(2026, 4, 5, 0, 30, 0), 3),
              ElementsAre("05 01:00:00 +1100", "05 02:00:00 +1030", "05 03:00:00 +1030"));
}

TEST(ScheduleTest, DailyFiresOnceAcrossASpringGap) {
  EXPECT_THAT(Fires(Daily("02:30", "Europe/Berlin"), absl::CivilSecond(2026, 3, 27, 12, 0, 0), 3),
              ElementsAre("28 02:30:00 +0100", "29 03:00:00 +0200", "30 02:30:00 +0200"));
}

TEST(ScheduleTest, DailyFiresOnceInAnAutumnOverlap) {
  EXPECT_THAT(Fires(Daily("02:30", "Europe/Berlin"), absl::CivilSecond(2026, 10, 24, 12, 0, 0), 2),
              ElementsAre("25 02:30:00 +0200", "26 02:30:00 +0100"));
}

TEST(ScheduleTest, DailyAtMidnightWhereTheGapIsAtMidnight) {
  EXPECT_THAT(Fires(Daily("00:00", "America/Santiago"), absl::CivilSecond(2025, 9, 6, 12, 0, 0), 2),
              ElementsAre("07 01:00:00 -0300", "08 00:00:00 -0300"));
}

// Samoa left out 30 December 2011.
TEST(ScheduleTest, DailyOnADayThatDidNotExist) {
  EXPECT_THAT(Fires(Daily("07:30", "Pacific/Apia"), absl::CivilSecond(2011, 12, 29, 7, 0, 0), 3),
              ElementsAre("29 07:30:00 -1000", "31 00:00:00 +1400", "31 07:30:00 +1400"));
}

TEST(ScheduleTest, CronTimesThatOneGapSkipsFireOnce) {
  EXPECT_THAT(Fires(Cron("10,40 2 * * *", "Europe/Berlin"), absl::CivilSecond(2026, 3, 28, 12, 0, 0), 2),
              ElementsAre("29 03:00:00 +0200", "30 02:10:00 +0200"));
  EXPECT_THAT(Fires(Cron("0,30 2-3 * * *", "Europe/Berlin"), absl::CivilSecond(2026, 3, 28, 12, 0, 0), 3),
              ElementsAre("29 03:00:00 +0200", "29 03:30:00 +0200", "30 02:00:00 +0200"));
}

TEST(ScheduleTest, CronTimesInAnOverlapFireOnceEach) {
  EXPECT_THAT(Fires(Cron("0,30 2 * * *", "Europe/Berlin"), absl::CivilSecond(2026, 10, 25, 1, 59, 59), 3),
              ElementsAre("25 02:00:00 +0200", "25 02:30:00 +0200", "26 02:00:00 +0100"));
}

TEST(ScheduleTest, EveryCountsFromTheEpoch) {
  ScheduleSpec spec = ParseEvery("7m").value();
  spec.time_zone = "Europe/Berlin";
  absl::Time at = absl::FromUnixSeconds(1767225600);
  for (int i = 0; i < 100; ++i) {
    const absl::Time next = NextFire(spec, at + absl::Seconds(i % 60)).value();
    EXPECT_EQ(absl::ToUnixSeconds(next) % 420, 0);
    EXPECT_GT(next, at + absl::Seconds(i % 60));
    EXPECT_LE(next, at + absl::Seconds(i % 60) + absl::Minutes(7));
    at = next;
  }
  EXPECT_EQ(NextFire(spec, absl::FromUnixSeconds(-1)).value(), absl::UnixEpoch());
}

TEST(ScheduleTest, IsStrictlyAfterToTheMicrosecond) {
  const absl::Time fire = absl::FromCivil(absl::CivilHour(2026, 1, 1, 5), absl::UTCTimeZone());
  EXPECT_EQ(NextFire(Hourly("UTC"), fire - absl::Microseconds(1)).value(), fire);
  EXPECT_EQ(NextFire(Hourly("UTC"), fire).value(), fire + absl::Hours(1));
  EXPECT_EQ(NextFire(Daily("05:00", "UTC"), fire - absl::Microseconds(1)).value(), fire);
  EXPECT_EQ(NextFire(Daily("05:00", "UTC"), fire + absl::Microseconds(1)).value(), fire + absl::Hours(24));
}

TEST(ScheduleTest, SaysThatItNeverFires) {
  const absl::Status status = NextFire(Cron("0 0 30 2 *", "UTC"), absl::UnixEpoch()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"cron 0 0 30 2 *\" never fires"));
  for (const absl::Time end : {absl::InfiniteFuture(), absl::InfinitePast()}) {
    EXPECT_EQ(NextFire(Hourly("UTC"), end).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(NextFire(Daily("00:00", "UTC"), end).status().code(), absl::StatusCode::kNotFound);
  }
}

TEST(ScheduleTest, RefusesZonesThatMeanSomethingElseElsewhere) {
  for (const absl::string_view wrong :
       {"", "Mars/Olympus", "localtime", "/etc/localtime", "../zoneinfo/UTC", "Fixed/UTC+05:00:00", "libc:UTC",
        "file:/etc/localtime", "CET ", "europe berlin"}) {
    ScheduleSpec spec;
    spec.time_zone = std::string(wrong);
    const absl::Status status = ValidateScheduleSpec(spec);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong;
    EXPECT_THAT(std::string(status.message()), HasSubstr("IANA"));
    EXPECT_EQ(NextFire(spec, absl::UnixEpoch()).status(), status);
  }
}

TEST(ScheduleTest, RefusesWrongSpecs) {
  ScheduleSpec spec;
  spec.kind = ScheduleKind::kDaily;
  spec.hour = 24;
  EXPECT_THAT(std::string(ValidateScheduleSpec(spec).message()), HasSubstr("24:00 is not a time of day"));
  spec.hour = -1;
  EXPECT_FALSE(ValidateScheduleSpec(spec).ok());
  spec = ScheduleSpec();
  spec.kind = ScheduleKind::kEvery;
  for (const absl::Duration wrong : {absl::ZeroDuration(), absl::Seconds(90), absl::Minutes(-5),
                                     absl::InfiniteDuration(), absl::Minutes(1) + absl::Nanoseconds(1)}) {
    spec.every = wrong;
    EXPECT_EQ(ValidateScheduleSpec(spec).code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
  EXPECT_EQ(ValidateScheduleSpec(Cron("* * *", "UTC")).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(ValidateScheduleSpec(Cron("0 0 30 2 *", "UTC")).ok());
}

TEST(ScheduleTest, ReadsAndWritesText) {
  EXPECT_EQ(FormatScheduleSpec(ScheduleSpec()), "hourly");
  EXPECT_EQ(FormatScheduleSpec(ParseDaily("07:30").value()), "daily 07:30");
  EXPECT_EQ(FormatScheduleSpec(ParseEvery("15m").value()), "every 15m");
  EXPECT_EQ(FormatScheduleSpec(ParseEvery("1h30m").value()), "every 1h30m");
  EXPECT_EQ(FormatScheduleSpec(ParseEvery("120m").value()), "every 2h");
  EXPECT_EQ(FormatScheduleSpec(Cron("0 3 * * 1", "UTC")), "cron 0 3 * * 1");
  for (const absl::string_view wrong : {"", "7:30", "24:00", "07:60", "0730", "07:3a", "-7:30", "07:30:00", " 7:30"}) {
    EXPECT_EQ(ParseDaily(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
  for (const absl::string_view wrong : {"", "0m", "0h0m", "15", "m", "h", "1m1h", "1h1h", "1.5h", "-5m", "90s", "15m ",
                                        "99999999999999999999h", "4294967297m", "9223372036854775807m"}) {
    EXPECT_EQ(ParseEvery(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
  EXPECT_EQ(ToString(ScheduledJob::kBuild), "build");
  EXPECT_EQ(ToString(ScheduledJob::kPull), "pull");
  EXPECT_EQ(ToString(ScheduledJob::kSync), "sync");
  EXPECT_EQ(ToString(ScheduledJob::kSyncFull), "sync-full");
}

// ---------------------------------------------------------------------------------------------------------------------
// Against a reference that looks at every minute: what its clock shows, whether it showed that before, what it jumped
// over.
// ---------------------------------------------------------------------------------------------------------------------

using Matcher = bool (*)(const CronPattern& pattern, absl::CivilMinute civil);

bool MatchesPattern(const CronPattern& pattern, absl::CivilMinute civil) {
  return NextMatch(pattern, civil - 1) == civil;
}

bool MatchesFullHour(const CronPattern&, absl::CivilMinute civil) { return civil.minute() == 0; }

bool ShownBefore(absl::TimeZone zone, absl::Time at) {
  const absl::CivilSecond civil = zone.At(at).cs;
  for (int minutes = 1; minutes <= 3 * 60; ++minutes) {
    if (zone.At(at - absl::Minutes(minutes)).cs == civil) return true;
  }
  return false;
}

bool JumpedOverAMatch(const CronPattern& pattern, Matcher matches, absl::TimeZone zone, absl::Time at) {
  const absl::CivilMinute now(zone.At(at).cs);
  for (absl::CivilMinute civil = absl::CivilMinute(zone.At(at - absl::Minutes(1)).cs) + 1; civil < now; ++civil) {
    if (matches(pattern, civil)) return true;
  }
  return false;
}

// The first fire after `after` and up to `until`; nullopt where there is none.
absl::optional<absl::Time> SlowNextFire(const CronPattern& pattern, Matcher matches, bool repeat, absl::TimeZone zone,
                                        absl::Time after, absl::Time until) {
  absl::Time at = absl::FromUnixSeconds((absl::ToUnixSeconds(after) / 60 + 1) * 60);
  for (; at <= until; at += absl::Minutes(1)) {
    const bool matches_now = matches(pattern, absl::CivilMinute(zone.At(at).cs));
    if (matches_now && (repeat || !ShownBefore(zone, at))) return at;
    if (JumpedOverAMatch(pattern, matches, zone, at)) return at;
  }
  return absl::nullopt;
}

class RandomScheduleTest : public ::testing::TestWithParam<const char*> {
 protected:
  // A time from 2005 to 2030, near a change of the zone's clocks where there is one.
  absl::Time RandomTime(absl::TimeZone zone) {
    const absl::Time base = absl::FromUnixSeconds(1104537600 + static_cast<int64_t>(random_() % 788918400));
    absl::TimeZone::CivilTransition change;
    if (random_() % 8 == 0 || !zone.NextTransition(base, &change)) return base;
    return zone.At(change.to).trans + absl::Seconds(static_cast<int64_t>(random_() % (12 * 3600)) - 8 * 3600);
  }

  std::string RandomCron() {
    const std::vector<std::string> minutes = {"*", "0", "30", "*/7", "59", "0,15,40", "10-50/20"};
    const std::vector<std::string> hours = {"*", "*", "2", "1-3", "0", "*/5", "23,0"};
    const std::vector<std::string> days = {"*", "*", "*", "*/2", "1-15"};
    const std::vector<std::string> weekdays = {"*", "*", "*", "sun", "1-5"};
    return absl::StrCat(minutes[random_() % minutes.size()], " ", hours[random_() % hours.size()], " ",
                        days[random_() % days.size()], " * ", weekdays[random_() % weekdays.size()]);
  }

  std::mt19937_64 random_{11};
};

TEST_P(RandomScheduleTest, CronAgreesWithTheReference) {
  const absl::TimeZone zone = Zone(GetParam());
  for (int i = 0; i < 150; ++i) {
    const std::string cron = RandomCron();
    const absl::Time after = RandomTime(zone);
    const absl::Time until = after + absl::Hours(26);
    const absl::StatusOr<absl::Time> next = NextFire(Cron(cron, GetParam()), after);
    ASSERT_TRUE(next.ok()) << next.status();
    ASSERT_GT(*next, after);
    const absl::optional<absl::Time> slow =
        SlowNextFire(ParseCron(cron).value(), &MatchesPattern, false, zone, after, until);
    if (slow.has_value()) {
      ASSERT_EQ(*next, *slow) << cron << " after " << absl::FormatTime(after, zone);
    } else {
      ASSERT_GT(*next, until) << cron << " after " << absl::FormatTime(after, zone);
    }
  }
}

TEST_P(RandomScheduleTest, HourlyAgreesWithTheReference) {
  const absl::TimeZone zone = Zone(GetParam());
  for (int i = 0; i < 1000; ++i) {
    const absl::Time after = RandomTime(zone);
    const absl::optional<absl::Time> slow =
        SlowNextFire(CronPattern(), &MatchesFullHour, true, zone, after, after + absl::Hours(3));
    ASSERT_TRUE(slow.has_value());
    ASSERT_EQ(NextFire(Hourly(GetParam()), after).value(), *slow) << absl::FormatTime(after, zone);
  }
}

// Half hours and quarters off UTC, changes of half an hour and of two, at midnight and around Ramadan, and a day left
// out.
INSTANTIATE_TEST_SUITE_P(Zones, RandomScheduleTest,
                         ::testing::Values("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                                           "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca",
                                           "America/Santiago", "Asia/Beirut", "Antarctica/Troll", "America/Caracas"));

}  // namespace
}  // namespace flxlink::model
