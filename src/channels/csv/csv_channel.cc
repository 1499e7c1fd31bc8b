#include "flxlink/csv_channel.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "src/channels/csv/file_error.h"
#include "src/channels/csv/file_lock.h"
#include "src/channels/csv/file_pull.h"
#include "src/channels/csv/file_push.h"
#include "src/channels/csv/file_replacement.h"
#include "src/channels/csv/file_snapshot.h"
#include "src/channels/csv/pull_cursor.h"
#include "src/channels/csv/variant_values.h"
#include "src/csv/csv_reader.h"
#include "src/csv/csv_text.h"
#include "src/csv/shopify_rows.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

// How long a push waits for another one to the same file.
constexpr absl::Duration kLockWait = absl::Seconds(2);

// The path without symbolic links, so that a push replaces the file and not a link to it.
absl::StatusOr<std::string> ResolvePath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(path.c_str(), nullptr), &std::free);
  if (resolved == nullptr) return csv_channel::FileError(errno, path, "the file of the setting `path` cannot be found");
  return std::string(resolved.get());
}

class CsvChannel : public ChannelAdapter {
 public:
  CsvChannel(std::string path, Currency currency, AdapterCapabilities capabilities)
      : path_(std::move(path)), currency_(currency), capabilities_(std::move(capabilities)) {}

  const AdapterCapabilities& capabilities() const override { return capabilities_; }

  absl::StatusOr<PullPage> Pull(const PullRequest& request) const override {
    if (request.limit <= 0) return absl::InvalidArgumentError("a page's limit must be at least 1");
    csv_channel::PullCursor from;
    const bool is_first = request.cursor.empty();
    if (!is_first) {
      absl::StatusOr<csv_channel::PullCursor> parsed = csv_channel::ParsePullCursor(request.cursor);
      if (!parsed.ok()) return parsed.status();
      from = *std::move(parsed);
    }
    absl::StatusOr<std::string> path = ResolvePath(path_);
    if (!path.ok()) return path.status();
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = ReadForPull(*path, is_first); !status.ok()) return status;
    if (is_first) from.revision = pulled_->revision();
    absl::StatusOr<PullPage> page =
        from.revision == pulled_->revision()
            ? csv_channel::ReadPage(&pulled_->reader(), currency_, from, request.limit)
            : absl::AbortedError(absl::StrCat(*path, ": the file changed during the pull; start the pull over"));
    if (!page.ok() || page->next_cursor.empty()) pulled_.reset();
    return page;
  }

  absl::StatusOr<PushReply> Push(const PushRequest& request) const override {
    if (request.items.empty()) return PushReply();
    absl::StatusOr<std::string> path = ResolvePath(path_);
    if (!path.ok()) return path.status();
    const absl::StatusOr<csv_channel::FileLock> lock =
        csv_channel::FileLock::Acquire(absl::StrCat(*path, ".lock"), kLockWait);
    if (!lock.ok()) return lock.status();
    return PushLocked(*path, request);
  }

 private:
  // Sees to it that `pulled_` is the file: read anew for a pull's first page, and for any other only where it is not at
  // hand as it is now.
  absl::Status ReadForPull(const std::string& path, bool is_first) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!is_first && pulled_.has_value()) {
      const absl::StatusOr<csv_channel::FileStamp> now = csv_channel::FileStamp::Of(path);
      if (now.ok() && now->SameAs(pulled_->stamp())) return absl::OkStatus();
    }
    pulled_.reset();
    absl::StatusOr<csv_channel::FileSnapshot> file = csv_channel::FileSnapshot::Read(path);
    if (!file.ok()) return file.status();
    pulled_ = *std::move(file);
    return absl::OkStatus();
  }

  absl::StatusOr<PushReply> PushLocked(const std::string& path, const PushRequest& request) const {
    absl::StatusOr<csv_channel::FileSnapshot> file = csv_channel::FileSnapshot::Read(path);
    if (!file.ok()) return file.status();
    if (file->revision() != request.revision) return Conflict(path, request);
    const absl::StatusOr<csv_channel::FilePush> push =
        csv_channel::FilePush::Create(&file->reader(), currency_, request.items);
    if (!push.ok()) return push.status();
    PushReply reply;
    if (push->changes()) {
      const std::string text = push->Text();
      const absl::Status replaced = csv_channel::ReplaceFile(path, file->stamp(), text);
      if (absl::IsAborted(replaced)) return Conflict(path, request);
      if (!replaced.ok()) return replaced;
      reply.revision = csv_channel::RevisionOf(text);
    }
    reply.outcomes = push->outcomes();
    return reply;
  }

  static PushReply Conflict(const std::string& path, const PushRequest& request) {
    PushOutcome outcome;
    outcome.result = PushResult::kConflict;
    outcome.message = absl::StrCat(path, ": the file is not the one that was last read; pull again");
    PushReply reply;
    reply.outcomes.assign(request.items.size(), outcome);
    return reply;
  }

  const std::string path_;
  const Currency currency_;
  const AdapterCapabilities capabilities_;
  // The file of the pull that goes on, from its first page to its last, so that it is read once.
  mutable absl::Mutex mutex_;
  mutable absl::optional<csv_channel::FileSnapshot> pulled_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::string> PathSetting(const ChannelConfig& config) {
  std::string path;
  for (const auto& [name, value] : config.settings) {
    if (name != "path") {
      return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kBadSetting,
                           {{"channel", config.name}, {"setting", name}},
                           absl::StrCat("channel ", model::Quote(config.name), ": the csv adapter has no setting ",
                                        model::Quote(name), "; its only one is \"path\""));
    }
    path = value;
  }
  if (!path.empty()) return path;
  return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kBadSetting,
                       {{"channel", config.name}, {"setting", "path"}},
                       absl::StrCat("channel ", model::Quote(config.name),
                                    ": the csv adapter needs the setting \"path\"; set it to a CSV file"));
}

