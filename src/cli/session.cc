#include "src/cli/session.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "flxlink/clock.h"
#include "flxlink/csv_channel.h"
#include "flxlink/simulated_channel.h"
#include "flxlink/sqlite_storage.h"
#include "src/cli/usage_error.h"

namespace flxlink::cli {
namespace {

constexpr absl::string_view kSqlite = "sqlite:";

absl::StatusOr<std::unique_ptr<Storage>> OpenStore(const Globals& globals, StoreUse use) {
  const absl::StatusOr<std::string> path = SqlitePath(globals);
  if (!path.ok()) return path.status();
  SqliteOptions options;
  options.create = use == StoreUse::kMayMake;
  absl::StatusOr<std::unique_ptr<Storage>> storage = OpenSqliteStorage(*path, options);
  if (!storage.ok() && !options.create) return ExplainNoStore(*path, storage.status());
  return storage;
}

}  // namespace

absl::StatusOr<std::string> SqlitePath(const Globals& globals) {
  absl::string_view path = globals.store;
  if (!absl::ConsumePrefix(&path, kSqlite) || path.empty()) {
    return UsageError(absl::StrCat("--store ", globals.store, ": there is no such kind of store; use sqlite:PATH"));
  }
  return std::string(path);
}

absl::Status ExplainNoStore(const std::string& path, const absl::Status& status) {
  if (!absl::IsNotFound(status)) return status;
  return absl::NotFoundError(absl::StrCat("there is no store at ", path,
                                          "; name the right one with --store, or make one: flxlink channel add, or "
                                          "flxlink product import"));
}

absl::StatusOr<std::unique_ptr<Session>> Session::Open(const Globals& globals, StoreUse use) {
  absl::StatusOr<std::unique_ptr<Storage>> storage = OpenStore(globals, use);
  if (!storage.ok()) return storage.status();
  std::unique_ptr<Session> session(new Session(globals.json));
  session->storage_ = *std::move(storage);
  RegisterCsvChannel(session->adapters_);
  RegisterSimulatedChannel(session->adapters_, SystemClock());
  session->executor_ = NewThreadExecutor(std::max(1, static_cast<int>(std::thread::hardware_concurrency())));

  EngineOptions options;
  options.storage = session->storage_.get();
  options.adapters = &session->adapters_;
  options.executor = session->executor_.get();
  absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(options);
  if (!engine.ok()) return engine.status();
  session->engine_ = *std::move(engine);
  EventFilter filter;
  filter.kinds = {EventKind::kJobProgress, EventKind::kTrouble};
  session->event_printer_ =
      std::make_unique<EventPrinter>(session->engine_->Subscribe(filter), session->progress_line_);
  return session;
}

absl::StatusOr<Channel> Session::FindChannel(const std::string& name) {
  absl::StatusOr<Channel> channel = engine_->GetChannel(name);
  if (!absl::IsNotFound(channel.status())) return channel;
  return absl::NotFoundError(absl::StrCat("there is no channel ", name, "; see those there are: flxlink channel list"));
}

absl::StatusOr<Job> Session::FindJob(int64_t job_id) {
  absl::StatusOr<Job> job = engine_->GetJob(job_id);
  if (!absl::IsNotFound(job.status())) return job;
  return absl::NotFoundError(absl::StrCat("there is no job ", job_id, "; see those there are: flxlink job list"));
}

absl::StatusOr<ListingRow> Session::FindListing(const std::string& channel, const std::string& sku) {
  if (absl::StatusOr<Channel> found = FindChannel(channel); !found.ok()) return found.status();
  absl::StatusOr<ListingRow> listing =
      absl::NotFoundError(absl::StrCat("channel ", channel, " has no listing variant with SKU ", sku,
                                       "; see those there are: flxlink listing list ", channel));
  ListingFilter filter;
  filter.skus = {sku};
  absl::StatusOr<ListingPage> page = engine_->ListListings(channel, filter, {});
  if (!page.ok()) return page.status();
  if (!page->rows.empty()) listing = std::move(page->rows.front());
  return listing;
}

void SetWork(CLI::App* command, const Globals& globals, std::function<absl::Status()>& action,
             std::function<absl::Status(Session&)> work, StoreUse use) {
  command->callback([&globals, &action, work = std::move(work), use] {
    action = [&globals, work, use]() -> absl::Status {
      absl::StatusOr<std::unique_ptr<Session>> session = Session::Open(globals, use);
      return session.ok() ? work(**session) : session.status();
    };
  });
}

}  // namespace flxlink::cli
