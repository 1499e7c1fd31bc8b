// The price board behind a bad line: calls throw, hang, get lost or are told that there are too many of them.

#ifndef OUTSIDE_TROUBLED_BOARD_H_
#define OUTSIDE_TROUBLED_BOARD_H_

#include <condition_variable>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flxlink/channel_adapter.h"
#include "price_board.h"

namespace outside {

enum class Trouble {
  kNone,
  kThrow,          // The call throws, and nothing is done.
  kHang,           // It does not return until it is cancelled, and nothing is done.
  kLoseAnswer,     // It is done, and nobody learns of it.
  kThrottleCall,   // There are too many calls: nothing is done.
  kThrottleItems,  // There are too many items: of a push every second one is done. A pull is refused whole.
};

// What becomes of the next calls of every adapter that has it. Thread-safe.
class Line {
 public:
  // From now on so many calls meet that trouble; the later ones meet none.
  void Set(Trouble trouble, int calls);

  // For the adapter: what this call meets.
  Trouble Next();
  void Hang();

  // How many calls have met a trouble.
  int met() const;
  // Returns when a call hangs.
  void WaitUntilOneHangs();

 private:
  mutable std::mutex mutex_;
  Trouble trouble_ = Trouble::kNone;
  int calls_ = 0;
  int met_ = 0;
  bool hangs_ = false;
  std::condition_variable hung_;
};

// Thread-safe.
class TroubledBoardAdapter : public flxlink::ChannelAdapter {
 public:
  TroubledBoardAdapter(std::shared_ptr<Board> board, std::shared_ptr<Line> line);

  const flxlink::AdapterCapabilities& capabilities() const override { return board_.capabilities(); }
  absl::StatusOr<flxlink::PullPage> Pull(const flxlink::PullRequest& request,
                                         const flxlink::CallContext& call) const override;
  absl::StatusOr<flxlink::PushReply> Push(const flxlink::PushRequest& request,
                                          const flxlink::CallContext& call) const override;

 private:
  absl::Status Befall(Trouble trouble, const flxlink::CallContext& call) const;
  absl::Status Hang(const flxlink::CallContext& call) const;
  absl::StatusOr<flxlink::PushReply> PushEverySecond(const flxlink::PushRequest& request,
                                                     const flxlink::CallContext& call) const;

  const BoardAdapter board_;
  const std::shared_ptr<Line> line_;
};

}  // namespace outside

#endif  // OUTSIDE_TROUBLED_BOARD_H_
