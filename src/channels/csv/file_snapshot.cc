#include "src/channels/csv/file_snapshot.h"

#include <xxhash.h>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "src/channels/csv/unclear_numbers.h"
#include "src/csv/file_kind.h"
#include "src/csv/utf16.h"
#include "src/files/regular_file.h"

namespace flxlink::csv_channel {
namespace {

std::string RevisionOf(absl::string_view text) {
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits(text.data(), text.size()));
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.digest), sizeof(digest.digest)));
}

}  // namespace

absl::StatusOr<FileSnapshot> FileSnapshot::Read(const std::string& path) {
  const absl::StatusOr<files::RegularFile> file = files::RegularFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::string> text = file->ReadAll();
  if (!text.ok()) return text.status();
  if (absl::Status status = csv::CheckIsText(path, *text); !status.ok()) return status;
  std::string revision = RevisionOf(*text);
  text = csv::ToUtf8(path, *std::move(text));
  if (!text.ok()) return text.status();
  absl::StatusOr<csv::CsvReader> reader = csv::CsvReader::FromText(path, *std::move(text));
  if (!reader.ok()) return reader.status();
  auto kept = std::make_unique<csv::CsvReader>(*std::move(reader));
  absl::StatusOr<csv::ShopifyRows> rows = csv::ShopifyRows::Create(kept.get());
  if (!rows.ok()) return rows.status();
  return FileSnapshot(files::FileStamp(file->info()), std::move(revision), std::move(kept), *std::move(rows));
}

absl::Status FileSnapshot::Check(const CellFormat& format, const CallContext& call) {
  if (repeated_.has_value()) return absl::OkStatus();
  const VariantCells cells(*reader_, rows_.columns(), format);
  UnclearNumbers unclear;
  absl::StatusOr<RepeatedRows> repeated = RepeatedRows::Find(&rows_, call, [&](const csv::ShopifyVariant& variant) {
    if (cells.may_be_unclear()) unclear.Add(cells.ReadValues(variant).status());
  });
  if (!repeated.ok()) return repeated.status();
  repeated_ = *std::move(repeated);
  unclear_ = unclear.Told();
  return absl::OkStatus();
}

}  // namespace flxlink::csv_channel
