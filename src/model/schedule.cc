#include "flxlink/schedule.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/types/optional.h"
#include "src/model/cron.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

// Beyond the years 1 to 9999 civil times are not worth their overflows.
constexpr absl::Time kFirstTime = absl::FromUnixSeconds(-62135596800);
constexpr absl::Time kLastTime = absl::FromUnixSeconds(253402300799);

absl::StatusOr<absl::TimeZone> LoadZone(absl::string_view name) {
  absl::TimeZone zone;
  // absl also loads files by their path, and what this machine calls its own time: neither means the same elsewhere.
  const bool is_plain = !name.empty() && name[0] != '/' && name != "localtime" && !absl::StartsWith(name, "Fixed/") &&
                        name.find_first_of(".:\\") == absl::string_view::npos &&
                        name.find('\0') == absl::string_view::npos;
  if (!is_plain || !absl::LoadTimeZone(name, &zone)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there is no time zone ", model::Quote(name),
        "; use UTC or a name of the IANA database, such as Europe/Berlin (Debian has it in the package tzdata)"));
  }
  return zone;
}

absl::Status ValidateTime(const ScheduleSpec& spec) {
  if (spec.hour < 0 || spec.hour > 23 || spec.minute < 0 || spec.minute > 59) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%02d:%02d is not a time of day; use HH:MM from 00:00 to 23:59", spec.hour, spec.minute));
  }
  return absl::OkStatus();
}

absl::Status ValidateEvery(absl::Duration every) {
  if (every < absl::Minutes(1) || every == absl::InfiniteDuration() ||
      every % absl::Minutes(1) != absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat("a schedule cannot run every ", absl::FormatDuration(every),
                                                   "; use whole minutes, at least one, such as 15m or 2h"));
  }
  return absl::OkStatus();
}

// Takes a number and `unit` off the front of `*text`. False, and nothing taken, where it begins with something else.
bool ConsumeCount(absl::string_view* text, char unit, int64_t* count) {
  const size_t digits = std::min(text->find_first_not_of("0123456789"), text->size());
  const bool has_unit = digits < text->size() && (*text)[digits] == unit;
  if (!has_unit || !absl::SimpleAtoi(text->substr(0, digits), count)) return false;
  text->remove_prefix(digits + 1);
  return true;
}

// When a run that is meant for a civil time fires.
absl::Time FireOf(absl::CivilMinute civil, absl::TimeZone zone) {
  const absl::TimeZone::TimeInfo info = zone.At(absl::CivilSecond(civil));
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
}

// FireOf never falls as the civil time rises, so the first match whose fire is late enough is the next one.
absl::optional<absl::Time> NextCivilFire(const model::CronPattern& pattern, absl::TimeZone zone, absl::Time after) {
  absl::CivilMinute civil(zone.At(after).cs);
  for (;;) {
    const absl::optional<absl::CivilMinute> next = model::NextMatch(pattern, civil);
    if (!next.has_value()) return absl::nullopt;
    const absl::Time fire = FireOf(*next, zone);
    if (fire > after) return fire;
    civil = *next;
  }
}

// When the zone's clocks are changed next, after `at`.
absl::Time NextChange(absl::TimeZone zone, absl::Time at) {
  absl::TimeZone::CivilTransition change;
  return zone.NextTransition(at, &change) ? zone.At(change.to).trans : absl::InfiniteFuture();
}

// The first instant from `from` on at which a clock that is `offset` ahead of UTC shows a match.
absl::optional<absl::Time> FirstShown(const model::CronPattern& pattern, absl::Duration offset, absl::Time from) {
  constexpr absl::CivilMinute kEpoch(1970, 1, 1, 0, 0);
  const absl::Duration shown = absl::Ceil(from - absl::UnixEpoch() + offset, absl::Minutes(1));
  const absl::optional<absl::CivilMinute> match = model::NextMatch(pattern, kEpoch + shown / absl::Minutes(1) - 1);
  if (!match.has_value()) return absl::nullopt;
  return absl::UnixEpoch() + absl::Minutes(*match - kEpoch) - offset;
}

