// What no push can set of a link's item. See flxlink/sync.h.
//
// Pure and thread-safe.

#ifndef FLXLINK_SRC_SYNC_FIXED_FIELDS_H_
#define FLXLINK_SRC_SYNC_FIXED_FIELDS_H_

#include <vector>

#include "flxlink/problem.h"
#include "flxlink/sync.h"

namespace flxlink::sync {

// The fields that are fixed.
SyncFields FixedFields(const SyncRow& row);

// The attentions of a link of which fixed fields are not as they are desired: none where they are.
std::vector<Problem> FixedProblems(const SyncRow& row, const ItemValues& desired);

// Whether an attention is one of those. They stand for as long as the channel keeps the field, so that a sync that
// comes to them again says nothing new.
bool IsFixedProblem(const Problem& problem);

}  // namespace flxlink::sync

#endif  // FLXLINK_SRC_SYNC_FIXED_FIELDS_H_
