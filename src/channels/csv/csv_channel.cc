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
#include "src/channels/csv/file_pull.h"
#include "src/channels/csv/file_push.h"
#include "src/channels/csv/file_snapshot.h"
#include "src/channels/csv/page_builder.h"
#include "src/channels/csv/pull_cursor.h"
#include "src/channels/csv/variant_values.h"
#include "src/csv/csv_reader.h"
#include "src/csv/csv_text.h"
#include "src/csv/shopify_rows.h"
#include "src/csv/utf16.h"
#include "src/files/file_error.h"
#include "src/files/file_lock.h"
#include "src/files/file_replacement.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

// How long a push waits for another one to the same file. The time that the call has left does not shorten it: the kind
// has no timeout, since nothing of a push can land after its call, so that there is never any left, and the lock would
// be tried only once.
constexpr absl::Duration kLockWait = absl::Seconds(2);

constexpr absl::string_view kNoFile = "the file of the setting `path` cannot be found";

// The only push kind.
constexpr absl::string_view kRows = "rows";

// As many as a page has: no fetch is faster than one pass over the file.
constexpr int64_t kFetchLimit = 10000;

class CsvChannel : public ChannelAdapter {
 public:
  CsvChannel(std::string path, csv_channel::CellFormat format, AdapterCapabilities capabilities)
      : path_(std::move(path)), format_(format), capabilities_(std::move(capabilities)) {}

  const AdapterCapabilities& capabilities() const override { return capabilities_; }

  absl::StatusOr<PullPage> Pull(const PullRequest& request, const CallContext& call) const override {
    if (request.limit <= 0) return absl::InvalidArgumentError("a page's limit must be at least 1");
    csv_channel::PullCursor from;
    if (!request.cursor.empty()) {
      absl::StatusOr<csv_channel::PullCursor> parsed = csv_channel::ParsePullCursor(request.cursor);
      if (!parsed.ok()) return parsed.status();
      from = *std::move(parsed);
    }
    absl::StatusOr<std::string> path = files::ResolvePath(path_, kNoFile);
    if (!path.ok()) return path.status();
    absl::MutexLock lock(&mutex_);
    absl::StatusOr<PullPage> page = PullLocked(*path, from, request, call);
    if (!page.ok() || page->next_cursor.empty()) pulled_.reset();
    return page;
  }

  absl::StatusOr<FetchReply> Fetch(const FetchRequest& request, const CallContext& call) const override {
    absl::StatusOr<std::string> path = files::ResolvePath(path_, kNoFile);
    if (!path.ok()) return path.status();
    const absl::StatusOr<files::FileStamp> stamp = files::FileStamp::Of(*path);
    if (!stamp.ok()) return stamp.status();
    absl::StatusOr<FetchReply> reply = ReadFetched(*path, request, call);
    const absl::Status unchanged = files::CheckUnchanged(*path, *stamp);
    // A fetch that is UNAVAILABLE is tried again.
    if (absl::IsAborted(unchanged)) return absl::UnavailableError(unchanged.message());
    if (!unchanged.ok()) return unchanged;
    return reply;
  }

  absl::StatusOr<PushReply> Push(const PushRequest& request, const CallContext& call) const override {
    if (request.kind != kRows) {
      return absl::InvalidArgumentError(absl::StrCat("the csv channel has no push kind ", model::Quote(request.kind),
                                                     "; its only one is \"", kRows, "\""));
    }
    if (request.items.empty()) return PushReply();
    absl::StatusOr<std::string> path = files::ResolvePath(path_, kNoFile);
    if (!path.ok()) return path.status();
    const absl::StatusOr<files::FileLock> lock =
        files::FileLock::Acquire(absl::StrCat(*path, ".lock"), kLockWait, call);
    absl::StatusOr<PushReply> reply = lock.ok() ? PushLocked(*path, request, call) : lock.status();
    return absl::IsCancelled(reply.status()) ? NotTried(request, reply.status()) : reply;
  }

