"""Real Shopify exports as csv channels, end to end, with the whole program.

For each file: products are derived from it with some prices and quantities changed, some SKUs renamed, some left out; they are imported,
built, pulled, linked and synced. What must come of it is computed here independently: links and reasons by counting keys, the file's
bytes by a scanner of its own. Skipped where ../shared/data is not.

    python3 shopify_files_test.py --flxlink PROGRAM --source SOURCE_DIR [--verbose]
"""

import argparse
import collections
import csv
import io
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
FILES = {"apparel": 96, "fashion": 3684, "jewelry": 24, "snowdevil": 622}
RULES = [("sku", "sku"), ("upc", "barcode"), ("ref", "id")]


def cell_spans(raw):
    """The records of a CSV file: for each, the (begin, end) bytes of its cells, quotes included."""
    records, cells, begin, quoted, i = [], [], 0, False, 0
    while i < len(raw):
        byte = raw[i]
        if byte == 0x22:
            quoted = not quoted
        elif not quoted and byte in (0x2C, 0x0A):
            end = i - 1 if byte == 0x0A and raw[i - 1] == 0x0D else i
            cells.append((begin, end))
            begin = i + 1
            if byte == 0x0A:
                records.append(cells)
                cells = []
        i += 1
    assert not cells and begin == len(raw), "the files end with a line break"
    return records


class Variant:
    """A variant row of the export: its values, and where its price and quantity cells are."""

    def __init__(self, row, columns, spans):
        get = lambda name: row[columns[name]]
        options = [get(f"Option{n} Value") for n in (1, 2, 3)]
        while options and not options[-1]:
            options.pop()
        escape = lambda part: part.replace("\\", "\\\\").replace("/", "\\/")
        self.id = "/".join(escape(part) for part in [get("Handle")] + options)
        self.handle = get("Handle")
        self.sku = get("Variant SKU")
        self.barcode = get("Variant Barcode")
        self.price = get("Variant Price")
        self.quantity = int(get("Variant Inventory Qty"))
        self.is_tracked = bool(get("Variant Inventory Tracker").strip())
        self.price_span = spans[columns["Variant Price"]]
        self.quantity_span = spans[columns["Variant Inventory Qty"]]


def read_variants(raw):
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8"), newline="")))
    spans = cell_spans(raw)
    assert len(rows) == len(spans)
    columns = {name: i for i, name in enumerate(rows[0])}
    return [Variant(row, columns, cells) for row, cells in zip(rows[1:], spans[1:]) if row[columns["Variant Price"]]]


def cents(price):
    whole, _, fraction = price.partition(".")
    return int(whole) * 100 + int((fraction + "00")[:2])


class Product:
    def __init__(self, variant, sku, upc, ref, price, quantity):
        self.variant, self.sku, self.upc, self.ref, self.price, self.quantity = variant, sku, upc, ref, price, quantity


def derive_products(variants, rng):
    """One product a variant, but for some that are left out; SKUs unique and never blank, as a product file must have them."""
    products, used = [], set()
    for number, variant in enumerate(variants):
        if rng.random() < 0.03:
            continue
        sku = variant.sku
        if not sku or sku in used or rng.random() < 0.04:
            sku = f"NEW-{number}"
        used.add(sku)
        price = cents(variant.price) + (rng.choice([-100, 50, 1000]) if rng.random() < 0.2 else 0)
        quantity = variant.quantity + (rng.choice([-3, 1, 12]) if rng.random() < 0.3 else 0)
        upc = variant.barcode if rng.random() < 0.9 else ""
        ref = variant.id if rng.random() < 0.5 else ""
        products.append(Product(variant, sku, upc, ref, max(price, 0), quantity))
    products.append(Product(None, "NOWHERE", "no-such-upc", "", 100, 1))
    return products


def write_products(path, products):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sku", "upc", "ref", "price", "quantity", "title"])
        for p in products:
            writer.writerow([p.sku, p.upc, p.ref, f"{p.price // 100}.{p.price % 100:02d}", p.quantity, "a\nb, \"c\""])


