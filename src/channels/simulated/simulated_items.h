// SimulatedItems: the items of the simulated platform, and what it thinks of an item of a push.
//
// Not thread-safe.

#ifndef FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ITEMS_H_
#define FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ITEMS_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/push.h"
#include "flxlink/push_kind.h"
#include "flxlink/simulated_channel.h"

namespace flxlink::internal {
class SimulatedItemsRecord;
}

namespace flxlink::simulated {

// An outcome without words.
PushOutcome OutcomeOf(PushResult result);
PushOutcome Rejected(absl::string_view code, absl::string_view field, std::string message);

class SimulatedItems {
 public:
  struct Row {
    SimulatedItem item;
    // Another one when an id is used again, and the same on every platform on which it is the first.
    std::string handle;
    // The number of the last change that a pull since a mark shows.
    int64_t changed = 0;
  };
  using Rows = std::map<std::string, Row, std::less<>>;  // By external id.

  // `capabilities` must outlive this.
  explicit SimulatedItems(const AdapterCapabilities& capabilities);

  const Rows& rows() const { return rows_; }

  // See SimulatedPlatform. Each is a change, of which the first has number 1.
  void Set(SimulatedItem item, absl::Time now);
  bool Edit(absl::string_view external_id, const SyncFields& mask, const ItemValues& values,
            const SimulatedPlace& place, absl::Time now);
  // The same, and of its siblings what they share.
  void EditWithSiblings(const std::string& external_id, const SyncFields& mask, const ItemValues& values,
                        const SimulatedPlace& place, absl::Time now);
  bool Remove(absl::string_view external_id, absl::Time now);

  // From now on it holds `items`: what differs is changed, and one that is not among them removed.
  void SetAll(std::vector<SimulatedItem> items, absl::Time now);

  // Everything that there is, for Restore() of a new one.
  void Save(internal::SimulatedItemsRecord* record) const;
  void Restore(const internal::SimulatedItemsRecord& record);

  // How it was at `time`, which is no longer ago than the capabilities say that anybody asks.
  Rows RowsAt(absl::Time time) const;
  // The number of the last change by `time`.
  int64_t LastChangeBy(absl::Time time) const;
  // Which items were removed by a change after number `after`, up to number `last`, and are gone since; if the
  // capabilities say that this is seen.
  std::vector<std::string> Removed(int64_t after, int64_t last) const;

  // What the platform says to an item of a channel at that place, without doing anything yet: kApplied where it would
  // do it.
  PushOutcome Judge(const PushKind& kind, const PushItem& item, const SimulatedPlace& place) const;
  // The same, and does it.
  PushOutcome Land(const PushKind& kind, const PushItem& item, const SimulatedPlace& place, absl::Time now);

  // Those rows in columns, as pulls and fetches of a channel at that place show them.
  ChannelVariantBatch Batch(const std::vector<const Row*>& rows, const SimulatedPlace& place) const;

 private:
  PushOutcome JudgeValues(const PushKind& kind, const PushItem& item, const SimulatedPlace& place) const;
  std::vector<std::string> FieldNames(const std::vector<const Row*>& rows) const;

  struct Change {
    absl::Time at;
    std::string external_id;
    absl::optional<Row> before;  // nullopt: the item was not there.
  };

  // Takes down a change that is about to be made. Returns its number.
  int64_t Note(absl::string_view external_id, absl::Time now);

  const AdapterCapabilities& capabilities_;
  const SinceReads sees_;
  const absl::Duration memory_;  // How long ago RowsAt and LastChangeBy are asked about at the most.
  Rows rows_;
  std::deque<Change> log_;  // The changes that are younger than that.
  int64_t changes_ = 0;
  std::map<std::string, int64_t> removed_;        // By external id: the number of the change.
  std::map<std::string, int64_t> handles_given_;  // By external id: how many items there were under it.
};

}  // namespace flxlink::simulated

#endif  // FLXLINK_SRC_CHANNELS_SIMULATED_SIMULATED_ITEMS_H_
