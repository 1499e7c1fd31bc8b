// SimulatedItems: the items of the simulated platform, and what it thinks of an item of a push.
//
// Not thread-safe.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ITEMS_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ITEMS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/push.h"
#include "flxlink/push_kind.h"
#include "flxlink/simulated_channel.h"

namespace flxlink::simulated {

// An outcome without words.
PushOutcome OutcomeOf(PushResult result);
PushOutcome Rejected(absl::string_view code, absl::string_view field, std::string message);

class SimulatedItems {
 public:
  struct Row {
    SimulatedItem item;
    // Never given twice, and so another one when an id is used again.
    std::string handle;
  };
  using Rows = std::map<std::string, Row, std::less<>>;  // By external id.

  // `capabilities` must outlive this.
  explicit SimulatedItems(const AdapterCapabilities& capabilities) : capabilities_(capabilities) {}

  const Rows& rows() const { return rows_; }

  // See SimulatedPlatform.
  void Set(SimulatedItem item);
  bool Edit(absl::string_view external_id, const SyncFields& mask, const ItemValues& values);
  bool Remove(absl::string_view external_id);

  // What the platform says to an item, without doing anything yet: kApplied where it would do it.
  PushOutcome Judge(const PushKind& kind, const PushItem& item) const;
  // The same, and does it.
  PushOutcome Land(const PushKind& kind, const PushItem& item);

  // Those rows in columns, as pulls and fetches show them.
  ChannelVariantBatch Batch(const std::vector<const Row*>& rows) const;

 private:
  PushOutcome JudgeValues(const PushKind& kind, const PushItem& item) const;
  std::vector<std::string> FieldNames(const std::vector<const Row*>& rows) const;

  const AdapterCapabilities& capabilities_;
  Rows rows_;
  int64_t handles_given_ = 0;
};

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ITEMS_H_
