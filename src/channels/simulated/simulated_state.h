// What a simulated platform remembers as records, for SimulatedPlatform::Save() and Restore(): what several of its
// parts have in common. Each part writes the rest of what it has by itself.
//
// Decoding trusts the records: UnpackState() has seen to it that they are as they were written.
//
// Functions of plain data: any thread.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_STATE_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_STATE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "channels/simulated/simulated_state.pb.h"
#include "flxlink/push.h"
#include "flxlink/simulated_channel.h"

namespace flxlink::simulated {

void Encode(const SimulatedItem& item, internal::SimulatedItemRecord* record);
SimulatedItem Decode(const internal::SimulatedItemRecord& record);

void Encode(const PushItem& item, internal::SimulatedPushItemRecord* record);
PushItem Decode(const internal::SimulatedPushItemRecord& record);

void Encode(const SimulatedPlace& place, internal::SimulatedPlaceRecord* record);
SimulatedPlace Decode(const internal::SimulatedPlaceRecord& record);

// Its name and when it was given aside.
void Encode(const PushOutcome& outcome, internal::SimulatedAnswerRecord* record);
PushOutcome Decode(const internal::SimulatedAnswerRecord& record);

inline int64_t Encode(absl::Time time) { return absl::ToUnixNanos(time); }
inline absl::Time DecodeTime(int64_t nanoseconds) { return absl::FromUnixNanos(nanoseconds); }

std::string PackState(const internal::SimulatedStateRecord& state);
// INVALID_ARGUMENT: it is not what PackState() gave.
absl::StatusOr<internal::SimulatedStateRecord> UnpackState(absl::string_view saved);

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_STATE_H_
