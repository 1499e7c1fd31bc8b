"""Random small catalogs for matching, made so that keys collide often.

Half of them are two independent sides; the other half are families: one true catalog that both sides copy and that is
damaged afterwards (renamed, blanked, duplicated, swapped, written differently).
"""

import random

from match_reference import Catalog, Row, Rule

FIELDS = ("sku", "upc", "title")

# Each group is one value in forms that some normalizers make equal and others keep apart.
WORDS = (
    ("A", "a", " A", "A ", "\tA", "A\r\n", "\u00a0A", "A\u2003", "\fa\v", "'A", "\uff21"),
    ("ab", "AB", "aB", "Ab ", " aB\t", "a b", "a,b", '"ab"'),
    ("ß", "ss", "SS", "ẞ", "sS ", "ſs"),
    ("İ", "i\u0307", "i", "I", "ı", "I\u0307"),
    ("ﬁ", "fi", "FI", "Fi", "fI "),
    ("Σ", "σ", "ς", " Σ"),
    ("é", "É", "e\u0301", "E\u0301", " é"),
    ("0", "00", "'0", "0 ", " 0", "\u0660"),
    ("x\ny", "X\nY", "x\n y", "x\r\ny"),
    ("ŉ", "ʼn", "ʼN"),
    ("ᾳ", "αι", "ΑΙ", "ᾼ"),
    ("Ꭰ", "ꭰ", "ᎠA"),
    ("01", "'01", "''01", "'01'", " '01 ", "' 01"),
    ("01", '="01"', "='01'", '="\'01"', "'=\"01\"", '="01', '="\u00a001 "'),
    ("01", "0\u200b1", "0\u00ad1", "0\u20601", "\ufeff01", "\u200c0\u200d1", "0\u200e1"),
    ("~!", "\uff5e\uff01", "\uff5f!", "\x7f!", "\uff5e!", "\uff1d\uff02~!\uff02", "\uff07~!"),
    ("01", "\u00a001\u3000", "01\u0085", "\u202801\u2009", "\u180e01", "\x1c01\x1f"),
)
BLANKS = ("", "", "", " ", "\t", " \n ", "\r", "\v\f", "\u00a0")


def check_digit(digits):
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


def gtin_forms(stem):
    """One number with up to 7, 11, 12 or 13 digits before its check digit, in right and wrong forms."""
    number = stem + check_digit(stem)
    bad = stem + str((int(number[-1]) + 1) % 10)
    forms = [number, number, bad, "'" + number, " " + number, number[0] + "-" + number[1:], number + " ", number + "\t"]
    forms += [number[:3] + " " + number[3:6] + "-" + number[6:], "0" * 15 + number, number + "x"]
    for length in (8, 11, 12, 13, 14):
        if len(number) < length:
            forms.append(number.rjust(length, "0"))
    forms.append("".join(chr(0x0660 + int(d)) for d in number))
    forms.append(number.lstrip("0"))
    return tuple(forms)


GTIN_STEMS = ("0123456", "1234567", "03600029145", "01234567890", "400638133393", "1001234512345")
ZEROS = ("00000000", "000000000000", "0", "0000-0000", "0000000000000")
GTINS = tuple(gtin_forms(stem) for stem in GTIN_STEMS) + (ZEROS,)

PARENTS = ("p1", "p2", "P1", "", " ", "\t")
NORMALIZERS = ("trim", "casefold", "gtin", "spreadsheet")
GHOST_LISTINGS = ("ghost1", "ghost2")
GONE_CHANNELS = ("gone1", "gone2", "gone3")


