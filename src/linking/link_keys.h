// The keys that a channel's link rules compare, as the link base counts them (see "The link base" in
// flxlink/storage.h).

#ifndef FLXLINK_SRC_LINKING_LINK_KEYS_H_
#define FLXLINK_SRC_LINKING_LINK_KEYS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/executor.h"
#include "flxlink/link_rule.h"
#include "flxlink/linker.h"
#include "flxlink/storage.h"

namespace flxlink::linking {

// The fields that a link priority names, each once, and where each rule finds its own.
struct LinkFields {
  explicit LinkFields(const LinkPriority& priority);

  const std::vector<std::string>& of(LinkSide side) const { return side == LinkSide::kListing ? listing : channel; }

  std::vector<std::string> listing;
  std::vector<std::string> channel;
  std::vector<MatchInput::RuleColumns> rule_columns;  // Into the two, by rule.
};

// Keys are numbered: number r is the one that rule r+1 compares, on either side; where the parent guard is on there is
// one more on the listing side, the parent id.
//
// Immutable, so thread-safe.
class LinkKeys {
 public:
  // Hashes are seeded by `seed`, which who writes the keys should not be able to know.
  LinkKeys(const ChannelConfig& config, uint64_t seed);

  // The keys of a base that was made for rules and flags as they are in `config`; nullopt where it was not.
  static absl::optional<LinkKeys> OfBase(const ChannelConfig& config, absl::string_view base_text);
  // What OfBase reads back.
  const std::string& base_text() const { return base_text_; }

  const LinkFields& fields() const { return fields_; }
  int rule_count() const { return static_cast<int>(priority_.size()); }
  bool parent_guard() const { return parent_guard_; }
  // How many kinds of keys a side has.
  int count(LinkSide side) const { return rule_count() + (parent_guard_ && side == LinkSide::kListing ? 1 : 0); }
  // The number of the listing side's parent ids.
  int parent_number() const { return rule_count(); }

  // Which of the side's fields a kind of key is made from; VariantSource::kParentColumn: the parent id.
  int FieldOf(LinkSide side, int number) const;
  // The key of a value, nullopt where it is null; see NormalizeKey for `scratch`.
  absl::optional<absl::string_view> KeyOf(int number, absl::string_view value, std::string* scratch) const;
  uint64_t Hash(absl::string_view key) const;
  // A value that is not blank and that a normalizer refused, without blanks around it; empty: it was not refused.
  absl::string_view RefusedOf(int number, absl::string_view value, std::string* scratch) const;
  // The hash by which the index knows rows with this value: the key's or, so that they can be found too, that of the
  // refused value, which is no key's. nullopt: it does not know them.
  absl::optional<uint64_t> IndexHash(int number, absl::string_view value, std::string* scratch) const;
  uint64_t HashRefused(absl::string_view refused) const;

 private:
  LinkPriority priority_;
  bool parent_guard_;
  uint64_t seed_;
  LinkFields fields_;
  std::string base_text_;
};

// The index entries of all rows of a source, live or not (LinkKeys::IndexHash); sorted. ids[row] is the id of a row.
absl::StatusOr<std::vector<KeyEntry>> MakeKeyEntries(const LinkKeys& keys, KeyColumn column,
                                                     const VariantSource& source, absl::Span<const int64_t> ids,
                                                     Executor& executor);

}  // namespace flxlink::linking

#endif  // FLXLINK_SRC_LINKING_LINK_KEYS_H_
