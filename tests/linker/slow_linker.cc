#include "tests/linker/slow_linker.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/types/optional.h"

namespace flxlink::linker {
namespace {

using Key = absl::optional<std::string>;
using Rows = std::vector<int64_t>;

Rows FirstNamed(const Rows& rows) {
  return Rows(rows.begin(), rows.begin() + std::min<std::ptrdiff_t>(LinkDetail::kMaxNamed, rows.end() - rows.begin()));
}

// Where reasons stand when the final one is chosen.
int Rank(LinkReason reason) {
  const std::vector<LinkReason> order = {LinkReason::kAmbiguousListing, LinkReason::kAmbiguousChannel,
                                         LinkReason::kContradiction,    LinkReason::kTargetTaken,
                                         LinkReason::kUnlinkedByHand,   LinkReason::kParentMismatch,
                                         LinkReason::kNoMatch,          LinkReason::kNoKey};
  return static_cast<int>(std::find(order.begin(), order.end(), reason) - order.begin());
}

class SlowMatcher {
 public:
  SlowMatcher(const SlowWorld& world, Flaw flaw)
      : world_(world), flaw_(flaw), listing_count_(Count(world.listings)), channel_count_(Count(world.channel)) {}

  SlowResult Run();

 private:
  // A link that is there already or that this pass made.
  struct Link {
    int64_t listing = kNoRow;
    int64_t channel = kNoRow;
    bool broken = false;
    int rule = 0;  // From 1; 0 for existing ones.
    bool contradicted = false;
  };

  static int64_t Count(const std::vector<SlowRow>& rows) { return static_cast<int64_t>(rows.size()); }
  const SlowRow& Listing(int64_t row) const { return world_.listings[static_cast<size_t>(row)]; }
  const SlowRow& Channel(int64_t row) const { return world_.channel[static_cast<size_t>(row)]; }
  int RuleCount() const { return static_cast<int>(world_.priority.size()); }
  bool Has(Flaw flaw) const { return flaw_ == flaw; }

  Key KeyOf(int rule, const SlowRow& row, int column) const {
    std::string scratch;
    const auto key = NormalizeKey(world_.priority[static_cast<size_t>(rule)].normalizers,
                                  row.fields[static_cast<size_t>(column)], &scratch);
    return key.has_value() ? Key(std::string(*key)) : absl::nullopt;
  }
  Key ListingKey(int rule, int64_t row) const {
    return KeyOf(rule, Listing(row), world_.rule_columns[static_cast<size_t>(rule)].listing_column);
  }
  Key ChannelKey(int rule, int64_t row) const {
    return KeyOf(rule, Channel(row), world_.rule_columns[static_cast<size_t>(rule)].channel_column);
  }

  Rows L(int rule, const Key& key) const {
    Rows rows;
    for (int64_t row = 0; key.has_value() && row < listing_count_; ++row) {
      if (!Listing(row).live && !Has(Flaw::kDeadListingsCount)) continue;
      if (Has(Flaw::kLinkedListingsDoNotCount) && LinkOf(row) != nullptr) continue;
      if (ListingKey(rule, row) == key) rows.push_back(row);
    }
    return rows;
  }
  Rows C(int rule, const Key& key) const {
    Rows rows;
    for (int64_t row = 0; key.has_value() && row < channel_count_; ++row) {
      if (!Channel(row).live && !Has(Flaw::kDeadChannelCounts)) continue;
      if (ChannelKey(rule, row) == key) rows.push_back(row);
    }
    return rows;
  }

  const Link* LinkOf(int64_t listing) const {
    for (const Link& link : links_) {
      if (link.listing == listing) return &link;
    }
    return nullptr;
  }
  const Link* HolderOf(int64_t channel) const {
    for (const Link& link : links_) {
      if (link.channel != channel) continue;
      if (Has(Flaw::kBrokenLinksHoldNothing) && link.broken) continue;
      if (Has(Flaw::kUnknownListingsHoldNothing) && link.listing == kNoRow) continue;
      return &link;
    }
    return nullptr;
  }
  bool IsHandUnlinked(int64_t listing, int64_t channel) const {
    const RowPair pair{listing, channel};
    return std::count(world_.hand_unlinks.begin(), world_.hand_unlinks.end(), pair) > 0;
  }