 private:
  absl::StatusOr<PullPage> PullLocked(const std::string& path, csv_channel::PullCursor from, const PullRequest& request,
                                      const CallContext& call) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool is_first = from.is_start();
    if (absl::Status status = ReadForPull(path, is_first); !status.ok()) return status;
    if (is_first) from.revision = pulled_->revision();
    if (from.revision != pulled_->revision()) {
      return absl::AbortedError(absl::StrCat(path, ": the file changed during the pull; start the pull over"));
    }
    const absl::Status checked = pulled_->Check(format_, call);
    // First: what was read while somebody wrote is no file that ever was, whatever is wrong with it.
    if (absl::Status status = files::CheckUnchanged(path, pulled_->stamp()); !status.ok()) return status;
    if (!checked.ok()) return checked;
    return csv_channel::ReadPage(&*pulled_, format_, from, request.limit);
  }

  // Sees to it that `pulled_` is the file: read anew for a pull's first page, and for any other only where it is not at
  // hand as it is now.
  absl::Status ReadForPull(const std::string& path, bool is_first) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!is_first && pulled_.has_value()) {
      const absl::StatusOr<files::FileStamp> now = files::FileStamp::Of(path);
      if (now.ok() && now->SameAs(pulled_->stamp())) return absl::OkStatus();
    }
    pulled_.reset();
    absl::StatusOr<csv_channel::FileSnapshot> file = csv_channel::FileSnapshot::Read(path);
    if (!file.ok()) return file.status();
    pulled_ = *std::move(file);
    return absl::OkStatus();
  }

  absl::StatusOr<FetchReply> ReadFetched(const std::string& path, const FetchRequest& request,
                                         const CallContext& call) const {
    const absl::StatusOr<csv::CsvText> text = csv::CsvText::Open(path);
    if (!text.ok()) return text.status();
    absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::Stream(path, *text);
    if (!reader.ok()) return reader.status();
    return csv_channel::ReadNamed(&*reader, format_, request, call);
  }

  // The stamp comes first, so that a writer who heeds no lock is noticed whenever he comes: also where nothing is to be
  // written, since an item that was not found in half a file may well be there.
  absl::StatusOr<PushReply> PushLocked(const std::string& path, const PushRequest& request,
                                       const CallContext& call) const {
    const absl::StatusOr<files::FileStamp> stamp = files::FileStamp::Of(path);
    if (!stamp.ok()) return stamp.status();
    const absl::StatusOr<csv::CsvText> text = csv::CsvText::Open(path);
    if (!text.ok()) return text.status();
    const absl::StatusOr<csv_channel::FilePush> push =
        csv_channel::FilePush::Create(path, *text, format_, request.items, call);
    if (absl::Status status = files::CheckUnchanged(path, *stamp); !status.ok()) return status;
    if (!push.ok()) return push.status();
    if (push->changes()) {
      const auto write = [&](files::TextSink sink) { return WriteEncoded(*push, text->encoding(), sink); };
      if (absl::Status status = files::ReplaceFile(path, *stamp, write); !status.ok()) return status;
    }
    PushReply reply;
    reply.outcomes = push->outcomes();
    return reply;
  }

  // UTF-16 is written at once, as it was read.
  static absl::Status WriteEncoded(const csv_channel::FilePush& push, csv::TextEncoding encoding,
                                   files::TextSink sink) {
    if (encoding == csv::TextEncoding::kUtf8) return push.Write(sink);
    std::string text;
    const auto take = [&](absl::string_view part) {
      absl::StrAppend(&text, part);
      return absl::OkStatus();
    };
    if (absl::Status status = push.Write(take); !status.ok()) return status;
    return sink(csv::FromUtf8(std::move(text), encoding));
  }

  // A push that was cancelled was so before it began to write.
  static PushReply NotTried(const PushRequest& request, const absl::Status& status) {
    PushOutcome outcome;
    outcome.result = PushResult::kNotTried;
    outcome.message = std::string(status.message());
    PushReply reply;
    reply.outcomes.assign(request.items.size(), outcome);
    return reply;
  }

  const std::string path_;
  const csv_channel::CellFormat format_;
  const AdapterCapabilities capabilities_;
  // The file of the pull that goes on, from its first page to its last, so that it is read once.
  mutable absl::Mutex mutex_;
  mutable absl::optional<csv_channel::FileSnapshot> pulled_ ABSL_GUARDED_BY(mutex_);
};

struct Settings {
  std::string path;
  csv_channel::CellFormat format;
};

