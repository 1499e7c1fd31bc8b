#include "src/sync/sibling_statuses.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace flxlink::sync {
namespace {

constexpr int64_t kNotInBatch = -1;
// SKUs named on each side of a disagreement.
constexpr size_t kMaxNamed = 3;

// One link's wish for its product.
struct Wish {
  absl::string_view parent_id;
  ChannelStatus status;
  absl::string_view sku;
  int64_t batch_row;

  friend bool operator<(const Wish& a, const Wish& b) {
    return std::tie(a.parent_id, a.status, a.sku, a.batch_row) < std::tie(b.parent_id, b.status, b.sku, b.batch_row);
  }
};

bool HasSay(const SyncBatch& batch, int64_t i) {
  return !batch.parent_id[i].empty() && batch.rows[static_cast<size_t>(i)].seen.status != ChannelStatus::kDead;
}

void AddWish(const SyncBatch& batch, int64_t i, int64_t batch_row, const SyncPolicy& policy,
             std::vector<Wish>* wishes) {
  if (!HasSay(batch, i)) return;
  const ChannelStatus status = Desired(batch.rows[static_cast<size_t>(i)], policy).status;
  if (status != ChannelStatus::kUnknown) wishes->push_back({batch.parent_id[i], status, batch.sku[i], batch_row});
}

// All wishes, those for one product next to each other and in an order that does not depend on the rows'.
std::vector<Wish> CollectWishes(const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy) {
  std::vector<Wish> wishes;
  std::vector<int64_t> batch_ids;
  for (int64_t i = 0; i < batch.size(); ++i) {
    AddWish(batch, i, i, policy, &wishes);
    batch_ids.push_back(batch.rows[static_cast<size_t>(i)].listing_id);
  }
  std::sort(batch_ids.begin(), batch_ids.end());
  for (int64_t i = 0; i < siblings.size(); ++i) {
    const int64_t listing_id = siblings.rows[static_cast<size_t>(i)].listing_id;
    if (std::binary_search(batch_ids.begin(), batch_ids.end(), listing_id)) continue;
    AddWish(siblings, i, kNotInBatch, policy, &wishes);
  }
  std::sort(wishes.begin(), wishes.end());
  return wishes;
}

// "listed for A, B; hidden for C, D, E and 2 more".
std::string Describe(absl::Span<const Wish> product) {
  std::string text = "the channel has one status for the product, and its listing variants want";
  for (size_t begin = 0; begin < product.size();) {
    size_t end = begin;
    absl::StrAppend(&text, begin == 0 ? " " : "; ", ToString(product[begin].status), " for ");
    for (; end < product.size() && product[end].status == product[begin].status; ++end) {
      if (end - begin < kMaxNamed) absl::StrAppend(&text, end == begin ? "" : ", ", product[end].sku);
    }
    if (end - begin > kMaxNamed) absl::StrAppend(&text, " and ", end - begin - kMaxNamed, " more");
    begin = end;
  }
  return text;
}

}  // namespace

SiblingDisagreements FindSiblingDisagreements(const SyncBatch& batch, const SyncBatch& siblings,
                                              const SyncPolicy& policy) {
  SiblingDisagreements found;
  found.of_row.assign(batch.rows.size(), -1);
  if (!policy.parent_status || !policy.fields.Has(SyncField::kStatus)) return found;
  const std::vector<Wish> wishes = CollectWishes(batch, siblings, policy);
  for (size_t begin = 0, end = 0; begin < wishes.size(); begin = end) {
    while (end < wishes.size() && wishes[end].parent_id == wishes[begin].parent_id) ++end;
    if (wishes[begin].status == wishes[end - 1].status) continue;
    const int32_t index = static_cast<int32_t>(found.details.size());
    const absl::Span<const Wish> product = absl::MakeConstSpan(wishes).subspan(begin, end - begin);
    found.details.push_back(Describe(product));
    for (const Wish& wish : product) {
      if (wish.batch_row != kNotInBatch) found.of_row[static_cast<size_t>(wish.batch_row)] = index;
    }
  }
  return found;
}

}  // namespace flxlink::sync
