#include "price_board.h"

#include <iterator>
#include <utility>

namespace outside {

BoardAdapter::BoardAdapter(std::shared_ptr<Board> board) : board_(std::move(board)) {
  capabilities_.link_fields = {"sku"};
  capabilities_.can_set = {flxlink::SyncField::kPrice, flxlink::SyncField::kQuantity};
  capabilities_.partial_success = true;
  capabilities_.complete_pull = true;
  capabilities_.push_timeout = absl::ZeroDuration();
}

absl::StatusOr<flxlink::PullPage> BoardAdapter::Pull(const flxlink::PullRequest& request) const {
  if (request.limit <= 0) return absl::InvalidArgumentError("a page's limit must be at least 1");
  const std::lock_guard<std::mutex> lock(board_->mutex);
  flxlink::PullPage page;
  page.items.fields.names = {"sku"};
  page.items.fields.columns.resize(1);
  for (auto at = board_->items.upper_bound(request.cursor); at != board_->items.end(); ++at) {
    if (page.items.size() == request.limit) {
      page.next_cursor = std::prev(at)->first;
      return page;
    }
    page.items.external_id.Add(at->first);
    page.items.parent_id.Add(at->second.group);
    page.items.price.push_back(at->second.price);
    page.items.quantity.push_back(at->second.quantity);
    page.items.status.push_back(flxlink::ChannelStatus::kUnknown);
    page.items.fields.columns[0].Add(at->second.sku);
  }
  return page;
}

absl::StatusOr<flxlink::PushReply> BoardAdapter::Push(const flxlink::PushRequest& request) const {
  const std::lock_guard<std::mutex> lock(board_->mutex);
  flxlink::PushReply reply;
  for (const flxlink::PushItem& item : request.items) reply.outcomes.push_back(PushOne(item));
  return reply;
}

flxlink::PushOutcome BoardAdapter::PushOne(const flxlink::PushItem& item) const {
  flxlink::PushOutcome outcome;
  const auto found = board_->items.find(item.external_id);
  if (found == board_->items.end()) {
    outcome.result = flxlink::PushResult::kNotFound;
  } else if (!(IntersectionOf(item.mask, capabilities_.can_set) == item.mask)) {
    outcome.result = flxlink::PushResult::kRejected;
    outcome.code = "not_on_the_board";
    outcome.message = "the board shows prices and quantities, and nothing else";
  } else if (item.mask.Has(flxlink::SyncField::kPrice) && item.values.price < 0) {
    outcome.result = flxlink::PushResult::kRejected;
    outcome.code = "negative_price";
    outcome.field = "price";
    outcome.message = "the board shows prices from 0 up";
  } else {
    if (item.mask.Has(flxlink::SyncField::kPrice)) found->second.price = item.values.price;
    if (item.mask.Has(flxlink::SyncField::kQuantity)) found->second.quantity = item.values.quantity;
    outcome.result = flxlink::PushResult::kApplied;
  }
  return outcome;
}

}  // namespace outside
