#include "src/engine/link_store.h"

#include <cstddef>

namespace flxlink::engine {
namespace {

// Calls `step`, which returns whether there is more to do, until there is not, and reports in between.
absl::Status InSteps(JobContext& context, absl::FunctionRef<absl::StatusOr<bool>()> step) {
  for (;;) {
    absl::StatusOr<bool> more = context.RetryValue<bool>(step);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    const absl::Status status = context.Report();
    if (!status.ok()) return status;
  }
}

}  // namespace

absl::Status JobLinkStore::Report(int64_t rows_total) {
  context_.progress() = {rows_total, 0, 0};
  return context_.Report();
}

absl::StatusOr<std::vector<int64_t>> JobLinkStore::WriteLinks(absl::Span<const LinkWrite> rows) {
  return writer_.Write(edit_version_, rows);
}

absl::Status JobLinkStore::AddKeyEntries(absl::Span<const KeyAddition> additions) {
  const size_t page = static_cast<size_t>(context_.page_rows());
  for (size_t at = 0; at < additions.size(); at += page) {
    const absl::Status status =
        context_.Retry([&] { return index().AddKeyEntries(context_.fence(), additions.subspan(at, page)); });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status JobLinkStore::WriteKeyEntries(KeyColumn column, absl::Span<const KeyEntry> entries) {
  const size_t page = static_cast<size_t>(LinkIndex::kMaxKeyEntries);
  for (size_t at = 0; at < entries.size(); at += page) {
    absl::Status status =
        context_.Retry([&] { return index().WriteKeyEntries(context_.fence(), column, entries.subspan(at, page)); });
    if (status.ok()) status = context_.Report();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status JobLinkStore::DropBase() {
  return InSteps(context_, [&] { return index().DropLinkBase(context_.fence(), context_.page_rows()); });
}

absl::Status JobLinkStore::SetBase(absl::string_view text) {
  return context_.Retry([&] { return index().SetLinkBase(context_.fence(), text); });
}

absl::Status JobLinkStore::ForgetChanges() {
  return InSteps(context_,
                 [&] { return index().ForgetLinkChanges(context_.fence(), edit_version_, context_.page_rows()); });
}

}  // namespace flxlink::engine
