// Checks of option values, for CLI11: what does not pass is wrong usage, found before anything is opened.

#ifndef FLXLINK_SRC_CLI_OPTION_CHECKS_H_
#define FLXLINK_SRC_CLI_OPTION_CHECKS_H_

#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace flxlink::cli {

// Takes what `parse` takes.
CLI::Validator Parses(std::function<absl::Status(const std::string&)> parse);

// Takes the word too that stands for an empty list or no limit.
CLI::Validator ParsesOrNone(std::function<absl::Status(const std::string&)> parse);
bool IsNone(const std::string& value);

// Takes one of these words.
void TakeOneOf(CLI::Option* option, const std::vector<std::string>& words);

// Adds an option that may be repeated, one value each time.
void AddRepeatable(CLI::App* command, const char* option, std::vector<std::string>& values, const char* help,
                   const char* type);

// For an option that takes several values at once and may be repeated. CLI11's own way of saying so also takes values
// in square brackets apart, and a SKU may have those.
void TakeMany(CLI::Option* option);
// The same, or none, which is an empty text.
void TakeAny(CLI::Option* option);

// The same for the last words of a command, which have no option's name; `before` takes the words before them.
void TakeManyWords(CLI::Option* before, CLI::Option* option);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_OPTION_CHECKS_H_