// The first instant from `from` on at which what the last gap before it skipped was to be, had the clocks not been
// changed; InfiniteFuture where nothing of that is left.
absl::Time FirstSkipped(const model::CronPattern& pattern, absl::TimeZone zone, absl::Time from) {
  absl::TimeZone::CivilTransition change;
  // It looks for changes before whole seconds, on which all of them are.
  if (!zone.PrevTransition(from + absl::Seconds(1), &change)) return absl::InfiniteFuture();
  const absl::Duration gap = absl::Seconds(change.to - change.from);
  const absl::Time end = zone.At(change.to).trans + gap;
  if (from >= end) return absl::InfiniteFuture();
  const absl::Duration old_offset = absl::Seconds(zone.At(from).offset) - gap;
  const absl::optional<absl::Time> skipped = FirstShown(pattern, old_offset, from);
  return skipped.has_value() && *skipped < end ? *skipped : absl::InfiniteFuture();
}

// What repeats goes on at its pace: a match fires each time that the clocks show it, and one that a gap skips when it
// would have been, had the clocks not been changed. All fires are on whole seconds.
absl::optional<absl::Time> NextPacedFire(const model::CronPattern& pattern, absl::TimeZone zone, absl::Time after) {
  absl::Time from = absl::FromUnixSeconds(absl::ToUnixSeconds(after) + 1);
  for (;;) {
    const absl::optional<absl::Time> shown = FirstShown(pattern, absl::Seconds(zone.At(from).offset), from);
    if (!shown.has_value()) return absl::nullopt;
    const absl::Time fire = std::min(*shown, FirstSkipped(pattern, zone, from));
    const absl::Time change = NextChange(zone, from);
    if (fire < change) return fire;
    from = change;
  }
}

absl::optional<absl::Time> NextPatternFire(const model::CronPattern& pattern, absl::TimeZone zone, absl::Time after) {
  return pattern.repeats ? NextPacedFire(pattern, zone, after) : NextCivilFire(pattern, zone, after);
}

// The first instant after `after` that is a whole number of `unit` from the Unix epoch.
absl::Time NextMultiple(absl::Duration unit, absl::Time after) {
  return absl::UnixEpoch() + absl::Floor(after - absl::UnixEpoch(), unit) + unit;
}

absl::StatusOr<absl::optional<absl::Time>> FindNextFire(const ScheduleSpec& spec, absl::TimeZone zone,
                                                        absl::Time after) {
  switch (spec.kind) {
    case ScheduleKind::kHourly:
      return NextPatternFire(model::HourlyPattern(), zone, after);
    case ScheduleKind::kDaily:
      return NextPatternFire(model::DailyPattern(spec.hour, spec.minute), zone, after);
    case ScheduleKind::kEvery:
      return absl::make_optional(NextMultiple(spec.every, after));
    case ScheduleKind::kCron: {
      const absl::StatusOr<model::CronPattern> pattern = model::ParseCron(spec.cron);
      if (!pattern.ok()) return pattern.status();
      return NextPatternFire(*pattern, zone, after);
    }
  }
  return absl::InvalidArgumentError("the schedule is of no known kind");
}

}  // namespace

absl::Status ValidateScheduleSpec(const ScheduleSpec& spec) {
  if (absl::StatusOr<absl::TimeZone> zone = LoadZone(spec.time_zone); !zone.ok()) return zone.status();
  switch (spec.kind) {
    case ScheduleKind::kHourly:
      return absl::OkStatus();
    case ScheduleKind::kDaily:
      return ValidateTime(spec);
    case ScheduleKind::kEvery:
      return ValidateEvery(spec.every);
    case ScheduleKind::kCron:
      return model::ParseCron(spec.cron).status();
  }
  return absl::InvalidArgumentError("the schedule is of no known kind");
}

