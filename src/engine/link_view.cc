#include "src/engine/link_view.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "src/engine/link_names.h"
#include "src/engine/link_store.h"
#include "src/linking/link_explain.h"
#include "src/linking/link_index.h"
#include "src/linking/link_keys.h"
#include "src/linking/link_relinks.h"

namespace flxlink::engine {
namespace {

// With more link changes than this it is faster to read the channel than the changes.
constexpr int64_t kMaxChanges = 1000;

// The channel, as long as a call goes on.
class CallLookup : public StorageLinkLookup {
 public:
  CallLookup(const EngineOptions& options, int64_t channel_id, const Call& call)
      : StorageLinkLookup(*options.storage, channel_id, options.page_rows), clock_(*options.clock), call_(call) {}

  absl::StatusOr<ListingKeyPage> ReadListingKeys(absl::Span<const std::string> fields, int64_t after_id) override {
    const absl::Status status = CheckCall(call_, clock_.Now());
    if (!status.ok()) return status;
    return StorageLinkLookup::ReadListingKeys(fields, after_id);
  }
  absl::StatusOr<ChannelKeyPage> ReadChannelKeys(absl::Span<const std::string> fields, int64_t after_id) override {
    const absl::Status status = CheckCall(call_, clock_.Now());
    if (!status.ok()) return status;
    return StorageLinkLookup::ReadChannelKeys(fields, after_id);
  }
  absl::StatusOr<LinkChangePage> ReadLinkChanges(LinkSide side, absl::Span<const std::string> fields,
                                                 int64_t after_id) override {
    const absl::Status status = CheckCall(call_, clock_.Now());
    if (!status.ok()) return status;
    return StorageLinkLookup::ReadLinkChanges(side, fields, after_id);
  }

