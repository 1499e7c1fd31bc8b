// Problems: what went wrong, for programs and for people. A job's error, an attention of a listing variant, what a job
// notes about one of its rows and what an absl::Status of flxlink carries are all a Problem.
//
// A problem has no advice: what a person can do about it depends on what they sit in front of. The program turns a code
// and its arguments into its commands, a host into its buttons. What has to be done is said below, with each code, and
// in docs/problems.md, which is made from this header.
//
// Plain data: share between threads while nobody writes. All functions are thread-safe.

#ifndef FLXLINK_PROBLEM_H_
#define FLXLINK_PROBLEM_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "flxlink/field.h"

namespace flxlink {

struct Problem {
  std::string code;         // One of the codes below, or an adapter's own. Empty: no problem.
  std::vector<Field> args;  // What the code's documentation names, as far as it is known.
  std::string message;      // What happened, in words, with the values.

  bool empty() const { return code.empty(); }
  friend bool operator==(const Problem& a, const Problem& b) {
    return a.code == b.code && a.args == b.args && a.message == b.message;
  }
};

inline Problem MakeProblem(absl::string_view code, std::vector<Field> args, std::string message) {
  return Problem{std::string(code), std::move(args), std::move(message)};
}

// The codes that flxlink itself gives. A code never changes its meaning; what is not known of its arguments is left
// out. Adapters and hosts may give others.
namespace problem_code {

// == Values that a channel does not take ==

// The channel refused a value and would refuse it again.
// Args: field
// Fix: Correct the value in the product; a new value is sent by the next sync. If the channel was at fault, force the
//      variant's sync.
constexpr absl::string_view kRejected = "rejected";
// The channel does not take a price like this one.
// Args: field
// Fix: Correct the product's price; the next sync sends it.
constexpr absl::string_view kInvalidPrice = "invalid_price";
// The product's price is 0, and the channel's policy sends no such price (ChannelConfig::zero_prices); the channel has
// another one. Several fields are separated by commas.
// Args: field
// Fix: State the product's price; the next sync sends it. Where it is to cost nothing, let the channel have prices of
// 0.
constexpr absl::string_view kZeroPrice = "zero_price";
// The channel has no place for a field: its file has no such column.
// Args: field
// Fix: Export the file again with that column, or leave the field out of what the channel syncs.
constexpr absl::string_view kMissingColumn = "missing_column";
// A field was to be sent that the product has no value for.
// Args: field
// Fix: Give the product a value; the next sync sends it.
constexpr absl::string_view kMissingValue = "missing_value";
// The channel does not let a field be set.
// Args: field
// Fix: Leave the field out of what the channel syncs.
constexpr absl::string_view kUnsupportedField = "unsupported_field";
// A field cannot be set of this item, and the channel has another value of it than it should have: it is not sent.
// Several fields are separated by commas, with their reasons in the same order: kept_by_parent, kept_by_platform,
// made_of_others, not_stocked or not_tracked.
// Args: field, reason
// Fix: Nothing where the channel's value is right. Else change it where the channel keeps it, or leave the field out of
//      what the channel syncs; when the channel lets it be set, the next pull finds that and the next sync sends it.
constexpr absl::string_view kFieldFixed = "field_fixed";
// The channel does not track the inventory of this item, so that its quantity is not sent.
// Args: none
// Fix: Nothing where that is right. Else have the channel track the item's inventory, then pull; the next sync sends
//      the quantity.
constexpr absl::string_view kInventoryNotTracked = "inventory_not_tracked";
// The channel cannot hide an item: the listing variant is hidden or delisted, and its item has the quantity 0 instead.
// Args: none
// Fix: Nothing where that is right. Else state that the listing variant is listed; the next sync sends its quantity.
constexpr absl::string_view kHiddenByQuantity = "hidden_by_quantity";
// The channel shows a status that its adapter does not understand; it is left as it is.
// Args: external_id, status
// Fix: Give the item one of the channel's own statuses there, then pull.
constexpr absl::string_view kStatusNotUnderstood = "status_not_understood";
// A status rule showed the item, and somebody hid it on the channel since; it stays hidden.
// Args: external_id
// Fix: Nothing where that is right. Else show the item on the channel, or state that the listing variant is listed.
constexpr absl::string_view kHiddenOnChannel = "hidden_on_channel";
// The keys of a linked item changed, and no link rule finds the two equal any more: it may be another product by now.
// Args: external_id, rule, listing_key, channel_key
// Fix: Confirm the link where it is the same product. Else unlink it, or release doubtful links and link anew.
constexpr absl::string_view kLinkDoubtful = "link_doubtful";
// The channel does not have the status that was to be sent.
// Args: field
// Fix: Set a status that the channel has, or leave the status out of what the channel syncs.
constexpr absl::string_view kUnsupportedStatus = "unsupported_status";
// The product's price is in another currency than the channel.
// Args: price, currency, channel_currency
// Fix: State the product's price in the channel's currency, or change the channel's.
constexpr absl::string_view kCurrencyMismatch = "currency_mismatch";
// The channel shows less stock than was last acknowledged: it may have sold some. See the oversell guard in sync.h.
// Args: shown, product_quantity
// Fix: Count the stock, subtract what the channel sold, and state the product's quantity anew; the next sync sends it.
constexpr absl::string_view kQuantityBelowAcknowledged = "quantity_below_acknowledged";
// The circuit breaker (breaker.h) holds a change, since a job was to make more of its kind than the channel allows: a
// price of less than half or more than double the known one.
// Args: job, field, known, value
// Fix: Approve the job's changes where they are right, all or by SKU. Else refuse them, or state the right value; what
//      is within the limits goes out.
constexpr absl::string_view kRepriceHeld = "reprice_held";
// The same: a status rule hides too many.
// Args: job, field, known, value
// Fix: Approve the job's changes where they are right, all or by SKU. Else refuse them, or correct the status rule.
constexpr absl::string_view kHideHeld = "hide_held";
// The same: a status rule shows too many.
// Args: job, field, known, value
// Fix: Approve the job's changes where they are right, all or by SKU. Else refuse them, or correct the status rule.
constexpr absl::string_view kShowHeld = "show_held";
// The same: too many quantities of 0 that nobody stated, since products are absent from their feeds.
// Args: job, field, known, value
// Fix: Approve the job's changes where the products are gone. Else import the whole feed.
constexpr absl::string_view kZeroHeld = "zero_held";
// A pull or a fetch found the item gone, and too many with it: its link does not break, and nothing is sent to it.
// Args: job, external_id
// Fix: Approve the job's breaks where the items are gone. Else correct the channel, or its export, and pull again.
constexpr absl::string_view kBreakHeld = "break_held";
// The channel dissolves doubtful links, and these were too many, so that the link is held as it was: it is not
// dissolved, and nothing is sent to it.
// Args: job, external_id
// Fix: Approve the job's unlinks where the items are other products by now. Confirm links to the same product.
constexpr absl::string_view kUnlinkHeld = "unlink_held";
// The channel has one status for the whole product and its listing variants want different ones.
// Args: parent_id
// Fix: Change the status rules so that the product's variants agree, then run them.
constexpr absl::string_view kSiblingsDisagree = "siblings_disagree";

// == Links and listing variants ==

// The item is gone from the channel; the link is broken. Where the rules would link the listing variant to another
// item, a list or explanation of it names that (relinks_to).
// Args: external_id, relinks_to
// Fix: If the item returns, the next pull restores the link. If it is gone for good, unlink the variant; if the whole
//      store was imported anew, release the broken links, so that they can be linked again.
constexpr absl::string_view kItemGone = "item_gone";
// A change of the status was to be sent when the store was migrated from an earlier version, in which who had stated it
// was not kept. It is not sent.
// Args: change
// Fix: State the listing variant's status once more, or let a status rule state it.
constexpr absl::string_view kPendingChangeWaits = "pending_change_waits";
// Another item stands under the external id of the one that was linked; the link is broken.
// Args: external_id, linked, seen
// Fix: If the linked item returns under its id, the next pull restores the link. If the new item is to be linked,
// unlink
//      the variant, or release the broken links, so that they can be linked again.
constexpr absl::string_view kItemReplaced = "item_replaced";
// The channel accepted values of the item and never said what became of them; they were given up, and the item is
// looked at again.
// Args: external_id, fields
// Fix: Nothing, if the next sync sends what differs. If it happens again and again, look at what the channel says of
//      the item.
constexpr absl::string_view kReceiptLost = "receipt_lost";
// The item is in a status that its adapter declares dead (archived); nothing is pushed to it.
// Args: external_id
// Fix: Take the item out of the channel's archive and pull, or unlink the variant.
constexpr absl::string_view kItemDead = "item_dead";
// A product variant cannot be built: it has no SKU.
// Args: product
// Fix: Give the product variant a SKU, then build the channel again.
constexpr absl::string_view kNoSku = "no_sku";
// A product variant cannot be built: another one has its SKU.
// Args: sku, product
// Fix: Give each product variant a SKU of its own, then build the channel again.
constexpr absl::string_view kRepeatedSku = "repeated_sku";
// A SKU was named that no product variant has.
// Args: sku
// Fix: Check how the SKU is written, or import the product.
constexpr absl::string_view kNoProduct = "no_product";
// A SKU was named that has no link on the channel.
// Args: sku, channel
// Fix: Look at why it is not linked, or link it.
constexpr absl::string_view kNotLinked = "not_linked";
// A text is longer than can be kept; its row was not taken.
// Args: field, value, limit
// Fix: Shorten the value to as many bytes as limit says, and bring the row in again.
constexpr absl::string_view kValueTooLong = "value_too_long";
// A text is not UTF-8, or has the character U+0000 in it; its row was not taken.
// Args: field, value
// Fix: Write the value in UTF-8 without U+0000, and bring the row in again.
constexpr absl::string_view kInvalidText = "invalid_text";
// A price is below zero; its row, or its item, was not taken. The value is as it was written, or else in the minor
// unit.
// Args: field, value, external_id, file, line, column
// Fix: Write a price of 0 or more, or none, and bring the row or item in again.
constexpr absl::string_view kNegativePrice = "negative_price";
// A row has nothing that names it (a product's key, an item's external id); it was not taken.
// Args: field
// Fix: Give the row what the field names, and bring it in again.
constexpr absl::string_view kMissingKey = "missing_key";
// A batch has several rows of one key; only the first was taken.
// Args: field, value
// Fix: State each key once, and bring the row in again.
constexpr absl::string_view kRepeatedKey = "repeated_key";
// An item of the channel has a value, or lacks an id, so that its adapter cannot read it; the pull passed it over.
// Args: external_id, file, line, column
// Fix: Correct on the channel what the message names, then pull again.
constexpr absl::string_view kUnreadableItem = "unreadable_item";
// Numbers of a channel's file can be read in two ways (1.234), and the pull passed over the items that have them. Told
// once for the file: of the first of them, with how many more there are.
// Args: external_id, file, line, column, more
// Fix: Say which one the file's decimal mark is (the setting decimal of a csv channel), then pull again.
constexpr absl::string_view kUnclearNumbers = "unclear_numbers";
// An item of the channel has the id of another one, which was read; the pull passed it over.
// Args: external_id, file, line, first_line
// Fix: Give one of the two another id on the channel, or remove it, then pull again.
constexpr absl::string_view kRepeatedItem = "repeated_item";
// An item says another status than the product that it belongs to, whose status counts; the pull took that.
// Args: external_id, file, line, first_line, column
// Fix: Say one status throughout the product on the channel, then pull again.
constexpr absl::string_view kStatusDisagrees = "status_disagrees";
// A status rule would change the listing variant's status; linking alone does not run the rules.
// Args: sku, channel, status
// Fix: Run the channel's status rules.
constexpr absl::string_view kStatusRule = "status_rule";

// == Jobs ==

// The channel has no link rule, so that nothing can be linked.
// Args: channel
// Fix: Give the channel a link rule, then run the job again.
constexpr absl::string_view kNoRule = "no_rule";
// A link rule compares a field that no variant of its side has, so that it links nothing.
// Args: channel, side, field
// Fix: Correct the field's name in the rule, or give the field a value; side is listing or channel.
constexpr absl::string_view kRuleFieldUnknown = "rule_field_unknown";
// The channel was never pulled completely, and uniqueness judged on part of a channel is a guess.
// Args: channel
// Fix: Pull the channel, then link.
constexpr absl::string_view kNoCompletePull = "no_complete_pull";
// A pull saw items whose ids cannot be kept. They may be any of those that it did not see, so that nothing was taken
// for gone.
// Args: channel
// Fix: Correct the items' ids on the channel, then pull again.
constexpr absl::string_view kAbsenceUnproved = "absence_unproved";
// The channel has no status rule, so that there is nothing to run.
// Args: channel
// Fix: Give the channel a status rule, then run the job again.
constexpr absl::string_view kNoStatusRule = "no_status_rule";
// The channel did not answer, or took nothing, in several tries.
// Args: channel
// Fix: Nothing is lost, and what is left to send stays so; run the job again when the channel answers.
constexpr absl::string_view kAdapterUnavailable = "adapter_unavailable";
// The channel's rate limit was used up for longer than a job tries.
// Args: channel
// Fix: Run the job again later, or let other programs call the channel less often.
constexpr absl::string_view kThrottled = "throttled";
// The channel's adapter ended a call with an error that another try would not get around: a file that cannot be read,
// a request that the platform does not understand.
// Args: channel
// Fix: Correct what the message names, then run the job again.
constexpr absl::string_view kAdapterFailed = "adapter_failed";
// The channel does not accept the credentials.
// Args: channel
// Fix: Give the channel credentials that are valid, then run the job again.
constexpr absl::string_view kCredentialRefused = "credential_refused";
// The process that ran the job died, as often as that is tolerated.
// Args: attempts
// Fix: Find out what ends the process while it runs this job, then run the job again.
constexpr absl::string_view kWorkerDied = "worker_died";
// The next fire of a schedule cannot be computed any more, since its time zone is gone, say: it is disabled.
// Args: schedule, channel
// Fix: Give the schedule a time and a time zone that this machine knows, or install the zone, and enable it again.
constexpr absl::string_view kScheduleCannotFire = "schedule_cannot_fire";
// The job has ended, so that it cannot be changed any more.
// Args: job
// Fix: Run the job again.
constexpr absl::string_view kJobEnded = "job_ended";
// The job runs already, so that there is nothing to move it ahead of.
// Args: job
// Fix: Wait for its end, or cancel it.
constexpr absl::string_view kJobRunning = "job_running";
// The job holds no changes that wait for a person's approval, or none of those that were named.
// Args: job
// Fix: Look at what the job holds, and name changes among it.
constexpr absl::string_view kNothingHeld = "nothing_held";
// The worker that ran the job does not hold its channel's slot any more: another one goes on with the job or has ended
// it.
// Args: job
// Fix: Nothing; the other worker's result counts.
constexpr absl::string_view kSlotLost = "slot_lost";
// What an adapter tells of one of its calls, which is no error of it; only in the log.
// Args: channel
// Fix: Look at what the message says of the platform.
constexpr absl::string_view kAdapterSaid = "adapter_said";

// == Channels, schedules and listings that are asked for ==

// There is no channel of that name or number.
// Args: channel
// Fix: Look at the channels that there are, or add it.
constexpr absl::string_view kNoChannel = "no_channel";
// There is a channel of that name already.
// Args: channel
// Fix: Choose another name, or change that channel.
constexpr absl::string_view kChannelExists = "channel_exists";
// The channel runs a job, which has to end first.
// Args: channel, job
// Fix: Wait for the job's end, or cancel it.
constexpr absl::string_view kChannelBusy = "channel_busy";
// Something of the channel was changed by somebody else between reading and writing it.
// Args: channel
// Fix: Read it again and repeat the change.
constexpr absl::string_view kChangedMeanwhile = "changed_meanwhile";
// The channel names an adapter that is not there.
// Args: channel, adapter
// Fix: Name one of the adapters that the message lists.
constexpr absl::string_view kNoAdapter = "no_adapter";
// A setting or a rule of the channel is missing, or is one that its adapter does not have.
// Args: channel, setting
// Fix: Correct the setting.
constexpr absl::string_view kBadSetting = "bad_setting";
// A credential that the channel's adapter needs is not there.
// Args: channel, credential
// Fix: Provide the credential where the message says.
constexpr absl::string_view kCredentialMissing = "credential_missing";
// The channel has no draft configuration.
// Args: channel
// Fix: Make a draft first.
constexpr absl::string_view kNoDraft = "no_draft";
// The channel has no schedule.
// Args: channel
// Fix: Give the channel a schedule.
constexpr absl::string_view kNoSchedule = "no_schedule";
// The channel has no listing variant with that SKU.
// Args: channel, sku
// Fix: Check how the SKU is written, or build the channel.
constexpr absl::string_view kNoListing = "no_listing";
// The channel has no such item.
// Args: channel, external_id
// Fix: Check how the id is written, or pull the channel.
constexpr absl::string_view kNoItem = "no_item";
// The listing variant, or the item, is linked already.
// Args: sku, external_id
// Fix: Unlink it first.
constexpr absl::string_view kAlreadyLinked = "already_linked";
// The item is gone from the channel or archived, so that nothing can be linked to it.
// Args: external_id
// Fix: Bring the item back on the channel and pull, or choose another item.
constexpr absl::string_view kItemNotLive = "item_not_live";
// There is no such job, or it is not kept any more.
// Args: job
// Fix: Look at the jobs that there are.
constexpr absl::string_view kNoJob = "no_job";
// The job has not ended, so that it cannot be run again.
// Args: job
// Fix: Wait for its end, or cancel it.
constexpr absl::string_view kJobOpen = "job_open";

// == The store ==

// Something else writes to the store and does not come to an end.
// Args: path
// Fix: Try again when the other program is done.
constexpr absl::string_view kStoreBusy = "store_busy";
// The store's file cannot be read or written.
// Args: path
// Fix: Check the disk and try again.
constexpr absl::string_view kStoreUnavailable = "store_unavailable";
// There is no room for the store: the disk or a quota is full.
// Args: path
// Fix: Make room and try again. Nothing is lost.
constexpr absl::string_view kDiskFull = "disk_full";
// The store's file is damaged.
// Args: path
// Fix: Restore the store from a backup.
constexpr absl::string_view kDamagedStore = "damaged_store";
// The store may not be read or written by the user of this process.
// Args: path
// Fix: Make the file and its folder writable for this user.
constexpr absl::string_view kStoreDenied = "store_denied";
// The store was written by a newer flxlink.
// Args: path, version
// Fix: Use a newer flxlink.
constexpr absl::string_view kNewerStore = "newer_store";
// The file is another program's database.
// Args: path
// Fix: Name another file for the store.
constexpr absl::string_view kForeignStore = "foreign_store";

// == Where only the kind of error is known: the names of absl::StatusCode ==

// What was asked for was stopped.
// Args: none
// Fix: Ask again, if it is still wanted.
constexpr absl::string_view kCancelled = "cancelled";
// What became of a call is not known.
// Args: none
// Fix: Try again: whatever flxlink does can be done twice.
constexpr absl::string_view kUnknown = "unknown";
// Something that was given is wrong.
// Args: none
// Fix: Correct what the message names.
constexpr absl::string_view kInvalidArgument = "invalid_argument";
// There was no answer in time.
// Args: none
// Fix: Try again later.
constexpr absl::string_view kDeadlineExceeded = "deadline_exceeded";
// Something that was named is not there.
// Args: none
// Fix: Correct what the message names.
constexpr absl::string_view kNotFound = "not_found";
// Something is there already.
// Args: none
// Fix: Choose another name, or change what is there.
constexpr absl::string_view kAlreadyExists = "already_exists";
// Something may not be read or written.
// Args: none
// Fix: Give the user of this process the right that the message names.
constexpr absl::string_view kPermissionDenied = "permission_denied";
// Something is used up: disk space, memory, or a channel's quota.
// Args: none
// Fix: Free what is used up, then try again.
constexpr absl::string_view kResourceExhausted = "resource_exhausted";
// Something else has to be done first.
// Args: none
// Fix: Do what the message says, then try again.
constexpr absl::string_view kFailedPrecondition = "failed_precondition";
// Something else changed meanwhile.
// Args: none
// Fix: Try again.
constexpr absl::string_view kAborted = "aborted";
// Something is beyond a limit.
// Args: none
// Fix: Correct what the message names.
constexpr absl::string_view kOutOfRange = "out_of_range";
// Something is not offered.
// Args: none
// Fix: Do without it, or use what the message names.
constexpr absl::string_view kUnimplemented = "unimplemented";
// An error of flxlink or of an adapter.
// Args: none
// Fix: Report it.
constexpr absl::string_view kInternal = "internal";
// Something does not answer: the channel, or the store.
// Args: none
// Fix: Nothing is lost; try again when it answers.
constexpr absl::string_view kUnavailable = "unavailable";
// Stored data is damaged.
// Args: none
// Fix: Restore the store from a backup.
constexpr absl::string_view kDataLoss = "data_loss";
// The channel does not accept the credentials.
// Args: none
// Fix: Give the channel credentials that are valid.
constexpr absl::string_view kUnauthenticated = "unauthenticated";

}  // namespace problem_code

// `status` with `problem` as a payload, which ProblemOf finds. An OK status stays as it is.
absl::Status WithProblem(absl::Status status, const Problem& problem);

// A status whose message is the problem's, with the problem.
absl::Status ProblemStatus(absl::StatusCode status_code, absl::string_view code, std::vector<Field> args,
                           absl::string_view message);

// The problem that `status` carries; nullopt where it carries none.
absl::optional<Problem> ProblemOf(const absl::Status& status);

// The problem that `status` carries; where it carries none, one with its message, whose code is the name of the status
// code ("unavailable"). Empty where it is OK.
Problem ProblemFrom(const absl::Status& status);

}  // namespace flxlink

#endif  // FLXLINK_PROBLEM_H_
