#include "src/storage/sqlite/key_columns.h"

#include <algorithm>

namespace flxlink::sqlite {
namespace {

// The fields that are not columns of their own.
std::vector<std::string> NamesInObject(absl::Span<const std::string> fields,
                                       std::initializer_list<absl::string_view> own) {
  std::vector<std::string> names;
  for (const std::string& field : fields) {
    if (std::find(own.begin(), own.end(), field) == own.end()) names.push_back(field);
  }
  return names;
}

}  // namespace

KeyColumns::KeyColumns(absl::Span<const std::string> fields, std::initializer_list<absl::string_view> own,
                       std::vector<StringColumn>* columns)
    : finder_(NamesInObject(fields, own)), columns_(*columns) {
  columns_.resize(fields.size());
  size_t in_object = 0;
  for (const std::string& field : fields) {
    const auto found = std::find(own.begin(), own.end(), field);
    if (found == own.end()) {
      sources_.push_back({false, in_object++});
    } else {
      sources_.push_back({true, static_cast<size_t>(found - own.begin())});
    }
  }
}

void KeyColumns::Add(Connection& db, absl::string_view json, std::initializer_list<absl::string_view> own) {
  const bool asks_object = !finder_.values().empty();
  if (asks_object && !finder_.Find(json)) db.FailCorrupt(json);
  for (size_t i = 0; i < sources_.size(); ++i) {
    const Source& source = sources_[i];
    columns_[i].Add(source.own ? own.begin()[source.index] : finder_.values()[source.index]);
  }
}

}  // namespace flxlink::sqlite
