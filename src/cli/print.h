// Printing on standard output: text for people, one JSON document for programs. Errors of writing are returned.

#ifndef FLXLINK_SRC_CLI_PRINT_H_
#define FLXLINK_SRC_CLI_PRINT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "src/cli/output.h"

namespace flxlink::cli {

using Json = nlohmann::ordered_json;

// `text` without bytes that would break a line or command a terminal: each becomes a space.
std::string OneLine(absl::string_view text);

// The text as it is, or a line of it.
absl::Status PrintText(absl::string_view text);
absl::Status PrintLine(absl::string_view line);

// One object, indented.
absl::Status PrintJson(const Json& object);

// An array, printed element by element, one a line.
class JsonArray {
 public:
  JsonArray() : output_(Output::ToStdout()) {}

  absl::Status Add(const Json& element);
  // Closes the array; one without elements is printed too.
  absl::Status Finish();

 private:
  std::unique_ptr<Output> output_;
  bool empty_ = true;
};

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_PRINT_H_
