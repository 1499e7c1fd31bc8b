#include "src/engine/link_writer.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "flxlink/sync.h"

namespace flxlink::engine {

LinkWriter::LinkWriter(JobContext& context) : context_(context) {
  context.Count("linked", 0);
  context.Count("unlinked", 0);
  for (size_t rule = 1; rule <= context.channel().config.link_priority.size(); ++rule) {
    context.Count(absl::StrCat("linked_by_rule_", rule), 0);
    context.Count("linked_contradicted", 0);
  }
  context.Count("judged", 0);
}

absl::StatusOr<std::vector<int64_t>> LinkWriter::Write(int64_t edit_version, absl::Span<const LinkWrite> writes) {
  std::vector<int64_t> overtaken;
  const size_t page = static_cast<size_t>(context_.page_rows());
  for (size_t at = 0; at < writes.size(); at += page) {
    const absl::Span<const LinkWrite> rows = writes.subspan(at, page);
    absl::Status status = context_.Report();
    if (!status.ok()) return status;
    absl::StatusOr<LinkWriteResult> written = context_.WriteValue<LinkWriteResult>(
        [&](absl::Time now) { return context_.storage().WriteLinks(context_.fence(), edit_version, rows, now); });
    if (!written.ok()) return written.status();
    CountLinks(rows, written->overtaken);
    for (const int64_t row : written->overtaken) overtaken.push_back(static_cast<int64_t>(at) + row);
  }
  return overtaken;
}

void LinkWriter::CountLinks(absl::Span<const LinkWrite> rows, absl::Span<const int64_t> overtaken) {
  std::vector<int64_t> by_rule(context_.channel().config.link_priority.size());
  int64_t contradicted = 0;
  const size_t linked_before = linked_.size();
  for (size_t i = 0; i < rows.size(); ++i) {
    const LinkWrite& row = rows[i];
    if (row.channel_variant_id == 0) continue;
    if (std::binary_search(overtaken.begin(), overtaken.end(), static_cast<int64_t>(i))) continue;
    linked_.push_back(row.listing_id);
    ++by_rule[static_cast<size_t>(row.rule) - 1];
    if (row.reason == LinkReason::kContradiction) ++contradicted;
  }
  const auto linked = static_cast<int64_t>(linked_.size() - linked_before);
  context_.Count("linked", linked);
  context_.Count("judged", linked);
  context_.Count("linked_contradicted", contradicted);
  for (size_t rule = 0; rule < by_rule.size(); ++rule) {
    context_.Count(absl::StrCat("linked_by_rule_", rule + 1), by_rule[rule]);
  }
}

void LinkWriter::KeepUnlinked(const linking::PassResult& result) {
  unlinked_ += result.stats.unlinked - std::min(result.stats.unlinked, result.overtaken_reasons);
}

void LinkWriter::CountUnlinked() {
  context_.Count("unlinked", unlinked_);
  context_.Count("judged", unlinked_);
}

absl::Status LinkWriter::NoteStatusRules() {
  if (context_.channel().config.status_rules.empty()) return absl::OkStatus();
  std::sort(linked_.begin(), linked_.end());
  const size_t page = static_cast<size_t>(context_.page_rows());
  for (size_t at = 0; at < linked_.size(); at += page) {
    const absl::Status status = NoteStatusRulesOf(absl::MakeConstSpan(linked_).subspan(at, page));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status LinkWriter::NoteStatusRulesOf(absl::Span<const int64_t> listing_ids) {
  const Channel& channel = context_.channel();
  const absl::StatusOr<ListingKeyPage> listings = context_.RetryValue<ListingKeyPage>(
      [&] { return context_.storage().ReadListingKeysById(channel.channel_id, {"sku"}, listing_ids); });
  if (!listings.ok()) return listings.status();
  std::vector<std::string> skus;
  for (int64_t i = 0; i < listings->size(); ++i) skus.emplace_back(listings->columns[0][i]);
  const absl::StatusOr<SyncBatch> links =
      context_.RetryValue<SyncBatch>([&] { return context_.storage().ReadLinksBySku(channel.channel_id, skus); });
  if (!links.ok()) return links.status();
  for (int64_t i = 0; i < links->size(); ++i) {
    const SyncRow& row = links->rows[static_cast<size_t>(i)];
    const ChannelStatus wanted = EvaluateStatusRules(channel.config.status_rules, row, channel.config.currency);
    if (StateByRule(row.status, wanted).pending == row.status.pending) continue;
    context_.Count("status_rules_would_change", 1);
    context_.AddProblem(links->sku[i], MakeProblem(problem_code::kStatusRule,
                                                   {{"sku", std::string(links->sku[i])},
                                                    {"channel", channel.config.name},
                                                    {"status", std::string(ToString(wanted))}},
                                                   absl::StrCat("a status rule would make SKU ", links->sku[i], " ",
                                                                ToString(wanted))));
  }
  return absl::OkStatus();
}

}  // namespace flxlink::engine
