#include "price_board.h"

#include <iterator>
#include <utility>

namespace outside {
namespace {

flxlink::PushOutcome Rejected(std::string code, std::string message) {
  flxlink::PushOutcome outcome;
  outcome.result = flxlink::PushResult::kRejected;
  outcome.code = std::move(code);
  outcome.message = std::move(message);
  return outcome;
}

}  // namespace

BoardAdapter::BoardAdapter(std::shared_ptr<Board> board) : board_(std::move(board)) {
  flxlink::PushKind kind;
  kind.name = "board";
  kind.fields = {flxlink::SyncField::kPrice, flxlink::SyncField::kQuantity};
  kind.takes_good_items = true;
  kind.compares = {flxlink::SyncField::kQuantity};
  capabilities_.link_fields = {"sku"};
  capabilities_.complete_pull = true;
  capabilities_.push_kinds = {kind};
}

absl::StatusOr<flxlink::PullPage> BoardAdapter::Pull(const flxlink::PullRequest& request,
                                                     const flxlink::CallContext&) const {
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
    flxlink::AddValues({at->second.price, at->second.quantity}, &page.items);
    page.items.fields.columns[0].Add(at->second.sku);
  }
  return page;
}

absl::StatusOr<flxlink::PushReply> BoardAdapter::Push(const flxlink::PushRequest& request,
                                                      const flxlink::CallContext&) const {
  if (request.kind != "board") return absl::InvalidArgumentError("the board has no such kind of push");
  const std::lock_guard<std::mutex> lock(board_->mutex);
  flxlink::PushReply reply;
  for (const flxlink::PushItem& push : request.items) reply.outcomes.push_back(PushOne(push));
  return reply;
}

flxlink::PushOutcome BoardAdapter::PushOne(const flxlink::PushItem& push) const {
  flxlink::PushOutcome outcome;
  const auto found = board_->items.find(push.external_id);
  if (found == board_->items.end()) {
    outcome.result = flxlink::PushResult::kNotFound;
    return outcome;
  }
  BoardItem& item = found->second;
  const bool sets_price = push.mask.Has(flxlink::SyncField::kPrice);
  const bool sets_quantity = push.mask.Has(flxlink::SyncField::kQuantity);
  if (!(IntersectionOf(push.mask, SettableFields(capabilities_)) == push.mask)) {
    return Rejected("not_on_the_board", "the board shows prices and quantities, and nothing else");
  }
  if (sets_price && push.values.price < 0) return Rejected("negative_price", "the board shows prices from 0 up");
  // Somebody bought or brought some since flxlink last looked.
  const bool is_known = !sets_quantity || push.known.quantity == flxlink::kAbsent ||
                        item.quantity == push.known.quantity || item.quantity == push.values.quantity;
  if (!is_known) {
    outcome.result = flxlink::PushResult::kConflict;
    outcome.seen.quantity = item.quantity;
    return outcome;
  }
  if (sets_price) item.price = push.values.price;
  if (sets_quantity) item.quantity = push.values.quantity;
  outcome.result = flxlink::PushResult::kApplied;
  return outcome;
}

}  // namespace outside
