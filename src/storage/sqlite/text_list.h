// TextList: a list of texts as one parameter of a query.

#ifndef FLXLINK_SRC_STORAGE_SQLITE_TEXT_LIST_H_
#define FLXLINK_SRC_STORAGE_SQLITE_TEXT_LIST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flxlink/field.h"
#include "src/storage/sqlite/fields_json.h"
#include "src/storage/sqlite/sqlite_connection.h"

namespace flxlink::sqlite {

// A list of texts as a parameter: NULL where it is empty, else what json_each takes apart again.
class TextList {
 public:
  explicit TextList(absl::Span<const std::string> texts) {
    for (const std::string& text : texts) Add(text);
    Encode();
  }
  explicit TextList(const std::vector<std::string>& texts) : TextList(absl::MakeConstSpan(texts)) {}
  // The words of values of an enum.
  template <typename Enum>
  explicit TextList(const std::vector<Enum>& values) {
    for (const Enum value : values) Add(ToString(value));
    Encode();
  }

  NullIfEmpty parameter() const { return NullIfEmpty{json_}; }

 private:
  void Add(absl::string_view text) { members_.push_back({"", std::string(text)}); }
  // An object whose members have no names: its values are all that is read of it.
  void Encode() {
    if (!members_.empty()) json_ = EncodeFields(members_);
  }

  std::vector<Field> members_;
  std::string json_;
};

}  // namespace flxlink::sqlite

#endif  // FLXLINK_SRC_STORAGE_SQLITE_TEXT_LIST_H_
