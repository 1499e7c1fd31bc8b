#include "flxlink/schedule.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

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

// A gap delays what repeats, and an overlap gives it another hour, as if the clocks had not been changed.
TEST(ScheduleTest, CronThatRepeatsKeepsItsPaceThroughBothChanges) {
  EXPECT_THAT(Fires(Cron("30 * * * *", "Europe/Berlin"), absl::CivilSecond(2026, 3, 29, 1, 0, 0), 3),
              ElementsAre("29 01:30:00 +0100", "29 03:30:00 +0200", "29 04:30:00 +0200"));
  EXPECT_THAT(Fires(Cron("0 */2 * * *", "Europe/Berlin"), absl::CivilSecond(2026, 3, 28, 23, 0, 0), 3),
              ElementsAre("29 00:00:00 +0100", "29 03:00:00 +0200", "29 04:00:00 +0200"));
  EXPECT_THAT(Fires(Cron("*/30 * * * *", "Europe/Berlin"), absl::CivilSecond(2026, 10, 25, 1, 59, 59), 5),
              ElementsAre("25 02:00:00 +0200", "25 02:30:00 +0200", "25 02:00:00 +0100", "25 02:30:00 +0100",
                          "25 03:00:00 +0100"));
  EXPECT_THAT(Fires(Cron("0 */2 * * *", "Europe/Berlin"), absl::CivilSecond(2026, 10, 25, 0, 30, 0), 3),
              ElementsAre("25 02:00:00 +0200", "25 02:00:00 +0100", "25 04:00:00 +0100"));
}

// Lord Howe's gap is shorter than the pace, so that what it skips comes besides what it does not.
TEST(ScheduleTest, CronThatRepeatsThroughAGapOfHalfAnHour) {
  EXPECT_THAT(Fires(Cron("10 * * * *", "Australia/Lord_Howe"), absl::CivilSecond(2026, 10, 4, 1, 0, 0), 3),
              ElementsAre("04 01:10:00 +1030", "04 02:40:00 +1100", "04 03:10:00 +1100"));
}

