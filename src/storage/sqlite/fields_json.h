// Fields of a row as the JSON object that the `fields` columns hold: names and values are strings, in their order,
// without spaces. Bytes that are not UTF-8 are kept as they are.
//
// Only what FieldsEncoder writes is read back (and any other object of strings).

#ifndef FLXLINK_SRC_STORAGE_SQLITE_FIELDS_JSON_H_
#define FLXLINK_SRC_STORAGE_SQLITE_FIELDS_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "flxlink/field.h"

namespace flxlink::sqlite {

// Writes the rows of one batch. The batch must outlive it. Not thread-safe.
class FieldsEncoder {
 public:
  explicit FieldsEncoder(const FieldColumns& columns);

  // The object of a row; empty values are left out. Valid until the next call.
  const std::string& Encode(int64_t row);

 private:
  const FieldColumns& columns_;
  std::vector<std::string> names_;  // As they stand in the object, with quotes and colon.
  std::string object_;
};

// The object of some fields.
std::string EncodeFields(const std::vector<Field>& fields);

// Calls `visit` for each name and value, in their order; both are valid during the call. False: `json` is not such an
// object.
bool ForEachField(absl::string_view json,
                  absl::FunctionRef<void(absl::string_view name, absl::string_view value)> visit);

// Finds the values of the same few fields in the objects of many rows. It reads an object only as far as it must, and
// copies nothing out of one without backslashes. Not thread-safe.
class FieldFinder {
 public:
  explicit FieldFinder(std::vector<std::string> names);

  // Sets values(). False: `json` is not such an object.
  bool Find(absl::string_view json);

  // One a name, empty where the object has none. Valid until the next call, and while `json` is.
  const std::vector<absl::string_view>& values() const { return values_; }

 private:
  bool FindPlain(absl::string_view json);
  bool FindEscaped(absl::string_view json);

  const std::vector<std::string> names_;
  std::vector<absl::string_view> values_;
  std::vector<std::string> unescaped_;  // What `values_` look at where they could not look at the object.
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_FIELDS_JSON_H_
