#include "src/cli/match_rows.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "flxlink/csv_field.h"
#include "nlohmann/json.hpp"

namespace flxlink::cli {
namespace {

using Json = nlohmann::ordered_json;

// The id of what the row is linked to; empty for an unlinked one.
absl::string_view ChannelId(const MatchNames& names, int64_t listing_row, const LinkOutcome& outcome) {
  if (outcome.channel_row != kNoRow) return names.channel->id(outcome.channel_row);
  if (outcome.state == LinkState::kBroken) return names.links->missing_channel_ids.at(listing_row);
  return absl::string_view();
}

absl::string_view HolderId(const MatchNames& names, const LinkDetail& detail) {
  if (detail.holder_row != kNoRow) return names.listings->id(detail.holder_row);
  return names.links->missing_listing_ids.at(detail.target_row);
}

Json TextOrNull(absl::string_view text) { return text.empty() ? Json() : Json(std::string(text)); }

Json Ids(const CsvCatalog& catalog, const std::vector<int64_t>& rows) {
  Json ids = Json::array();
  for (const int64_t row : rows) ids.push_back(std::string(catalog.id(row)));
  return ids;
}

Json Parents(const CsvCatalog& channel, const std::vector<int64_t>& rows) {
  Json parents = Json::array();
  for (const int64_t row : rows) {
    const absl::string_view parent = channel.parent(row);
    parents.push_back(absl::StripAsciiWhitespace(parent).empty() ? Json() : Json(std::string(parent)));
  }
  return parents;
}

void AddDetail(const MatchNames& names, LinkReason reason, const LinkDetail& detail, Json* row) {
  if (reason == LinkReason::kTargetTaken) (*row)["holder"] = std::string(HolderId(names, detail));
  if (reason == LinkReason::kAmbiguousListing) (*row)["candidates"] = Ids(*names.listings, detail.candidate_rows);
  if (reason == LinkReason::kAmbiguousChannel) (*row)["candidates"] = Ids(*names.channel, detail.candidate_rows);
  if (reason == LinkReason::kParentMismatch) (*row)["parents"] = Parents(*names.channel, detail.parent_rows);
}

// How many rows a thread puts into text at a time, and how many wait for the threads.
constexpr size_t kBlockRows = size_t{1} << 14;
constexpr size_t kWaitingRows = kBlockRows * 16;

// Ids that are looked up together.
constexpr size_t kLookupRows = 64;

// The names of some consecutive rows: of the listing variants, and of what they are linked to or were.
class RowNames {
 public:
  RowNames(const MatchNames& names, int64_t row_base, absl::Span<const LinkOutcome> outcomes) {
    const size_t size = outcomes.size();
    int64_t rows[kLookupRows];
    for (size_t i = 0; i < size; ++i) rows[i] = row_base + static_cast<int64_t>(i);
    names.listings->GetIds(absl::MakeConstSpan(rows, size), absl::MakeSpan(listing_ids_, size));
    size_t known = 0;
    for (const LinkOutcome& outcome : outcomes) {
      rows[known] = outcome.channel_row;
      known += outcome.channel_row != kNoRow ? 1 : 0;
    }
    absl::string_view known_ids[kLookupRows];
    names.channel->GetIds(absl::MakeConstSpan(rows, known), absl::MakeSpan(known_ids, known));
    for (size_t i = size; i-- > 0;) {
      channel_ids_[i] = outcomes[i].channel_row != kNoRow
                            ? known_ids[--known]
                            : ChannelId(names, row_base + static_cast<int64_t>(i), outcomes[i]);
    }
  }

  absl::string_view listing_id(size_t i) const { return listing_ids_[i]; }
  absl::string_view channel_id(size_t i) const { return channel_ids_[i]; }

