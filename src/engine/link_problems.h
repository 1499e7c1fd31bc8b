// What a link job has to say of the channel's rules.

#ifndef FLXLINK_SRC_ENGINE_LINK_PROBLEMS_H_
#define FLXLINK_SRC_ENGINE_LINK_PROBLEMS_H_

#include "absl/strings/string_view.h"
#include "flxlink/job.h"
#include "src/linking/link_input.h"

namespace flxlink::engine {

// The problem rule_field_unknown: its subject is the field.
JobProblem RuleFieldUnknown(absl::string_view channel, const linking::UnknownField& unknown);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_LINK_PROBLEMS_H_
