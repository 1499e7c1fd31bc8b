#include "src/cli/option_checks.h"

#include <utility>

namespace flxlink {
namespace {

// More than a command line can hold.
constexpr int kMaxValues = 1 << 20;

}  // namespace

CLI::Validator Parses(std::function<absl::Status(const std::string&)> parse) {
  return CLI::Validator(
      [parse = std::move(parse)](const std::string& value) { return std::string(parse(value).message()); }, "");
}

CLI::Validator ParsesOrNone(std::function<absl::Status(const std::string&)> parse) {
  return Parses(
      [parse = std::move(parse)](const std::string& value) { return IsNone(value) ? absl::OkStatus() : parse(value); });
}

bool IsNone(const std::string& value) { return value == "none"; }

void TakeMany(CLI::Option* option) { option->expected(1, kMaxValues)->allow_extra_args(false); }

}  // namespace flxlink