absl::Status BadSetting(const ChannelConfig& config, absl::string_view setting, absl::string_view what) {
  return ProblemStatus(absl::StatusCode::kInvalidArgument, problem_code::kBadSetting,
                       {{"channel", config.name}, {"setting", std::string(setting)}},
                       absl::StrCat("channel ", model::Quote(config.name), ": ", what));
}

absl::StatusOr<Settings> ReadSettings(const ChannelConfig& config) {
  Settings settings;
  settings.format.currency = config.currency;
  for (const auto& [name, value] : config.settings) {
    if (name == "path") {
      settings.path = value;
    } else if (name == "decimal") {
      const absl::StatusOr<DecimalMark> mark = ParseDecimalMark(value);
      if (!mark.ok()) return BadSetting(config, name, mark.status().message());
      settings.format.decimal = *mark;
    } else {
      return BadSetting(
          config, name,
          absl::StrCat("the csv adapter has no setting ", model::Quote(name), "; it has \"path\" and \"decimal\""));
    }
  }
  if (!settings.path.empty()) return settings;
  return BadSetting(config, "path", "the csv adapter needs the setting \"path\"; set it to a CSV file");
}

// Of a file with these words for statuses, which can set `fields`.
AdapterCapabilities CapabilitiesOf(const SyncFields& fields, csv_channel::StatusWords words) {
  AdapterCapabilities capabilities;
  capabilities.link_fields = csv_channel::CsvLinkFields();
  capabilities.status_set = csv_channel::StatusesWith(words);
  capabilities.kept_by_parent = IntersectionOf(fields, {SyncField::kStatus});
  capabilities.complete_pull = true;
  capabilities.fetch_limit = kFetchLimit;
  capabilities.takes_negative_quantities = true;
  PushKind rows;
  rows.name = std::string(kRows);
  rows.fields = fields;
  rows.takes_good_items = true;
  rows.compares = fields;
  // A push is over when its call is. One that hangs and comes back to life still holds the lock, so that nobody pushed
  // in between, and replaces no file that was changed otherwise; one whose process died is gone with it.
  rows.timeout = absl::ZeroDuration();
  capabilities.push_kinds = {rows};
  return capabilities;
}

// What can be set is what the file has columns for. A file that is not there yet, or cannot be read, is taken to have
// all: what is wrong with it is for the first pull to say. INVALID_ARGUMENT where it never can be one.
absl::StatusOr<AdapterCapabilities> CapabilitiesOf(const std::string& path) {
  const SyncFields all = {SyncField::kPrice, SyncField::kQuantity, SyncField::kStatus, SyncField::kCompareAtPrice};
  const AdapterCapabilities unknown = CapabilitiesOf(all, csv_channel::StatusWords::kStatus);
  const absl::Status opened = files::RegularFile::Open(path).status();
  if (absl::IsInvalidArgument(opened)) return opened;
  const absl::StatusOr<csv::CsvText> text = csv::CsvText::Open(path);
  if (!text.ok()) return unknown;
  const absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::Stream(path, *text);
  if (!reader.ok()) return unknown;
  const absl::StatusOr<csv::ShopifyColumns> columns = csv::ShopifyColumns::Find(*reader);
  if (!columns.ok()) return unknown;
  SyncFields fields = all;
  if (columns->quantity == csv::CsvReader::kNoColumn) fields.Remove(SyncField::kQuantity);
  if (columns->status == csv::CsvReader::kNoColumn) fields.Remove(SyncField::kStatus);
  if (columns->compare_at_price == csv::CsvReader::kNoColumn) fields.Remove(SyncField::kCompareAtPrice);
  return CapabilitiesOf(fields, csv_channel::StatusWordsOf(*columns));
}

}  // namespace

void RegisterCsvChannel(AdapterRegistry& registry) {
  registry.Register("csv", [](const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
    absl::StatusOr<Settings> settings = ReadSettings(context.config);
    if (!settings.ok()) return settings.status();
    absl::StatusOr<AdapterCapabilities> capabilities = CapabilitiesOf(settings->path);
    if (!capabilities.ok()) return capabilities.status();
    return std::make_unique<CsvChannel>(std::move(settings->path), settings->format, *std::move(capabilities));
  });
}

}  // namespace flxlink
