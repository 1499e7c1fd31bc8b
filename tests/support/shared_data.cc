#include "tests/support/shared_data.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace flxlink {

std::string SharedData(absl::string_view name) {
  const std::string path = absl::StrCat(FLXLINK_SOURCE_DIR, "/../shared/data/", name);
  return access(path.c_str(), R_OK) == 0 ? path : std::string();
}

}  // namespace flxlink
