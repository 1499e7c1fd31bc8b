#include "flxlink/csv_channel.h"

#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "src/channels/csv/file_error.h"
#include "src/channels/csv/file_lock.h"
#include "src/channels/csv/file_pull.h"
#include "src/channels/csv/file_push.h"
#include "src/channels/csv/file_replacement.h"
#include "src/channels/csv/pull_cursor.h"
#include "src/channels/csv/variant_values.h"
#include "src/csv/csv_reader.h"
#include "src/csv/shopify_rows.h"
#include "src/model/quote.h"

namespace flxlink {
namespace {

// How long a push waits for another one to the same file.
constexpr absl::Duration kLockWait = absl::Seconds(2);

std::string RevisionOf(absl::string_view text) {
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits(text.data(), text.size()));
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.digest), sizeof(digest.digest)));
}

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
    absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::Open(*path);
    if (!reader.ok()) return reader.status();
    const std::string revision = RevisionOf(reader->text());
    if (!is_first && from.revision != revision) {
      return absl::AbortedError(absl::StrCat(*path, ": the file changed during the pull; start the pull over"));
    }
    from.revision = revision;
    return csv_channel::ReadPage(&*reader, currency_, from, request.limit);
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
  absl::StatusOr<PushReply> PushLocked(const std::string& path, const PushRequest& request) const {
    // Before the file is read, so that a writer who heeds no lock is noticed whenever he comes.
    const absl::StatusOr<csv_channel::FileStamp> stamp = csv_channel::FileStamp::Of(path);
    if (!stamp.ok()) return stamp.status();
    absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::Open(path);
    if (!reader.ok()) return reader.status();
    if (RevisionOf(reader->text()) != request.revision) return Conflict(path, request);
    const absl::StatusOr<csv_channel::FilePush> push =
        csv_channel::FilePush::Create(&*reader, currency_, request.items);
    if (!push.ok()) return push.status();
    PushReply reply;
    if (push->changes()) {
      const std::string text = push->Text();
      const absl::Status replaced = csv_channel::ReplaceFile(path, *stamp, text);
      if (absl::IsAborted(replaced)) return Conflict(path, request);
      if (!replaced.ok()) return replaced;
      reply.revision = RevisionOf(text);
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
// all: what is wrong with it is for the first pull to say.
AdapterCapabilities CapabilitiesOf(const std::string& path) {
  AdapterCapabilities capabilities;
  capabilities.link_fields = csv_channel::CsvLinkFields();
  capabilities.can_set = {true, true, true};
  capabilities.status_set = csv_channel::StatusesWith(csv_channel::StatusWords::kStatus);
  capabilities.grouping = PushGrouping::kProduct;
  capabilities.partial_success = true;
  capabilities.complete_pull = true;
  // A push is over when its call is. One that hangs and comes back to life finds the file's revision moved by whoever
  // pushed in between, and changes nothing; one whose process died is gone with it.
  capabilities.push_timeout = absl::ZeroDuration();
  const absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::Open(path);
  if (!reader.ok()) return capabilities;
  const absl::StatusOr<csv::ShopifyColumns> columns = csv::ShopifyColumns::Find(*reader);
  if (!columns.ok()) return capabilities;
  const csv_channel::StatusWords words = csv_channel::StatusWordsOf(*reader, *columns);
  capabilities.can_set.quantity = columns->quantity != csv::CsvReader::kNoColumn;
  capabilities.can_set.status = words != csv_channel::StatusWords::kNone;
  capabilities.status_set = csv_channel::StatusesWith(words);
  return capabilities;
}

}  // namespace

void RegisterCsvChannel(AdapterRegistry& registry) {
  registry.Register("csv", [](const AdapterContext& context) -> absl::StatusOr<std::unique_ptr<ChannelAdapter>> {
    absl::StatusOr<std::string> path = PathSetting(context.config);
    if (!path.ok()) return path.status();
    AdapterCapabilities capabilities = CapabilitiesOf(*path);
    return std::make_unique<CsvChannel>(*std::move(path), context.config.currency, std::move(capabilities));
  });
}

}  // namespace flxlink
