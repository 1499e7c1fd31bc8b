#include "src/sync/sibling_statuses.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "src/sync/sync_policy.h"

namespace flxlink::sync {
namespace {

constexpr int64_t kNotInBatch = -1;
// SKUs named on each side of a disagreement.
constexpr size_t kMaxNamed = 3;

// One item's wish for its product.
struct Wish {
  absl::string_view parent_id;
  ChannelStatus status;
  absl::string_view name;  // The SKU; of an unlinked item its external id.
  int64_t batch_row;
  bool is_stated;    // Off: it wants what the channel shows.
  bool by_a_person;  // A person stated it.

  friend bool operator<(const Wish& a, const Wish& b) {
    return std::tie(a.parent_id, a.status, a.name, a.batch_row) < std::tie(b.parent_id, b.status, b.name, b.batch_row);
  }
};

bool HasSay(const SyncBatch& batch, int64_t i) {
  return !batch.parent_id[i].empty() && batch.rows[static_cast<size_t>(i)].seen.status != ChannelStatus::kDead;
}

void AddWish(const SyncBatch& batch, int64_t i, int64_t batch_row, const SyncPolicy& policy,
             std::vector<Wish>* wishes) {
  if (!HasSay(batch, i)) return;
  const SyncRow& row = batch.rows[static_cast<size_t>(i)];
  const ChannelStatus desired = IsClosed(row, policy) ? ChannelStatus::kUnknown : Desired(row, policy).status;
  const bool is_stated = desired != ChannelStatus::kUnknown;
  wishes->push_back({batch.parent_id[i], is_stated ? desired : row.seen.status, batch.sku[i], batch_row, is_stated,
                     is_stated && !row.product_removed && row.status.author == StatusAuthor::kPerson});
}

// All wishes, those for one product next to each other and in an order that does not depend on the rows'.
std::vector<Wish> CollectWishes(const SyncBatch& batch, const SyncBatch& siblings, const SyncPolicy& policy,
                                absl::Span<const UnlinkedItem> unlinked) {
  std::vector<Wish> wishes;
  for (const UnlinkedItem& item : unlinked) {
    wishes.push_back({item.parent_id, item.status, item.external_id, kNotInBatch, false, false});
  }
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
  std::string text = "the channel has one status for the product, and its items want";
  for (size_t begin = 0; begin < product.size();) {
    size_t end = begin;
    absl::StrAppend(&text, begin == 0 ? " " : "; ", ToString(product[begin].status), " for ");
    for (; end < product.size() && product[end].status == product[begin].status; ++end) {
      if (end - begin < kMaxNamed) absl::StrAppend(&text, end == begin ? "" : ", ", product[end].name);
    }
    if (end - begin > kMaxNamed) absl::StrAppend(&text, " and ", end - begin - kMaxNamed, " more");
    begin = end;
  }
  return text;
}

// Whether the product may get the status that one of its items wants.
bool MayHave(absl::Span<const Wish> product, ChannelStatus status) {
  const auto agrees = [&](const Wish& wish) {
    return wish.status == status || (status == ChannelStatus::kListed && !wish.by_a_person);
  };
  return std::all_of(product.begin(), product.end(), agrees);
}

// Adds what of one product's wishes the batch cannot send.
void AddDisagreement(absl::Span<const Wish> product, SiblingDisagreements* found) {
  int32_t index = -1;
  for (const Wish& wish : product) {
    if (wish.batch_row == kNotInBatch || !wish.is_stated || MayHave(product, wish.status)) continue;
    if (index < 0) {
      index = static_cast<int32_t>(found->details.size());
      found->details.push_back(Describe(product));
    }
    found->of_row[static_cast<size_t>(wish.batch_row)] = index;
  }
}

}  // namespace

SiblingDisagreements FindSiblingDisagreements(const SyncBatch& batch, const SyncBatch& siblings,
                                              const SyncPolicy& policy, absl::Span<const UnlinkedItem> unlinked) {
  SiblingDisagreements found;
  found.of_row.assign(batch.rows.size(), -1);
  if (!policy.parent_status || !policy.fields.Has(SyncField::kStatus)) return found;
  const std::vector<Wish> wishes = CollectWishes(batch, siblings, policy, unlinked);
  for (size_t begin = 0, end = 0; begin < wishes.size(); begin = end) {
    while (end < wishes.size() && wishes[end].parent_id == wishes[begin].parent_id) ++end;
    AddDisagreement(absl::MakeConstSpan(wishes).subspan(begin, end - begin), &found);
  }
  return found;
}

}  // namespace flxlink::sync
