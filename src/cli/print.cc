#include "src/cli/print.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace flxlink::cli {
namespace {

// Whatever is not UTF-8 (a path, say) becomes U+FFFD: JSON has no other way.
std::string Dump(const Json& value, int indent) {
  return value.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace

std::string OneLine(absl::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); }, ' ');
  return line;
}

absl::Status PrintText(absl::string_view text) {
  const std::unique_ptr<Output> output = Output::ToStdout();
  const absl::Status status = output->Write(text);
  return status.ok() ? output->Finish() : status;
}

absl::Status PrintLine(absl::string_view line) { return PrintText(absl::StrCat(line, "\n")); }

absl::Status PrintJson(const Json& object) { return PrintLine(Dump(object, 2)); }

absl::Status JsonArray::Add(const Json& element) {
  const absl::Status status = output_->Write(absl::StrCat(empty_ ? "[\n" : ",\n", Dump(element, -1)));
  empty_ = false;
  return status;
}

absl::Status JsonArray::Finish() {
  const absl::Status status = output_->Write(empty_ ? "[]\n" : "\n]\n");
  return status.ok() ? output_->Finish() : status;
}

}  // namespace flxlink::cli
