// Stating, removing and missing any number of product variants, page by page.

#ifndef FLXLINK_SRC_ENGINE_PRODUCT_PAGES_H_
#define FLXLINK_SRC_ENGINE_PRODUCT_PAGES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flxlink/call.h"
#include "flxlink/engine.h"
#include "flxlink/product.h"

namespace flxlink::engine {

// See Engine, which has these.
ProductWriteRun WriteProducts(const EngineOptions& options, const ProductBatch& batch, const Call& call);
ProductRemovalRun RemoveProducts(const EngineOptions& options, absl::Span<const std::string> skus, const Call& call);
absl::StatusOr<AbsentResult> EndImport(const EngineOptions& options, const ProductImport& import, AbsentProducts absent,
                                       const Call& call);

}  // namespace flxlink::engine

#endif  // FLXLINK_SRC_ENGINE_PRODUCT_PAGES_H_
