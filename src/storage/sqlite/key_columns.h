// Fills the columns of a page of keys with the fields that were asked for, from rows whose fields are partly columns of
// their own (the SKU, the parent) and partly in a JSON object (see fields_json.h).

#ifndef FLXLINK_SRC_STORAGE_SQLITE_KEY_COLUMNS_H_
#define FLXLINK_SRC_STORAGE_SQLITE_KEY_COLUMNS_H_

#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/string_column.h"
#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_connection.h"

namespace flxlink::sqlite {

// Not thread-safe.
class KeyColumns {
 public:
  // `own`: the fields that are columns of their own; they go before what the object has by their names. `columns`
  // becomes one a field and must outlive this.
  KeyColumns(absl::Span<const std::string> fields, std::initializer_list<absl::string_view> own,
             std::vector<StringColumn>* columns);

  // Adds a row: its object, and its values of the fields that are columns of their own, in their order. An object that
  // makes no sense is the connection's error.
  void Add(Connection& db, absl::string_view json, std::initializer_list<absl::string_view> own);

 private:
  // Where a column's value comes from.
  struct Source {
    bool own;
    size_t index;  // Among the row's own values, or those that the finder has.
  };

  std::vector<Source> sources_;
  FieldFinder finder_;
  std::vector<StringColumn>& columns_;
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_KEY_COLUMNS_H_
