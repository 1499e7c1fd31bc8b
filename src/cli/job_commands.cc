#include "src/cli/job_commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flxlink/engine.h"
#include "flxlink/job.h"
#include "flxlink/storage.h"
#include "src/cli/advice.h"
#include "src/cli/job_run.h"
#include "src/cli/job_text.h"
#include "src/cli/job_watch.h"
#include "src/cli/json_view.h"
#include "src/cli/option_checks.h"
#include "src/cli/print.h"
#include "src/cli/text_table.h"

namespace flxlink::cli {
namespace {

using Action = std::function<absl::Status()>;

// -- Commands that make a job

// What was given on the command line for one of them.
struct RequestFlags {
  std::string channel;
  JobRequest request;
  std::vector<std::string> items;  // pull: those that a platform said have changed.
  bool dry_run = false;
  bool no_wait = false;
};

absl::Status MakeJob(Session& session, const RequestFlags& flags) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  return RunJob(session, session.engine().Enqueue(flags.channel, flags.request), !flags.no_wait);
}

absl::Status MakePullJob(Session& session, const RequestFlags& flags) {
  if (flags.items.empty()) return MakeJob(session, flags);
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  return RunJob(session, session.engine().NoteItems(flags.channel, flags.items), !flags.no_wait);
}

absl::Status MakeSyncJob(Session& session, RequestFlags flags) {
  JobOptions& options = flags.request.options;
  options.only_forced = !options.force.empty() && !options.full;
  return MakeJob(session, flags);
}

absl::Status PrintPlanAsJson(const LinkPlan& plan) {
  JsonArray array;
  for (const PlannedLink& link : plan.links) {
    if (absl::Status status = array.Add(PlannedLinkView(link)); !status.ok()) return status;
  }
  return array.Finish();
}

absl::Status PrintPlanAsText(const LinkPlan& plan) {
  TextTable table({"SKU", "LINK", "ITEM", "RULE", "REASON"});
  int64_t linked = 0;
  std::map<LinkReason, int64_t> unlinked;
  for (const PlannedLink& link : plan.links) {
    if (link.state == LinkState::kLinked) ++linked;
    if (link.state == LinkState::kUnlinked && link.reason != LinkReason::kNone) ++unlinked[link.reason];
    const absl::Status status =
        table.AddRow({link.sku, std::string(ToString(link.state)), link.external_id,
                      link.rule == 0 ? "" : absl::StrCat(link.rule), std::string(ToString(link.reason))});
    if (!status.ok()) return status;
  }
  if (absl::Status status = table.Finish(); !status.ok()) return status;
  return PrintLine(absl::StrCat("would link ", linked,
                                unlinked.empty() ? "" : absl::StrCat("; unlinked: ", FormatReasons(unlinked))));
}

absl::Status MakeLinkJob(Session& session, const RequestFlags& flags) {
  if (!flags.dry_run) return MakeJob(session, flags);
  if (absl::Status status = session.FindChannel(flags.channel).status(); !status.ok()) return status;
  absl::StatusOr<LinkPlan> plan = session.engine().PlanLinks(flags.channel);
  if (!plan.ok()) return plan.status();
  // Not among the rows, which programs read.
  for (const JobProblem& problem : plan->problems) {
    std::fprintf(stderr, "flxlink: %s; %s\n", OneLine(problem.problem.message).c_str(),
                 OneLine(AdviceFor(problem.problem, {flags.channel, "", 0})).c_str());
  }
  return session.json() ? PrintPlanAsJson(*plan) : PrintPlanAsText(*plan);
}

// A command that makes a job of `kind`, with the options that all of them have.
CLI::App* AddMaker(CLI::App& app, JobKind kind, const char* help, const std::shared_ptr<RequestFlags>& flags) {
  flags->request.kind = kind;
  CLI::App* command = app.add_subcommand(std::string(ToString(kind)), help);
  command->add_option("CHANNEL", flags->channel, "The channel's name")->required()->type_name("");
  command->add_flag("--no-wait", flags->no_wait, "Only queue the job; some other process runs it");
  return command;
}

void AddPriority(CLI::App* command, RequestFlags& flags) {
  command->add_option("--priority", flags.request.priority, "Of the job; higher runs first (default: 0)")
      ->type_name("N");
}

void AddLink(CLI::App& app, const Globals& globals, Action& action) {
  const auto flags = std::make_shared<RequestFlags>();
  CLI::App* command = AddMaker(app, JobKind::kLink, "Link unlinked listing variants to the channel's items", flags);
  CLI::Option* dry_run = command->add_flag("--dry-run", flags->dry_run, "Only print what would be linked");
  command
      ->add_flag("--release-broken", flags->request.options.release_broken,
                 "First dissolve links whose item is gone, so that they can be linked anew")
      ->excludes(dry_run);
  AddPriority(command, *flags);
  SetWork(command, globals, action, [flags](Session& session) { return MakeLinkJob(session, *flags); });
}

void AddSync(CLI::App& app, const Globals& globals, Action& action) {
  const auto flags = std::make_shared<RequestFlags>();
  CLI::App* command = AddMaker(app, JobKind::kSync, "Send price, quantity and status where they changed", flags);
  command->add_flag("--full", flags->request.options.full, "Pull first, compare everything, correct what drifted");
  TakeMany(command->add_option("--force", flags->request.options.force,
                               "Send all fields of these, changed or not; without --full nothing else"));
  command->get_option("--force")->type_name("SKU ...");
  AddPriority(command, *flags);
  SetWork(command, globals, action, [flags](Session& session) { return MakeSyncJob(session, *flags); });
}

void AddMakers(CLI::App& app, const Globals& globals, Action& action) {
  const auto build = std::make_shared<RequestFlags>();
  CLI::App* command = AddMaker(app, JobKind::kBuild, "Make listing variants from product variants", build);
  TakeMany(command->add_option("--sku", build->request.options.skus, "Only these (default: all)"));
  command->get_option("--sku")->type_name("S ...");
  SetWork(command, globals, action, [build](Session& session) { return MakeJob(session, *build); });

  const auto pull = std::make_shared<RequestFlags>();
  command = AddMaker(app, JobKind::kPull, "Read the channel's items", pull);
  TakeMany(
      command->add_option("--item", pull->items, "These are said to have changed; all items are read all the same"));
  command->get_option("--item")->type_name("EXTERNAL_ID ...");
  SetWork(command, globals, action, [pull](Session& session) { return MakePullJob(session, *pull); });

  AddLink(app, globals, action);
  AddSync(app, globals, action);

  const auto rules = std::make_shared<RequestFlags>();
  command = AddMaker(app, JobKind::kRules, "Set statuses by the channel's status rules", rules);
  SetWork(command, globals, action, [rules](Session& session) { return MakeJob(session, *rules); });
}

// -- Commands about jobs

struct JobFlags {
  int64_t job_id = 0;
  std::string state;
  bool no_wait = false;
};

absl::Status PrintChanged(Session& session, const absl::StatusOr<Job>& job, absl::string_view done) {
  if (!job.ok()) return job.status();
  if (session.json()) return PrintJson(JobView(*job));
  return PrintLine(absl::StrCat("job ", job->job_id, " (", ToString(job->kind), " ", job->channel, "): ", done));
}

// The lines of `job show`.
absl::StatusOr<std::string> DescribeJob(Session& session, const Job& job) {
  absl::StatusOr<Channel> found = session.FindChannel(job.channel);
  if (!found.ok()) return found.status();
  std::string text = absl::StrCat("job ", job.job_id, " on channel ", job.channel, "\n  ",
                                  SummarizeJob(job, found->config.link_priority, nullptr), "\n");
  absl::StrAppend(&text, "  trigger: ", ToString(job.trigger), "\n  priority: ", job.priority, "\n");
  if (job.from_job != 0) absl::StrAppend(&text, "  from job: ", job.from_job, "\n");
  absl::StrAppend(&text, "  progress: ", job.progress.done, " of ", job.progress.total, " done, ", job.progress.failed,
                  " failed\n  attempts: ", job.attempts, "\n  created: ", FormatInstant(job.created_at), "\n");
  if (job.started_at.has_value()) absl::StrAppend(&text, "  started: ", FormatInstant(*job.started_at), "\n");
  if (job.finished_at.has_value()) absl::StrAppend(&text, "  finished: ", FormatInstant(*job.finished_at), "\n");
  if (job.error.has_value()) {
    absl::StrAppend(&text, "  error: ", OneLine(job.error->message),
                    "\n  what to do: ", OneLine(AdviceFor(*job.error, {job.channel, "", job.job_id})), "\n");
  }
  return absl::StrCat(text, DescribeProblems(job, job.problems.size()));
}

absl::Status Show(Session& session, const JobFlags& flags) {
  absl::StatusOr<Job> job = session.FindJob(flags.job_id);
  if (!job.ok()) return job.status();
  if (session.json()) return PrintChanged(session, job, "");
  absl::StatusOr<std::string> text = DescribeJob(session, *job);
  return text.ok() ? PrintText(*text) : text.status();
}

absl::Status Watch(Session& session, const JobFlags& flags) { return WatchJob(session, flags.job_id); }

absl::Status Prioritize(Session& session, const JobFlags& flags) {
  if (absl::StatusOr<Job> found = session.FindJob(flags.job_id); !found.ok()) return found.status();
  return PrintChanged(session, session.engine().Prioritize(flags.job_id), "ahead of every other pending job");
}

absl::Status Cancel(Session& session, const JobFlags& flags) {
  if (absl::StatusOr<Job> found = session.FindJob(flags.job_id); !found.ok()) return found.status();
  const absl::StatusOr<Job> job = session.engine().Cancel(flags.job_id);
  const bool at_once = job.ok() && job->state == JobState::kCancelled;
  return PrintChanged(session, job, at_once ? "cancelled" : "asked to stop at its next step");
}

absl::Status Rerun(Session& session, const JobFlags& flags) {
  if (absl::StatusOr<Job> found = session.FindJob(flags.job_id); !found.ok()) return found.status();
  return RunJob(session, session.engine().Rerun(flags.job_id), !flags.no_wait);
}

absl::Status Approve(Session& session, const JobFlags& flags) {
  if (absl::StatusOr<Job> found = session.FindJob(flags.job_id); !found.ok()) return found.status();
  return RunJob(session, session.engine().Approve(flags.job_id), !flags.no_wait);
}

absl::Status ListAsJson(const std::vector<Job>& jobs) {
  JsonArray array;
  for (const Job& job : jobs) {
    if (absl::Status status = array.Add(JobView(job)); !status.ok()) return status;
  }
  return array.Finish();
}

absl::Status ListAsText(const std::vector<Job>& jobs) {
  TextTable table({"JOB", "CHANNEL", "KIND", "STATE", "TRIGGER", "PRIORITY", "DONE", "FAILED", "CREATED", "ERROR"});
  for (const Job& job : jobs) {
    const absl::Status status =
        table.AddRow({absl::StrCat(job.job_id), job.channel, std::string(ToString(job.kind)),
                      std::string(ToString(job.state)), std::string(ToString(job.trigger)), absl::StrCat(job.priority),
                      absl::StrCat(job.progress.done, "/", job.progress.total), absl::StrCat(job.progress.failed),
                      FormatInstant(job.created_at), job.error.value_or(Problem()).message});
    if (!status.ok()) return status;
  }
  return table.Finish();
}

absl::Status List(Session& session, const JobFlags& flags) {
  JobFilter filter;
  filter.state = ParseJobState(flags.state);
  absl::StatusOr<std::vector<Job>> jobs = session.engine().ListJobs(filter, Storage::kMaxRows);
  if (!jobs.ok()) return jobs.status();
  return session.json() ? ListAsJson(*jobs) : ListAsText(*jobs);
}

void AddJobGroup(CLI::App& app, const Globals& globals, Action& action) {
  CLI::App* group = app.add_subcommand("job", "Look at jobs and steer them")->require_subcommand(1);
  const auto flags = std::make_shared<JobFlags>();
  const auto add_command = [&](const char* name, const char* help, absl::Status (*work)(Session&, const JobFlags&)) {
    CLI::App* command = group->add_subcommand(name, help);
    SetWork(command, globals, action, [flags, work](Session& session) { return work(session, *flags); });
    return command;
  };
  const auto add_job_command = [&](const char* name, const char* help,
                                   absl::Status (*work)(Session&, const JobFlags&)) {
    CLI::App* command = add_command(name, help, work);
    command->add_option("ID", flags->job_id, "The job's number")->required()->type_name("");
    return command;
  };
  CLI::App* list = add_command("list", "List jobs, the newest first", &List);
  TakeOneOf(list->add_option("--state", flags->state, "Only jobs in this state"),
            {"pending", "running", "completed", "failed", "cancelled", "held"});
  add_job_command("show", "Show a job", &Show);
  add_job_command("watch", "Follow a job until it ends, whoever runs it", &Watch);
  add_job_command("prioritize", "Move a job ahead of every other pending one", &Prioritize);
  add_job_command("cancel", "Cancel a job", &Cancel);
  constexpr char kNoWait[] = "Only queue the job; some other process runs it";
  add_job_command("rerun", "Run a job that has ended again, on today's data", &Rerun)
      ->add_flag("--no-wait", flags->no_wait, kNoWait);
  add_job_command("approve", "Run a held job over the limit that held it", &Approve)
      ->add_flag("--no-wait", flags->no_wait, kNoWait);
}

}  // namespace

void AddJobCommands(CLI::App& app, const Globals& globals, Action& action) {
  AddMakers(app, globals, action);
  AddJobGroup(app, globals, action);
}

}  // namespace flxlink::cli