def expected_links(products, variants):
    """(state, external id, rule, reason) by SKU, for a first pass of RULES with the default of stopping where a key is ambiguous."""
    order = ["ambiguous_listing", "ambiguous_channel", "target_taken", "no_match", "no_key"]
    listing_value = {"sku": lambda p: p.sku, "upc": lambda p: p.upc, "ref": lambda p: p.ref}
    channel_value = {"sku": lambda v: v.sku, "barcode": lambda v: v.barcode, "id": lambda v: v.id}
    given = {p.sku: [] for p in products}
    linked, taken = {}, set()
    stopped = set()
    for number, (lf, cf) in enumerate(RULES, 1):
        key_of, value_of = listing_value[lf], channel_value[cf]
        of_listing, of_channel = collections.Counter(map(key_of, products)), collections.defaultdict(list)
        for v in variants:
            of_channel[value_of(v)].append(v)
        links = {}
        for p in products:
            if p.sku in linked or p.sku in stopped:
                continue
            key = key_of(p)
            if not key.strip():
                reason = "no_key"
            elif not of_channel[key]:
                reason = "no_match"
            elif of_listing[key] > 1:
                reason = "ambiguous_listing"
            elif len(of_channel[key]) > 1:
                reason = "ambiguous_channel"
            elif of_channel[key][0].id in taken:
                reason = "target_taken"
            else:
                links[p.sku] = (of_channel[key][0].id, number)
                continue
            given[p.sku].append((reason, number))
            if reason.startswith("ambiguous"):
                stopped.add(p.sku)
        linked.update(links)
        taken.update(target for target, _ in links.values())
    result = {}
    for p in products:
        if p.sku in linked:
            result[p.sku] = ("linked",) + linked[p.sku] + (None,)
        else:
            reason, rule = min(given[p.sku], key=lambda g: order.index(g[0]))
            result[p.sku] = ("unlinked", None, rule, reason)
    return result


def splice(raw, edits):
    """raw with each ((begin, end), text) put in place of its bytes; a quoted cell stays quoted."""
    for (begin, end), text in sorted(edits, reverse=True):
        quote = b'"' if raw[begin:begin + 1] == b'"' else b""
        raw = raw[:begin] + quote + text.encode() + quote + raw[end:]
    return raw