 private:
  absl::string_view listing_ids_[kLookupRows];
  absl::string_view channel_ids_[kLookupRows];
};

void AppendRow(absl::string_view listing_id, absl::string_view channel_id, const LinkOutcome& outcome,
               std::string* text) {
  const auto append = [text](absl::string_view part) { text->append(part.data(), part.size()); };
  AppendCsvField(listing_id, text);
  text->push_back(',');
  append(ToString(outcome.state));
  text->push_back(',');
  AppendCsvField(channel_id, text);
  text->push_back(',');
  if (outcome.rule != 0) append(absl::AlphaNum(outcome.rule).Piece());
  text->push_back(',');
  append(ToString(outcome.reason));
  text->push_back('\n');
}

void AppendRows(const MatchNames& names, int64_t row_base, absl::Span<const LinkOutcome> outcomes, std::string* text) {
  for (size_t begin = 0; begin < outcomes.size(); begin += kLookupRows) {
    const absl::Span<const LinkOutcome> some = outcomes.subspan(begin, kLookupRows);
    const RowNames row_names(names, row_base + static_cast<int64_t>(begin), some);
    for (size_t i = 0; i < some.size(); ++i) {
      AppendRow(row_names.listing_id(i), row_names.channel_id(i), some[i], text);
    }
  }
}

}  // namespace

absl::Status MatchCsvSink::WriteTexts() {
  for (const std::string& text : texts_) {
    if (absl::Status status = output_->Write(text); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Puts the waiting rows into text, and writes the texts before.
absl::Status MatchCsvSink::PrintWaiting() {
  const absl::Span<const LinkOutcome> waiting = waiting_;
  spare_texts_.resize((waiting.size() + kBlockRows - 1) / kBlockRows);
  absl::Status written;
  executor_->ParallelFor(static_cast<int>(spare_texts_.size()) + 1, [&](int task) {
    if (task == 0) {
      written = WriteTexts();
      return;
    }
    const size_t block = static_cast<size_t>(task) - 1;
    const int64_t row_base = waiting_base_ + static_cast<int64_t>(block * kBlockRows);
    spare_texts_[block].clear();
    AppendRows(names_, row_base, waiting.subspan(block * kBlockRows, kBlockRows), &spare_texts_[block]);
  });
  std::swap(texts_, spare_texts_);
  waiting_.clear();
  return written;
}

absl::Status MatchCsvSink::Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                                  absl::Span<const LinkDetail>) {
  if (waiting_.empty()) waiting_base_ = row_base;
  waiting_.insert(waiting_.end(), outcomes.begin(), outcomes.end());
  return waiting_.size() < kWaitingRows ? absl::OkStatus() : PrintWaiting();
}

absl::Status MatchCsvSink::Finish() {
  if (absl::Status status = PrintWaiting(); !status.ok()) return status;
  return WriteTexts();
}

absl::Status MatchJsonSink::Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                                   absl::Span<const LinkDetail> details) {
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const int64_t listing_row = row_base + static_cast<int64_t>(i);
    const LinkOutcome& outcome = outcomes[i];
    Json row;
    row["listing_id"] = std::string(names_.listings->id(listing_row));
    row["state"] = std::string(ToString(outcome.state));
    row["channel_id"] = TextOrNull(ChannelId(names_, listing_row, outcome));
    row["rule"] = outcome.rule == 0 ? Json() : Json(outcome.rule);
    row["reason"] = TextOrNull(ToString(outcome.reason));
    if (!details.empty() && details.front().listing_row == listing_row) {
      AddDetail(names_, outcome.reason, details.front(), &row);
      details.remove_prefix(1);
    }
    const absl::Status status = output_->Write(absl::StrCat(begun_ ? ",\n" : "[\n", row.dump()));
    if (!status.ok()) return status;
    begun_ = true;
  }
  return absl::OkStatus();
}

absl::Status MatchJsonSink::Finish() { return output_->Write(begun_ ? "\n]\n" : "[]\n"); }

}  // namespace flxlink::cli
