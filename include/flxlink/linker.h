// The Linker: which listing variant is which channel variant, by the channel's link priority.
//
// It is a pure function over columns. It reads both sides in chunks from re-scannable sources, keeps no state between
// calls, performs no I/O of its own, and gives one outcome per listing variant to a sink. Rows are known to it only by
// number; names, storage and files are the caller's.
//
// The rules
// ---------
// Rules run in priority order, each over everything before the next. For rule r and key k, L is all live listing
// variants with that key and C all live channel variants with it, linked or not. An unlinked live listing variant that
// is still open gets, from the first line that holds:
//
// clang-format off
//   its key is null                                            no_key              go on to the next rule
//   C is empty                                                 no_match            go on
//   L has more than one                                        ambiguous_listing   go on only with ambiguous=next
//   C has more than one                                        ambiguous_channel   go on only with ambiguous=next
//   strict, and the pair is contradicted                       contradiction       stop
//   another link holds the target                              target_taken        go on
//   a person unlinked this pair                                unlinked_by_hand    go on
//   parent guard on, and the listing has several parents       parent_mismatch     go on
//   otherwise                                                  linked by r, with a warning where it is contradicted
// clang-format on
//
// All links of one rule are made at once. A variant that no rule linked has as its reason the first of these that any
// rule gave it: ambiguous_listing, ambiguous_channel, contradiction, target_taken, unlinked_by_hand, parent_mismatch,
// no_match, no_key; and as its rule the first rule that gave it.
//
// *Contradicted*: some other rule, earlier or later, has a key of the listing variant that live channel variants carry
// but not this one, or a key of this channel variant that live listing variants carry but not this one. Channel
// variants that a person unlinked from the listing variant do not count as carrying a key.
//
// *Parent guard*: a listing's channel parents under a rule are the parents of the unique targets of its variants (L and
// C both single) under that rule, linked or not, and the parents of what its variants are linked to, by existing links
// or by earlier rules of this pass. Broken links do not count. Channel variants without a parent share the parent
// "none"; a listing variant without a parent is a listing of its own; a parent id of only ASCII whitespace is no
// parent.
//
// The result does not depend on the order of rows, the number of threads or the size of chunks; a second pass over its
// own result makes no link; and from any subset of its links a pass reaches the same links.

#ifndef FLXLINK_LINKER_H_
#define FLXLINK_LINKER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/executor.h"
#include "flxlink/link_rule.h"
#include "flxlink/link_state.h"
#include "flxlink/string_column.h"

namespace flxlink {

// No row: the absence of a row number.
constexpr int64_t kNoRow = -1;

// ---------------------------------------------------------------------------------------------------------------------
// Input
// ---------------------------------------------------------------------------------------------------------------------

// Consecutive rows of one side. Valid only during the call that hands it over.
struct VariantChunk {
  // The number of the first row. A part's chunks follow each other without a gap.
  int64_t row_base = 0;
  int32_t row_count = 0;
  // The columns that the scan asked for, in that order, row_count strings each.
  absl::Span<const StringColumnView> columns;
  // One byte a row: 0 for a variant that is not live (delisted; gone; in a status that its adapter declares dead). Rows
  // that are not live never match, though a link that they have still holds. Empty: every row is live.
  absl::Span<const uint8_t> live;
};

// One side's variants: a table of string columns that can be read as often as the linker needs.
//
// Thread-safe: the linker may scan one source from several threads at once.
class VariantSource {
 public:
  // The column number of the parent ids. Fields are numbered from 0, as the source's owner and its rules agree (see
  // MatchInput); every source has a parent column, if need be of empty strings.
  static constexpr int kParentColumn = -1;

  virtual ~VariantSource() = default;

  // How many rows a scan of all parts gives, always the same.
  virtual int64_t row_count() const = 0;

  // Into how many parts the rows are cut that can be read at the same time. Default 1.
  virtual int part_count() const { return 1; }

  // Reads the rows of part 0 … part_count() - 1 in order and hands the given columns to `visit`, chunk by chunk. The
  // rows of a part follow those of the part before it. A second scan gives the same rows in the same order; its chunks
  // may be cut elsewhere. Stops at the first error of `visit` and returns it.
  virtual absl::Status Scan(int part, absl::Span<const int> columns,
                            absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const = 0;
};

// A row of the listing side and a row of the channel side that belong together.
struct RowPair {
  int64_t listing_row = kNoRow;
  int64_t channel_row = kNoRow;