  bool IsContradicted(int rule, int64_t listing, int64_t channel) const;
  bool IsContradictedBy(int other, int64_t listing, int64_t channel) const;
  std::set<std::string> ChannelParents(int rule, int64_t listing) const;
  Rows ParentRows(const std::set<std::string>& parents) const;
  LinkReason Judge(int rule, int64_t listing) const;
  bool Stops(int rule, LinkReason reason) const;
  void RunRule(int rule);
  void Give(int rule, int64_t listing, LinkReason reason);
  LinkDetail DetailOf(int rule, int64_t listing, LinkReason reason) const;

  const SlowWorld& world_;
  Flaw flaw_;
  int64_t listing_count_;
  int64_t channel_count_;
  std::vector<Link> links_;
  std::set<int64_t> stopped_;
  std::map<int64_t, LinkOutcome> reasons_;  // By listing row: the final reason so far.
  std::map<int64_t, LinkDetail> details_;
  SlowResult result_;
};

bool SlowMatcher::IsContradictedBy(int other, int64_t listing, int64_t channel) const {
  const Key listing_key = ListingKey(other, listing);
  const Key channel_key = ChannelKey(other, channel);
  if (listing_key == channel_key) return false;
  for (const int64_t carrier : C(other, listing_key)) {
    if (!IsHandUnlinked(listing, carrier) || Has(Flaw::kHandUnlinkedCarriersContradict)) return true;
  }
  return !L(other, channel_key).empty();
}

bool SlowMatcher::IsContradicted(int rule, int64_t listing, int64_t channel) const {
  const int end = Has(Flaw::kOnlyEarlierRulesContradict) ? rule : RuleCount();
  for (int other = 0; other < end; ++other) {
    if (other != rule && IsContradictedBy(other, listing, channel)) return true;
  }
  return false;
}

std::string ParentOrNone(const SlowRow& row) {
  return absl::StripAsciiWhitespace(row.parent).empty() ? std::string() : row.parent;
}

// The parents that variants of the row's listing point to; "" is the parent "none".
std::set<std::string> SlowMatcher::ChannelParents(int rule, int64_t listing) const {
  std::set<std::string> parents;
  const std::string own = ParentOrNone(Listing(listing));
  for (int64_t row = 0; row < listing_count_; ++row) {
    if (row != listing && (own.empty() || ParentOrNone(Listing(row)) != own)) continue;
    const Rows targets = C(rule, ListingKey(rule, row));
    if (Listing(row).live && targets.size() == 1 && L(rule, ListingKey(rule, row)).size() == 1) {
      parents.insert(ParentOrNone(Channel(targets[0])));
    }
    const Link* link = LinkOf(row);
    if (link == nullptr || link->channel == kNoRow) continue;
    if (link->broken && !Has(Flaw::kBrokenLinksTellParents)) continue;
    if (!Listing(row).live && Has(Flaw::kDeadListingsLinksTellNoParents)) continue;
    if (link->rule > 0 && Has(Flaw::kLinksOfEarlierRulesTellNoParents)) continue;
    parents.insert(ParentOrNone(Channel(link->channel)));
  }
  return parents;
}

Rows SlowMatcher::ParentRows(const std::set<std::string>& parents) const {
  Rows rows;
  std::set<std::string> seen;
  for (int64_t row = 0; row < channel_count_; ++row) {
    const std::string parent = ParentOrNone(Channel(row));
    if (parents.count(parent) > 0 && seen.insert(parent).second) rows.push_back(row);
  }
  return rows;
}

// kNone where the rule links it.
LinkReason SlowMatcher::Judge(int rule, int64_t listing) const {
  const Key key = ListingKey(rule, listing);
  if (!key.has_value()) return LinkReason::kNoKey;
  const Rows channel = C(rule, key);
  if (channel.empty()) return LinkReason::kNoMatch;
  if (L(rule, key).size() > 1) return LinkReason::kAmbiguousListing;
  if (channel.size() > 1) return LinkReason::kAmbiguousChannel;
  if (world_.strict && IsContradicted(rule, listing, channel[0])) return LinkReason::kContradiction;
  if (HolderOf(channel[0]) != nullptr) return LinkReason::kTargetTaken;
  if (IsHandUnlinked(listing, channel[0]) && !Has(Flaw::kHandUnlinksAreForgotten)) return LinkReason::kUnlinkedByHand;
  if (world_.parent_guard && ChannelParents(rule, listing).size() > 1) return LinkReason::kParentMismatch;
  return LinkReason::kNone;
}

bool SlowMatcher::Stops(int rule, LinkReason reason) const {
  if (reason == LinkReason::kContradiction) return true;
  const bool ambiguous = reason == LinkReason::kAmbiguousListing || reason == LinkReason::kAmbiguousChannel;
  return ambiguous && world_.priority[static_cast<size_t>(rule)].ambiguous == Ambiguity::kStop &&
         !Has(Flaw::kAmbiguousNeverStops);
}

LinkDetail SlowMatcher::DetailOf(int rule, int64_t listing, LinkReason reason) const {
  const Key key = ListingKey(rule, listing);
  LinkDetail detail;
  detail.listing_row = listing;
  if (reason == LinkReason::kAmbiguousListing) detail.candidate_rows = FirstNamed(L(rule, key));
  if (reason == LinkReason::kAmbiguousChannel) detail.candidate_rows = FirstNamed(C(rule, key));
  if (reason == LinkReason::kParentMismatch) detail.parent_rows = FirstNamed(ParentRows(ChannelParents(rule, listing)));
  if (reason == LinkReason::kTargetTaken) {
    detail.target_row = C(rule, key)[0];
    detail.holder_row = HolderOf(detail.target_row)->listing;
  }
  return detail;
}

void SlowMatcher::Give(int rule, int64_t listing, LinkReason reason) {
  const auto found = reasons_.find(listing);
  if (found != reasons_.end() && Rank(found->second.reason) <= Rank(reason) && !Has(Flaw::kLastReasonWins)) return;
  reasons_[listing] = {kNoRow, rule + 1, LinkState::kUnlinked, reason};
  details_[listing] = DetailOf(rule, listing, reason);
}

void SlowMatcher::RunRule(int rule) {
  std::vector<Link> made;
  for (int64_t listing = 0; listing < listing_count_; ++listing) {
    RuleExplanation& said = result_.trace[static_cast<size_t>(listing)][static_cast<size_t>(rule)];
    const Key key = ListingKey(rule, listing);
    said.has_key = key.has_value();
    said.key = key.value_or("");
    said.listing_rows = FirstNamed(L(rule, key));
    said.channel_rows = FirstNamed(C(rule, key));
    said.listing_count = static_cast<int64_t>(L(rule, key).size());
    said.channel_count = static_cast<int64_t>(C(rule, key).size());
    const bool dead = !Listing(listing).live && !Has(Flaw::kDeadListingsAreMatched);
    if (dead || LinkOf(listing) != nullptr || stopped_.count(listing) > 0) continue;
    said.reason = Judge(rule, listing);
    said.linked = said.reason == LinkReason::kNone;
    said.stopped = Stops(rule, said.reason);
    if (said.stopped) stopped_.insert(listing);
    if (!said.linked) {
      Give(rule, listing, said.reason);
      continue;
    }
    const int64_t target = C(rule, key)[0];
    made.push_back({listing, target, false, rule + 1, IsContradicted(rule, listing, target)});
    if (made.back().contradicted) said.reason = LinkReason::kContradiction;
  }
  links_.insert(links_.end(), made.begin(), made.end());
}

SlowResult SlowMatcher::Run() {
  for (const RowPair& pair : world_.links)
    links_.push_back({pair.listing_row, pair.channel_row, pair.channel_row == kNoRow});
  for (const RowPair& pair : world_.broken_links) links_.push_back({pair.listing_row, pair.channel_row, true});
  result_.trace.assign(world_.listings.size(), std::vector<RuleExplanation>(world_.priority.size()));
  for (int rule = 0; rule < RuleCount(); ++rule) RunRule(rule);
  for (int64_t listing = 0; listing < listing_count_; ++listing) {
    LinkOutcome outcome;
    const auto reason = reasons_.find(listing);
    if (const Link* link = LinkOf(listing)) {
      outcome.channel_row = link->channel;
      outcome.rule = link->rule;
      outcome.state = link->broken ? LinkState::kBroken : LinkState::kLinked;
      outcome.reason = link->rule == 0 ? LinkReason::kExisting : LinkReason::kNone;
      if (link->contradicted) outcome.reason = LinkReason::kContradiction;
    } else if (reason != reasons_.end()) {
      outcome = reason->second;
      const LinkReason given = outcome.reason;
      const bool names = given == LinkReason::kAmbiguousListing || given == LinkReason::kAmbiguousChannel ||
                         given == LinkReason::kTargetTaken || given == LinkReason::kParentMismatch;
      if (names) result_.details.push_back(details_[listing]);
    }
    result_.outcomes.push_back(outcome);
  }
  return result_;
}

}  // namespace

SlowResult SlowMatch(const SlowWorld& world, Flaw flaw) { return SlowMatcher(world, flaw).Run(); }

}  // namespace flxlink::linker
