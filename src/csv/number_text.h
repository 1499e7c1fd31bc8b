// Numbers as the cells of CSV files write them.

#ifndef FLXLINK_CSV_NUMBER_TEXT_H_
#define FLXLINK_CSV_NUMBER_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "flxlink/csv_field.h"

namespace flxlink::csv {

// What is said of a price below zero, after the cell.
constexpr absl::string_view kBelowZero = " is below zero; write a price of 0 or more, or leave the cell empty";

// How the numbers of one file are read.
struct NumberFormat {
  char separator = ',';  // Of the file's cells.
  // What somebody said of the file.
  absl::optional<DecimalMark> said{};
};

// The same number with a decimal point and without marks between thousands, so that "1.234,50" becomes "1234.50".
//
// Where the mark was said, that is the decimal mark, and the other one stands between thousands and nowhere else. Where
// it was not, the point is the decimal mark in a file separated by commas; in one separated by semicolons or tabs each
// number tells for itself: of both marks the last one; of one that is repeated none; else a mark that comes before any
// other number of digits than three. INVALID_ARGUMENT where it comes before three, since that can be read in two ways.
// What is no number stays as it is, for who reads the plain text to refuse.
absl::StatusOr<std::string> PlainNumber(absl::string_view cell, const NumberFormat& format);

// Whether a number can be read in two ways, so that PlainNumber refuses it.
bool IsUnclear(absl::string_view cell, const NumberFormat& format);

// The decimal mark of a number that shows one. nullopt: it has none, or can be read in two ways.
absl::optional<DecimalMark> DecimalMarkOf(absl::string_view cell, const NumberFormat& format);

// A whole number; decimals that are all zero add nothing to it. INVALID_ARGUMENT for anything else.
absl::StatusOr<int64_t> ParseWholeNumber(absl::string_view cell, const NumberFormat& format);

}  // namespace flxlink::csv

#endif  // FLXLINK_CSV_NUMBER_TEXT_H_
