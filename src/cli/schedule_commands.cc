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
  for (const ScheduledJob job : {ScheduledJob::kPull, ScheduledJob::kSyncFull}) {
    if (text == ToString(job)) return job;
  }
  return ScheduledJob::kSync;
}

std::string DescribeSpec(const ScheduleSpec& spec) {
  return absl::StrCat(FormatScheduleSpec(spec), " (", spec.time_zone, ")");
}

absl::Status PrintSchedule(Session& session, const std::string& channel, const absl::StatusOr<Schedule>& schedule) {
  if (!schedule.ok()) return schedule.status();
  if (session.json()) return PrintJson(ScheduleView(*schedule, channel));
  return PrintLine(
      absl::StrCat("schedule of ", channel, ": ", ToString(schedule->job), " ", DescribeSpec(schedule->spec),
                   schedule->enabled ? absl::StrCat(", next at ", FormatInstant(schedule->next_fire)) : ", disabled"));
}

absl::Status Set(Session& session, const ScheduleFlags& flags) {
  absl::StatusOr<ScheduleSpec> spec = ReadSpec(flags);
  if (!spec.ok()) return spec.status();
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  return PrintSchedule(session, flags.channel, session.engine().SetSchedule(flags.channel, *spec, ReadJob(flags.job)));
}

absl::Status SetEnabled(Session& session, const ScheduleFlags& flags, bool enabled) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  return PrintSchedule(session, flags.channel, session.engine().EnableSchedule(flags.channel, enabled));
}

absl::Status Clear(Session& session, const ScheduleFlags& flags) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  if (absl::Status status = session.engine().ClearSchedule(flags.channel); !status.ok()) return status;
  if (session.json()) return PrintJson({{"channel", flags.channel}, {"cleared", true}});
  return PrintLine(absl::StrCat("schedule of ", flags.channel, ": cleared"));
}

absl::Status ListAsJson(Session& session, const std::vector<Schedule>& schedules) {
  JsonArray array;
  for (const Schedule& schedule : schedules) {
    absl::StatusOr<std::string> channel = session.ChannelName(schedule.channel_id);
    if (!channel.ok()) return channel.status();
    if (absl::Status status = array.Add(ScheduleView(schedule, *channel)); !status.ok()) return status;
  }
  return array.Finish();
}

absl::Status List(Session& session) {
  absl::StatusOr<std::vector<Schedule>> schedules = session.engine().ListSchedules();
  if (!schedules.ok()) return schedules.status();
  if (session.json()) return ListAsJson(session, *schedules);
  TextTable table({"CHANNEL", "JOB", "WHEN", "NEXT"});
  for (const Schedule& schedule : *schedules) {
    absl::StatusOr<std::string> channel = session.ChannelName(schedule.channel_id);
    if (!channel.ok()) return channel.status();
    const absl::Status status =
        table.AddRow({*channel, std::string(ToString(schedule.job)), DescribeSpec(schedule.spec),
                      schedule.enabled ? FormatInstant(schedule.next_fire) : "disabled"});
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
  TakeOneOf(command->add_option("--job", flags.job, "What to run (default: sync)"), {"pull", "sync", "sync-full"});
}

}  // namespace

void AddScheduleCommands(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* group = app.add_subcommand("schedule", "Say when a channel's jobs are made by themselves");
  group->require_subcommand(1);
  const auto flags = std::make_shared<ScheduleFlags>();
  const auto add_command = [&](const char* name, const char* help,
                               std::function<absl::Status(Session&, const ScheduleFlags&)> work) {
    CLI::App* command = group->add_subcommand(name, help);
    command->add_option("CHANNEL", flags->channel, "The channel's name")->required()->type_name("");
    SetWork(command, globals, action,
            [flags, work = std::move(work)](Session& session) { return work(session, *flags); });
    return command;
  };
  AddSetOptions(add_command("set", "Set the channel's schedule, in place of what it had", &Set), *flags);
  add_command("enable", "Let it fire again, from now on",
              [](Session& session, const ScheduleFlags& given) { return SetEnabled(session, given, true); });
  add_command("disable", "Keep it from firing",
              [](Session& session, const ScheduleFlags& given) { return SetEnabled(session, given, false); });
  add_command("clear", "Remove the channel's schedule", &Clear);
  SetWork(group->add_subcommand("list", "List the schedules"), globals, action, &List);
}

}  // namespace flxlink::cli
