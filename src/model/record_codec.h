// The stored form of the records that storage keeps as bytes: channel configurations, the details of jobs and problems.
// Equal values make equal bytes, whoever encodes them.
//
// Decoding is DATA_LOSS where the bytes are damaged or hold a value that this release does not know. All functions are
// thread-safe.

#ifndef FLXLINK_SRC_MODEL_RECORD_CODEC_H_
#define FLXLINK_SRC_MODEL_RECORD_CODEC_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flxlink/channel.h"
#include "flxlink/job.h"
#include "flxlink/problem.h"

namespace flxlink::model {

std::string EncodeChannelConfig(const ChannelConfig& config);
absl::StatusOr<ChannelConfig> DecodeChannelConfig(absl::string_view bytes);

// The details are options and chain. Decoding sets these fields of `*job` and no other, and none where it fails.
std::string EncodeJobDetails(const Job& job);
absl::Status DecodeJobDetails(absl::string_view bytes, Job* job);

// Counts and cursor. What was kept as details once, with the problems, is read, too.
std::string EncodeJobReport(const JobCounts& counts, absl::string_view cursor);
absl::StatusOr<JobReport> DecodeJobReport(absl::string_view bytes);

std::string EncodeProblem(const Problem& problem);
absl::StatusOr<Problem> DecodeProblem(absl::string_view bytes);

}  // namespace flxlink::model

#endif  // FLXLINK_SRC_MODEL_RECORD_CODEC_H_
