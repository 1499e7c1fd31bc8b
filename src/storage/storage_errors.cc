#include <string>

#include "absl/strings/str_cat.h"
#include "flxlink/problem.h"
#include "flxlink/storage_kit/errors.h"

namespace flxlink::storage {

absl::Status NoSuchChannel(int64_t channel_id) {
  return ProblemStatus(
      absl::StatusCode::kNotFound, problem_code::kNoChannel, {},
      absl::StrCat("there is no channel with id ", channel_id, "; list the channels to see their ids"));
}

absl::Status NoSuchChannel(absl::string_view name) {
  return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kNoChannel, {{"channel", std::string(name)}},
                       absl::StrCat("there is no channel named ", name, "; list the channels, or add it"));
}

absl::Status NoSuchProduct(int64_t product_id) {
  return absl::NotFoundError(
      absl::StrCat("there is no product variant with id ", product_id, "; read the products again"));
}

absl::Status NoSuchListing(int64_t listing_id) {
  return absl::NotFoundError(
      absl::StrCat("the channel has no listing variant with id ", listing_id, "; read its listings again"));
}

absl::Status NoSuchSku(const Channel& channel, absl::string_view sku) {
  return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kNoListing,
                       {{"channel", channel.config.name}, {"sku", std::string(sku)}},
                       absl::StrCat("channel ", channel.config.name, " has no listing variant with SKU ", sku,
                                    "; build it, or list the channel's listings"));
}

absl::Status NoSuchItem(const Channel& channel, absl::string_view item) {
  return ProblemStatus(
      absl::StatusCode::kNotFound, problem_code::kNoItem,
      {{"channel", channel.config.name}, {"external_id", std::string(item)}},
      absl::StrCat("channel ", channel.config.name, " has no item ", item, "; pull the channel, or correct the id"));
}

absl::Status NoSuchJob(int64_t job_id) {
  return ProblemStatus(absl::StatusCode::kNotFound, problem_code::kNoJob, {{"job", absl::StrCat(job_id)}},
                       absl::StrCat("there is no job ", job_id, "; list the jobs to see their ids"));
}

absl::Status NameTaken(absl::string_view name) {
  return ProblemStatus(
      absl::StatusCode::kAlreadyExists, problem_code::kChannelExists, {{"channel", std::string(name)}},
      absl::StrCat("there is a channel named ", name, " already; choose another name, or change that channel"));
}

absl::Status JobExists(int64_t job_id) {
  return absl::AlreadyExistsError(absl::StrCat("there is a job ", job_id, " already; the change was made before"));
}

absl::Status ChangeMade(const Channel& channel) {
  return absl::AlreadyExistsError(
      absl::StrCat("the change of the queue of channel ", channel.config.name, " was made before"));
}

absl::Status ChannelMoved(const Channel& channel, int64_t expected_revision) {
  return ProblemStatus(absl::StatusCode::kAborted, problem_code::kChangedMeanwhile, {{"channel", channel.config.name}},
                       absl::StrCat("channel ", channel.config.name, " is at revision ", channel.revision, ", not ",
                                    expected_revision, "; read it again and make the change anew"));
}

absl::Status QueueMoved(const Channel& channel, int64_t expected_revision) {
  return ProblemStatus(absl::StatusCode::kAborted, problem_code::kChangedMeanwhile, {{"channel", channel.config.name}},
                       absl::StrCat("the queue of channel ", channel.config.name, " is not at revision ",
                                    expected_revision, " any more; read it again and decide again"));
}

absl::Status FireMoved(const Channel& channel, absl::string_view schedule) {
  return ProblemStatus(absl::StatusCode::kAborted, problem_code::kChangedMeanwhile, {{"channel", channel.config.name}},
                       absl::StrCat("the schedule ", schedule, " of channel ", channel.config.name,
                                    " has fired or was changed meanwhile; read the schedules again"));
}

absl::Status StaleFence(const Fence& fence) {
  return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kSlotLost,
                       {{"job", absl::StrCat(fence.job_id)}},
                       absl::StrCat("job ", fence.job_id, " does not hold the slot of channel ", fence.channel_id,
                                    " in epoch ", fence.epoch, "; another worker took over, stop this one"));
}

absl::Status ChannelBusy(const Channel& channel, const Slot& slot) {
  return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kChannelBusy,
                       {{"channel", channel.config.name}, {"job", absl::StrCat(slot.holder_job)}},
                       absl::StrCat("channel ", channel.config.name, " runs job ", slot.holder_job,
                                    "; cancel the job, or wait for its end"));
}

absl::Status PullNotRunning(const Channel& channel, int64_t pull_number) {
  return ProblemStatus(
      absl::StatusCode::kFailedPrecondition, problem_code::kChangedMeanwhile, {{"channel", channel.config.name}},
      absl::StrCat("pull ", pull_number, " of channel ", channel.config.name,
                   " is not the one that runs: another has begun, or the channel's adapter or settings "
                   "were changed; begin a new pull"));
}

absl::Status PullNotWhole(const Channel& channel, int64_t pull_number) {
  return absl::FailedPreconditionError(absl::StrCat("pull ", pull_number, " of channel ", channel.config.name,
                                                    " began at a mark and proves no absence; pull everything"));
}

absl::Status AlreadyLinked(absl::string_view sku, absl::string_view external_id) {
  return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kAlreadyLinked,
                       {{"sku", std::string(sku)}, {"external_id", std::string(external_id)}},
                       absl::StrCat("SKU ", sku, " is linked to item ", external_id, "; unlink it first"));
}

absl::Status NotLinked(absl::string_view sku) {
  return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kNotLinked, {{"sku", std::string(sku)}},
                       absl::StrCat("SKU ", sku, " has no link; there is nothing to unlink"));
}

absl::Status ItemNotLive(absl::string_view external_id) {
  return ProblemStatus(absl::StatusCode::kFailedPrecondition, problem_code::kItemNotLive,
                       {{"external_id", std::string(external_id)}},
                       absl::StrCat("item ", external_id, " is gone from the channel or archived; ",
                                    "bring it back there and pull, or choose another item"));
}

absl::Status OwnerIsDead(OwnerId owner) {
  return absl::FailedPreconditionError(absl::StrCat("owner ", owner, " is not alive; open a new one"));
}

absl::Status LinkBaseIsSet(const Channel& channel) {
  return absl::FailedPreconditionError(
      absl::StrCat("channel ", channel.config.name, " has a link base; drop it before another is made"));
}

absl::Status NoLinkBase(const Channel& channel) {
  return absl::FailedPreconditionError(
      absl::StrCat("channel ", channel.config.name, " has no link base; make one by linking the whole channel"));
}

}  // namespace flxlink::storage