  friend bool operator==(const RowPair& a, const RowPair& b) {
    return a.listing_row == b.listing_row && a.channel_row == b.channel_row;
  }
};

// Pairs of rows that can be read as often as needed, in any order. Thread-safe.
class PairSource {
 public:
  virtual ~PairSource() = default;
  virtual absl::Status Scan(absl::FunctionRef<absl::Status(absl::Span<const RowPair>)> visit) const = 0;
};

// What one match reads. The sources must outlive the call.
struct MatchInput {
  const VariantSource* listings = nullptr;
  const VariantSource* channel = nullptr;

  // rule_columns[r] says which column of `listings` and which of `channel` rule r+1 compares. One entry per rule.
  struct RuleColumns {
    int listing_column = 0;
    int channel_column = 0;
  };
  std::vector<RuleColumns> rule_columns;

  // Existing links. A pair whose listing_row is kNoRow belongs to a listing variant that is not in `listings` and still
  // holds its target. A pair whose channel_row is kNoRow is broken: its item is not in `channel`. nullptr: none.
  const PairSource* links = nullptr;

  // Broken links whose item is still a row of `channel` (which is then not live). They hold their target like any link,
  // and tell nothing about parents. `links` and `broken_links` together are 1:1. nullptr: none.
  const PairSource* broken_links = nullptr;

  // Pairs that a person unlinked and has not cleared: never linked again by a rule. nullptr: none.
  const PairSource* hand_unlinks = nullptr;
};

// ---------------------------------------------------------------------------------------------------------------------
// Output
// ---------------------------------------------------------------------------------------------------------------------

// What became of one listing variant.
struct LinkOutcome {
  // What it is linked to. kNoRow where it is unlinked, or its broken link's item is not there.
  int64_t channel_row = kNoRow;
  // From 1: the rule that linked it, or that gave the reason. 0 for kExisting and kNone.
  int32_t rule = 0;
  LinkState state = LinkState::kUnlinked;
  LinkReason reason = LinkReason::kNone;
};

// What a reason names, for the rows that have something to name. Only made when MatchOptions::details is set.
struct LinkDetail {
  int64_t listing_row = kNoRow;

  // target_taken: the channel row that is held, and who holds it (kNoRow for a listing variant that is not in the
  // input).
  int64_t target_row = kNoRow;
  int64_t holder_row = kNoRow;

  // ambiguous_channel: the channel rows in C. ambiguous_listing: the listing rows in L. Ascending, the first kMaxNamed.
  std::vector<int64_t> candidate_rows;

  // parent_mismatch: for each different parent, the first channel row that has it, ascending, the first kMaxNamed.
  std::vector<int64_t> parent_rows;

  static constexpr int kMaxNamed = 100;
};

// Receives the result. Calls come one at a time, in ascending row order, on the thread that called Match.
class LinkSink {
 public:
  virtual ~LinkSink() = default;

