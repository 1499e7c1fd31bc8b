// Linking in a SQLite store by link jobs.

#ifndef FLXLINK_BENCH_COMPARE_LINK_STORE_H_
#define FLXLINK_BENCH_COMPARE_LINK_STORE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace flxlink {

// Makes a store with one channel, and its product, listing and channel variants by a build and a pull.
absl::Status LoadStore(int64_t rows, const std::string& path);

// Times a link job over the whole channel.
absl::Status LinkStore(const std::string& path);

// Adds 1,000 products, builds their listing variants and times the link job that follows, as often as `rounds`; tells
// the median.
absl::Status LinkNewListings(const std::string& path, int rounds);

// Explains listing variants from all over a channel that a link job has linked, each as a person would: by its SKU.
// Tells the first, the median and the slowest.
absl::Status ExplainListings(const std::string& path);

}  // namespace flxlink

#endif  // FLXLINK_BENCH_COMPARE_LINK_STORE_H_