// What can be set is what the file has columns for. A file that is not there yet, or cannot be read, is taken to have
// all: what is wrong with it is for the first pull to say. INVALID_ARGUMENT where it never can be one.
absl::StatusOr<AdapterCapabilities> CapabilitiesOf(const std::string& path) {
  AdapterCapabilities capabilities;
  capabilities.link_fields = csv_channel::CsvLinkFields();
  capabilities.can_set = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus, SyncField::kCompareAtPrice};
  capabilities.status_set = csv_channel::StatusesWith(csv_channel::StatusWords::kStatus);
  capabilities.grouping = PushGrouping::kProduct;
  capabilities.partial_success = true;
  capabilities.complete_pull = true;
  // A push is over when its call is. One that hangs and comes back to life finds the file's revision moved by whoever
  // pushed in between, and changes nothing; one whose process died is gone with it.
  capabilities.push_timeout = absl::ZeroDuration();
  const absl::StatusOr<csv::CsvText> text = csv::CsvText::Open(path);
  if (absl::IsInvalidArgument(text.status())) return text.status();
  if (!text.ok()) return capabilities;
  const absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::ReadHeader(path, *text);
  if (!reader.ok()) return capabilities;
  const absl::StatusOr<csv::ShopifyColumns> columns = csv::ShopifyColumns::Find(*reader);
  if (!columns.ok()) return capabilities;
  const csv_channel::StatusWords words = csv_channel::StatusWordsOf(*reader, *columns);
  if (columns->quantity == csv::CsvReader::kNoColumn) capabilities.can_set.Remove(SyncField::kQuantity);
  if (words == csv_channel::StatusWords::kNone) capabilities.can_set.Remove(SyncField::kStatus);
  if (columns->compare_at_price == csv::CsvReader::kNoColumn) capabilities.can_set.Remove(SyncField::kCompareAtPrice);
  capabilities.status_set = csv_channel::StatusesWith(words);
  return capabilities;
}

}  // namespace

void RegisterCsvChannel(AdapterRegistry& registry) {
  registry.Register("csv", [](const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
    absl::StatusOr<std::string> path = PathSetting(context.config);
    if (!path.ok()) return path.status();
    absl::StatusOr<AdapterCapabilities> capabilities = CapabilitiesOf(*path);
    if (!capabilities.ok()) return capabilities.status();
    return std::make_unique<CsvChannel>(*std::move(path), context.config.currency, *std::move(capabilities));
  });
}

}  // namespace flxlink
