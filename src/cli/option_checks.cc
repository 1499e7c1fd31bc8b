#include "src/cli/option_checks.h"

#include <utility>

#include "absl/strings/str_join.h"

namespace flxlink::cli {
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

void TakeOneOf(CLI::Option* option, const std::vector<std::string>& words) {
  // The words are the type's name: said in its place, CLI11's own account of them would stand beside it.
  option->check(CLI::IsMember(words).description(""))->type_name(absl::StrJoin(words, "|"));
}

void AddRepeatable(CLI::App* command, const char* option, std::vector<std::string>& values, const char* help,
                   const char* type) {
  command->add_option(option, values, help)->allow_extra_args(false)->type_name(type);
}

void TakeMany(CLI::Option* option) { option->expected(1, kMaxValues)->allow_extra_args(false); }

void TakeAny(CLI::Option* option) { option->expected(0, kMaxValues)->allow_extra_args(false); }

void TakeManyWords(CLI::Option* before, CLI::Option* option) {
  // Words go to it only as long as it lacks some, so it lacks some until all words are given out and CLI11 looks at the
  // values of `before`.
  constexpr int kAny = CLI::detail::expected_max_vector_size;
  option->expected(kMaxValues, kAny)->allow_extra_args(false);
  before->each([option](const std::string&) { option->expected(1, kAny); });
}

}  // namespace flxlink::cli
