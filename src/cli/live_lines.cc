#include "src/cli/live_lines.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "src/cli/print.h"

namespace flxlink::cli {
namespace {

// Of a terminal that does not tell.
constexpr size_t kUsualRows = 24;
constexpr size_t kUsualColumns = 80;

struct TerminalSize {
  size_t rows = kUsualRows;
  size_t columns = kUsualColumns;
};

TerminalSize ReadSize() {
  TerminalSize size;
  winsize told = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &told) != 0) return size;
  if (told.ws_row > 0) size.rows = told.ws_row;
  if (told.ws_col > 0) size.columns = told.ws_col;
  return size;
}

bool ContinuesCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// The first characters of a text in UTF-8. One that fills the last column would begin another row.
absl::string_view Cut(absl::string_view line, size_t columns) {
  size_t characters = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (!ContinuesCharacter(line[i]) && ++characters >= columns) return line.substr(0, i);
  }
  return line;
}

}  // namespace

LiveLines::LiveLines() : on_terminal_(isatty(STDOUT_FILENO) == 1) {}

std::string LiveLines::Erase() {
  // Up to the first of them, and clear to the end of the screen.
  const std::string text = shown_ == 0 ? "" : absl::StrCat("\x1b[", shown_, "A\x1b[J");
  shown_ = 0;
  return text;
}

absl::Status LiveLines::Show(const std::vector<std::string>& lines) {
  if (!on_terminal_) return absl::OkStatus();
  const TerminalSize size = ReadSize();
  // The cursor stands below them; where not all have room, the last row says so.
  const size_t room = std::max<size_t>(size.rows, 3) - 1;
  const size_t whole = lines.size() <= room ? lines.size() : room - 1;
  std::string text = Erase();
  for (size_t i = 0; i < whole; ++i) absl::StrAppend(&text, Cut(OneLine(lines[i]), size.columns), "\n");
  if (whole < lines.size()) absl::StrAppend(&text, "and ", lines.size() - whole, " more\n");
  shown_ = whole < lines.size() ? whole + 1 : whole;
  return PrintText(text);
}

absl::Status LiveLines::Keep(absl::string_view line) {
  absl::Status status = PrintText(Erase());
  return status.ok() ? PrintLine(line) : status;
}

}  // namespace flxlink::cli