class Generator:
    """Makes the catalog of one seed. `full` adds what the command line cannot say: rows that are not live, broken links
    whose item is there, and hand-unlinks."""

    def __init__(self, seed, full=False):
        self.random = random.Random(seed)
        self.full = full

    def one_in(self, n):
        return self.random.randrange(n) == 0

    # ---- values

    def make_pool(self):
        """A few groups of values: the fewer, the more collisions."""
        groups = self.random.choice((WORDS, GTINS, WORDS + GTINS))
        return [self.random.choice(groups) for _ in range(self.random.randint(1, 5))]

    def value(self, pool):
        if self.one_in(self.blank_rate):
            return self.random.choice(BLANKS)
        group = self.random.choice(pool)
        return group[0] if self.random.random() < self.plain_share else self.random.choice(group)

    def other_form(self, value):
        for group in WORDS + GTINS:
            if value in group:
                return self.random.choice(group)
        return value.swapcase()

    # ---- rows

    def new_row(self, prefix, fields):
        self.count += 1
        number = self.count
        name = f"{prefix}{number}" if not self.one_in(12) else f'{prefix}, "{number}"'
        parent = self.random.choice(self.parents) if self.parents else ""
        return Row(name, fields, parent)

    def independent_side(self, prefix, pools):
        rows = []
        for _ in range(self.random.randint(0, self.max_rows)):
            rows.append(self.new_row(prefix, {field: self.value(pools[field]) for field in FIELDS}))
        return rows

    def family(self):
        """Two sides that are the same catalog, and who belongs to whom."""
        pairs = []
        unique_titles = self.one_in(2)
        for number in range(self.random.randint(1, 9)):
            upc = GTINS[number][0] if number < len(GTIN_STEMS) else f"U{number}"
            title = f"Title {number if unique_titles else number // 2}"
            fields = {"sku": f"S{number}", "upc": upc, "title": title}
            listing = self.new_row("l", dict(fields))
            channel = self.new_row("c", dict(fields))
            if not self.one_in(4):
                channel.parent = listing.parent
            pairs.append((listing, channel))
        listings = [pair[0] for pair in pairs]
        channel = [pair[1] for pair in pairs]
        for _ in range(self.random.randint(0, 8)):
            self.damage(self.random.choice((listings, channel)), self.random.choice(("l", "c")))
        self.random.shuffle(listings)
        self.random.shuffle(channel)
        return listings, channel, [(a.id, b.id) for a, b in pairs]

    def damage(self, rows, prefix):
        if not rows:
            return
        row, other = self.random.choice(rows), self.random.choice(rows)
        field = self.random.choice(FIELDS)
        kind = self.random.randrange(10)
        if kind == 0:
            row.fields[field] = f"N{self.random.randrange(4)}"
        elif kind == 1:
            row.fields[field] = self.random.choice(BLANKS)
        elif kind == 2 and len(rows) < 12:
            rows.append(self.new_row(prefix, dict(row.fields)))
        elif kind == 3:
            row.fields[field], other.fields[field] = other.fields[field], row.fields[field]
        elif kind == 4:
            row.fields[field] = self.other_form(row.fields[field])
        elif kind == 5:
            rows.remove(row)
        elif kind == 6 and self.parents:
            row.parent = self.random.choice(self.parents)
        elif kind == 7:
            row.fields[field] = other.fields[field]
        elif kind == 8:
            row.fields[field] = row.fields[self.random.choice(FIELDS)]
        elif kind == 9:
            values = [one.fields[field] for one in rows]
            self.random.shuffle(values)
            for one, value in zip(rows, values):
                one.fields[field] = value

    # ---- rules and what was before

    def make_rules(self):
        rules = []
        for _ in range(self.random.choice((1, 2, 2, 2, 3, 3, 4))):
            field = self.random.choice(FIELDS)
            channel_field = field if not self.one_in(4) else self.random.choice(FIELDS)
            if self.one_in(25):
                field = "id"
            if self.one_in(25):
                channel_field = "id"
            count = self.random.choice((0, 0, 1, 1, 2, 2, 3))
            normalizers = tuple(self.random.choice(NORMALIZERS) for _ in range(count))
            rules.append(Rule(field, channel_field, normalizers, self.random.choice(("stop", "next"))))
        return rules

    def make_links(self, listings, channel, true_pairs):
        links = {}
        for listing_id, channel_id in self.random.sample(true_pairs, self.random.randint(0, len(true_pairs))):
            if self.one_in(3):
                links[listing_id] = channel_id
        listing_ids = [row.id for row in listings] + list(GHOST_LISTINGS)
        channel_ids = [row.id for row in channel] + list(GONE_CHANNELS)
        for _ in range(self.random.choice((0, 0, 1, 2, 4))):
            listing_id, channel_id = self.random.choice(listing_ids), self.random.choice(channel_ids)
            if listing_id not in links and channel_id not in links.values():
                links[listing_id] = channel_id
        return list(links.items())

    def add_what_only_storage_knows(self, catalog):
        for row in catalog.listings + catalog.channel:
            row.live = not self.one_in(6)
        listing_ids = [row.id for row in catalog.listings]
        channel_ids = [row.id for row in catalog.channel]
        for _, channel_id in catalog.links:
            if channel_id in channel_ids and self.one_in(3):
                catalog.broken.add(channel_id)
                # Usually gone, sometimes back already.
                next(row for row in catalog.channel if row.id == channel_id).live = self.one_in(3)
        # Mostly pairs that a rule would link.
        alike = [
            (a.id, b.id)
            for a in catalog.listings
            for b in catalog.channel
            if set(a.fields.values()) & set(b.fields.values())
        ]
        pairs = self.random.sample(alike, self.random.randint(0, len(alike) // 2))
        if listing_ids and channel_ids and self.one_in(4):
            pairs.append((self.random.choice(listing_ids), self.random.choice(channel_ids)))
        catalog.hand_unlinks = pairs

    def catalog(self):
        self.count = 0
        self.max_rows = self.random.choice((3, 6, 12))
        self.blank_rate = self.random.choice((3, 6, 20))
        self.plain_share = self.random.choice((0.2, 0.6, 0.9))
        # Few parents, so that listings have several variants.
        self.parents = self.random.sample(PARENTS, self.random.randint(0, 4))
        if self.one_in(2):
            pools = {field: self.make_pool() for field in FIELDS}
            listings, channel = self.independent_side("l", pools), self.independent_side("c", pools)
            true_pairs = []
        else:
            listings, channel, true_pairs = self.family()
        for row in listings + channel:
            row.fields["id"] = row.id
        if channel and self.one_in(10):
            self.random.choice(channel).id = "l1"
        for row in channel:
            row.fields["id"] = row.id
        catalog = Catalog(listings, channel, self.make_rules())
        catalog.links = self.make_links(listings, channel, true_pairs)
        catalog.parent_guard = self.one_in(2) or (len(self.parents) > 1 and self.one_in(2))
        catalog.strict = self.one_in(2)
        if self.full:
            self.add_what_only_storage_knows(catalog)
        return catalog


def generate(seed, full=False):
    return Generator(seed, full).catalog()
