// Schedules: when a channel's jobs are made by themselves.
//
// Civil times are in the schedule's time zone. A time of day that a spring change skips fires once, at the first
// instant after the gap; one that an autumn change repeats fires once, at its first occurrence. What repeats through
// the day (kHourly, kEvery, a cron expression whose hour is * or */n) goes on through both at its pace: it fires in
// both of the two hours that the clocks show in autumn, and in spring when it would have fired, had the clocks not been
// changed. Fires that nobody was there for are made up by one.
//
// Plain data and pure functions.

#ifndef FLXLINK_SCHEDULE_H_
#define FLXLINK_SCHEDULE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flxlink/problem.h"

namespace flxlink {

enum class ScheduleKind : uint8_t {
  kHourly,  // At minute 0 of every hour.
  kDaily,   // At `hour`:`minute`, every day.
  kEvery,   // Every `every`, counted from the Unix epoch so that it does not drift.
  kCron,    // When `cron` matches.
};

// What a schedule makes.
enum class ScheduledJob : uint8_t { kBuild, kPull, kSync, kSyncFull };

struct ScheduleSpec {
  ScheduleKind kind = ScheduleKind::kHourly;
  // kDaily.
  int32_t hour = 0;
  // kDaily.
  int32_t minute = 0;
  // kEvery: whole minutes, at least one.
  absl::Duration every = absl::Minutes(15);
  // kCron: five fields (minute, hour, day of month, month, day of week), each *, a number, a range a-b, a list a,b, or
  // a step */n or a-b/n; months and days of the week also by their English three letters; Sunday is 0 and 7. As in
  // crontab(5), where both day fields are restricted either may match. One whose hour begins with * repeats; any other,
  // be its hours a range with a step, is a set of times of day.
  std::string cron;
  // A name of the IANA time zone database.
  std::string time_zone = "UTC";
};

// OK, or INVALID_ARGUMENT naming the part that is wrong.
absl::Status ValidateScheduleSpec(const ScheduleSpec& spec);

// Reads "HH:MM" into a kDaily spec, "15m", "2h", "1h30m" into a kEvery spec. INVALID_ARGUMENT otherwise.
absl::StatusOr<ScheduleSpec> ParseDaily(absl::string_view text);
absl::StatusOr<ScheduleSpec> ParseEvery(absl::string_view text);

// "hourly", "daily 07:30", "every 15m", "cron 0 3 * * 1".
std::string FormatScheduleSpec(const ScheduleSpec& spec);

// The first fire strictly after `after`. INVALID_ARGUMENT: the spec is wrong; NOT_FOUND: it never fires (February 30).
absl::StatusOr<absl::Time> NextFire(const ScheduleSpec& spec, absl::Time after);

// "build", "pull", "sync", "sync-full".
absl::string_view ToString(ScheduledJob job);

// OK, or INVALID_ARGUMENT: a schedule's name is letters, digits, '.', '_' and '-', and not empty.
absl::Status ValidateScheduleName(absl::string_view name);

// A schedule of a channel, which may have several.
struct Schedule {
  int64_t channel_id = 0;
  // The channel's name. Set by reading; not looked at by writing.
  std::string channel;
  // One of its own among the channel's schedules.
  std::string name;
  ScheduleSpec spec;
  ScheduledJob job = ScheduledJob::kSync;
  bool enabled = true;
  absl::Time next_fire;
  // Why its next fire cannot be computed any more, which disabled it. Empty: it can.
  Problem problem;
};

}  // namespace flxlink

#endif  // FLXLINK_SCHEDULE_H_
