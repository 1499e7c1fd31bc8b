"""What linking must do, written slowly and obviously from the text of the design, and in no other way.

It knows nothing of how the linker works: it looks at all rows again for every question. Each rule of the text is a
method of its own, so that a mutant can break one of them.
"""

import dataclasses

ASCII_WHITESPACE = " \t\n\v\f\r"

NO_KEY = "no_key"
NO_MATCH = "no_match"
AMBIGUOUS_LISTING = "ambiguous_listing"
AMBIGUOUS_CHANNEL = "ambiguous_channel"
CONTRADICTION = "contradiction"
TARGET_TAKEN = "target_taken"
UNLINKED_BY_HAND = "unlinked_by_hand"
PARENT_MISMATCH = "parent_mismatch"

MAX_NAMED = 100


@dataclasses.dataclass
class Row:
    id: str
    fields: dict
    parent: str = ""
    live: bool = True


@dataclasses.dataclass
class Rule:
    listing_field: str
    channel_field: str
    normalizers: tuple = ()
    ambiguous: str = "stop"


@dataclasses.dataclass
class Catalog:
    listings: list
    channel: list
    rules: list
    links: list = dataclasses.field(default_factory=list)  # (listing id, channel id), of ids that may be unknown.
    broken: set = dataclasses.field(default_factory=set)  # Channel ids whose link is broken though the row is there.
    hand_unlinks: list = dataclasses.field(default_factory=list)  # (listing id, channel id)
    parent_guard: bool = False
    strict: bool = False


@dataclasses.dataclass
class Outcome:
    listing_id: str
    state: str = "unlinked"
    channel_id: str = ""
    rule: int = 0
    reason: str = ""
    holder: str = None
    candidates: list = None
    parents: list = None


