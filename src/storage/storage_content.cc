#include <algorithm>

#include "flxlink/storage_kit/content.h"

namespace flxlink::storage {

std::vector<Field> SyncedContent(const std::vector<Field>& fields, const std::vector<std::string>& names) {
  std::vector<Field> content;
  for (const std::string& name : names) {
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& known) { return known.name == name; });
    if (field != fields.end()) content.push_back(*field);
  }
  return content;
}

std::vector<Field> SeenContent(const std::vector<Field>& fields, const std::vector<std::string>& names) {
  std::vector<Field> content;
  for (const std::string& name : names) content.push_back({name, std::string(FieldValue(fields, name))});
  return content;
}

}  // namespace flxlink::storage
