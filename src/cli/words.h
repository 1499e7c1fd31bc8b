// The words of enums, as options take them.

#ifndef FLXLINK_SRC_CLI_WORDS_H_
#define FLXLINK_SRC_CLI_WORDS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace flxlink::cli {

// Of every value from the first to `last`.
template <typename Enum>
std::vector<std::string> WordsOf(Enum last) {
  std::vector<std::string> words;
  for (int i = 0; i <= static_cast<int>(last); ++i) words.emplace_back(ToString(static_cast<Enum>(i)));
  return words;
}

// The value with this word, which is one of them.
template <typename Enum>
Enum ValueOf(absl::string_view word, Enum last) {
  int i = 0;
  while (i < static_cast<int>(last) && ToString(static_cast<Enum>(i)) != word) ++i;
  return static_cast<Enum>(i);
}

}  // namespace flxlink::cli

#endif  // FLXLINK_SRC_CLI_WORDS_H_
