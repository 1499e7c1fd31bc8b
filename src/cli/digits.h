// Numbers for people.

#ifndef FLXLINK_SRC_CLI_DIGITS_H_
#define FLXLINK_SRC_CLI_DIGITS_H_

#include <cstdint>
#include <string>

namespace flxlink::cli {

// "412,000". Not below 0.
std::string GroupDigits(int64_t count);

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_DIGITS_H_
