#include "src/cli/schedule_commands.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "flxlink/engine.h"
#include "flxlink/schedule.h"
#include "src/cli/json_view.h"
#include "src/cli/option_checks.h"
#include "src/cli/print.h"
#include "src/cli/text_table.h"
#include "src/cli/usage_error.h"

namespace flxlink::cli {
namespace {

struct ScheduleFlags {
  std::string channel;
  std::string name;
  // One of these is given.
  bool hourly = false;
  std::string daily;
  std::string every;
  std::string cron;
  std::string time_zone = "UTC";
  std::string job = "sync";
};

absl::StatusOr<ScheduleSpec> ParseWhen(const ScheduleFlags& flags) {
  if (!flags.daily.empty()) return ParseDaily(flags.daily);
  if (!flags.every.empty()) return ParseEvery(flags.every);
  ScheduleSpec spec;
  spec.kind = flags.hourly ? ScheduleKind::kHourly : ScheduleKind::kCron;
  spec.cron = flags.cron;
  return spec;
}

absl::StatusOr<ScheduleSpec> ReadSpec(const ScheduleFlags& flags) {
  absl::StatusOr<ScheduleSpec> spec = ParseWhen(flags);
  if (!spec.ok()) return UsageError(spec.status().message());
  spec->time_zone = flags.time_zone;
  // A schedule that never fires is as wrong as one that cannot be read.
  if (absl::StatusOr<absl::Time> next = NextFire(*spec, absl::Now()); !next.ok()) {
    return UsageError(next.status().message());
  }
  return spec;
}

ScheduledJob ReadJob(const std::string& text) {
  for (const ScheduledJob job : {ScheduledJob::kBuild, ScheduledJob::kPull, ScheduledJob::kSyncFull}) {
    if (text == ToString(job)) return job;
  }
  return ScheduledJob::kSync;
}

std::string DescribeSpec(const ScheduleSpec& spec) {
  return absl::StrCat(FormatScheduleSpec(spec), " (", spec.time_zone, ")");
}

// "schedule sync of shop".
std::string Name(const Schedule& schedule) {
  return absl::StrCat("schedule ", schedule.name, " of ", schedule.channel);
}

std::string DescribeNext(const Schedule& schedule) {
  if (schedule.enabled) return FormatInstant(schedule.next_fire);
  return schedule.problem.empty() ? "disabled" : absl::StrCat("disabled: ", OneLine(schedule.problem.message));
}

// Prints a schedule that was changed: all of it for programs, `done` for people.
absl::Status PrintChanged(Session& session, const Schedule& schedule, absl::string_view done) {
  if (session.json()) return PrintJson(ScheduleView(schedule));
  return PrintLine(absl::StrCat(Name(schedule), ": ", done, ToString(schedule.job), " ", DescribeSpec(schedule.spec),
                                schedule.enabled ? ", next at " : ", ", DescribeNext(schedule)));
}

absl::Status Set(Session& session, const ScheduleFlags& flags) {
  absl::StatusOr<ScheduleSpec> spec = ReadSpec(flags);
  if (!spec.ok()) return spec.status();
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  const absl::StatusOr<ScheduleSetting> set =
      session.engine().SetSchedule(flags.channel, *spec, ReadJob(flags.job), flags.name);
  if (!set.ok()) return set.status();
  if (!session.json()) return PrintChanged(session, set->schedule, set->replaced ? "replaced; now " : "");
  Json view = ScheduleView(set->schedule);
  view["replaced"] = set->replaced;
  return PrintJson(view);
}

absl::Status SetEnabled(Session& session, const ScheduleFlags& flags, bool enabled) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  const absl::StatusOr<Schedule> schedule = session.engine().EnableSchedule(flags.channel, flags.name, enabled);
  return schedule.ok() ? PrintChanged(session, *schedule, "") : schedule.status();
}

absl::Status Clear(Session& session, const ScheduleFlags& flags) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  const absl::StatusOr<Schedule> schedule = session.engine().ClearSchedule(flags.channel, flags.name);
  if (!schedule.ok()) return schedule.status();
  if (session.json()) return PrintJson({{"channel", flags.channel}, {"name", schedule->name}, {"cleared", true}});
  return PrintLine(absl::StrCat(Name(*schedule), ": cleared"));
}

