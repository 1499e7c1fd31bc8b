#include "src/linking/link_changes.h"

#include <string>
#include <utility>

#include "absl/status/status.h"

namespace flxlink::linking {

absl::StatusOr<LinkChanges> LinkChanges::Read(LinkScope& scope, LinkSide side) {
  LinkChanges changes(scope, side);
  const std::vector<std::string>& fields = scope.keys.fields().of(side);
  for (int64_t after_id = 0;;) {
    absl::StatusOr<LinkChangePage> page = scope.lookup.ReadLinkChanges(side, fields, after_id);
    if (!page.ok()) return page.status();
    if (page->size() == 0) return changes;
    after_id = page->id.back();
    changes.pages_.push_back(std::make_unique<LinkChangePage>(*std::move(page)));
    const absl::Status status = changes.AddPage(*changes.pages_.back());
    if (!status.ok()) return status;
  }
}

absl::Status LinkChanges::AddPage(const LinkChangePage& page) {
  std::vector<int64_t> ids = page.id;
  const absl::Status status = rows().Read(&ids);
  if (!status.ok()) return status;
  for (int64_t i = 0; i < page.size(); ++i) {
    const size_t at = static_cast<size_t>(i);
    const RowIndex row = rows().Find(page.id[at]);
    if (row == kNotRead) continue;
    rows().row(row).changed = true;
    rows_.push_back(row);
    edited_.push_back(page.edited[at]);
    was_live_.push_back(page.known[at] != 0 && page.live[at] != 0 ? 1 : 0);
    for (int number = 0; number < static_cast<int>(key_count_); ++number) {
      const int field = scope_->keys.FieldOf(side_, number);
      const StringColumn& column =
          field == VariantSource::kParentColumn ? page.parent : page.columns[static_cast<size_t>(field)];
      keys_then_.push_back(page.known[at] != 0 ? rows().KeepKey(number, column[i]) : LinkKey());
    }
  }
  return absl::OkStatus();
}

void LinkChanges::AddMissingKeys(std::vector<KeyAddition>* additions) const {
  for (size_t change = 0; change < size(); ++change) {
    for (int number = 0; number < static_cast<int>(key_count_); ++number) {
      const LinkKey& key = Now(change, number);
      const int64_t id = rows().row(rows_[change]).id;
      if (key.is_null()) {
        const absl::string_view refused = rows().refused(rows_[change], number);
        if (!refused.empty()) additions->push_back({{side_, number}, {scope_->keys.HashRefused(refused), id}});
      } else if (key != Then(change, number)) {
        additions->push_back({{side_, number}, {key.hash, id}});
      }
    }
  }
}

}  // namespace flxlink::linking
