#include "src/cli/advice.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "src/cli/print.h"

namespace flxlink::cli {
namespace {

struct Advice {
  absl::string_view code;
  absl::string_view text;  // With {channel}, {sku} and {job} for what a command names.
};

// Those of listing variants come first, the ones with the worst consequences before the others.
constexpr Advice kAdvice[] = {
    {problem_code::kQuantityBelowAcknowledged,
     "count the stock, subtract what the channel sold, and state the quantity anew with flxlink product import FILE, "
     "with a file that is written since or --as-of TIME; the next sync sends it"},
    {problem_code::kItemGone,
     "if the item returns, flxlink pull {channel} restores the link; if it is gone for good, dissolve the link with "
     "flxlink listing unlink {channel} {sku}; if the store was imported anew, run flxlink link {channel} "
     "--release-broken"},
    {problem_code::kPendingChangeWaits,
     "state it once more with flxlink listing status {channel} {sku}, or run flxlink rules {channel}"},
    {problem_code::kItemReplaced,
     "if the linked item returns, flxlink pull {channel} restores the link; to link the new one, dissolve the link: "
     "flxlink listing unlink {channel} {sku}, or for all broken ones flxlink link {channel} --release-broken"},
    {problem_code::kReceiptLost,
     "nothing is to be done if the next sync sends what differs; if it happens again, look at what the channel says of "
     "the item"},
    {problem_code::kItemDead,
     "take the item out of the channel's archive and run flxlink pull {channel}, or dissolve the link with flxlink "
     "listing unlink {channel} {sku}"},
    {problem_code::kRejected,
     "correct the value in the product file and run flxlink product import FILE, and the next sync sends it; if the "
     "channel was at fault, send it again with flxlink sync {channel} --force {sku}"},
    {problem_code::kMissingValue, "give the product a value with flxlink product import FILE; the next sync sends it"},
    {problem_code::kMissingColumn,
     "export the file again with that column, or leave the field out: flxlink channel set {channel} --sync-fields "
     "FIELDS"},
    {problem_code::kUnsupportedField, "leave the field out: flxlink channel set {channel} --sync-fields FIELDS"},
    {problem_code::kFieldFixed,
     "if the channel's value is wrong, change it where the channel keeps it, then run flxlink pull {channel}; or leave "
     "the field out: flxlink channel set {channel} --sync-fields FIELDS"},
    {problem_code::kInventoryNotTracked,
     "if its quantity should be synced, have the channel track the item's inventory, then run flxlink pull {channel}; "
     "the next sync sends it"},
    {problem_code::kHiddenByQuantity,
     "if it should be sold again, run flxlink listing status {channel} {sku} listed, or import its product again if "
     "that was removed; the next sync sends its quantity"},
    {problem_code::kUnsupportedStatus,
     "set a status that the channel has, or leave it out: flxlink channel set {channel} --sync-fields price,quantity"},
    {problem_code::kSiblingsDisagree,
     "the channel has one status for all variants of a product: change the status rules so that its variants agree, "
     "then run flxlink rules {channel}"},
    {problem_code::kInvalidPrice, "correct the price with flxlink product import FILE; the next sync sends it"},
    {problem_code::kZeroPrice,
     "state the price with flxlink product import FILE; where it is to be 0: flxlink channel set {channel} "
     "--zero-prices yes"},
    {problem_code::kCurrencyMismatch,
     "state the product's price in the channel's currency, or change that with flxlink channel set {channel} "
     "--currency CODE"},
    {problem_code::kNoSku,
     "give the product variant a SKU, run flxlink product import FILE, then flxlink build {channel}"},
    {problem_code::kRepeatedSku,
     "give each product variant a SKU of its own, run flxlink product import FILE, then flxlink build {channel}"},
    {problem_code::kNoProduct, "check how the SKU is written; products come in with flxlink product import FILE"},
    {problem_code::kValueTooLong, "shorten the value where it comes from, then take it in again"},
    {problem_code::kInvalidText, "write the value in UTF-8 where it comes from, then take it in again"},
    {problem_code::kNegativePrice, "write a price of 0 or more, or none, where it comes from, then take it in again"},
    {problem_code::kMissingKey, "give it what names it where it comes from, then take it in again"},
    {problem_code::kRepeatedKey, "state each key once, then take it in again with flxlink product import FILE"},
    {problem_code::kUnreadableItem, "correct on the channel what is named, then run flxlink pull {channel}"},
    {problem_code::kUnclearNumbers,
     "say which one the file's decimal mark is with flxlink channel set {channel} --set decimal=comma, or "
     "decimal=point, then run flxlink pull {channel}"},
    {problem_code::kRepeatedItem,
     "give one of the two another id on the channel, or remove it, then run flxlink pull {channel}"},
    {problem_code::kStatusDisagrees,
     "say one status throughout the product on the channel, then run flxlink pull {channel}"},
    {problem_code::kNotLinked,
     "see why with flxlink listing explain {channel} {sku}, or link it with flxlink link {channel}"},
    {problem_code::kStatusRule, "run flxlink rules {channel}"},
    {problem_code::kStatusNotUnderstood,
     "give the item one of the channel's own statuses there, then run flxlink pull {channel}"},
    {problem_code::kRepriceHeld,
     "see all that it holds: flxlink job held {job}; where that is right: flxlink job approve {job}; where it is not: "
     "flxlink job refuse {job}"},
    {problem_code::kHideHeld,
     "see all that it holds: flxlink job held {job}; where that is right: flxlink job approve {job}; where it is not: "
     "flxlink job refuse {job}"},
    {problem_code::kShowHeld,
     "see all that it holds: flxlink job held {job}; where that is right: flxlink job approve {job}; where it is not: "
     "flxlink job refuse {job}"},
    {problem_code::kBreakHeld,
     "see all that it holds: flxlink job held {job}; where they are gone: flxlink job approve {job}; where they are "
     "not, correct the channel, then: flxlink pull {channel}"},
    {problem_code::kUnlinkHeld,
     "see all that it holds: flxlink job held {job}; where they are other products: flxlink job approve {job}; if it "
     "is the same product: flxlink listing confirm {channel} {sku}"},
    {problem_code::kZeroHeld,
     "see all that it holds: flxlink job held {job}; where that is right: flxlink job approve {job}; where it is not: "
     "flxlink job refuse {job}"},
    {problem_code::kHiddenOnChannel,
     "nothing where that is right; else show the item on the channel, or: flxlink listing status {channel} {sku} "
     "listed"},
    {problem_code::kLinkDoubtful,
     "if it is the same product: flxlink listing confirm {channel} {sku}; if it is not: flxlink listing unlink "
     "{channel} {sku}; to link all such anew: flxlink link {channel} --release-doubtful"},

    {problem_code::kNoRule, "add one: flxlink channel set {channel} --rule sku=sku"},
    {problem_code::kRuleFieldUnknown,
     "correct the field's name in the rule with flxlink channel set {channel} --rule, or give the field a value"},
    {problem_code::kNoCompletePull, "run flxlink pull {channel}"},
    {problem_code::kAbsenceUnproved, "correct the items' ids on the channel, then run flxlink pull {channel}"},
    {problem_code::kNoStatusRule, "add one: flxlink channel set {channel} --status-rule 'quantity<=0:hide'"},
    {problem_code::kAdapterUnavailable, "nothing is lost; try again when the channel answers"},
    {problem_code::kThrottled, "nothing is lost; try again later"},
    {problem_code::kWorkerDied, "find out what ends the process while it runs this job, then: flxlink job rerun {job}"},
    {problem_code::kJobEnded, "run it again with flxlink job rerun {job}"},
    {problem_code::kJobRunning, "there is nothing to move it ahead of; to stop it: flxlink job cancel {job}"},
    {problem_code::kNothingHeld, "see what it holds: flxlink job held {job}"},
    {problem_code::kSlotLost, "another worker goes on with it or has ended it, see: flxlink job show {job}"},

    {problem_code::kNoDraft, "make one: flxlink channel set {channel} … --draft"},
    {problem_code::kNoSchedule, "make one: flxlink schedule set {channel} --every 15m"},
    {problem_code::kNoListing, "see those there are: flxlink listing list {channel}"},
    {problem_code::kNoItem,
     "if it is new there: flxlink pull {channel}; see those there are: flxlink item list {channel}"},

    {problem_code::kUnavailable, "nothing is lost; try again when it answers"},
    {problem_code::kDeadlineExceeded, "nothing is lost; try again when it answers"},
    {problem_code::kUnknown, "nothing is lost; try again"},
    {problem_code::kAborted, "nothing is lost; try again"},
    {problem_code::kResourceExhausted, "free what is used up (disk space, or the channel's quota)"},
    {problem_code::kDataLoss, "restore the store from a backup"},
};

// Of a broken link whose listing variant the rules would link to another item.
constexpr absl::string_view kRelinkAdvice =
    "to link it to that item, dissolve broken links with flxlink link {channel} --release-broken, which links anew by "
    "the rules, or this one with flxlink listing unlink {channel} {sku} and then flxlink listing link {channel} {sku} "
    "{relinks_to}; to have links made anew without you: flxlink channel set {channel} --relink-broken yes; if the old "
    "item returns, flxlink pull {channel} restores the link";

// A job ended with an error that is not in the table.
constexpr absl::string_view kJobAdvice = "fix what the error names";
// An adapter's own code: it is the channel that refused something.
constexpr absl::string_view kGeneralAdvice =
    "correct what the message names, in the product or on the channel, then send it again with flxlink sync {channel} "
    "--force {sku}";

const Advice* FindAdvice(absl::string_view code) {
  const Advice* found =
      std::find_if(std::begin(kAdvice), std::end(kAdvice), [&](const Advice& advice) { return advice.code == code; });
  return found == std::end(kAdvice) ? nullptr : found;
}

// The advice before its places are filled in. A failed job can be run again once the rest is done.
std::string TextFor(const Problem& problem, bool of_job) {
  const Advice* advice = FindAdvice(problem.code);
  if (!FieldValue(problem.args, "relinks_to").empty()) return std::string(kRelinkAdvice);
  if (!of_job) return std::string(advice == nullptr ? kGeneralAdvice : advice->text);
  const absl::string_view text = advice == nullptr ? kJobAdvice : advice->text;
  if (absl::StrContains(text, "{job}")) return std::string(text);
  return absl::StrCat(text, ", then: flxlink job rerun {job}");
}

// `word` so that a shell takes it for one word.
std::string ShellWord(absl::string_view word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_-+=:,./@%", c);
  });
  if (plain) return std::string(word);
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

std::string ValueOf(absl::string_view name, absl::string_view known, const Problem& problem) {
  const absl::string_view value = known.empty() ? FieldValue(problem.args, name) : known;
  return value.empty() ? absl::AsciiStrToUpper(name) : ShellWord(value);
}

// The job that the problem names, which may be another than the one that met it.
std::string JobOf(const Problem& problem, const AdviceContext& context) {
  const bool is_named = context.job_id == 0 || !FieldValue(problem.args, "job").empty();
  return is_named ? ValueOf("job", "", problem) : absl::StrCat(context.job_id);
}

size_t RankOf(absl::string_view code) {
  const Advice* advice = FindAdvice(code);
  if (advice == nullptr) advice = FindAdvice(problem_code::kRejected);
  return static_cast<size_t>(advice - std::begin(kAdvice));
}

}  // namespace