absl::StatusOr<ScheduleSpec> ParseDaily(absl::string_view text) {
  ScheduleSpec spec;
  spec.kind = ScheduleKind::kDaily;
  const auto is_digit = [&](size_t i) { return absl::ascii_isdigit(static_cast<unsigned char>(text[i])); };
  if (text.size() != 5 || text[2] != ':' || !is_digit(0) || !is_digit(1) || !is_digit(3) || !is_digit(4) ||
      !absl::SimpleAtoi(text.substr(0, 2), &spec.hour) || !absl::SimpleAtoi(text.substr(3), &spec.minute)) {
    return absl::InvalidArgumentError(
        absl::StrCat(model::Quote(text), " is not a time of day; use HH:MM, such as 07:30"));
  }
  if (absl::Status status = ValidateTime(spec); !status.ok()) return status;
  return spec;
}

absl::StatusOr<ScheduleSpec> ParseEvery(absl::string_view text) {
  constexpr int64_t kMaxMinutes = int64_t{1} << 32;
  absl::string_view rest = text;
  int64_t hours = 0;
  int64_t minutes = 0;
  const bool has_hours = ConsumeCount(&rest, 'h', &hours);
  const bool has_minutes = ConsumeCount(&rest, 'm', &minutes);
  if (!rest.empty() || (!has_hours && !has_minutes) || hours > kMaxMinutes / 60 || minutes > kMaxMinutes) {
    return absl::InvalidArgumentError(
        absl::StrCat(model::Quote(text), " is not an interval; use such as 15m, 2h or 1h30m"));
  }
  ScheduleSpec spec;
  spec.kind = ScheduleKind::kEvery;
  spec.every = absl::Hours(hours) + absl::Minutes(minutes);
  if (absl::Status status = ValidateEvery(spec.every); !status.ok()) return status;
  return spec;
}

std::string FormatScheduleSpec(const ScheduleSpec& spec) {
  switch (spec.kind) {
    case ScheduleKind::kHourly:
      return "hourly";
    case ScheduleKind::kDaily:
      return absl::StrFormat("daily %02d:%02d", spec.hour, spec.minute);
    case ScheduleKind::kEvery:
      return absl::StrCat("every ", absl::FormatDuration(spec.every));
    case ScheduleKind::kCron:
      return absl::StrCat("cron ", spec.cron);
  }
  return "";
}

absl::StatusOr<absl::Time> NextFire(const ScheduleSpec& spec, absl::Time after) {
  if (absl::Status status = ValidateScheduleSpec(spec); !status.ok()) return status;
  if (after < kFirstTime || after > kLastTime) {
    return absl::NotFoundError(
        absl::StrCat("no schedule has a fire after ", absl::FormatTime(after, absl::UTCTimeZone())));
  }
  const absl::StatusOr<absl::optional<absl::Time>> next = FindNextFire(spec, *LoadZone(spec.time_zone), after);
  if (!next.ok()) return next.status();
  if (next->has_value() && **next != absl::InfiniteFuture()) return **next;
  return absl::NotFoundError(absl::StrCat("the schedule ", model::Quote(FormatScheduleSpec(spec)),
                                          " never fires; check its day of the month and its month"));
}

absl::string_view ToString(ScheduledJob job) {
  switch (job) {
    case ScheduledJob::kBuild:
      return "build";
    case ScheduledJob::kPull:
      return "pull";
    case ScheduledJob::kSync:
      return "sync";
    case ScheduledJob::kSyncFull:
      return "sync-full";
  }
  return "";
}

absl::Status ValidateScheduleName(absl::string_view name) {
  const auto is_name_character = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  };
  if (!name.empty() && std::all_of(name.begin(), name.end(), is_name_character)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(model::Quote(name),
                                                 " cannot be a schedule's name; use letters, digits, '.', '_' and "
                                                 "'-', such as nightly"));
}

}  // namespace flxlink