  // outcomes[i] is of listing row row_base + i. Each row is given exactly once. `details`, ascending by listing_row,
  // belong to rows of this chunk. Both are valid only during the call. An error ends the match and is returned by it.
  virtual absl::Status Accept(int64_t row_base, absl::Span<const LinkOutcome> outcomes,
                              absl::Span<const LinkDetail> details) = 0;
};

// ---------------------------------------------------------------------------------------------------------------------
// Matching
// ---------------------------------------------------------------------------------------------------------------------

struct MatchOptions {
  // Refuse a link where a listing's variants would point to several parents on the channel. Default off.
  bool parent_guard = false;
  // Refuse contradicted pairs instead of linking them with a warning. Default off.
  bool strict = false;
  // Also give LinkDetail for the reasons that name something. Default off; costs memory for those rows.
  bool details = false;
  // Threads to use. nullptr: the caller's only.
  Executor* executor = nullptr;
  // How much memory the match may use for itself, in bytes; it then reads the sources several times, a range of keys
  // at a time. What it cannot do without is taken also where it is more: 4 bytes a row and rule on both sides, 8 bytes
  // a listing row, and room for about a sixteenth of one rule's keys. Default 0: 32 bytes a row of both sides and 4 for
  // each rule, and never less than 64 MiB.
  int64_t memory_limit_bytes = 0;
  // Sets the hash function. No result depends on it; who writes the keys should not be able to know it. Default 0.
  uint64_t hash_seed = 0;
  // Called now and then, on the calling thread: where the caller reports, and says whether to go on. An error ends the
  // match, which returns it. Default: never called.
  std::function<absl::Status()> check;
};

// Counts of one rule in one match: how many listing variants that were open got each outcome from it.
struct RuleStats {
  int64_t linked = 0;
  // Among `linked`, those with the warning.
  int64_t linked_contradicted = 0;
  int64_t ambiguous_listing = 0;
  int64_t ambiguous_channel = 0;
  int64_t contradiction = 0;
  int64_t target_taken = 0;
  int64_t unlinked_by_hand = 0;
  int64_t parent_mismatch = 0;
  int64_t no_match = 0;
  int64_t no_key = 0;
};

struct MatchStats {
  int64_t listing_rows = 0;
  int64_t channel_rows = 0;
  // Listing rows that came with a link, broken ones included.
  int64_t existing = 0;
  // New links.
  int64_t linked = 0;
  // Live rows that stay unlinked.
  int64_t unlinked = 0;
  // rules[r] is of rule r+1.
  std::vector<RuleStats> rules;
};

// What one rule had to say of one listing variant.
struct RuleExplanation {
  bool has_key = false;
  // After normalizers.
  std::string key;
  // L and C, ascending, the first LinkDetail::kMaxNamed of each; the counts are of all.
  std::vector<int64_t> listing_rows;
  std::vector<int64_t> channel_rows;
  int64_t listing_count = 0;
  int64_t channel_count = 0;
  // What the rule gave it. kNone with linked == false: the variant was no longer open (or never: it has a link).
  LinkReason reason = LinkReason::kNone;
  bool linked = false;
  // No later rule was tried because of this one.
  bool stopped = false;
};

// Matches listings to channel variants by one link priority.
//
// Immutable and thread-safe: any number of matches may run at once.
class Linker {
 public:
  // Takes any priority with 1 to 65,535 rules; INVALID_ARGUMENT otherwise.
  static absl::StatusOr<Linker> Create(LinkPriority priority);

  const LinkPriority& priority() const { return priority_; }

  // Matches all of `input` and gives every listing row's outcome to `sink`, once the last rule has run.
  //
  // INVALID_ARGUMENT: rule_columns does not fit the priority, a link names a row outside its source, or links are not
  // 1:1 (the message names the rows). OUT_OF_RANGE: a side has more than 2,000,000,000 rows. INTERNAL: a source's
  // chunks do not add up to its row_count(). Errors of options.check, the sources and the sink are passed on. The sink
  // sees nothing before all rules have run.
  absl::StatusOr<MatchStats> Match(const MatchInput& input, const MatchOptions& options, LinkSink& sink) const;

  // Matches all of `input` and tells, for one listing row, what each rule said; one entry per rule.
  absl::StatusOr<std::vector<RuleExplanation>> Explain(const MatchInput& input, const MatchOptions& options,
                                                       int64_t listing_row) const;

 private:
  explicit Linker(LinkPriority priority);

  LinkPriority priority_;
};

// ---------------------------------------------------------------------------------------------------------------------
// Sources in memory
// ---------------------------------------------------------------------------------------------------------------------

// A VariantSource over columns that the caller fills. Not thread-safe while being filled.
class VariantTable : public VariantSource {
 public:
  // A table of `columns` fields.
  explicit VariantTable(int columns);

  // Adds a row: its fields in column order (as many as there are columns), parent id, and whether it is live.
  void AddRow(absl::Span<const absl::string_view> fields, absl::string_view parent, bool live = true);

  int64_t row_count() const override { return row_count_; }
  // A page of rows each.
  int part_count() const override { return pages_.empty() ? 1 : static_cast<int>(pages_.size()); }
  absl::Status Scan(int part, absl::Span<const int> columns,
                    absl::FunctionRef<absl::Status(const VariantChunk&)> visit) const override;

 private:
  // A run of rows whose columns each stay below StringColumn's limit.
  struct Page {
    int64_t row_base = 0;
    std::vector<StringColumn> columns;  // The fields, then the parent.
    std::vector<uint8_t> live;
  };

  int columns_;
  int64_t row_count_ = 0;
  std::vector<Page> pages_;
};

// A PairSource over a vector that the caller owns and keeps.
class PairSpan : public PairSource {
 public:
  explicit PairSpan(absl::Span<const RowPair> pairs) : pairs_(pairs) {}
  absl::Status Scan(absl::FunctionRef<absl::Status(absl::Span<const RowPair>)> visit) const override;

 private:
  absl::Span<const RowPair> pairs_;
};

}  // namespace flxlink

#endif  // FLXLINK_LINKER_H_
