#include "src/engine/dirty_pages.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "src/engine/batch_rows.h"

namespace flxlink::engine {
namespace {

Storage::DirtyCursor PlaceOf(const SyncRow& row) {
  return {true, row.sync_priority, row.dirty_rank, row.dirty_since, row.listing_id};
}

bool IsBefore(const SyncRow& row, const absl::optional<DirtyGroup>& before) {
  return !before.has_value() || GroupOf(row) < *before;
}

// Whether Storage::ReadDirty gives the link.
bool CanBeSent(const SyncRow& row) {
  return row.dirty && !row.status.paused && IsLive(row.status) && row.seen.status != ChannelStatus::kDead;
}

// Each once.
SyncBatch SelectSendable(const SyncBatch& links) {
  absl::flat_hash_set<int64_t> seen;
  SyncBatch sendable;
  for (int64_t i = 0; i < links.size(); ++i) {
    const SyncRow& row = links.rows[static_cast<size_t>(i)];
    if (CanBeSent(row) && seen.insert(row.listing_id).second) AddRow(links, i, &sendable);
  }
  return sendable;
}

}  // namespace

DirtyGroup GroupOf(const SyncRow& row) { return {row.sync_priority, row.dirty_rank}; }

absl::StatusOr<SyncBatch> DirtyPages::Next(const absl::optional<DirtyGroup>& before) {
  if (!context_.job().options.only_forced) {
    return Search(before, before.has_value() ? std::min(kRowsBefore, context_.page_rows()) : context_.page_rows());
  }
  // They have no other order than that in which they were named.
  return before.has_value() ? SyncBatch() : NextForced();
}

absl::StatusOr<SyncBatch> DirtyPages::Search(const absl::optional<DirtyGroup>& before, int64_t limit) {
  Storage::DirtyCursor from;
  for (int looks = 0; looks < kMaxLooks; ++looks) {
    const absl::StatusOr<SyncBatch> first = Read(from, 1);
    if (!first.ok()) return first.status();
    if (first->size() == 0 || !IsBefore(first->rows[0], before)) return SyncBatch();
    if (const Storage::DirtyCursor* end = EndOfTaken(first->rows[0])) {
      from = *end;
      continue;
    }
    absl::StatusOr<SyncBatch> page = Read(from, limit);
    if (!page.ok()) return page.status();
    SyncBatch taken = Take(*std::move(page), before);
    // None, where somebody was faster.
    if (taken.size() > 0) return taken;
  }
  if (before.has_value() || taken_.empty()) return SyncBatch();
  absl::StatusOr<SyncBatch> page = Read(taken_.rbegin()->second, limit);
  if (!page.ok()) return page.status();
  return Take(*std::move(page), before);
}

absl::StatusOr<SyncBatch> DirtyPages::NextForced() {
  const absl::Span<const std::string> skus = context_.job().options.force;
  const size_t most = static_cast<size_t>(context_.page_rows());
  while (forced_ < skus.size()) {
    const absl::Span<const std::string> some = skus.subspan(forced_, most);
    absl::StatusOr<SyncBatch> page = ReadSendable(some);
    if (!page.ok()) return page;
    forced_ += some.size();
    if (page->size() > 0) return page;
  }
  return SyncBatch();
}

absl::StatusOr<SyncBatch> DirtyPages::LookUp(std::vector<std::string>* skus) {
  const size_t most = static_cast<size_t>(context_.page_rows());
  while (!skus->empty()) {
    const size_t rest = skus->size() - std::min(most, skus->size());
    absl::StatusOr<SyncBatch> page = ReadSendable(absl::MakeConstSpan(*skus).subspan(rest));
    if (!page.ok()) return page;
    skus->resize(rest);
    if (page->size() > 0) return page;
  }
  return SyncBatch();
}

absl::StatusOr<SyncBatch> DirtyPages::ReadSendable(absl::Span<const std::string> skus) {
  const absl::StatusOr<SyncBatch> links = context_.RetryValue<SyncBatch>(
      [&] { return context_.storage().ReadLinksBySku(context_.channel().channel_id, skus); });
  return links.ok() ? SelectSendable(*links) : links;
}

absl::StatusOr<SyncBatch> DirtyPages::Read(const Storage::DirtyCursor& after, int64_t limit) {
  return context_.RetryValue<SyncBatch>([&] {
    Storage::DirtyCursor cursor = after;
    return context_.storage().ReadDirty(context_.channel().channel_id, &cursor, limit);
  });
}

const Storage::DirtyCursor* DirtyPages::EndOfTaken(const SyncRow& row) const {
  const auto end = taken_.find(GroupOf(row));
  if (end == taken_.end()) return nullptr;
  const bool is_behind =
      std::tie(end->second.dirty_since, end->second.listing_id) < std::tie(row.dirty_since, row.listing_id);
  return is_behind ? nullptr : &end->second;
}

SyncBatch DirtyPages::Take(SyncBatch page, const absl::optional<DirtyGroup>& before) {
  int64_t count = 0;
  for (; count < page.size(); ++count) {
    const SyncRow& row = page.rows[static_cast<size_t>(count)];
    if (!IsBefore(row, before) || EndOfTaken(row) != nullptr) break;
    taken_[GroupOf(row)] = PlaceOf(row);
  }
  was_cut_short_ = count < page.size();
  if (!was_cut_short_) return page;
  SyncBatch taken;
  for (int64_t i = 0; i < count; ++i) AddRow(page, i, &taken);
  return taken;
}

}  // namespace flxlink::engine
