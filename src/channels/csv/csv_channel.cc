#include "flxlink/csv_channel.h"

#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "src/channels/csv/file_error.h"
#include "src/channels/csv/file_lock.h"
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

// A page ends early at this much text, so that its columns stay far below what a StringColumn can hold.
constexpr size_t kMaxPageBytes = size_t{64} << 20;

constexpr absl::string_view kLinkFields[] = {"id",     "sku",     "barcode", "handle", "title",
                                             "vendor", "option1", "option2", "option3"};

std::vector<std::string> LinkFields() { return {std::begin(kLinkFields), std::end(kLinkFields)}; }

std::string RevisionOf(absl::string_view text) {
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits(text.data(), text.size()));
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.digest), sizeof(digest.digest)));
}

// The path without symbolic links, so that a push replaces the file and not a link to it.
absl::StatusOr<std::string> ResolvePath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(path.c_str(), nullptr), &std::free);
  if (resolved == nullptr) return FileError(errno, path, "the file of the setting `path` cannot be found");
  return std::string(resolved.get());
}

// Fills a page with variants.
class PageBuilder {
 public:
  explicit PageBuilder(int64_t limit) : limit_(limit) {
    batch_.fields.names = LinkFields();
    batch_.fields.columns.resize(batch_.fields.names.size());
  }

  bool full() const { return batch_.size() >= limit_ || bytes_ >= kMaxPageBytes; }

  void Add(const ShopifyVariant& variant, const Pqs& values) {
    batch_.external_id.Add(variant.id);
    batch_.parent_id.Add(variant.handle);
    batch_.price.push_back(values.price);
    batch_.quantity.push_back(values.quantity);
    batch_.status.push_back(values.status);
    // In the order of kLinkFields.
    const absl::string_view fields[] = {variant.id,         variant.sku,        variant.barcode,
                                        variant.handle,     variant.title,      variant.vendor,
                                        variant.options[0], variant.options[1], variant.options[2]};
    static_assert(std::size(fields) == std::size(kLinkFields), "one value a link field");
    for (size_t i = 0; i < std::size(fields); ++i) {
      batch_.fields.columns[i].Add(fields[i]);
      bytes_ += fields[i].size();
    }
  }

  ChannelVariantBatch Take() { return std::move(batch_); }

 private:
  int64_t limit_;
  size_t bytes_ = 0;
  ChannelVariantBatch batch_;
};

// One page of one revision of the file.
//
// A pull's first page reads the file to its end, so that a mistake anywhere in it fails the pull before anything of it
// is taken in. The other pages are of the same bytes: they begin where the cursor says and end where they are full.
class PageReader {
 public:
  PageReader(CsvReader* reader, Currency currency, const PullRequest& request)
      : reader_(reader), currency_(currency), is_first_(request.cursor.empty()), page_(request.limit) {}

  absl::StatusOr<PullPage> Read(const PullCursor& from) {
    absl::StatusOr<ShopifyRows> rows = ShopifyRows::Create(reader_);
    if (!rows.ok()) return rows.status();
    words_ = StatusWordsOf(*reader_, rows->columns());
    if (!is_first_) reader_->Seek(from.product);
    PullPage page;
    page.revision = from.revision;
    ShopifyVariant variant;
    while (page.next_cursor.empty() || is_first_) {
      const absl::StatusOr<bool> found = rows->Next(&variant);
      if (!found.ok()) return found.status();
      if (!*found) break;
      if (variant.row.index < from.variant) continue;
      if (absl::Status status = Take(variant, from.revision, &page.next_cursor); !status.ok()) return status;
    }
    page.items = page_.Take();
    return page;
  }

 private:
  absl::Status Take(const ShopifyVariant& variant, const std::string& revision, std::string* next_cursor) {
    const absl::StatusOr<Pqs> values = ReadPqs(*reader_, variant, words_, currency_);
    if (!values.ok()) return values.status();
    if (is_first_) {
      if (absl::Status status = CheckNew(variant); !status.ok()) return status;
    }
    if (!page_.full()) {
      page_.Add(variant, *values);
    } else if (next_cursor->empty()) {
      *next_cursor = FormatPullCursor({revision, variant.product_row, variant.row.index});
    }
    return absl::OkStatus();
  }

  absl::Status CheckNew(const ShopifyVariant& variant) {
    const auto [first, is_new] = lines_.try_emplace(variant.id, variant.row.line);
    if (is_new) return absl::OkStatus();
    return reader_->ErrorAt(variant.row.line,
                            absl::StrCat("the variant ", QuoteForError(variant.id), " is there already, on line ",
                                         first->second, "; give one of them other option values, or remove it"));
  }

