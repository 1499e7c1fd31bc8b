#include "src/cli/match_rows.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "flxlink/csv_field.h"
#include "nlohmann/json.hpp"

namespace flxlink {
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

std::string RuleText(const LinkOutcome& outcome) { return outcome.rule == 0 ? "" : absl::StrCat(outcome.rule); }

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

}  // namespace

absl::Status MatchCsvSink::Begin() {
  if (begun_) return absl::OkStatus();
  begun_ = true;
  return output_->Write("listing_id,state,channel_id,rule,reason\n");
}

absl::Status MatchCsvSink::Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                                  absl::Span<const LinkDetail>) {
  if (absl::Status status = Begin(); !status.ok()) return status;
  std::string line;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const int64_t listing_row = row_base + static_cast<int64_t>(i);
    const LinkOutcome& outcome = outcomes[i];
    line.clear();
    AppendCsvField(names_.listings->id(listing_row), &line);
    absl::StrAppend(&line, ",", ToString(outcome.state), ",");
    AppendCsvField(ChannelId(names_, listing_row, outcome), &line);
    absl::StrAppend(&line, ",", RuleText(outcome), ",", ToString(outcome.reason), "\n");
    if (absl::Status status = output_->Write(line); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status MatchCsvSink::Finish() { return Begin(); }

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

}  // namespace flxlink