TEST(ScheduleTest, CronTimesInAnOverlapFireOnceEach) {
  EXPECT_THAT(Fires(Cron("0,30 2 * * *", "Europe/Berlin"), absl::CivilSecond(2026, 10, 25, 1, 59, 59), 3),
              ElementsAre("25 02:00:00 +0200", "25 02:30:00 +0200", "26 02:00:00 +0100"));
  // A range of hours is times of day, with a step or without.
  EXPECT_THAT(Fires(Cron("0 2-4/2 * * *", "Europe/Berlin"), absl::CivilSecond(2026, 10, 25, 1, 59, 59), 2),
              ElementsAre("25 02:00:00 +0200", "25 04:00:00 +0100"));
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
// Against a reference that walks real minutes, one after the other, and only looks at what the zone's clocks show: it
// reads cron expressions by itself, and searches nothing.
// ---------------------------------------------------------------------------------------------------------------------

// Whether a field of a cron expression that is known to be right matches.
bool SlowFieldMatches(const std::string& field, int low, int value) {
  for (const absl::string_view element : absl::StrSplit(field, ',')) {
    const std::pair<std::string, std::string> range_step = absl::StrSplit(element, absl::MaxSplits('/', 1));
    const std::pair<std::string, std::string> ends = absl::StrSplit(range_step.first, absl::MaxSplits('-', 1));
    const bool any = range_step.first == "*";
    const int first = any ? low : std::stoi(ends.first);
    const int last = any ? value : ends.second.empty() ? first : std::stoi(ends.second);
    const int step = range_step.second.empty() ? 1 : std::stoi(range_step.second);
    if (value >= first && value <= last && (value - first) % step == 0) return true;
  }
  return false;
}

// What a cron expression matches, looked up by number.
struct SlowCron {
  explicit SlowCron(const std::string& text) {
    const std::vector<std::string> fields = absl::StrSplit(text, ' ');
    for (int n = 0; n < 60; ++n) {
      minutes[n] = SlowFieldMatches(fields[0], 0, n);
      hours[n] = SlowFieldMatches(fields[1], 0, n);
      days[n] = SlowFieldMatches(fields[2], 1, n);
      weekdays[n] = SlowFieldMatches(fields[4], 0, n);
    }
    both_days = fields[2][0] == '*' || fields[4][0] == '*';
    repeats = fields[1][0] == '*';
  }

  bool Matches(absl::CivilMinute civil) const {
    const bool day = days[civil.day()];
    const bool weekday = weekdays[(static_cast<int>(absl::GetWeekday(civil)) + 1) % 7];
    return minutes[civil.minute()] && hours[civil.hour()] && (both_days ? day && weekday : day || weekday);
  }

  bool minutes[60];
  bool hours[60];
  bool days[60];
  bool weekdays[60];
  bool both_days;
  bool repeats;
};

// What the zone's clocks show at each minute from a time on.
std::vector<absl::CivilMinute> Clock(absl::TimeZone zone, absl::Time begin, absl::Time end) {
  std::vector<absl::CivilMinute> shown;
  for (absl::Time at = begin; at <= end; at += absl::Minutes(1)) shown.emplace_back(zone.At(at).cs);
  return shown;
}

// The minutes of the clock, but for its first, at which the expression fires. What repeats fires whenever it is shown;
// for as long as a gap is, an old clock that nobody changed goes on beside the new one. A time of day fires when it is
// shown for the first time, or when the clock jumps over it.
std::vector<int64_t> SlowFires(const SlowCron& cron, const std::vector<absl::CivilMinute>& clock) {
  std::vector<int64_t> fires;
  absl::CivilMinute latest = clock[0];
  int64_t gap = 0;
  int64_t old_clock_minutes = 0;
  for (size_t i = 1; i < clock.size(); ++i) {
    const absl::CivilMinute now = clock[i];
    const int64_t jump = now - clock[i - 1] - 1;
    if (jump > 0) gap = old_clock_minutes = jump;
    bool fires_now = cron.Matches(now) && (cron.repeats || now > latest);
    if (old_clock_minutes-- > 0) fires_now |= cron.repeats && cron.Matches(now - gap);
    for (absl::CivilMinute civil = clock[i - 1] + 1; !cron.repeats && civil < now; ++civil) {
      fires_now |= cron.Matches(civil);
    }
    if (fires_now) fires.push_back(static_cast<int64_t>(i));
    latest = std::max(latest, now);
  }
  return fires;
}

// The minutes from `begin` to `end`, but for the first, at which the schedule fires.
std::vector<int64_t> FiresOf(const ScheduleSpec& spec, absl::Time begin, absl::Time end) {
  std::vector<int64_t> fires;
  absl::StatusOr<absl::Time> next = NextFire(spec, begin);
  while (next.ok() && *next <= end) {
    EXPECT_EQ((*next - begin) % absl::Minutes(1), absl::ZeroDuration());
    fires.push_back((*next - begin) / absl::Minutes(1));
    next = NextFire(spec, *next);
  }
  EXPECT_TRUE(next.ok() || absl::IsNotFound(next.status())) << next.status();
  return fires;
}

absl::Time FloorToMinute(absl::Time time) {
  return absl::UnixEpoch() + absl::Floor(time - absl::UnixEpoch(), absl::Minutes(1));
}

class RandomScheduleTest : public ::testing::TestWithParam<const char*> {
 protected:
  // A time from 2005 to 2030, near a change of the zone's clocks where there is one.
  absl::Time RandomTime(absl::TimeZone zone) {
    const absl::Time base = absl::FromUnixSeconds(1104537600 + static_cast<int64_t>(random_() % 788918400));
    absl::TimeZone::CivilTransition change;
    if (random_() % 8 == 0 || !zone.NextTransition(base, &change)) return base;
    return zone.At(change.to).trans - absl::Seconds(static_cast<int64_t>(random_() % (24 * 3600)));
  }

  std::string RandomCron() {
    const std::vector<std::string> minutes = {"*", "0", "30", "*/7", "59", "0,15,40", "10-50/20"};
    const std::vector<std::string> hours = {"*", "*", "2", "1-3", "0", "*/5", "23,0", "0-6/2", "*/2,3"};
    const std::vector<std::string> days = {"*", "*", "*", "*/2", "1-15"};
    const std::vector<std::string> weekdays = {"*", "*", "*", "0", "1-5"};
    return absl::StrCat(minutes[random_() % minutes.size()], " ", hours[random_() % hours.size()], " ",
                        days[random_() % days.size()], " * ", weekdays[random_() % weekdays.size()]);
  }

  std::mt19937_64 random_{11};
};

TEST_P(RandomScheduleTest, CronAgreesWithTheReference) {
  const absl::TimeZone zone = Zone(GetParam());
  for (int i = 0; i < 100; ++i) {
    const std::string cron = RandomCron();
    // The reference has to see what was shown before a change.
    const absl::Time begin = FloorToMinute(RandomTime(zone)) - absl::Hours(4);
    const absl::Time end = begin + absl::Hours(30);
    ASSERT_EQ(FiresOf(Cron(cron, GetParam()), begin, end), SlowFires(SlowCron(cron), Clock(zone, begin, end)))
        << cron << " after " << absl::FormatTime(begin, zone);
  }
}

// Half hours and quarters off UTC, changes of half an hour and of two, at midnight and around Ramadan, and a day left
// out.
INSTANTIATE_TEST_SUITE_P(Zones, RandomScheduleTest,
                         ::testing::Values("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                                           "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca",
                                           "America/Santiago", "Asia/Beirut", "Antarctica/Troll", "America/Caracas"));

// The zones of this machine's database, but for those of other clocks (posix, right) and what no schedule takes.
std::vector<std::string> AllZones() {
  namespace fs = std::filesystem;
  const char* const given = std::getenv("TZDIR");
  const fs::path folder = given != nullptr ? given : "/usr/share/zoneinfo";
  std::vector<std::string> zones;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error); it != fs::end(it); it.increment(error)) {
    const std::string name = it->path().lexically_relative(folder).string();
    if (name == "posix" || name == "right") it.disable_recursion_pending();
    if (it->is_regular_file() && ValidateScheduleSpec(Hourly(name)).ok()) zones.push_back(name);
  }
  return zones;
}

