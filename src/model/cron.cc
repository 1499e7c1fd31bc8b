#include "src/model/cron.h"

#include <algorithm>
#include <vector>

#include "absl/numeric/bits.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "src/model/quote.h"

namespace flxlink::model {
namespace {

constexpr absl::string_view kMonthNames[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                             "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr absl::string_view kWeekdayNames[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

// One of the five fields.
struct CronField {
  absl::string_view name;
  int low;
  int high;
  absl::Span<const absl::string_view> words;  // What may stand for `low` and the numbers after it.
};

constexpr CronField kMinute = {"minute", 0, 59, {}};
constexpr CronField kHour = {"hour", 0, 23, {}};
constexpr CronField kDay = {"day of the month", 1, 31, {}};
constexpr CronField kMonth = {"month", 1, 12, kMonthNames};
constexpr CronField kWeekday = {"day of the week", 0, 7, kWeekdayNames};

// A greater step means the same and could overflow.
constexpr int kMaxStep = 60;

// A century without a leap day in its last year stretches the cycle of dates and days of the week from 28 to 40 years.
constexpr int kYearsToSearch = 40;

bool Contains(uint64_t set, int number) { return (set >> number & 1) != 0; }

absl::Status FieldError(const CronField& field, absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("the ", field.name, " of a cron expression cannot be ", Quote(text),
                                                 "; use *, numbers from ", field.low, " to ", field.high,
                                                 ", rising ranges a-b, steps */n or a-b/n, and lists of these"));
}

// Digits only: SimpleAtoi would take spaces and signs too.
bool ParseNumber(absl::string_view text, int* number) {
  return text.find_first_not_of("0123456789") == absl::string_view::npos && absl::SimpleAtoi(text, number);
}

bool ParseValue(const CronField& field, absl::string_view text, int* value) {
  for (size_t i = 0; i < field.words.size(); ++i) {
    if (absl::EqualsIgnoreCase(field.words[i], text)) {
      *value = field.low + static_cast<int>(i);
      return true;
    }
  }
  return ParseNumber(text, value) && *value >= field.low && *value <= field.high;
}

struct CronRange {
  int first;
  int last;
};

// Reads "*", a number or a range.
bool ParseRange(const CronField& field, absl::string_view text, CronRange* range) {
  *range = {field.low, field.high};
  if (text == "*") return true;
  const std::vector<absl::string_view> ends = absl::StrSplit(text, '-');
  return ends.size() <= 2 && ParseValue(field, ends.front(), &range->first) &&
         ParseValue(field, ends.back(), &range->last) && range->first <= range->last;
}

// Adds what one element of a field's list matches. A step needs something to go through: `*` or a range.
bool ParseElement(const CronField& field, absl::string_view text, uint64_t* set) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  CronRange range;
  int step = 1;
  if (parts.size() > 2 || !ParseRange(field, parts[0], &range)) return false;
  if (parts.size() == 2) {
    const bool has_range = parts[0] == "*" || absl::StrContains(parts[0], '-');
    if (!has_range || !ParseNumber(parts[1], &step) || step == 0) return false;
  }
  for (int n = range.first; n <= range.last; n += std::min(step, kMaxStep)) *set |= uint64_t{1} << n;
  return true;
}

absl::StatusOr<uint64_t> ParseField(const CronField& field, absl::string_view text) {
  uint64_t set = 0;
  for (const absl::string_view element : absl::StrSplit(text, ',')) {
    if (!ParseElement(field, element, &set)) return FieldError(field, text);
  }
  return set;
}

bool MatchesDay(const CronPattern& pattern, absl::CivilDay day) {
  const bool day_matches = Contains(pattern.days, day.day());
  // absl counts from Monday.
  const int weekday = (static_cast<int>(absl::GetWeekday(day)) + 1) % 7;
  const bool weekday_matches = Contains(pattern.weekdays, weekday);
  if (pattern.any_day || pattern.any_weekday) return day_matches && weekday_matches;
  return day_matches || weekday_matches;
}

// The least number in `set` from `from` on; nullopt where there is none.
absl::optional<int> NextIn(uint64_t set, int from) {
  const uint64_t rest = from < 64 ? set >> from << from : 0;
  if (rest == 0) return absl::nullopt;
  return absl::countr_zero(rest);
}

// The first match on `day` from the given time of day on.
absl::optional<absl::CivilMinute> NextOnDay(const CronPattern& pattern, absl::CivilDay day, int hour, int minute) {
  if (Contains(pattern.hours, hour)) {
    if (const absl::optional<int> found = NextIn(pattern.minutes, minute); found.has_value()) {
      return absl::CivilMinute(day.year(), day.month(), day.day(), hour, *found);
    }
  }
  const absl::optional<int> next_hour = NextIn(pattern.hours, hour + 1);
  if (!next_hour.has_value()) return absl::nullopt;
  return absl::CivilMinute(day.year(), day.month(), day.day(), *next_hour, absl::countr_zero(pattern.minutes));
}

}  // namespace

absl::StatusOr<CronPattern> ParseCron(absl::string_view text) {
  const std::vector<absl::string_view> fields = absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (fields.size() != 5) {
    return absl::InvalidArgumentError(
        absl::StrCat("the cron expression ", Quote(text), " has ", fields.size(),
                     " fields; give five: minute, hour, day of the month, month, day of the week"));
  }
  CronPattern pattern;
  struct Part {
    const CronField& field;
    uint64_t* set;
  };
  const Part parts[] = {{kMinute, &pattern.minutes},
                        {kHour, &pattern.hours},
                        {kDay, &pattern.days},
                        {kMonth, &pattern.months},
                        {kWeekday, &pattern.weekdays}};
  for (size_t i = 0; i < fields.size(); ++i) {
    const absl::StatusOr<uint64_t> set = ParseField(parts[i].field, fields[i]);
    if (!set.ok()) return set.status();
    *parts[i].set = *set;
  }
  if (Contains(pattern.weekdays, 7)) pattern.weekdays |= 1;
  pattern.any_day = absl::StartsWith(fields[2], "*");
  pattern.any_weekday = absl::StartsWith(fields[4], "*");
  pattern.repeats = absl::StartsWith(fields[1], "*");
  return pattern;
}

CronPattern DailyPattern(int hour, int minute) {
  CronPattern pattern = HourlyPattern();
  pattern.minutes = uint64_t{1} << minute;
  pattern.hours = uint64_t{1} << hour;
  pattern.repeats = false;
  return pattern;
}

CronPattern HourlyPattern() {
  CronPattern pattern;
  pattern.minutes = 1;
  pattern.hours = (uint64_t{1} << 24) - 1;
  pattern.days = pattern.months = pattern.weekdays = ~uint64_t{0};
  pattern.any_day = pattern.any_weekday = pattern.repeats = true;
  return pattern;
}

absl::optional<absl::CivilMinute> NextMatch(const CronPattern& pattern, absl::CivilMinute after) {
  const absl::CivilMinute start = after + 1;
  absl::CivilDay day(start);
  const absl::CivilYear last_year = absl::CivilYear(start) + kYearsToSearch;
  int hour = start.hour();
  int minute = start.minute();
  while (absl::CivilYear(day) <= last_year) {
    if (!Contains(pattern.months, day.month())) {
      day = absl::CivilDay(absl::CivilMonth(day) + 1);
    } else {
      if (MatchesDay(pattern, day)) {
        const absl::optional<absl::CivilMinute> found = NextOnDay(pattern, day, hour, minute);
        if (found.has_value()) return found;
      }
      ++day;
    }
    hour = minute = 0;
  }
  return absl::nullopt;
}

}  // namespace flxlink::model
