#include "src/engine/product_pages.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace flxlink::engine {
namespace {

absl::StatusOr<ProductWriteResult> WritePage(const EngineOptions& options, const ProductBatch& batch, int64_t first,
                                             int64_t rows) {
  const absl::StatusOr<absl::Time> now = options.storage->Now();
  if (!now.ok()) return now.status();
  if (rows == batch.size()) return options.storage->WriteProducts(batch, *now);
  return options.storage->WriteProducts(SliceProducts(batch, first, rows), *now);
}

absl::StatusOr<ProductRemovalResult> RemovePage(const EngineOptions& options, absl::Span<const std::string> skus) {
  const absl::StatusOr<absl::Time> now = options.storage->Now();
  if (!now.ok()) return now.status();
  return options.storage->RemoveProducts(skus, *now);
}

}  // namespace

ProductWriteRun WriteProducts(const EngineOptions& options, const ProductBatch& batch, const Call& call) {
  ProductWriteRun run;
  while (run.rows < batch.size()) {
    run.status = CheckCall(call, options.clock->Now());
    if (!run.status.ok()) return run;
    const int64_t rows = std::min(options.page_rows, batch.size() - run.rows);
    absl::StatusOr<ProductWriteResult> page = WritePage(options, batch, run.rows, rows);
    run.status = page.status();
    if (!run.status.ok()) return run;
    Append({*std::move(page), rows, absl::OkStatus()}, &run);
  }
  return run;
}

ProductRemovalRun RemoveProducts(const EngineOptions& options, absl::Span<const std::string> skus, const Call& call) {
  ProductRemovalRun run;
  std::vector<ProductRemoval>& outcomes = run.result.outcomes;
  while (outcomes.size() < skus.size()) {
    run.status = CheckCall(call, options.clock->Now());
    if (!run.status.ok()) return run;
    absl::StatusOr<ProductRemovalResult> page =
        RemovePage(options, skus.subspan(outcomes.size(), static_cast<size_t>(options.page_rows)));
    run.status = page.status();
    if (!run.status.ok()) return run;
    outcomes.insert(outcomes.end(), page->outcomes.begin(), page->outcomes.end());
    run.result.dirtied += page->dirtied;
  }
  return run;
}

absl::StatusOr<AbsentResult> EndImport(const EngineOptions& options, const ProductImport& import, AbsentProducts absent,
                                       const Call& call) {
  AbsentResult result;
  if (absent == AbsentProducts::kKeep) return result;
  do {
    if (absl::Status status = CheckCall(call, options.clock->Now()); !status.ok()) return status;
    const absl::StatusOr<absl::Time> now = options.storage->Now();
    if (!now.ok()) return now.status();
    const absl::StatusOr<AbsentResult> page = options.storage->SweepImport(import, absent, options.page_rows, *now);
    if (!page.ok()) return page.status();
    result.absent += page->absent;
    result.dirtied += page->dirtied;
    result.unproved = page->unproved;
    result.more = page->more;
  } while (result.more);
  return result;
}

}  // namespace flxlink::engine