  CsvReader* reader_;
  Currency currency_;
  bool is_first_;
  StatusWords words_ = StatusWords::kNone;
  PageBuilder page_;
  absl::flat_hash_map<std::string, int64_t> lines_;  // Where each external id stands.
};

class CsvChannel : public ChannelAdapter {
 public:
  CsvChannel(std::string path, Currency currency, AdapterCapabilities capabilities)
      : path_(std::move(path)), currency_(currency), capabilities_(std::move(capabilities)) {}

  const AdapterCapabilities& capabilities() const override { return capabilities_; }

  absl::StatusOr<PullPage> Pull(const PullRequest& request) const override {
    if (request.limit <= 0) return absl::InvalidArgumentError("a page's limit must be at least 1");
    PullCursor from;
    if (!request.cursor.empty()) {
      absl::StatusOr<PullCursor> parsed = ParsePullCursor(request.cursor);
      if (!parsed.ok()) return parsed.status();
      from = *std::move(parsed);
    }
    absl::StatusOr<std::string> path = ResolvePath(path_);
    if (!path.ok()) return path.status();
    absl::StatusOr<CsvReader> reader = CsvReader::Open(*path);
    if (!reader.ok()) return reader.status();
    const std::string revision = RevisionOf(reader->text());
    if (!request.cursor.empty() && from.revision != revision) {
      return absl::AbortedError(absl::StrCat(*path, ": the file changed during the pull; start the pull over"));
    }
    from.revision = revision;
    return PageReader(&*reader, currency_, request).Read(from);
  }

  absl::StatusOr<PushReply> Push(const PushRequest& request) const override {
    if (request.items.empty()) return PushReply();
    absl::StatusOr<std::string> path = ResolvePath(path_);
    if (!path.ok()) return path.status();
    const absl::StatusOr<FileLock> lock = FileLock::Acquire(absl::StrCat(*path, ".lock"), kLockWait);
    if (!lock.ok()) return lock.status();
    return PushLocked(*path, request);
  }

 private:
  absl::StatusOr<PushReply> PushLocked(const std::string& path, const PushRequest& request) const {
    // Before the file is read, so that a writer who heeds no lock is noticed whenever he comes.
    const absl::StatusOr<FileStamp> stamp = FileStamp::Of(path);
    if (!stamp.ok()) return stamp.status();
    absl::StatusOr<CsvReader> reader = CsvReader::Open(path);
    if (!reader.ok()) return reader.status();
    if (RevisionOf(reader->text()) != request.revision) return Conflict(path, request);
    const absl::StatusOr<FilePush> push = FilePush::Create(&*reader, currency_, request.items);
    if (!push.ok()) return push.status();
    PushReply reply;
    if (push->changes()) {
      const std::string text = push->Text();
      const absl::Status replaced = ReplaceFile(path, *stamp, text);
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
      return absl::InvalidArgumentError(absl::StrCat("channel ", Quote(config.name),
                                                     ": the csv adapter has no setting ", Quote(name),
                                                     "; its only one is \"path\""));
    }
    path = value;
  }
  if (!path.empty()) return path;
  return absl::InvalidArgumentError(absl::StrCat("channel ", Quote(config.name),
                                                 ": the csv adapter needs the setting \"path\"; set it to a CSV file"));
}

// What can be set is what the file has columns for. A file that is not there yet, or cannot be read, is taken to have
// all: what is wrong with it is for the first pull to say.
AdapterCapabilities CapabilitiesOf(const std::string& path) {
  AdapterCapabilities capabilities;
  capabilities.link_fields = LinkFields();
  capabilities.can_set = {true, true, true};
  capabilities.status_set = StatusesWith(StatusWords::kStatus);
  capabilities.grouping = PushGrouping::kProduct;
  capabilities.partial_success = true;
  capabilities.complete_pull = true;
  // A push is over when its call is. One that hangs and comes back to life finds the file's revision moved by whoever
  // pushed in between, and changes nothing; one whose process died is gone with it.
  capabilities.push_timeout = absl::ZeroDuration();
  const absl::StatusOr<CsvReader> reader = CsvReader::Open(path);
  if (!reader.ok()) return capabilities;
  const absl::StatusOr<ShopifyColumns> columns = ShopifyColumns::Find(*reader);
  if (!columns.ok()) return capabilities;
  const StatusWords words = StatusWordsOf(*reader, *columns);
  capabilities.can_set.quantity = columns->quantity != CsvReader::kNoColumn;
  capabilities.can_set.status = words != StatusWords::kNone;
  capabilities.status_set = StatusesWith(words);
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