class Shop:
    """A store and a channel file in a folder of their own."""

    def __init__(self, program, folder, export):
        self.program, self.folder = program, folder
        self.file = folder / "shop.csv"
        shutil.copyfile(export, self.file)
        os.chmod(self.file, 0o640)

    def run(self, *arguments, exit_code=0):
        done = subprocess.run([self.program, "--json", *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == exit_code, f"{arguments}: exit {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def job(self, *arguments, exit_code=0):
        job = self.run(*arguments, exit_code=exit_code)
        assert job["state"] == "completed", job
        return job

    def bytes(self):
        return self.file.read_bytes()


def check_links(shop, products, variants):
    expected = expected_links(products, variants)
    rows = {row["sku"]: row for row in shop.run("listing", "list", "shop")}
    assert set(rows) == set(expected)
    for sku, (state, external_id, rule, reason) in expected.items():
        row = rows[sku]
        seen_reason = None if row["reason"] == "contradiction" and state == "linked" else row["reason"]
        assert (row["link_state"], row["external_id"], row["rule"], seen_reason) == (state, external_id, rule, reason), \
            f"{sku}: expected {(state, external_id, rule, reason)}, got {row}"
    return expected


def expected_edits(products, expected, variants):
    """The cells that a sync must change, and how many items that is."""
    by_id = {v.id: v for v in variants}
    edits, items = [], set()
    for p in products:
        state, external_id, _, _ = expected[p.sku]
        if state != "linked":
            continue
        target = by_id[external_id]
        if p.price != cents(target.price):
            edits.append((target.price_span, f"{p.price // 100}.{p.price % 100:02d}"))
            items.add(external_id)
        if p.quantity != target.quantity and target.is_tracked:
            edits.append((target.quantity_span, str(p.quantity)))
            items.add(external_id)
    return edits, len(items)


def untracked(products, expected, variants):
    """The SKUs of those that the channel does not track and has with another quantity."""
    by_id = {v.id: v for v in variants}
    linked = [(p, by_id[expected[p.sku][1]]) for p in products if expected[p.sku][0] == "linked"]
    return {p.sku for p, target in linked if not target.is_tracked and p.quantity != target.quantity}


def attentions(shop):
    return {(row["sku"], row["attention"]["code"]) for row in shop.run("listing", "list", "shop", "--attention")}


def full_sync(shop, exit_code=0):
    """How many items the sync sends that a full one chains."""
    (sync,) = shop.job("sync", "shop", "--full", exit_code=exit_code)["chained"]
    return sync["counts"]["sent"]


def check_hand_edits(shop, products, expected, standing):
    """A price and a raised quantity are corrected by a full sync; a lowered quantity waits until the merchant states it anew.
    The attentions that stood before stand after it."""
    corrected = shop.bytes()
    by_id = {v.id: v for v in read_variants(corrected)}
    linked = [by_id[expected[p.sku][1]] for p in products if expected[p.sku][0] == "linked"]
    tracked = [v for v in linked if v.is_tracked]
    second, third = tracked[len(tracked) // 2 - 1], tracked[-1]
    first = next(v for v in linked if v.id not in (second.id, third.id))
    sku_of = {expected[p.sku][1]: p.sku for p in products}
    shop.file.write_bytes(splice(corrected, [(first.price_span, "0.01"), (second.quantity_span, str(second.quantity + 1000))]))
    assert shop.job("sync", "shop")["counts"]["sent"] == 0, "a partial sync takes dirty links only"
    assert full_sync(shop) == 2
    assert shop.bytes() == corrected

    lowered = splice(corrected, [(third.quantity_span, str(third.quantity - 1))])
    shop.file.write_bytes(lowered)
    assert full_sync(shop) == 0, "the quantity is held back"
    assert shop.bytes() == lowered, "the channel may have sold one"
    assert attentions(shop) == standing | {(sku_of[third.id], "quantity_below_acknowledged")}
    assert shop.run("product", "import", "products.csv")["dirtied"] == 0, "the file is of before"
    os.utime(shop.folder / "products.csv")
    shop.run("product", "import", "products.csv")
    assert shop.job("sync", "shop")["counts"]["sent"] == 1
    assert shop.bytes() == corrected
    assert attentions(shop) == standing


def check_file(program, export, count):
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(program, pathlib.Path(folder), export)
        original = shop.bytes()
        variants = read_variants(original)
        assert len(variants) == count
        products = derive_products(variants, random.Random(export.stem))
        write_products(shop.folder / "products.csv", products)

        rules = [argument for lf, cf in RULES for argument in ("--rule", f"{lf}={cf}")]
        shop.run("channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv", "--link-after-sync", "no", *rules)
        assert shop.run("product", "import", "products.csv")["inserted"] == len(products)
        assert shop.job("build", "shop")["counts"]["created"] == len(products)
        assert shop.job("pull", "shop")["counts"]["inserted"] == count
        shop.job("link", "shop")
        expected = check_links(shop, products, variants)
        assert shop.bytes() == original, "nothing but a push writes to the file"

        edits, items = expected_edits(products, expected, variants)
        sync = shop.job("sync", "shop")
        assert sync["counts"]["sent"] == items, (sync, items)
        assert shop.bytes() == splice(original, edits), "other cells than the intended ones changed"
        assert os.stat(shop.file).st_mode & 0o777 == 0o640

        standing = {(sku, "inventory_not_tracked") for sku in untracked(products, expected, variants)}
        assert attentions(shop) == standing

        inode = os.stat(shop.file).st_ino
        assert shop.job("sync", "shop")["counts"]["sent"] == 0
        assert os.stat(shop.file).st_ino == inode, "a sync with nothing to send leaves the file alone"
        assert shop.job("link", "shop")["counts"]["linked"] == 0
        check_hand_edits(shop, products, expected, standing)

        reasons = collections.Counter(reason for state, _, _, reason in expected.values() if state == "unlinked")
        by_rule = collections.Counter(rule for state, _, rule, _ in expected.values() if state == "linked")
        print(f"{export.name}: {len(variants)} variants, {len(products)} products, linked by rule {dict(sorted(by_rule.items()))}, "
              f"unlinked {dict(sorted(reasons.items()))}, {items} items and {len(edits)} cells changed, all others as they were")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", required=True)
    arguments = parser.parse_args()
    data = pathlib.Path(arguments.source) / ".." / "shared" / "data" / "shopify-csv"
    if not data.is_dir():
        print(f"skipped: shopify files {', '.join(FILES)}: {data} is not there")
        return SKIPPED
    for name, count in FILES.items():
        check_file(arguments.flxlink, data / f"{name}.csv", count)
    print(f"{len(FILES)} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