// A change of a zone's clocks. Where two zones' agree, so does all that happens around them.
struct Change {
  absl::Time at;
  absl::Duration from;  // The offset before.
  absl::Duration to;

  bool operator<(const Change& other) const {
    return std::tie(at, from, to) < std::tie(other.at, other.from, other.to);
  }
};

// The changes from 2010 to 2029, and the zone that each was found in.
std::map<Change, std::string> AllChanges(const std::vector<std::string>& zones) {
  std::map<Change, std::string> changes;
  for (const std::string& name : zones) {
    const absl::TimeZone zone = Zone(name);
    absl::Time at = absl::FromCivil(absl::CivilDay(2010, 1, 1), zone);
    absl::TimeZone::CivilTransition civil;
    while (zone.NextTransition(at, &civil) && civil.to.year() < 2030) {
      const absl::Duration before = absl::Seconds(zone.At(zone.At(civil.to).trans - absl::Seconds(1)).offset);
      at = zone.At(civil.to).trans;
      changes.insert({{at, before, absl::Seconds(zone.At(at).offset)}, name});
    }
  }
  return changes;
}

ScheduleSpec Every(absl::string_view every, const std::string& zone) {
  ScheduleSpec spec = ParseEvery(every).value();
  spec.time_zone = zone;
  return spec;
}

// Compares everything that can be set with the reference, around the change.
void CheckChange(const Change& change, const std::string& name) {
  static const auto* const kCrons = new std::vector<std::string>{
      "*/15 * * * *", "30 * * * *",   "0 */2 * * *",    "40 */3 * * *",   "0 * * * 0",       "30 2 * * *",
      "0 3 * * *",    "0,30 2 * * *", "0,30 0-4 * * *", "*/20 1,2 * * *", "15 0-23/2 * * *", "59 23 * * *"};
  const absl::TimeZone zone = Zone(name);
  const absl::Duration shift = absl::AbsDuration(change.to - change.from);
  const absl::Time begin = change.at - shift - absl::Hours(4);
  const absl::Time end = change.at + shift + absl::Hours(4);
  const std::vector<absl::CivilMinute> clock = Clock(zone, begin, end);
  for (const std::string& cron : *kCrons) {
    ASSERT_EQ(FiresOf(Cron(cron, name), begin, end), SlowFires(SlowCron(cron), clock)) << cron;
  }
  ASSERT_EQ(FiresOf(Hourly(name), begin, end), SlowFires(SlowCron("0 * * * *"), clock)) << "hourly";
  for (const absl::string_view at : {"00:00", "02:30"}) {
    const std::string cron = absl::StrCat(at.substr(3), " ", at.substr(0, 2), " * * *");
    ASSERT_EQ(FiresOf(Daily(at, name), begin, end), SlowFires(SlowCron(cron), clock)) << "daily " << at;
  }
  std::vector<int64_t> fires;
  for (size_t i = 1; i < clock.size(); ++i) {
    const absl::Time at = begin + absl::Minutes(static_cast<int64_t>(i));
    if (absl::ToUnixSeconds(at) % (25 * 60) == 0) fires.push_back(static_cast<int64_t>(i));
  }
  ASSERT_EQ(FiresOf(Every("25m", name), begin, end), fires) << "every";
}

TEST(ScheduleZonesTest, EveryChangeOfEveryZoneAgreesWithTheReference) {
  const std::vector<std::string> zones = AllZones();
  if (zones.size() < 100) GTEST_SKIP() << "this machine has no whole database of time zones";
  int forward = 0;
  int back = 0;
  for (const auto& [change, zone] : AllChanges(zones)) {
    SCOPED_TRACE(absl::StrCat(zone, ", change of ", absl::FormatTime(change.at, absl::UTCTimeZone())));
    CheckChange(change, zone);
    if (HasFatalFailure()) return;
    (change.to > change.from ? forward : back) += 1;
  }
  EXPECT_GT(forward, 100);
  EXPECT_GT(back, 100);
  RecordProperty("zones", static_cast<int>(zones.size()));
  RecordProperty("changes", forward + back);
}

}  // namespace
}  // namespace flxlink::model
