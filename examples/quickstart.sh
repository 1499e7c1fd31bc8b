#!/usr/bin/env bash
# Sets flxlink up on a bare Debian 12, builds it, and runs its main job on a sample catalog: a merchant's products are linked to
# the items of a shop and the shop is brought up to date. Safe to repeat: it works on copies in build/quickstart. Uses sudo only
# for apt.
#
#   bash examples/quickstart.sh [--program FLXLINK]     with --program: no set-up and no build, that program is used
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# Shows a command and runs it.
run() {
  printf '$ flxlink %s\n' "$*"
  "$flxlink" "$@"
}

if [ "${1:-}" = --program ]; then
  flxlink=$(realpath "$2")
else
  say "Set-up: the Debian packages of cmake/packages.txt, then the build"
  bash cmake/install_packages.sh
  cmake -S . -B build/quickstart/cmake -G Ninja -DCMAKE_BUILD_TYPE=Release -DFLXLINK_TESTS=OFF -DFLXLINK_BENCH=OFF \
    -DFLXLINK_EXAMPLES=OFF >/dev/null
  cmake --build build/quickstart/cmake -- --quiet
  flxlink=$PWD/build/quickstart/cmake/flxlink
fi

rm -rf build/quickstart/shop
mkdir -p build/quickstart/shop
cp examples/data/products.csv examples/data/shop.csv build/quickstart/shop/
cd build/quickstart/shop

say "1. The shop becomes a channel: link by SKU first, then by UPC, whatever form it is written in"
run channel add shop --adapter csv --set path=shop.csv --rule sku=sku --rule upc=barcode,norm=gtin \
  --status-rule 'quantity<=0:hide'

say "2. The merchant's products go in, and are built into listing variants of that channel"
run product import products.csv
run build shop

say "3. The shop's items are mirrored; whatever changed, linking follows"
run pull shop

say "4. What was linked, by which rule, and what was not and why"
run listing list shop --unlinked
say "   One of them, explained: the shop has its barcode with a spreadsheet's apostrophe"
run listing explain shop FB12-STEE-0.5L

say "5. The sync sends what differs, and only that"
cp shop.csv before.csv
run sync shop
say "   What it changed in the shop's file"
diff --unified=0 before.csv shop.csv | grep -v '^@@' | head -n 12 || true
echo "… $(diff before.csv shop.csv | grep -c '^>') lines in all"

say "6. A second sync has nothing to send"
run sync shop

say "7. Somebody edits the shop by hand; a full sync finds and corrects it"
sed -i '0,/,149\.00,/s//,1.00,/' shop.csv
run sync shop --full

say "8. What is sold out is hidden by the channel's status rule"
run rules shop
run sync shop 2>&1 || say "   One was held back: its product has others in stock. Where rows fail the program says so, and exits with 1"

say "Done. Look around: cd build/quickstart/shop && $flxlink --help"
