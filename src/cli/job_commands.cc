#include "src/cli/job_commands.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "flxlink/breaker.h"
#include "flxlink/engine.h"
#include "flxlink/job.h"
#include "flxlink/storage.h"
#include "src/cli/advice.h"
#include "src/cli/confirm.h"
#include "src/cli/job_run.h"
#include "src/cli/job_text.h"
#include "src/cli/job_watch.h"
#include "src/cli/json_view.h"
#include "src/cli/option_checks.h"
#include "src/cli/pages.h"
#include "src/cli/print.h"
#include "src/cli/text_table.h"
#include "src/cli/words.h"

namespace flxlink::cli {
namespace {

using Action = std::function<absl::Status()>;

// -- Commands that make a job

// What was given on the command line for one of them.
struct RequestFlags {
  std::vector<std::string> channels;
  bool all = false;  // Channels.
  JobRequest request;
  std::vector<std::string> items;  // pull: the only ones that matter.
  bool dry_run = false;
  bool yes = false;  // sync: do not ask.
  bool no_wait = false;
};

using Make = absl::FunctionRef<absl::StatusOr<Job>(const std::string& channel)>;

// Queues a job on each of the channels before any of them runs.
absl::Status MakeJobs(Session& session, const RequestFlags& flags, Make make) {
  std::vector<std::string> names = flags.channels;
  if (flags.all) {
    const absl::StatusOr<std::vector<Channel>> channels = session.engine().ListChannels();
    if (!channels.ok()) return channels.status();
    for (const Channel& channel : *channels) names.push_back(channel.config.name);
    if (names.empty()) return absl::NotFoundError("there is no channel yet; add one with: flxlink channel add");
  }
  std::vector<AskedJob> asked;
  for (const std::string& name : names) {
    const absl::StatusOr<Channel> found = session.FindChannel(name);
    asked.push_back({name, found.ok() ? make(name) : found.status()});
  }
  const bool is_one = asked.size() == 1 && !flags.all;
  return is_one ? RunJob(session, asked[0].job, !flags.no_wait) : RunJobs(session, asked, !flags.no_wait);
}

absl::Status MakeJob(Session& session, const RequestFlags& flags) {
  return MakeJobs(session, flags,
                  [&](const std::string& channel) { return session.engine().Enqueue(channel, flags.request); });
}

absl::Status MakePullJob(Session& session, const RequestFlags& flags) {
  if (flags.items.empty()) return MakeJob(session, flags);
  return MakeJobs(session, flags, [&](const std::string& channel) {
    absl::StatusOr<Job> job = session.engine().NoteItems(channel, flags.items);
    if (job.ok() && job->kind == JobKind::kPull) {
      std::fprintf(stderr, "flxlink: channel %s cannot be asked for single items, so all are read\n",
                   OneLine(channel).c_str());
    }
    return job;
  });
}

bool IsForced(const JobRequest& sync) { return sync.force_drifted || !sync.options.force.empty(); }

// What a forced sync overwrites is asked about first.
absl::Status ConfirmForce(const RequestFlags& flags) {
  if (flags.yes || !IsForced(flags.request)) return absl::OkStatus();
  std::vector<std::string> what;
  if (const size_t named = flags.request.options.force.size(); named > 0) {
    what.push_back(absl::StrCat(named, named == 1 ? " SKU" : " SKUs"));
  }
  if (flags.request.force_drifted) what.emplace_back("all that drifted");
  return Confirm(absl::StrCat("Overwrite what the channel has of ", absl::StrJoin(what, " and of ")));
}

absl::Status MakeSyncJob(Session& session, RequestFlags flags) {
  if (absl::Status status = ConfirmForce(flags); !status.ok()) return status;
  flags.request.options.only_forced = IsForced(flags.request) && !flags.request.options.full;
  return MakeJob(session, flags);
}

// `--force` stands before SKUs, or before the option that says which.
void TakeForce(std::vector<std::string>& skus, bool drifted) {
  skus.erase(std::remove(skus.begin(), skus.end(), ""), skus.end());
  if (skus.empty() && !drifted) throw CLI::RequiredError("--force: a SKU, or --drifted");
}

absl::Status PrintPlanAsJson(const LinkPlan& plan) {
  JsonArray array;
  const absl::Status status = ForEachRow([&](const PageRequest& page) { return plan.Read(page); },
                                         [&](const PlannedLink& link) { return array.Add(PlannedLinkView(link)); });
  return status.ok() ? array.Finish() : status;
}

absl::Status PrintPlanAsText(const LinkPlan& plan) {
  TextTable table({"SKU", "LINK", "ITEM", "RULE", "REASON"});
  int64_t linked = 0;
  std::map<LinkReason, int64_t> unlinked;
  absl::Status status = ForEachRow(
      [&](const PageRequest& page) { return plan.Read(page); },
      [&](const PlannedLink& link) {
        if (link.state == LinkState::kLinked) ++linked;
        if (link.state == LinkState::kUnlinked && link.reason != LinkReason::kNone) ++unlinked[link.reason];
        return table.AddRow({link.sku, std::string(ToString(link.state)), link.external_id,
                             link.rule == 0 ? "" : absl::StrCat(link.rule), std::string(ToString(link.reason))});
      });
  if (status.ok()) status = table.Finish();
  if (!status.ok()) return status;
  return PrintLine(absl::StrCat("would link ", linked,
                                unlinked.empty() ? "" : absl::StrCat("; unlinked: ", FormatReasons(unlinked))));
}

absl::Status PrintPlan(Session& session, const std::string& channel) {
  if (absl::Status status = session.FindChannel(channel).status(); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<LinkPlan>> plan = session.engine().PlanLinks(channel);
  if (!plan.ok()) return plan.status();
  // Not among the rows, which programs read.
  for (const JobProblem& problem : (*plan)->problems()) {
    std::fprintf(stderr, "flxlink: %s; %s\n", OneLine(problem.problem.message).c_str(),
                 OneLine(AdviceFor(problem.problem, {channel, "", 0})).c_str());
  }
  return session.json() ? PrintPlanAsJson(**plan) : PrintPlanAsText(**plan);
}

absl::Status MakeLinkJob(Session& session, const RequestFlags& flags) {
  if (!flags.dry_run) return MakeJob(session, flags);
  if (flags.channels.size() != 1) {
    return absl::InvalidArgumentError("--dry-run prints the plan of one channel; name one");
  }
  return PrintPlan(session, flags.channels[0]);
}

// A command that makes a job of `kind`, with the options that all of them have.
CLI::App* AddMaker(CLI::App& app, JobKind kind, const char* help, const std::shared_ptr<RequestFlags>& flags) {
  flags->request.kind = kind;
  CLI::App* command = app.add_subcommand(std::string(ToString(kind)), help);
  // Required, so that what follows an option that takes many is left for it.
  CLI::Option* channels =
      command->add_option("CHANNEL", flags->channels, "The channels' names")->required()->type_name("");
  const auto take_all = [flags, channels] {
    flags->all = true;
    channels->required(false);
  };
  // At once, so that nothing is left for what is not required any more.
  command->add_flag_callback("--all", take_all, "All channels")->trigger_on_parse()->excludes(channels);
  command->add_flag("--no-wait", flags->no_wait, "Only queue the job; some other process runs it");
  return command;
}

void AddPriority(CLI::App* command, RequestFlags& flags) {
  command
      ->add_option("--priority", flags.request.priority,
                   "Of the job; higher runs first (default: by its kind, sync before link before build)")
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
  command
      ->add_flag("--release-doubtful", flags->request.options.release_doubtful,
                 "First dissolve links whose item may have become another product")
      ->excludes(dry_run);
  AddPriority(command, *flags);
  SetWork(command, globals, action, [flags](Session& session) { return MakeLinkJob(session, *flags); });
}

void AddSync(CLI::App& app, const Globals& globals, Action& action) {
  const auto flags = std::make_shared<RequestFlags>();
  CLI::App* command = AddMaker(app, JobKind::kSync, "Send price, quantity and status where they changed", flags);
  command->add_flag("--full", flags->request.options.full, "Pull first, compare everything, correct what drifted");
  CLI::Option* force = command->add_option(
      "--force", flags->request.options.force,
      "Send all fields of these, changed or not (but no quantity that the oversell guard holds back); without "
      "--full nothing else");
  TakeAny(force);
  force->type_name("[SKU ...]");
  command
      ->add_flag("--drifted", flags->request.force_drifted,
                 "Force what only the channel changed: listing list --drifted")
      ->needs(force);
  command->add_flag("--yes", flags->yes, "Do not ask (default: ask on a terminal)")->needs(force);
  command->parse_complete_callback([flags, force] {
    if (force->count() > 0) TakeForce(flags->request.options.force, flags->request.force_drifted);
  });
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
      command->add_option("--item", pull->items, "Only these, where the channel can be asked for them (default: all)"));
  command->get_option("--item")->type_name("EXTERNAL_ID ...");
  command
      ->add_flag("--since-last", pull->request.options.since_last,
                 "Only what changed since the last pull, where the channel can tell")
      ->excludes("--item");
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
  std::vector<int64_t> job_ids;
  std::string channel;
  std::vector<std::string> kinds;
  std::vector<std::string> skus;
  std::string state;
  int64_t limit = kAllRows;
  bool no_wait = false;
};

// The lines of `job show`.
absl::StatusOr<std::string> DescribeJob(Session& session, const Job& job) {
  absl::StatusOr<Channel> found = session.FindChannel(job.channel);
  if (!found.ok()) return found.status();
  std::string text = absl::StrCat("job ", job.job_id, " on channel ", job.channel, "\n  ",
                                  SummarizeJob(job, found->config.link_priority, nullptr), "\n");
  absl::StrAppend(&text, "  trigger: ", ToString(job.trigger), "\n  lane: ", ToString(LaneOf(job)),
                  "\n  priority: ", job.priority, "\n");
  if (job.from_job != 0) absl::StrAppend(&text, "  from job: ", job.from_job, "\n");
  absl::StrAppend(&text, "  progress: ", DescribeProgress(job.progress), "\n  attempts: ", job.attempts,
                  "\n  created: ", FormatInstant(job.created_at), "\n");
  if (const std::string due = DueAt(job); !due.empty()) absl::StrAppend(&text, "  due: ", due, "\n");
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
  if (session.json()) return PrintJson(JobView(*job));
  absl::StatusOr<std::string> text = DescribeJob(session, *job);
  return text.ok() ? PrintText(*text) : text.status();
}

std::vector<std::string> ProblemRow(const JobProblem& problem, const Job& job) {
  return {problem.subject, problem.problem.code, problem.problem.message,
          AdviceFor(problem.problem, {job.channel, problem.subject, job.job_id})};
}

absl::Status Problems(Session& session, const JobFlags& flags) {
  const absl::StatusOr<Job> job = session.FindJob(flags.job_id);
  if (!job.ok()) return job.status();
  const auto read = [&](const PageRequest& page) { return session.engine().ListJobProblems(flags.job_id, page); };
  if (session.json()) {
    JsonArray array;
    const absl::Status status = ForEachRow(
        read, [&](const JobProblem& problem) { return array.Add(JobProblemView(problem, job->channel)); }, flags.limit);
    return status.ok() ? array.Finish() : status;
  }
  TextTable table({"SUBJECT", "CODE", "PROBLEM", "WHAT TO DO"});
  const absl::Status status = ForEachRow(
      read, [&](const JobProblem& problem) { return table.AddRow(ProblemRow(problem, *job)); }, flags.limit);
  return status.ok() ? table.Finish() : status;
}

absl::Status Watch(Session& session, const JobFlags& flags) {
  return flags.job_ids.empty() ? WatchQueue(session) : WatchJob(session, flags.job_ids[0]);
}

// Prints what became of each of the jobs: those that were changed, and what is wrong with the others. `done` tells a
// person what a job is now.
absl::Status PrintChanged(Session& session, const JobFlags& flags, const std::vector<absl::StatusOr<Job>>& jobs,
                          const char* (*done)(const Job& job)) {
  std::vector<absl::Status> failures;
  absl::optional<JsonArray> array;
  if (session.json()) array.emplace();
  for (size_t i = 0; i < jobs.size(); ++i) {
    const absl::StatusOr<Job>& job = jobs[i];
    absl::Status status;
    if (!job.ok()) {
      failures.push_back(absl::IsNotFound(job.status()) ? session.FindJob(flags.job_ids[i]).status() : job.status());
    } else if (session.json()) {
      status = array->Add(JobView(*job));
    } else {
      status =
          PrintLine(absl::StrCat("job ", job->job_id, " (", ToString(job->kind), " ", job->channel, "): ", done(*job)));
    }
    if (!status.ok()) return status;
  }
  const absl::Status status = session.json() ? array->Finish() : absl::OkStatus();
  return status.ok() ? ReportFailures(failures) : status;
}

absl::Status Prioritize(Session& session, const JobFlags& flags) {
  return PrintChanged(session, flags, session.engine().Prioritize(flags.job_ids),
                      [](const Job&) { return "ahead of every other pending job"; });
}

absl::Status Cancel(Session& session, const JobFlags& flags) {
  return PrintChanged(session, flags, session.engine().Cancel(flags.job_ids), [](const Job& job) {
    return job.state == JobState::kCancelled ? "cancelled" : "asked to stop at its next step";
  });
}

absl::Status Rerun(Session& session, const JobFlags& flags) {
  if (absl::StatusOr<Job> found = session.FindJob(flags.job_id); !found.ok()) return found.status();
  return RunJob(session, session.engine().Rerun(flags.job_id), !flags.no_wait);
}

HeldSelection SelectionOf(const JobFlags& flags) {
  HeldSelection selection;
  selection.job_id = flags.job_id;
  for (const std::string& kind : flags.kinds) selection.kinds.push_back(*ParseChangeKind(kind));
  selection.skus = flags.skus;
  return selection;
}

absl::Status Approve(Session& session, const JobFlags& flags) {
  if (absl::StatusOr<Job> found = session.FindJob(flags.job_id); !found.ok()) return found.status();
  const absl::StatusOr<std::vector<Job>> jobs = session.engine().ApproveHeld(SelectionOf(flags));
  if (!jobs.ok()) return jobs.status();
  if (jobs->size() == 1) return RunJob(session, jobs->front(), !flags.no_wait);
  std::vector<AskedJob> asked;
  for (const Job& job : *jobs) asked.push_back({job.channel, job});
  return RunJobs(session, asked, !flags.no_wait);
}

absl::Status Refuse(Session& session, const JobFlags& flags) {
  if (absl::StatusOr<Job> found = session.FindJob(flags.job_id); !found.ok()) return found.status();
  const absl::StatusOr<int64_t> refused = session.engine().RefuseHeld(SelectionOf(flags));
  if (!refused.ok()) return refused.status();
  if (session.json()) return PrintJson({{"refused", *refused}});
  return PrintLine(absl::StrCat("changes of job ", flags.job_id, " refused: ", *refused));
}

std::vector<std::string> HeldColumns(const HeldRow& row) {
  const std::vector<Field>& args = row.change.problem.args;
  return {row.sku, std::string(ToString(row.change.kind)), std::string(FieldValue(args, "field")),
          std::string(FieldValue(args, "known")), std::string(FieldValue(args, "value"))};
}

absl::Status Held(Session& session, const JobFlags& flags) {
  if (absl::StatusOr<Job> found = session.FindJob(flags.job_id); !found.ok()) return found.status();
  const auto read = [&](const PageRequest& page) { return session.engine().ListHeld(flags.job_id, page); };
  if (session.json()) {
    JsonArray array;
    const absl::Status status = ForEachRow(
        read, [&](const HeldRow& row) { return array.Add(HeldView(row)); }, flags.limit);
    return status.ok() ? array.Finish() : status;
  }
  TextTable table({"SKU", "KIND", "FIELD", "NOW", "HELD"});
  const absl::Status status = ForEachRow(
      read, [&](const HeldRow& row) { return table.AddRow(HeldColumns(row)); }, flags.limit);
  return status.ok() ? table.Finish() : status;
}

// "4/6"; "4" where the total is not known.
std::string DoneText(const JobProgress& progress) {
  return absl::StrCat(progress.done, progress.total.has_value() ? absl::StrCat("/", *progress.total) : "");
}

std::vector<std::string> TableRow(const Job& job) {
  return {absl::StrCat(job.job_id),
          job.channel,
          std::string(ToString(job.kind)),
          std::string(ToString(job.state)),
          std::string(ToString(job.trigger)),
          absl::StrCat(job.priority),
          DoneText(job.progress),
          absl::StrCat(job.progress.failed),
          FormatInstant(job.created_at),
          DueAt(job),
          job.error.value_or(Problem()).message};
}

// The newest jobs that the flags ask for.
absl::Status ForEachJob(Session& session, const JobFlags& flags, absl::FunctionRef<absl::Status(const Job&)> visit) {
  JobFilter filter;
  filter.channel = flags.channel;
  for (const std::string& kind : flags.kinds) filter.kinds.push_back(ValueOf(kind, JobKind::kFetch));
  if (!flags.state.empty()) filter.states = {ValueOf(flags.state, JobState::kCancelled)};
  return ForEachRow([&](const PageRequest& page) { return session.engine().ListJobs(filter, page); }, visit,
                    flags.limit);
}

absl::Status List(Session& session, const JobFlags& flags) {
  if (!flags.channel.empty()) {
    if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  }
  if (session.json()) {
    JsonArray array;
    const absl::Status status = ForEachJob(session, flags, [&](const Job& job) { return array.Add(JobView(job)); });
    return status.ok() ? array.Finish() : status;
  }
  TextTable table(
      {"JOB", "CHANNEL", "KIND", "STATE", "TRIGGER", "PRIORITY", "DONE", "FAILED", "CREATED", "DUE", "ERROR"});
  const absl::Status status = ForEachJob(session, flags, [&](const Job& job) { return table.AddRow(TableRow(job)); });
  return status.ok() ? table.Finish() : status;
}

std::vector<std::string> QueueRow(const Job& job, size_t position) {
  return {job.state == JobState::kPending ? absl::StrCat(position) : std::string(),
          absl::StrCat(job.job_id),
          std::string(ToString(job.kind)),
          std::string(ToString(job.state)),
          std::string(ToString(job.trigger)),
          std::string(ToString(LaneOf(job))),
          absl::StrCat(job.priority),
          FormatInstant(job.created_at),
          DueAt(job)};
}

// Positions count the pending ones.
absl::Status Queue(Session& session, const JobFlags& flags) {
  if (absl::StatusOr<Channel> found = session.FindChannel(flags.channel); !found.ok()) return found.status();
  const absl::StatusOr<std::vector<Job>> jobs = session.engine().ListQueue(flags.channel);
  if (!jobs.ok()) return jobs.status();
  size_t position = 0;
  if (session.json()) {
    JsonArray array;
    for (const Job& job : *jobs) {
      if (absl::Status status = array.Add(JobView(job)); !status.ok()) return status;
    }
    return array.Finish();
  }
  TextTable table({"POSITION", "JOB", "KIND", "STATE", "TRIGGER", "LANE", "PRIORITY", "CREATED", "DUE"});
  for (const Job& job : *jobs) {
    if (job.state == JobState::kPending) ++position;
    if (absl::Status status = table.AddRow(QueueRow(job, position)); !status.ok()) return status;
  }
  return table.Finish();
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
  list->add_option("--channel", flags->channel, "Only this channel's")->type_name("CHANNEL");
  CLI::Option* kind = list->add_option("--kind", flags->kinds, "Only jobs of these kinds");
  TakeMany(kind);
  TakeOneOf(kind, WordsOf(JobKind::kFetch));
  TakeOneOf(list->add_option("--state", flags->state, "Only jobs in this state"), WordsOf(JobState::kCancelled));
  list->add_option("--limit", flags->limit, "At most so many, the newest (default: all)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  add_command("queue", "List a channel's open jobs in the order in which they will run", &Queue)
      ->add_option("CHANNEL", flags->channel, "The channel's name")
      ->required()
      ->type_name("");
  add_job_command("show", "Show a job", &Show);
  add_job_command("problems", "List what went wrong within a job and did not stop it", &Problems)
      ->add_option("--limit", flags->limit, "At most so many, the first (default: all that are kept)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  add_command("watch", "Follow a job until it ends, or all queues until nothing is open, whoever runs it", &Watch)
      ->add_option("ID", flags->job_ids, "The job's number (default: the queues of all channels)")
      ->expected(0, 1)
      ->type_name("");
  const auto add_jobs_command = [&](const char* name, const char* help,
                                    absl::Status (*work)(Session&, const JobFlags&)) {
    add_command(name, help, work)->add_option("ID", flags->job_ids, "The jobs' numbers")->required()->type_name("");
  };
  add_jobs_command("prioritize", "Move jobs ahead of every other pending one, the first named first", &Prioritize);
  add_jobs_command("cancel", "Cancel jobs", &Cancel);
  constexpr char kNoWait[] = "Only queue the job; some other process runs it";
  add_job_command("rerun", "Run a job that has ended again, on today's data", &Rerun)
      ->add_flag("--no-wait", flags->no_wait, kNoWait);
  const auto add_held_command = [&](const char* name, const char* help,
                                    absl::Status (*work)(Session&, const JobFlags&)) {
    CLI::App* command = add_job_command(name, help, work);
    CLI::Option* kinds = command->add_option("--kind", flags->kinds, "Only changes of these kinds (default: all)");
    TakeMany(kinds);
    TakeOneOf(kinds, WordsOf(ChangeKind::kUnlink));
    TakeMany(command->add_option("--sku", flags->skus, "Only of these SKUs (default: all)")->type_name("SKU"));
    return command;
  };
  add_held_command("approve", "Send changes that a job holds, as it holds them", &Approve)
      ->add_flag("--no-wait", flags->no_wait, kNoWait);
  add_held_command("refuse", "Drop changes that a job holds", &Refuse);
  add_job_command("held", "List the changes that a job holds", &Held)
      ->add_option("--limit", flags->limit, "At most so many, the first (default: all)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
}

}  // namespace

void AddJobCommands(CLI::App& app, const Globals& globals, Action& action) {
  AddMakers(app, globals, action);
  AddJobGroup(app, globals, action);
}

}  // namespace flxlink::cli
