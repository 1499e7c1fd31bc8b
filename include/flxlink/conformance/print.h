// How gtest shows what channels deal in. Every test that compares these includes it, so that they are shown alike.

#ifndef FLXLINK_CONFORMANCE_PRINT_H_
#define FLXLINK_CONFORMANCE_PRINT_H_

#include <ostream>

#include "flxlink/channel_variant.h"
#include "flxlink/field.h"
#include "flxlink/listing_status.h"
#include "flxlink/push.h"
#include "gtest/gtest.h"

namespace flxlink {

inline void PrintTo(ChannelStatus status, std::ostream* out) { *out << ToString(status); }

inline void PrintTo(PushResult result, std::ostream* out) { *out << ToString(result); }

inline void PrintTo(const SyncFields& fields, std::ostream* out) { *out << "{" << FormatSyncFields(fields) << "}"; }

inline void PrintTo(const Field& field, std::ostream* out) {
  *out << field.name << "=" << testing::PrintToString(field.value);
}

inline void PrintTo(const FixedField& fixed, std::ostream* out) {
  *out << fixed.field << ":" << ToString(fixed.reason);
}

inline void PrintTo(const ItemValues& values, std::ostream* out) {
  *out << "{" << values.price << ", " << values.quantity << ", " << ToString(values.status) << ", "
       << values.compare_at_price << ", " << testing::PrintToString(values.content.get()) << "}";
}

}  // namespace flxlink

#endif  // FLXLINK_CONFORMANCE_PRINT_H_
