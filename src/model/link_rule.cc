#include "flxlink/link_rule.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "src/model/gtin.h"
#include "src/model/quote.h"
#include "src/model/spreadsheet.h"
#include "src/model/utf8.h"

namespace flxlink {
namespace {

constexpr Normalizer kNormalizers[] = {Normalizer::kTrim, Normalizer::kCasefold, Normalizer::kGtin,
                                       Normalizer::kSpreadsheet};

constexpr absl::string_view kUsage = "a rule is LF=CF[,norm=trim+casefold+gtin+spreadsheet][,ambiguous=next|stop]";

absl::Status RuleError(absl::string_view rule, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("rule ", model::Quote(rule), ": ", what));
}

absl::Status ParseFields(absl::string_view rule, absl::string_view text, LinkRule* parsed) {
  const std::vector<absl::string_view> fields = absl::StrSplit(text, '=');
  if (fields.size() != 2 || fields[0].empty() || fields[1].empty()) {
    return RuleError(rule, absl::StrCat("it has to begin with a listing field, '=' and a channel field; ", kUsage));
  }
  parsed->listing_field = std::string(fields[0]);
  parsed->channel_field = std::string(fields[1]);
  return absl::OkStatus();
}

absl::Status ParseNormalizers(absl::string_view rule, absl::string_view text, std::vector<Normalizer>* normalizers) {
  for (const absl::string_view name : absl::StrSplit(text, '+')) {
    const auto* found = std::find_if(std::begin(kNormalizers), std::end(kNormalizers),
                                     [&](Normalizer normalizer) { return ToString(normalizer) == name; });
    if (found == std::end(kNormalizers)) {
      return RuleError(rule, absl::StrCat("there is no normalizer ", model::Quote(name),
                                          "; use trim, casefold, gtin or spreadsheet"));
    }
    normalizers->push_back(*found);
  }
  return absl::OkStatus();
}

absl::Status ParseAmbiguity(absl::string_view rule, absl::string_view text, Ambiguity* ambiguous) {
  for (const Ambiguity value : {Ambiguity::kStop, Ambiguity::kNext}) {
    if (ToString(value) == text) {
      *ambiguous = value;
      return absl::OkStatus();
    }
  }
  return RuleError(rule, absl::StrCat("ambiguous cannot be ", model::Quote(text), "; use next or stop"));
}

bool IsSpace(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }

bool IsBlank(absl::string_view text) { return std::all_of(text.begin(), text.end(), &IsSpace); }

constexpr size_t kMaxUtf8Bytes = 4;

void AppendUtf8(utf8proc_int32_t code_point, std::string* out) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size = utf8proc_encode_char(code_point, bytes);
  out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

// Appends the case folding of the character that `text` begins with, and tells its length in `text`.
size_t FoldOne(absl::string_view text, std::string* out) {
  const model::Utf8Character first = model::FirstCharacter(text);
  if (first.code_point < 0) {
    out->push_back(text[0]);
    return first.size;
  }
  // No code point folds to more than three.
  utf8proc_int32_t folded[4];
  int boundary_class = 0;
  const utf8proc_ssize_t count =
      utf8proc_decompose_char(first.code_point, folded, 4, UTF8PROC_CASEFOLD, &boundary_class);
  for (utf8proc_ssize_t i = 0; i < count; ++i) AppendUtf8(folded[i], out);
  return first.size;
}

// `text` may be a part of *scratch.
absl::string_view Casefold(absl::string_view text, std::string* scratch) {
  if (model::IsAscii(text)) {
    const auto is_upper = [](char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)); };
    if (std::none_of(text.begin(), text.end(), is_upper)) return text;
    scratch->assign(text.data(), text.size());
    absl::AsciiStrToLower(scratch);
    return *scratch;
  }
  // What is folded goes behind a copy of the text, so that one buffer is all that is ever allocated.
  scratch->assign(text.data(), text.size());
  const size_t size = scratch->size();
  for (size_t at = 0; at < size;) {
    char character[kMaxUtf8Bytes];
    const size_t rest = std::min(size - at, sizeof(character));
    scratch->copy(character, rest, at);
    at += FoldOne(absl::string_view(character, rest), scratch);
  }
  return absl::string_view(*scratch).substr(size);
}

// The normalized text, empty for null. `text` may be a part of *scratch.
absl::string_view Normalize(Normalizer normalizer, absl::string_view text, std::string* scratch) {
  switch (normalizer) {
    case Normalizer::kTrim:
      return absl::StripAsciiWhitespace(text);
    case Normalizer::kCasefold:
      return Casefold(text, scratch);
    case Normalizer::kGtin: {
      const absl::optional<std::array<char, 14>> gtin = model::ParseGtin(text);
      if (!gtin.has_value()) return absl::string_view();
      scratch->assign(gtin->data(), gtin->size());
      return *scratch;
    }
    case Normalizer::kSpreadsheet:
      return model::UndoSpreadsheet(text, scratch);
  }
  return absl::string_view();
}

}  // namespace

absl::string_view ToString(Normalizer normalizer) {
  switch (normalizer) {
    case Normalizer::kTrim:
      return "trim";
    case Normalizer::kCasefold:
      return "casefold";
    case Normalizer::kGtin:
      return "gtin";
    case Normalizer::kSpreadsheet:
      return "spreadsheet";
  }
  return "";
}

absl::string_view ToString(Ambiguity ambiguous) { return ambiguous == Ambiguity::kNext ? "next" : "stop"; }

absl::StatusOr<LinkRule> ParseLinkRule(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  LinkRule rule;
  if (absl::Status status = ParseFields(text, parts[0], &rule); !status.ok()) return status;
  bool has_ambiguous = false;
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> option = absl::StrSplit(parts[i], absl::MaxSplits('=', 1));
    const bool has_value = option.first.size() < parts[i].size();
    absl::Status status;
    if (has_value && option.first == "norm" && rule.normalizers.empty()) {
      status = ParseNormalizers(text, option.second, &rule.normalizers);
    } else if (has_value && option.first == "ambiguous" && !has_ambiguous) {
      has_ambiguous = true;
      status = ParseAmbiguity(text, option.second, &rule.ambiguous);
    } else {
      status = RuleError(text, absl::StrCat(model::Quote(parts[i]), " cannot be read, or is there twice; ", kUsage));
    }
    if (!status.ok()) return status;
  }
  return rule;
}

std::string FormatLinkRule(const LinkRule& rule) {
  std::string text = absl::StrCat(rule.listing_field, "=", rule.channel_field);
  if (!rule.normalizers.empty()) {
    const auto append = [](std::string* out, Normalizer normalizer) { absl::StrAppend(out, ToString(normalizer)); };
    absl::StrAppend(&text, ",norm=", absl::StrJoin(rule.normalizers, "+", append));
  }
  if (rule.ambiguous != Ambiguity::kStop) absl::StrAppend(&text, ",ambiguous=", ToString(rule.ambiguous));
  return text;
}

absl::optional<absl::string_view> NormalizeKey(const std::vector<Normalizer>& normalizers, absl::string_view value,
                                               std::string* scratch) {
  if (IsBlank(value)) return absl::nullopt;
  for (const Normalizer normalizer : normalizers) {
    value = Normalize(normalizer, value, scratch);
    if (IsBlank(value)) return absl::nullopt;
  }
  return value;
}

}  // namespace flxlink
