// Fields: the named text values of a variant (sku, upc, title, any attribute) that link rules compare and hosts show.
//
// Plain data: share between threads while nobody writes.

#ifndef FLXLINK_FIELD_H_
#define FLXLINK_FIELD_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "flxlink/string_column.h"

namespace flxlink {

// What a column of numbers holds where a row has no number (no price, no quantity). Never a price or quantity itself.
constexpr int64_t kAbsent = std::numeric_limits<int64_t>::min();

// The fields of a batch of rows. A row has a field where its string is not empty; names are unique, case matters.
struct FieldColumns {
  std::vector<std::string> names;
  std::vector<StringColumn> columns;  // One a name, one string a row.

  // The column of that name, nullptr where there is none.
  const StringColumn* Find(absl::string_view name) const {
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return &columns[i];
    }
    return nullptr;
  }
};

// The fields of one row: name and value, in the order of the batch that brought them, empty values left out.
struct Field {
  std::string name;
  std::string value;

  friend bool operator==(const Field& a, const Field& b) { return a.name == b.name && a.value == b.value; }
};

// The value of `name` in `fields`, empty where there is none.
inline absl::string_view FieldValue(const std::vector<Field>& fields, absl::string_view name) {
  for (const Field& field : fields) {
    if (field.name == name) return field.value;
  }
  return absl::string_view();
}

}  // namespace flxlink

#endif  // FLXLINK_FIELD_H_
