// The price board as the conformance suite wants a platform.

#ifndef OUTSIDE_BOARD_UNDER_TEST_H_
#define OUTSIDE_BOARD_UNDER_TEST_H_

#include <memory>
#include <string>
#include <vector>

#include "flxlink/conformance/channel.h"
#include "price_board.h"

namespace outside {

class BoardUnderTest : public flxlink::ChannelUnderTest {
 public:
  BoardUnderTest() {
    board_->items = {{"1", {"shirts", "red", 1000, 5}},
                     {"2", {"shirts", "blue", 1100, 6}},
                     {"3", {"", "mug", 700, 1}},
                     {"4", {"", "pen", 300, 40}}};
  }

  std::unique_ptr<flxlink::ChannelAdapter> MakeAdapter() override { return std::make_unique<BoardAdapter>(board_); }

  std::vector<flxlink::ConformanceItem> Items() override {
    std::vector<flxlink::ConformanceItem> items;
    for (const auto& [id, item] : board_->items) items.push_back({id, item.group, *Look(id), {{"sku", item.sku}}});
    return items;
  }

  std::vector<flxlink::PushItem> BadItems() override {
    std::vector<flxlink::PushItem> items(2);
    items[0].external_id = "1";
    items[0].mask.Add(flxlink::SyncField::kPrice);
    items[0].values.price = -1;
    items[1].external_id = "2";
    items[1].mask.Add(flxlink::SyncField::kPrice);
    items[1].values.price = -500;
    return items;
  }

  absl::optional<flxlink::ItemValues> Look(absl::string_view external_id) override {
    const auto found = board_->items.find(std::string(external_id));
    if (found == board_->items.end()) return absl::nullopt;
    return flxlink::ItemValues{found->second.price, found->second.quantity, flxlink::ChannelStatus::kUnknown};
  }

  void Change(absl::string_view external_id, const flxlink::SyncFields& mask,
              const flxlink::ItemValues& values) override {
    BoardItem& item = board_->items.at(std::string(external_id));
    if (mask.Has(flxlink::SyncField::kPrice)) item.price = values.price;
    if (mask.Has(flxlink::SyncField::kQuantity)) item.quantity = values.quantity;
  }
  void Remove(absl::string_view external_id) override { board_->items.erase(std::string(external_id)); }

 protected:
  const std::shared_ptr<Board> board_ = std::make_shared<Board>();
};

}  // namespace outside

#endif  // OUTSIDE_BOARD_UNDER_TEST_H_
