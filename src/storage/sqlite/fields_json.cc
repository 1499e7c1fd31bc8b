#include "src/storage/sqlite/fields_json.h"

#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace flxlink::sqlite {
namespace {

// Whether `c` can stand in a JSON string as it is.
bool IsPlain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void AppendEscaped(char c, std::string* out) {
  if (c == '"' || c == '\\') {
    *out += '\\';
    *out += c;
  } else {
    absl::StrAppend(out, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
  }
}

void AppendString(absl::string_view text, std::string* out) {
  *out += '"';
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsPlain(text[i])) continue;
    out->append(text.data() + plain, i - plain);
    AppendEscaped(text[i], out);
    plain = i + 1;
  }
  out->append(text.data() + plain, text.size() - plain);
  *out += '"';
}

bool Consume(absl::string_view* json, char c) {
  if (json->empty() || json->front() != c) return false;
  json->remove_prefix(1);
  return true;
}

// Reads what stands after a backslash into `out`. Only ASCII is written as \uXXXX, everything else as it is.
bool ConsumeEscape(absl::string_view* json, std::string* out) {
  if (Consume(json, '"')) {
    *out += '"';
    return true;
  }
  if (Consume(json, '\\')) {
    *out += '\\';
    return true;
  }
  uint32_t code = 0;
  if (json->size() < 5 || !Consume(json, 'u') || !absl::SimpleHexAtoi(json->substr(0, 4), &code) || code >= 0x80) {
    return false;
  }
  json->remove_prefix(4);
  *out += static_cast<char>(code);
  return true;
}

// Reads a string; `text` points into the object where nothing in it is escaped, else into `scratch`.
bool ConsumeString(absl::string_view* json, std::string* scratch, absl::string_view* text) {
  if (!Consume(json, '"')) return false;
  size_t end = 0;
  while (end < json->size() && (*json)[end] != '"' && (*json)[end] != '\\') ++end;
  if (end < json->size() && (*json)[end] == '"') {
    *text = json->substr(0, end);
    json->remove_prefix(end + 1);
    return true;
  }
  scratch->clear();
  while (!json->empty() && !Consume(json, '"')) {
    if (Consume(json, '\\')) {
      if (!ConsumeEscape(json, scratch)) return false;
    } else {
      *scratch += json->front();
      json->remove_prefix(1);
    }
  }
  *text = *scratch;
  return true;
}

// Reads a string in which nothing is escaped. Returns what follows it; nullptr where there is no such string.
const char* TakePlainString(const char* at, const char* end, absl::string_view* text) {
  if (at == end || *at != '"') return nullptr;
  ++at;
  const void* const quote = std::memchr(at, '"', static_cast<size_t>(end - at));
  if (quote == nullptr) return nullptr;
  const char* const close = static_cast<const char*>(quote);
  *text = absl::string_view(at, static_cast<size_t>(close - at));
  return close + 1;
}

}  // namespace

FieldsEncoder::FieldsEncoder(const FieldColumns& columns) : columns_(columns) {
  for (const std::string& name : columns.names) {
    names_.emplace_back();
    AppendString(name, &names_.back());
    names_.back() += ':';
  }
}

const std::string& FieldsEncoder::Encode(int64_t row) {
  object_ = "{";
  for (size_t i = 0; i < names_.size(); ++i) {
    const absl::string_view value = columns_.columns[i][row];
    if (value.empty()) continue;
    if (object_.size() > 1) object_ += ',';
    object_ += names_[i];
    AppendString(value, &object_);
  }
  object_ += '}';
  return object_;
}

std::string EncodeFields(const std::vector<Field>& fields) {
  std::string object = "{";
  for (const Field& field : fields) {
    if (object.size() > 1) object += ',';
    AppendString(field.name, &object);
    object += ':';
    AppendString(field.value, &object);
  }
  object += '}';
  return object;
}

bool ForEachField(absl::string_view json,
                  absl::FunctionRef<void(absl::string_view name, absl::string_view value)> visit) {
  std::string name_scratch, value_scratch;
  absl::string_view name, value;
  if (!Consume(&json, '{')) return false;
  if (Consume(&json, '}')) return json.empty();
  do {
    if (!ConsumeString(&json, &name_scratch, &name) || !Consume(&json, ':')) return false;
    if (!ConsumeString(&json, &value_scratch, &value)) return false;
    visit(name, value);
  } while (Consume(&json, ','));
  return Consume(&json, '}') && json.empty();
}

FieldFinder::FieldFinder(std::vector<std::string> names)
    : names_(std::move(names)), values_(names_.size()), unescaped_(names_.size()) {}

bool FieldFinder::Find(absl::string_view json) {
  for (absl::string_view& value : values_) value = absl::string_view();
  return json.find('\\') == absl::string_view::npos ? FindPlain(json) : FindEscaped(json);
}

bool FieldFinder::FindPlain(absl::string_view json) {
  if (json == "{}") return true;
  if (json.empty() || json.front() != '{') return false;
  const char* at = json.data();
  const char* const end = at + json.size();
  size_t missing = names_.size();
  absl::string_view name, value;
  do {
    at = TakePlainString(at + 1, end, &name);
    if (at == nullptr || at == end || *at != ':') return false;
    at = TakePlainString(at + 1, end, &value);
    if (at == nullptr) return false;
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] != name) continue;
      values_[i] = value;
      if (--missing == 0) return true;
    }
  } while (at != end && *at == ',');
  return end - at == 1 && *at == '}';
}

bool FieldFinder::FindEscaped(absl::string_view json) {
  return ForEachField(json, [this](absl::string_view name, absl::string_view value) {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] != name) continue;
      unescaped_[i].assign(value.data(), value.size());
      values_[i] = unescaped_[i];
    }
  });
}

}  // namespace flxlink::sqlite