class Reference:
    """Matches one catalog. Rules are numbered from 1."""

    # ---- keys

    def is_blank(self, value):
        return value.strip(ASCII_WHITESPACE) == ""

    def trim(self, value):
        return value.strip(ASCII_WHITESPACE)

    def casefold(self, value):
        return value.casefold()

    def is_right_gtin(self, digits):
        total = 0
        for place, digit in enumerate(reversed(digits)):
            total += int(digit) * (3 if place % 2 == 1 else 1)
        return total % 10 == 0

    gtin_lengths = (8, 12, 13, 14)
    gtin_dropped = " -"

    def are_digits(self, text):
        return all(c in "0123456789" for c in text)

    def is_all_zeros(self, digits):
        return set(digits) == {"0"}

    def pad_gtin(self, digits):
        return digits.rjust(14, "0")

    def gtin(self, value):
        for c in self.gtin_dropped:
            value = value.replace(c, "")
        if len(value) not in self.gtin_lengths or not self.are_digits(value):
            return None
        if self.is_all_zeros(value) or not self.is_right_gtin(value):
            return None
        return self.pad_gtin(value)

    invisible = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
    # Unicode's property White_Space; what Python strips by itself has four more.
    white_space = "\t\n\v\f\r \u0085\u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
    first_fullwidth, last_fullwidth = 0xFF01, 0xFF5E

    def narrow(self, value):
        return "".join(chr(ord(c) - 0xFEE0) if self.first_fullwidth <= ord(c) <= self.last_fullwidth else c for c in value)

    def strip_white_space(self, value):
        return value.strip(self.white_space)

    def is_formula_text(self, value):
        return len(value) > 2 and value[:2] == '="' and value[-1] == '"'

    def lose_text_mark(self, value):
        if self.is_formula_text(value):
            return value[2:-1]
        return value[1:] if value[:1] == "'" else value

    def spreadsheet(self, value):
        value = "".join(c for c in value if c not in self.invisible)
        value = self.strip_white_space(self.narrow(value))
        return self.strip_white_space(self.lose_text_mark(value))

    def normalize(self, name, value):
        return {"trim": self.trim, "casefold": self.casefold, "gtin": self.gtin, "spreadsheet": self.spreadsheet}[name](value)

    def normalizers(self, rule):
        return rule.normalizers

    def key(self, rule, value):
        if self.is_blank(value):
            return None
        for name in self.normalizers(rule):
            value = self.normalize(name, value)
            if value is None or self.is_blank(value):
                return None
        return value

    def listing_key(self, rule, row):
        return self.key(rule, row.fields.get(rule.listing_field, ""))

    def channel_key(self, rule, row):
        return self.key(rule, row.fields.get(rule.channel_field, ""))

    # ---- who has a key

    def is_live_listing(self, row):
        return row.live

    def is_live_channel(self, row):
        return row.live

    def counts_as_listing(self, row):
        return self.is_live_listing(row)

    def counts_as_channel(self, row):
        return self.is_live_channel(row)

    def L(self, rule, key):
        rows = self.catalog.listings
        return [row for row in rows if self.counts_as_listing(row) and self.keys(rule, row) == key]

    def C(self, rule, key):
        rows = self.catalog.channel
        return [row for row in rows if self.counts_as_channel(row) and self.channel_keys(rule, row) == key]

    def keys(self, rule, row):
        return self._listing_keys[id(rule), id(row)]

    def channel_keys(self, rule, row):
        return self._channel_keys[id(rule), id(row)]

    # ---- links

    def broken(self, channel_id):
        return channel_id in self.catalog.broken or channel_id not in self.channel_by_id

    def existing(self, row):
        """The channel id that the listing variant was linked to before."""
        return self.links_before.get(row.id)

    def holder(self, channel_id):
        """The listing id that holds the channel variant, by a link of any kind."""
        for listing_id, held in self.catalog.links:
            if held == channel_id:
                return listing_id
        for listing_id, (held, _, _) in self.made.items():
            if held == channel_id:
                return listing_id
        return None

    def is_linked(self, row):
        return self.existing(row) is not None or row.id in self.made

    # ---- contradiction

    def other_rules(self, rule):
        return [other for other in self.catalog.rules if other is not rule]

    def carriers_for(self, listing_row, rule, key):
        return [c for c in self.C(rule, key) if (listing_row.id, c.id) not in self.catalog.hand_unlinks]

    def listing_key_elsewhere(self, rule, v, c):
        key = self.keys(rule, v)
        return key is not None and self.channel_keys(rule, c) != key and bool(self.carriers_for(v, rule, key))

    def channel_key_elsewhere(self, rule, v, c):
        key = self.channel_keys(rule, c)
        return key is not None and self.keys(rule, v) != key and bool(self.L(rule, key))

    def is_contradicted(self, rule, v, c):
        return any(
            self.listing_key_elsewhere(other, v, c) or self.channel_key_elsewhere(other, v, c)
            for other in self.other_rules(rule)
        )

    # ---- parent guard

    def listing_parent(self, row):
        return None if self.is_blank(row.parent) else row.parent

    def channel_parent(self, row):
        return None if self.is_blank(row.parent) else row.parent

    def siblings(self, row):
        parent = self.listing_parent(row)
        if parent is None:
            return [row]
        return [other for other in self.catalog.listings if self.listing_parent(other) == parent]

    def unique_target(self, rule, row):
        key = self.keys(rule, row)
        if not self.is_live_listing(row) or key is None:
            return None
        L, C = self.L(rule, key), self.C(rule, key)
        return C[0] if len(L) == 1 and len(C) == 1 else None

    def link_target(self, row):
        """The channel row whose parent the row's link tells."""
        channel_id = self.existing(row) or self.made.get(row.id, (None,))[0]
        if channel_id is None or self.broken(channel_id):
            return None
        return self.channel_by_id[channel_id]

    def channel_parents(self, rule, v):
        parents = []
        for row in self.siblings(v):
            for target in (self.unique_target(rule, row), self.link_target(row)):
                if target is not None and self.channel_parent(target) not in parents:
                    parents.append(self.channel_parent(target))
        return parents

    # ---- one variant under one rule: the cases of the table

    def case_no_key(self, rule, v):
        return self.keys(rule, v) is None

    def case_no_match(self, rule, v):
        return not self.C(rule, self.keys(rule, v))

    def case_ambiguous_listing(self, rule, v):
        return len(self.L(rule, self.keys(rule, v))) > 1

    def case_ambiguous_channel(self, rule, v):
        return len(self.C(rule, self.keys(rule, v))) > 1

    def target(self, rule, v):
        return self.C(rule, self.keys(rule, v))[0]

    def case_contradiction(self, rule, v):
        return self.catalog.strict and self.is_contradicted(rule, v, self.target(rule, v))

    def case_target_taken(self, rule, v):
        return self.holder(self.target(rule, v).id) is not None

    def case_unlinked_by_hand(self, rule, v):
        return (v.id, self.target(rule, v).id) in self.catalog.hand_unlinks

    def case_parent_mismatch(self, rule, v):
        return self.catalog.parent_guard and len(self.channel_parents(rule, v)) > 1

    case_order = (
        NO_KEY,
        NO_MATCH,
        AMBIGUOUS_LISTING,
        AMBIGUOUS_CHANNEL,
        CONTRADICTION,
        TARGET_TAKEN,
        UNLINKED_BY_HAND,
        PARENT_MISMATCH,
    )

    def judge(self, rule, v):
        """The reason why the rule does not link the variant, or None."""
        for reason in self.case_order:
            if getattr(self, "case_" + reason)(rule, v):
                return reason
        return None

    def goes_on(self, reason, rule):
        if reason in (AMBIGUOUS_LISTING, AMBIGUOUS_CHANNEL):
            return rule.ambiguous == "next"
        return reason != CONTRADICTION

    # ---- the whole

    reason_order = (
        AMBIGUOUS_LISTING,
        AMBIGUOUS_CHANNEL,
        CONTRADICTION,
        TARGET_TAKEN,
        UNLINKED_BY_HAND,
        PARENT_MISMATCH,
        NO_MATCH,
        NO_KEY,
    )

    def final_reason(self, given):
        """(rule number, reason) of what the rules gave, in the order of the rules."""
        for reason in self.reason_order:
            for number, one in given:
                if one == reason:
                    return number, reason
        return 0, ""

    def warning(self, rule, v, c):
        return CONTRADICTION if self.is_contradicted(rule, v, c) else ""

    def is_open(self, row):
        return self.is_live_listing(row) and not self.is_linked(row) and row.id not in self.stopped

    def details(self, number, reason, rule, v):
        """What the reason names, looked up when it is given."""
        found = {}
        if reason == TARGET_TAKEN:
            found["holder"] = self.holder(self.target(rule, v).id)
        elif reason == AMBIGUOUS_LISTING:
            found["candidates"] = [row.id for row in self.L(rule, self.keys(rule, v))][:MAX_NAMED]
        elif reason == AMBIGUOUS_CHANNEL:
            found["candidates"] = [row.id for row in self.C(rule, self.keys(rule, v))][:MAX_NAMED]
        elif reason == PARENT_MISMATCH:
            parents = self.channel_parents(rule, v)
            firsts = [self.channel_parent(row) for row in self.catalog.channel]
            found["parents"] = sorted(parents, key=firsts.index)[:MAX_NAMED]
        self.named[v.id, number, reason] = found

    def run_rule(self, number, rule):
        made = {}
        for v in self.catalog.listings:
            if not self.is_open(v):
                continue
            reason = self.judge(rule, v)
            if reason is None:
                c = self.target(rule, v)
                made[v.id] = (c.id, number, self.warning(rule, v, c))
                continue
            self.given[v.id].append((number, reason))
            self.details(number, reason, rule, v)
            if not self.goes_on(reason, rule):
                self.stopping.append(v.id)
        self.made.update(made)
        self.stopped.update(self.stopping)

    def outcome(self, row):
        channel_id = self.existing(row)
        if channel_id is not None:
            state = "broken" if self.broken(channel_id) else "linked"
            return Outcome(row.id, state, channel_id, 0, "existing")
        if row.id in self.made:
            channel_id, number, warning = self.made[row.id]
            return Outcome(row.id, "linked", channel_id, number, warning)
        number, reason = self.final_reason(self.given[row.id])
        return Outcome(row.id, "unlinked", "", number, reason, **self.named.get((row.id, number, reason), {}))

    def match(self, catalog):
        self.catalog = catalog
        self._listing_keys = {}
        self._channel_keys = {}
        for rule in catalog.rules:
            self._listing_keys.update({(id(rule), id(row)): self.listing_key(rule, row) for row in catalog.listings})
            self._channel_keys.update({(id(rule), id(row)): self.channel_key(rule, row) for row in catalog.channel})
        self.channel_by_id = {row.id: row for row in catalog.channel}
        self.links_before = dict(catalog.links)
        self.made = {}  # listing id -> (channel id, rule number, warning)
        self.given = {row.id: [] for row in catalog.listings}
        self.named = {}
        self.stopped = set()
        self.stopping = []
        for number, rule in enumerate(catalog.rules, start=1):
            self.run_rule(number, rule)
        return [self.outcome(row) for row in catalog.listings]


def csv_field(text):
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


def as_csv(outcomes):
    """The text that `flxlink match` prints."""
    lines = ["listing_id,state,channel_id,rule,reason\n"]
    for o in outcomes:
        cells = (o.listing_id, o.state, o.channel_id, str(o.rule) if o.rule else "", o.reason)
        lines.append(",".join(csv_field(cell) for cell in cells) + "\n")
    return "".join(lines)


def as_objects(outcomes):
    """The array that `flxlink match --format json` prints."""
    objects = []
    for o in outcomes:
        one = {
            "listing_id": o.listing_id,
            "state": o.state,
            "channel_id": o.channel_id or None,
            "rule": o.rule or None,
            "reason": o.reason or None,
        }
        for name in ("holder", "candidates", "parents"):
            if getattr(o, name) is not None:
                one[name] = getattr(o, name)
        objects.append(one)
    return objects
