// Where a command writes its rows: standard output, or a file that appears whole or not at all.

#ifndef FLXLINK_CLI_OUTPUT_H_
#define FLXLINK_CLI_OUTPUT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flxlink::cli {

// Not thread-safe. Destroyed before Finish(), a file is left as it was.
class Output {
 public:
  static std::unique_ptr<Output> ToStdout();

  // Writes beside the file and renames at the end, keeping the file's mode. What is no regular file (a pipe, /dev/null)
  // is written directly.
  static absl::StatusOr<std::unique_ptr<Output>> ToFile(const std::string& path);

  ~Output();

  absl::Status Write(absl::string_view bytes);

  // Writes out what is buffered and puts the file in its place.
  absl::Status Finish();

 private:
  Output(std::string name, int descriptor) : name_(std::move(name)), descriptor_(descriptor) {}

  absl::Status WriteNow(absl::string_view bytes);
  absl::Status WriteBuffer();

  std::string name_;  // For errors.
  int descriptor_;
  std::string buffer_;
  // Where the bytes go until the end, and the file that they then become. Empty where they are written directly.
  std::string temporary_;
  std::string target_;
};

}  // namespace flxlink::cli

#endif  // FLXLINK_CLI_OUTPUT_H_
