// Real Shopify exports that lie beside a developer's checkout, ../shared/data. Tests over them are skipped, by name,
// where it is not.

#ifndef FLXLINK_TESTS_SUPPORT_SHARED_DATA_H_
#define FLXLINK_TESTS_SUPPORT_SHARED_DATA_H_

#include <string>

#include "absl/strings/string_view.h"

namespace flxlink {

// The path of `name` (for example "shopify-csv/fashion.csv"), empty where it is not there.
std::string SharedData(absl::string_view name);

}  // namespace flxlink

#endif  // FLXLINK_TESTS_SUPPORT_SHARED_DATA_H_
