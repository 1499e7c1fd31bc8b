// A sales channel of somebody else: a board with prices and quantities in memory, and the adapter for it.

#ifndef OUTSIDE_PRICE_BOARD_H_
#define OUTSIDE_PRICE_BOARD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "flxlink/channel_adapter.h"

namespace outside {

struct BoardItem {
  std::string group;
  std::string sku;
  int64_t price = 0;
  int64_t quantity = 0;
};

// The platform. It has no statuses.
struct Board {
  std::mutex mutex;
  std::map<std::string, BoardItem> items;  // By external id.
};

// Thread-safe.
class BoardAdapter : public flxlink::ChannelAdapter {
 public:
  explicit BoardAdapter(std::shared_ptr<Board> board);

  const flxlink::AdapterCapabilities& capabilities() const override { return capabilities_; }
  // The cursor is the last external id that was shown.
  absl::StatusOr<flxlink::PullPage> Pull(const flxlink::PullRequest& request,
                                         const flxlink::CallContext& call) const override;
  absl::StatusOr<flxlink::PushReply> Push(const flxlink::PushRequest& request,
                                          const flxlink::CallContext& call) const override;

 private:
  flxlink::PushOutcome PushOne(const flxlink::PushItem& push) const;

  const std::shared_ptr<Board> board_;
  flxlink::AdapterCapabilities capabilities_;
};

}  // namespace outside

#endif  // OUTSIDE_PRICE_BOARD_H_