 private:
  const Clock& clock_;
  const Call call_;
};

// What the listing variant has in a field that a rule names.
std::string ValueOf(const ListingRow& listing, absl::string_view field) {
  if (field == "sku") return listing.sku;
  return field == "parent" ? listing.parent : std::string(FieldValue(listing.fields, field));
}

absl::StatusOr<ListingExplanation::Rule> NameRule(const LinkRule& rule, linking::IdExplanation explanation,
                                                  linking::LinkLookup& lookup) {
  RuleExplanation& explained = explanation.rule;
  absl::StatusOr<std::vector<std::string>> skus = ReadNames(lookup, LinkSide::kListing, explained.listing_rows);
  if (!skus.ok()) return skus.status();
  absl::StatusOr<std::vector<std::string>> external_ids = ReadNames(lookup, LinkSide::kChannel, explained.channel_rows);
  if (!external_ids.ok()) return external_ids.status();
  absl::StatusOr<std::vector<std::string>> not_live = ReadNames(lookup, LinkSide::kChannel, explanation.not_live);
  if (!not_live.ok()) return not_live.status();
  absl::StatusOr<std::vector<std::string>> refused = ReadNames(lookup, LinkSide::kChannel, explanation.refused);
  if (!refused.ok()) return refused.status();
  ListingExplanation::Rule named;
  named.rule = rule;
  named.has_key = explained.has_key;
  named.key = std::move(explained.key);
  named.listings = *std::move(skus);
  named.channel = *std::move(external_ids);
  named.not_live = *std::move(not_live);
  named.refused = *std::move(refused);
  named.listing_count = explained.listing_count;
  named.channel_count = explained.channel_count;
  named.reason = explained.reason;
  named.linked = explained.linked;
  named.stopped = explained.stopped;
  return named;
}

// What each rule says, by the key index where the last link job left one for these rules.
absl::StatusOr<std::vector<linking::IdExplanation>> ExplainRules(const EngineOptions& options, const Channel& channel,
                                                                 const Linker& linker, linking::LinkLookup& lookup,
                                                                 int64_t listing_id) {
  const auto explain = [&](linking::LinkLookup& indexed, const linking::LinkKeys& keys) {
    return linking::ExplainById(indexed, keys, linker, channel.config, listing_id,
                                ListingExplanation::Rule::kMaxCounted);
  };
  LinkIndex* const stored = options.storage->link_index();
  absl::StatusOr<LinkBase> base = stored == nullptr ? LinkBase() : stored->ReadLinkBase(channel.channel_id);
  if (!base.ok()) return base.status();
  const absl::optional<linking::LinkKeys> keys = linking::LinkKeys::OfBase(channel.config, base->text);
  if (keys.has_value() && base->changes <= kMaxChanges) {
    linking::UpdatedIndex index(lookup);
    const absl::Status status = index.ReadChanges(*keys);
    if (!status.ok()) return status;
    return explain(index, *keys);
  }
  const linking::LinkKeys own(channel.config, options.random());
  linking::ScannedIndex index(lookup, own);
  return explain(index, own);
}

void SayRelink(const std::string& external_id, ListingRow* row) {
  for (Problem& attention : row->attentions) {
    if (attention.code != problem_code::kItemGone) continue;
    attention.args.push_back({"relinks_to", external_id});
    absl::StrAppend(&attention.message, "; the rules would link it to item ", external_id);
  }
}

// What the broken links among the rows would become, by the channel's key index; none where there is no such index.
absl::StatusOr<std::vector<LinkPair>> FindRelinksByIndex(const EngineOptions& options, const Channel& channel,
                                                         linking::LinkLookup& lookup,
                                                         absl::Span<const int64_t> listing_ids) {
  LinkIndex* const stored = options.storage->link_index();
  if (stored == nullptr || channel.config.link_priority.empty()) return std::vector<LinkPair>();
  const absl::StatusOr<LinkBase> base = stored->ReadLinkBase(channel.channel_id);
  if (!base.ok()) return base.status();
  const absl::optional<linking::LinkKeys> keys = linking::LinkKeys::OfBase(channel.config, base->text);
  if (!keys.has_value() || base->changes > kMaxChanges) return std::vector<LinkPair>();
  absl::StatusOr<Linker> linker = Linker::Create(channel.config.link_priority);
  if (!linker.ok()) return linker.status();
  linking::UpdatedIndex index(lookup);
  const absl::Status status = index.ReadChanges(*keys);
  if (!status.ok()) return status;
  return linking::FindRelinks(index, *keys, *linker, channel.config, listing_ids);
}

}  // namespace

absl::Status NameRelinks(const EngineOptions& options, const Channel& channel, std::vector<ListingRow>* rows) {
  absl::flat_hash_map<int64_t, ListingRow*> broken;
  std::vector<int64_t> ids;
  for (ListingRow& row : *rows) {
    if (row.link_state != LinkState::kBroken) continue;
    broken.emplace(row.listing_id, &row);
    ids.push_back(row.listing_id);
  }
  if (ids.empty()) return absl::OkStatus();
  CallLookup lookup(options, channel.channel_id, Call());
  absl::StatusOr<std::vector<LinkPair>> relinks = FindRelinksByIndex(options, channel, lookup, ids);
  if (!relinks.ok()) return relinks.status();
  std::sort(relinks->begin(), relinks->end(),
            [](const LinkPair& a, const LinkPair& b) { return a.channel_variant_id < b.channel_variant_id; });
  std::vector<int64_t> items;
  for (const LinkPair& relink : *relinks) items.push_back(relink.channel_variant_id);
  const absl::StatusOr<std::vector<std::string>> names = ReadNames(lookup, LinkSide::kChannel, items);
  // One of them went this very moment: the list is as it was before it came.
  if (absl::IsAborted(names.status())) return absl::OkStatus();
  if (!names.ok()) return names.status();
  for (size_t i = 0; i < relinks->size(); ++i) SayRelink((*names)[i], broken.at((*relinks)[i].listing_id));
  return absl::OkStatus();
}

absl::StatusOr<ListingExplanation> ExplainListing(const EngineOptions& options, const Channel& channel,
                                                  absl::string_view sku, const Call& call) {
  if (absl::Status status = CheckCall(call, options.clock->Now()); !status.ok()) return status;
  ListingFilter filter;
  filter.skus = {std::string(sku)};
  absl::StatusOr<std::vector<ListingRow>> found = options.storage->ReadListings(channel.channel_id, filter, 0, 1);
  if (!found.ok()) return found.status();
  if (found->empty()) {
    return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kNoListing,
                         {{"channel", channel.config.name}, {"sku", std::string(sku)}},
                         absl::StrCat("channel ", channel.config.name, " has no listing variant with SKU ", sku));
  }
  if (absl::Status status = NameRelinks(options, channel, &*found); !status.ok()) return status;
  ListingExplanation explanation;
  explanation.listing = std::move(found->front());
  HistoryFilter of_sku;
  of_sku.sku = explanation.listing.sku;
  absl::StatusOr<std::vector<LinkHistoryRow>> history =
      options.storage->ReadLinkHistory(channel.channel_id, of_sku, {}, Storage::kMaxRows);
  if (!history.ok()) return history.status();
  for (LinkHistoryRow& row : *history) explanation.history.push_back(std::move(row.event));
  if (channel.config.link_priority.empty()) return explanation;

  absl::StatusOr<Linker> linker = Linker::Create(channel.config.link_priority);
  if (!linker.ok()) return linker.status();
  CallLookup lookup(options, channel.channel_id, call);
  absl::StatusOr<std::vector<linking::IdExplanation>> rules =
      ExplainRules(options, channel, *linker, lookup, explanation.listing.listing_id);
  if (!rules.ok()) return rules.status();
  for (size_t r = 0; r < rules->size(); ++r) {
    absl::StatusOr<ListingExplanation::Rule> rule = NameRule(linker->priority()[r], std::move((*rules)[r]), lookup);
    if (!rule.ok()) return rule.status();
    rule->value = ValueOf(explanation.listing, rule->rule.listing_field);
    explanation.rules.push_back(*std::move(rule));
  }
  return explanation;
}

}  // namespace flxlink::engine