absl::Status ListAsJson(const std::vector<Schedule>& schedules) {
  JsonArray array;
  for (const Schedule& schedule : schedules) {
    if (absl::Status status = array.Add(ScheduleView(schedule)); !status.ok()) return status;
  }
  return array.Finish();
}

absl::Status List(Session& session) {
  absl::StatusOr<std::vector<Schedule>> schedules = session.engine().ListSchedules();
  if (!schedules.ok()) return schedules.status();
  if (session.json()) return ListAsJson(*schedules);
  TextTable table({"CHANNEL", "SCHEDULE", "JOB", "WHEN", "NEXT"});
  for (const Schedule& schedule : *schedules) {
    const absl::Status status = table.AddRow({schedule.channel, schedule.name, std::string(ToString(schedule.job)),
                                              DescribeSpec(schedule.spec), DescribeNext(schedule)});
    if (!status.ok()) return status;
  }
  return table.Finish();
}

void AddSetOptions(CLI::App* command, ScheduleFlags& flags) {
  CLI::App* when = command->add_option_group("When")->require_option(1);
  when->add_flag("--hourly", flags.hourly, "At every full hour");
  when->add_option("--daily", flags.daily, "Every day at this time")
      ->check(Parses([](const std::string& text) { return ParseDaily(text).status(); }))
      ->type_name("HH:MM");
  when->add_option("--every", flags.every, "Such as 15m or 1h30m")
      ->check(Parses([](const std::string& text) { return ParseEvery(text).status(); }))
      ->type_name("DURATION");
  when->add_option("--cron", flags.cron, "Minute, hour, day of month, month, day of week")->type_name("EXPR");
  command->add_option("--tz", flags.time_zone, "An IANA time zone (default: UTC)")->type_name("ZONE");
  TakeOneOf(command->add_option("--job", flags.job, "What to run (default: sync)"),
            {"build", "pull", "sync", "sync-full"});
}

}  // namespace

void AddScheduleCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* group = app.add_subcommand("schedule", "Say when a channel's jobs are made by themselves");
  group->require_subcommand(1);
  const auto flags = std::make_shared<ScheduleFlags>();
  const auto add_command = [&](const char* name, const char* help,
                               std::function<absl::Status(Session&, const ScheduleFlags&)> work,
                               const char* name_help) {
    CLI::App* command = group->add_subcommand(name, help);
    command->add_option("CHANNEL", flags->channel, "The channel's name")->required()->type_name("");
    command->add_option("--name", flags->name, name_help)
        ->check(Parses([](const std::string& text) { return ValidateScheduleName(text); }))
        ->type_name("N");
    SetWork(command, globals, action,
            [flags, work = std::move(work)](Session& session) { return work(session, *flags); });
    return command;
  };
  CLI::App* set = add_command("set", "Set a schedule of the channel, in place of the one of that name", &Set,
                              "Its name (default: the job it makes)");
  AddSetOptions(set, *flags);
  const char* const which = "Which of its schedules, where it has several";
  add_command(
      "enable", "Let it fire again, from now on",
      [](Session& session, const ScheduleFlags& given) { return SetEnabled(session, given, true); }, which);
  add_command(
      "disable", "Keep it from firing",
      [](Session& session, const ScheduleFlags& given) { return SetEnabled(session, given, false); }, which);
  add_command("clear", "Remove a schedule of the channel", &Clear, which);
  SetWork(group->add_subcommand("list", "List the schedules"), globals, action, &List);
}

}  // namespace flxlink::cli