std::string AdviceFor(const Problem& problem, const AdviceContext& context) {
  const bool of_job = context.job_id != 0;
  return absl::StrReplaceAll(TextFor(problem, of_job), {{"{channel}", ValueOf("channel", context.channel, problem)},
                                                        {"{sku}", ValueOf("sku", context.sku, problem)},
                                                        {"{relinks_to}", ValueOf("relinks_to", "", problem)},
                                                        {"{job}", JobOf(problem, context)}});
}

std::string DescribeError(const absl::Status& status) {
  const absl::optional<Problem> problem = ProblemOf(status);
  // Where no command helps, the message says by itself what to do.
  if (!problem.has_value() || FindAdvice(problem->code) == nullptr) return std::string(status.message());
  return absl::StrCat(status.message(), "; ", AdviceFor(*problem, {}));
}

absl::Status ReportFailures(const std::vector<absl::Status>& failures) {
  if (failures.empty()) return absl::OkStatus();
  for (size_t i = 0; i + 1 < failures.size(); ++i) {
    std::fprintf(stderr, "flxlink: %s\n", OneLine(DescribeError(failures[i])).c_str());
  }
  return failures.back();
}

const Problem* WorstOf(absl::Span<const Problem> attentions) {
  const auto worst = std::min_element(attentions.begin(), attentions.end(), [](const Problem& a, const Problem& b) {
    return RankOf(a.code) < RankOf(b.code);
  });
  return worst == attentions.end() ? nullptr : &*worst;
}

}  // namespace flxlink::cli
