// CatalogStorage: the role of a storage that keeps products, listings, and the mirror of each channel's items. See
// storage.h for what holds of every operation.

#ifndef FLXLINK_CATALOG_STORAGE_H_
#define FLXLINK_CATALOG_STORAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flxlink/channel.h"
#include "flxlink/channel_adapter.h"
#include "flxlink/job.h"
#include "flxlink/listing.h"
#include "flxlink/product.h"

namespace flxlink {

// What storing a pulled page changed.
struct PullWriteResult {
  int64_t inserted = 0;
  int64_t changed = 0;    // Rows where something that linking reads changed (parent, fields, liveness).
  int64_t unchanged = 0;  // All others, a new price or quantity included.
  int64_t healed = 0;     // Broken links whose item returned; they are linked and dirty again.
  int64_t repeated = 0;   // Rows whose external id is on the page once more, further down; the last one counts.
};

// What sweeping after a complete pull did.
struct SweepResult {
  int64_t gone = 0;    // Channel variants that the pull did not see; they are no longer live.
  int64_t broken = 0;  // Links among them.
  bool more = false;   // Call again.
};

// Which listing variants to read.
struct ListingFilter {
  bool unlinked = false;          // Only unlinked and broken ones.
  bool attention = false;         // Only with attention.
  std::vector<std::string> skus;  // Only these. Empty: all.
};

// Thread-safe.
class CatalogStorage {
 public:
  virtual ~CatalogStorage() = default;

  // Inserts or replaces product variants by key, and marks dirty the links whose price or quantity they change. Every
  // row states its quantity anew as of `now`, also an unchanged one (which marks a link dirty only where the oversell
  // guard waits for it).
  virtual absl::StatusOr<ProductWriteResult> WriteProducts(const ProductBatch& batch, absl::Time now) = 0;

  // Product variants with ids above `after_id`, ascending; `skus`, if not empty, restricts them. A page ends where the
  // currency changes, so only an empty one is the last.
  virtual absl::StatusOr<ProductBatch> ReadProducts(int64_t after_id, absl::Span<const std::string> skus,
                                                    int64_t limit) = 0;

  // Writes listing variants built from product variants, one outcome a row. A SKU that another product variant holds on
  // this channel, in storage or earlier in the batch, is kRepeatedSku. Links, statuses and sync priorities of listing
  // variants that are there stay; a link becomes dirty where its listing variant gets other content that the channel
  // syncs (ChannelConfig::sync_fields).
  virtual absl::StatusOr<std::vector<BuildOutcome>> WriteListings(const Fence& fence, const ListingBatch& batch,
                                                                  absl::Time now) = 0;

  // Listing variants with ids above `after_id`, ascending.
  virtual absl::StatusOr<std::vector<ListingRow>> ReadListings(int64_t channel_id, const ListingFilter& filter,
                                                               int64_t after_id, int64_t limit) = 0;

  // Begins a pull: a new pull number, no cursor.
  virtual absl::StatusOr<PullState> BeginPull(const Fence& fence) = 0;

  // Stores one page of the running pull with the cursor that follows it. FAILED_PRECONDITION unless `pull_number` is
  // running.
  virtual absl::StatusOr<PullWriteResult> WritePulledPage(const Fence& fence, int64_t pull_number, const PullPage& page,
                                                          absl::Time now) = 0;

  // How many links a sweep of this pull would break.
  virtual absl::StatusOr<int64_t> CountAbsentLinks(int64_t channel_id, int64_t pull_number) = 0;

  // After the last page of a complete pull: what it did not see is gone, its links are broken. In steps of `limit`
  // rows.
  virtual absl::StatusOr<SweepResult> SweepAbsent(const Fence& fence, int64_t pull_number, int64_t limit,
                                                  absl::Time now) = 0;

  // Ends the running pull and remembers the channel's revision. `complete`: it saw every item.
  virtual absl::Status EndPull(const Fence& fence, int64_t pull_number, bool complete, absl::string_view revision,
                               absl::Time now) = 0;
};

}  // namespace flxlink

#endif  // FLXLINK_CATALOG_STORAGE_H_
