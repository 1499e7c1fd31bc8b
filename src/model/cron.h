// Cron expressions, as sets of civil times. Time zones are the business of schedule.cc.

#ifndef FLXLINK_SRC_MODEL_CRON_H_
#define FLXLINK_SRC_MODEL_CRON_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/optional.h"

namespace flxlink::model {

// What a cron expression matches: in each set, bit n stands for n.
struct CronPattern {
  uint64_t minutes = 0;
  uint64_t hours = 0;
  uint64_t days = 0;         // Of the month, from 1.
  uint64_t months = 0;       // From 1.
  uint64_t weekdays = 0;     // From Sunday, 0.
  bool any_day = false;      // The day of the month is `*` or begins with it …
  bool any_weekday = false;  // … and so the day of the week. Where neither does, either may match.
  // The hour begins with `*`: the pattern is a pace through the day, not a set of times of day.
  bool repeats = false;
};

// Reads the five fields that ScheduleSpec::cron describes. INVALID_ARGUMENT names the field that is wrong.
absl::StatusOr<CronPattern> ParseCron(absl::string_view text);

// Matches one minute of every day.
CronPattern DailyPattern(int hour, int minute);

// Matches minute 0 of every hour, and repeats.
CronPattern HourlyPattern();

// The first civil minute after `after` that matches; nullopt where there is none in 40 years, in which every date, the
// leap day too, falls on every day of the week.
absl::optional<absl::CivilMinute> NextMatch(const CronPattern& pattern, absl::CivilMinute after);

}  // namespace flxlink::model

#endif  // FLXLINK_SRC_MODEL_CRON_H_
