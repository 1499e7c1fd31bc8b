"""References with one rule broken each. The generator has to give, for every one, a catalog that shows it.

Mutants in ONLY_STORAGE break rules about what the command line cannot say: rows that are not live, broken links whose
item is there, hand-unlinks.
"""

import unicodedata

from match_reference import (
    AMBIGUOUS_CHANNEL,
    AMBIGUOUS_LISTING,
    CONTRADICTION,
    NO_KEY,
    NO_MATCH,
    PARENT_MISMATCH,
    TARGET_TAKEN,
    UNLINKED_BY_HAND,
    Reference,
)

MUTANTS = {}
ONLY_STORAGE = set()


def mutant(cls):
    """Takes a class up under its docstring."""
    assert cls.__doc__ and cls.__doc__ not in MUTANTS, cls
    MUTANTS[cls.__doc__] = cls
    return cls


def only_storage(cls):
    ONLY_STORAGE.add(cls.__doc__)
    return mutant(cls)


def reorder(order, first, second):
    """The order with two of its entries changed for each other."""
    changed = list(order)
    i, j = changed.index(first), changed.index(second)
    changed[i], changed[j] = changed[j], changed[i]
    return tuple(changed)


def case_order_mutant(first, second, take_up=mutant):
    doc = f"the case {second} is tried before {first}"
    order = reorder(Reference.case_order, first, second)
    take_up(type("CaseOrder", (Reference,), {"__doc__": doc, "case_order": order}))


def reason_order_mutant(first, second, take_up=mutant):
    doc = f"{second} outranks {first} as the final reason"
    order = reorder(Reference.reason_order, first, second)
    take_up(type("ReasonOrder", (Reference,), {"__doc__": doc, "reason_order": order}))


# ---- keys


@mutant
class OnlyEmptyIsNull(Reference):
    """only an empty value is null, whitespace is a key"""

    def is_blank(self, value):
        return value == ""


@mutant
class UnicodeBlankIsNull(Reference):
    """Unicode spaces alone are null"""

    def is_blank(self, value):
        return value.strip() == ""


@mutant
class VerticalTabIsNoWhitespace(Reference):
    """vertical tab and form feed are no whitespace"""

    def is_blank(self, value):
        return value.strip(" \t\n\r") == ""

    def trim(self, value):
        return value.strip(" \t\n\r")


@mutant
class ZeroIsNull(Reference):
    """"0" is null"""

    def key(self, rule, value):
        return None if value == "0" else super().key(rule, value)


@mutant
class NullMatches(Reference):
    """null keys match each other"""

    def key(self, rule, value):
        return super().key(rule, value) or "null"


@mutant
class AlwaysTrim(Reference):
    """values are trimmed without being asked"""

    def key(self, rule, value):
        return super().key(rule, self.trim(value))


@mutant
class AlwaysFold(Reference):
    """case is ignored without being asked"""

    def key(self, rule, value):
        return super().key(rule, value.casefold())


@mutant
class TrimStripsUnicode(Reference):
    """trim strips Unicode spaces"""

    def trim(self, value):
        return value.strip()


@mutant
class TrimLeft(Reference):
    """trim strips the left end only"""

    def trim(self, value):
        return value.lstrip(" \t\n\v\f\r")


@mutant
class TrimInside(Reference):
    """trim drops spaces inside too"""

    def trim(self, value):
        return super().trim(value).replace(" ", "")


@mutant
class FoldIsLower(Reference):
    """casefold is lower case"""

    def casefold(self, value):
        return value.lower()


@mutant
class FoldAscii(Reference):
    """casefold knows ASCII only"""

    def casefold(self, value):
        return "".join(c.lower() if c.isascii() else c for c in value)


@mutant
class FoldSimple(Reference):
    """casefold folds one character to one only"""

    def casefold(self, value):
        return "".join(c.casefold() if len(c.casefold()) == 1 else c for c in value)


@mutant
class FoldTurkish(Reference):
    """casefold folds İ to i alone"""

    def casefold(self, value):
        return value.replace("İ", "i").casefold()


@mutant
class FoldNormalizes(Reference):
    """casefold composes characters"""

    def casefold(self, value):
        return unicodedata.normalize("NFC", value.casefold())


@mutant
class FoldIsUpper(Reference):
    """casefold is upper case, so that ı is i"""

    def casefold(self, value):
        return value.upper()


@mutant
class FixedNormalizerOrder(Reference):
    """normalizers run in a fixed order"""

    def normalizers(self, rule):
        return sorted(rule.normalizers, reverse=True)


@mutant
class LastNormalizerOnly(Reference):
    """only the last normalizer runs"""

    def normalizers(self, rule):
        return rule.normalizers[-1:]


@mutant
class FirstNormalizerOnly(Reference):
    """only the first normalizer runs"""

    def normalizers(self, rule):
        return rule.normalizers[:1]


@mutant
class NormalizeListingsOnly(Reference):
    """normalizers apply to the listing side only"""

    def channel_key(self, rule, row):
        value = row.fields.get(rule.channel_field, "")
        return None if self.is_blank(value) else value


@mutant
class NormalizeChannelOnly(Reference):
    """normalizers apply to the channel side only"""

    def listing_key(self, rule, row):
        value = row.fields.get(rule.listing_field, "")
        return None if self.is_blank(value) else value


@mutant
class RefusedGtinIsKept(Reference):
    """what is no GTIN is compared as it is"""

    def gtin(self, value):
        return super().gtin(value) or value


@mutant
class GtinWithoutCheck(Reference):
    """gtin does not look at the check digit"""

    def is_right_gtin(self, digits):
        return True


@mutant
class GtinWeightsFromLeft(Reference):
    """gtin weighs digits from the left"""

    def is_right_gtin(self, digits):
        return sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(digits)) % 10 == 0


@mutant
class GtinZeros(Reference):
    """gtin takes all zeros"""

    def is_all_zeros(self, digits):
        return False


@mutant
class GtinKeepsForm(Reference):
    """gtin does not pad"""

    def pad_gtin(self, digits):
        return digits


@mutant
class GtinPadsTo13(Reference):
    """gtin pads to 13 digits only"""

    def pad_gtin(self, digits):
        return digits.rjust(13, "0")


@mutant
class GtinAnyLength(Reference):
    """gtin takes any length up to 14"""

    gtin_lengths = tuple(range(1, 15))


@mutant
class GtinWithout8(Reference):
    """gtin does not take 8 digits"""

    gtin_lengths = (12, 13, 14)


@mutant
class GtinWithout13(Reference):
    """gtin does not take 13 digits"""

    gtin_lengths = (8, 12, 14)


@mutant
class GtinKeepsHyphens(Reference):
    """gtin does not drop hyphens"""

    gtin_dropped = " "


@mutant
class GtinKeepsSpaces(Reference):
    """gtin does not drop spaces"""

    gtin_dropped = "-"


@mutant
class GtinDropsTabs(Reference):
    """gtin drops tabs"""

    gtin_dropped = " -\t"


@mutant
class GtinDropsApostrophe(Reference):
    """gtin drops a spreadsheet's apostrophe"""

    gtin_dropped = " -'"


@mutant
class GtinAnyDigits(Reference):
    """gtin takes digits of any script"""

    def are_digits(self, text):
        return text.isdigit()

    def pad_gtin(self, digits):
        return super().pad_gtin("".join(str(int(d)) for d in digits))


@mutant
class SpreadsheetKeepsWhatIsNotSeen(Reference):
    """spreadsheet keeps soft hyphens"""

    invisible = Reference.invisible.replace("\u00ad", "")


@mutant
class SpreadsheetKeepsWordJoiners(Reference):
    """spreadsheet keeps word joiners"""

    invisible = Reference.invisible.replace("\u2060", "")


@mutant
class SpreadsheetKeepsByteOrderMarks(Reference):
    """spreadsheet keeps byte-order marks"""

    invisible = Reference.invisible.replace("\ufeff", "")


@mutant
class SpreadsheetDropsDirectionMarks(Reference):
    """spreadsheet drops marks of direction"""

    invisible = Reference.invisible + "\u200e"


@mutant
class SpreadsheetStripsInvisibleEndsOnly(Reference):
    """spreadsheet drops what is not seen at the ends only"""

    def spreadsheet(self, value):
        kept = value.strip(self.invisible)
        value = self.strip_white_space(self.narrow(kept))
        return self.strip_white_space(self.lose_text_mark(value))


@mutant
class SpreadsheetKeepsFullwidth(Reference):
    """spreadsheet keeps fullwidth characters"""

    last_fullwidth = 0


@mutant
class SpreadsheetEndsFullwidthEarly(Reference):
    """spreadsheet keeps the last fullwidth character"""

    last_fullwidth = 0xFF5D


@mutant
class SpreadsheetNarrowsMore(Reference):
    """spreadsheet takes one character more for a fullwidth one"""

    last_fullwidth = 0xFF5F


@mutant
class SpreadsheetStripsAscii(Reference):
    """spreadsheet strips ASCII whitespace only"""

    white_space = " \t\n\v\f\r"


@mutant
class SpreadsheetStripsSeparators(Reference):
    """spreadsheet strips information separators"""

    white_space = Reference.white_space + "\x1c\x1d\x1e\x1f"


@mutant
class SpreadsheetStripsVowelSeparator(Reference):
    """spreadsheet strips the Mongolian vowel separator, as before Unicode 6.3"""

    white_space = Reference.white_space + "\u180e"


@mutant
class SpreadsheetKeepsNextLine(Reference):
    """spreadsheet does not strip U+0085"""

    white_space = Reference.white_space.replace("\u0085", "")


@mutant
class SpreadsheetKeepsApostrophe(Reference):
    """spreadsheet keeps a leading apostrophe"""

    def lose_text_mark(self, value):
        return value[2:-1] if self.is_formula_text(value) else value


@mutant
class SpreadsheetDropsEveryApostrophe(Reference):
    """spreadsheet drops all leading apostrophes"""

    def lose_text_mark(self, value):
        return value[2:-1] if self.is_formula_text(value) else value.lstrip("'")


@mutant
class SpreadsheetDropsLastApostrophe(Reference):
    """spreadsheet drops an apostrophe at the end too"""

    def lose_text_mark(self, value):
        marked = value[:1] == "'"
        value = super().lose_text_mark(value)
        return value[:-1] if marked and value[-1:] == "'" else value


@mutant
class SpreadsheetKeepsFormula(Reference):
    """spreadsheet keeps a formula that is a text"""

    def is_formula_text(self, value):
        return False


@mutant
class SpreadsheetTakesOpenFormula(Reference):
    """spreadsheet takes =" without its end for a formula"""

    def lose_text_mark(self, value):
        return value[2:].rstrip('"') if value[:2] == '="' else super().lose_text_mark(value)


@mutant
class SpreadsheetUnwrapsTwice(Reference):
    """spreadsheet undoes an apostrophe and what it hid"""

    def lose_text_mark(self, value):
        return super().lose_text_mark(super().lose_text_mark(value))


@mutant
class SpreadsheetStripsOnce(Reference):
    """spreadsheet does not strip again"""

    def spreadsheet(self, value):
        value = "".join(c for c in value if c not in self.invisible)
        return self.lose_text_mark(self.strip_white_space(self.narrow(value)))


@mutant
class SpreadsheetStripsLate(Reference):
    """spreadsheet strips only once it has undone the mark"""

    def spreadsheet(self, value):
        value = "".join(c for c in value if c not in self.invisible)
        return self.strip_white_space(self.lose_text_mark(self.narrow(value)))


# ---- live


@only_storage
class DeadListingsCount(Reference):
    """listing variants that are not live count in L"""

    def counts_as_listing(self, row):
        return True


@only_storage
class DeadChannelCounts(Reference):
    """channel variants that are not live count in C"""

    def counts_as_channel(self, row):
        return True


@only_storage
class DeadListingsMatch(Reference):
    """listing variants that are not live are matched"""

    def is_open(self, row):
        return not self.is_linked(row) and row.id not in self.stopped


@only_storage
class DeadListingsPoint(Reference):
    """unique targets of listing variants that are not live count for the parent guard"""

    def unique_target(self, rule, row):
        key = self.keys(rule, row)
        if key is None:
            return None
        L, C = self.L(rule, key), self.C(rule, key)
        return C[0] if len(L) <= 1 and len(C) == 1 else None


@only_storage
class DeadListingsDoNotHoldParents(Reference):
    """links of listing variants that are not live do not count for the parent guard"""

    def link_target(self, row):
        return super().link_target(row) if row.live else None


# ---- the table


@mutant
class LinkedListingsDoNotCount(Reference):
    """linked listing variants do not count in L"""

    def counts_as_listing(self, row):
        return super().counts_as_listing(row) and self.existing(row) is None


@mutant
class NewlyLinkedListingsDoNotCount(Reference):
    """listing variants that an earlier rule linked do not count in L"""

    def counts_as_listing(self, row):
        return super().counts_as_listing(row) and row.id not in self.made


@mutant
class LinkedChannelDoesNotCount(Reference):
    """linked channel variants do not count in C"""

    def counts_as_channel(self, row):
        return super().counts_as_channel(row) and row.id not in self.links_before.values()


@mutant
class NewlyLinkedChannelDoesNotCount(Reference):
    """channel variants that an earlier rule linked do not count in C"""

    def counts_as_channel(self, row):
        return super().counts_as_channel(row) and row.id not in [held for held, _, _ in self.made.values()]


@mutant
class BrokenListingsDoNotCount(Reference):
    """listing variants with a broken link do not count in L"""

    def counts_as_listing(self, row):
        channel_id = self.existing(row)
        return super().counts_as_listing(row) and (channel_id is None or not self.broken(channel_id))


@mutant
class BrokenIsMatchedAnew(Reference):
    """a broken listing variant is matched anew"""

    def existing(self, row):
        channel_id = super().existing(row)
        return None if channel_id is not None and self.broken(channel_id) else channel_id


@mutant
class DriftedLinksAreDropped(Reference):
    """a linked variant whose first key no longer agrees is matched anew"""

    def existing(self, row):
        channel_id = super().existing(row)
        rule = self.catalog.rules[0]
        target = self.channel_by_id.get(channel_id)
        drifted = target is not None and self.keys(rule, row) != self.channel_keys(rule, target)
        return None if drifted else channel_id


# A null key has no L and no C, so that no_key can only be the first.
for one, next_one in zip(Reference.case_order[1:], Reference.case_order[2:]):
    case_order_mutant(one, next_one, only_storage if UNLINKED_BY_HAND in (one, next_one) else mutant)
case_order_mutant(TARGET_TAKEN, PARENT_MISMATCH)


@mutant
class AmbiguousListingIsNotLookedAt(Reference):
    """several listing variants may have the key"""

    def case_ambiguous_listing(self, rule, v):
        return False


@mutant
class AmbiguousChannelTakesFirst(Reference):
    """the first of several channel variants is taken"""

    def case_ambiguous_channel(self, rule, v):
        return False


@mutant
class AmbiguousAlwaysGoesOn(Reference):
    """ambiguous variants always go on to the next rule"""

    def goes_on(self, reason, rule):
        return True if reason in (AMBIGUOUS_LISTING, AMBIGUOUS_CHANNEL) else super().goes_on(reason, rule)


@mutant
class AmbiguousAlwaysStops(Reference):
    """ambiguous=next is not looked at"""

    def goes_on(self, reason, rule):
        return False if reason in (AMBIGUOUS_LISTING, AMBIGUOUS_CHANNEL) else super().goes_on(reason, rule)


@mutant
class NextOnlyForListings(Reference):
    """ambiguous=next applies to ambiguous_listing only"""

    def goes_on(self, reason, rule):
        return False if reason == AMBIGUOUS_CHANNEL else super().goes_on(reason, rule)


@mutant
class NextOnlyForChannel(Reference):
    """ambiguous=next applies to ambiguous_channel only"""

    def goes_on(self, reason, rule):
        return False if reason == AMBIGUOUS_LISTING else super().goes_on(reason, rule)


def stop_mutant(reason, take_up=mutant):
    def goes_on(self, given, rule):
        return given != reason and super(cls, self).goes_on(given, rule)

    cls = type("Stops", (Reference,), {"__doc__": f"{reason} stops the variant", "goes_on": goes_on})
    take_up(cls)


for one in (NO_KEY, NO_MATCH, TARGET_TAKEN, PARENT_MISMATCH):
    stop_mutant(one)
stop_mutant(UNLINKED_BY_HAND, only_storage)


@mutant
class ContradictionGoesOn(Reference):
    """a contradiction goes on to the next rule"""

    def goes_on(self, reason, rule):
        return reason == CONTRADICTION or super().goes_on(reason, rule)


@mutant
class StopsAtOnce(Reference):
    """a variant that stops takes its siblings of the same key out of the rule at once"""

    def is_open(self, row):
        return super().is_open(row) and row.id not in self.stopping and not any(
            self.keys(rule, row) == self.keys(rule, other) is not None
            for rule in self.catalog.rules
            for other in self.catalog.listings
            if other.id in self.stopping and other is not row
        )


@mutant
class UnknownListingsHoldNothing(Reference):
    """a pair whose listing is unknown holds nothing"""

    def holder(self, channel_id):
        listing_id = super().holder(channel_id)
        return listing_id if any(row.id == listing_id for row in self.catalog.listings) else None


@mutant
class EarlierRulesHoldNothing(Reference):
    """links of earlier rules hold nothing"""

    def holder(self, channel_id):
        return next((listing_id for listing_id, held in self.catalog.links if held == channel_id), None)


@mutant
class ExistingLinksHoldNothing(Reference):
    """existing links hold nothing"""

    def holder(self, channel_id):
        return next((listing_id for listing_id, made in self.made.items() if made[0] == channel_id), None)


@only_storage
class BrokenLinksHoldNothing(Reference):
    """broken links hold nothing"""

    def holder(self, channel_id):
        return None if self.broken(channel_id) else super().holder(channel_id)


@only_storage
class BrokenItemsCount(Reference):
    """the item of a broken link counts in C"""

    def counts_as_channel(self, row):
        return super().counts_as_channel(row) or row.id in self.catalog.broken


@only_storage
class HandUnlinksAreForgotten(Reference):
    """hand-unlinked pairs are linked again"""

    def case_unlinked_by_hand(self, rule, v):
        return False


@only_storage
class HandUnlinkOfTheChannelSide(Reference):
    """a channel variant that anybody was unlinked from by hand is never linked"""

    def case_unlinked_by_hand(self, rule, v):
        return self.target(rule, v).id in [pair[1] for pair in self.catalog.hand_unlinks]


@only_storage
class HandUnlinkOfTheListingSide(Reference):
    """a listing variant that was unlinked by hand from anything is never linked"""

    def case_unlinked_by_hand(self, rule, v):
        return v.id in [pair[0] for pair in self.catalog.hand_unlinks]


@only_storage
class HandUnlinkedDoNotCountInC(Reference):
    """channel variants that a person unlinked from the variant do not count in C"""

    def case_ambiguous_channel(self, rule, v):
        return len(self.carriers_for(v, rule, self.keys(rule, v))) > 1


# ---- contradiction


@mutant
class OnlyEarlierRulesContradict(Reference):
    """contradiction looks at earlier rules only"""

    def other_rules(self, rule):
        rules = self.catalog.rules
        return rules[: [id(one) for one in rules].index(id(rule))]


@mutant
class OnlyLaterRulesContradict(Reference):
    """contradiction looks at later rules only"""

    def other_rules(self, rule):
        rules = self.catalog.rules
        return rules[[id(one) for one in rules].index(id(rule)) + 1 :]


@mutant
class OnlyNeighboursContradict(Reference):
    """contradiction looks at the first other rule only"""

    def other_rules(self, rule):
        return super().other_rules(rule)[:1]


@mutant
class ListingKeyNeverContradicts(Reference):
    """a key of the listing variant carried elsewhere is no contradiction"""

    def listing_key_elsewhere(self, rule, v, c):
        return False


@mutant
class ChannelKeyNeverContradicts(Reference):
    """a key of the channel variant carried elsewhere is no contradiction"""

    def channel_key_elsewhere(self, rule, v, c):
        return False


@mutant
class DifferentKeysContradict(Reference):
    """keys that differ contradict though nobody else carries them"""

    def listing_key_elsewhere(self, rule, v, c):
        return self.keys(rule, v) is not None and self.keys(rule, v) != self.channel_keys(rule, c)


@mutant
class DifferentChannelKeysContradict(Reference):
    """the channel variant's key contradicts though no listing variant carries it"""

    def channel_key_elsewhere(self, rule, v, c):
        return self.channel_keys(rule, c) is not None and self.keys(rule, v) != self.channel_keys(rule, c)


@mutant
class SharedKeysContradict(Reference):
    """a key that the pair shares with others contradicts"""

    def listing_key_elsewhere(self, rule, v, c):
        key = self.keys(rule, v)
        return key is not None and any(row is not c for row in self.C(rule, key))


@mutant
class UniqueCarriersContradict(Reference):
    """only a single carrier elsewhere contradicts"""

    def listing_key_elsewhere(self, rule, v, c):
        return super().listing_key_elsewhere(rule, v, c) and len(self.C(rule, self.keys(rule, v))) == 1


@mutant
class EitherSideMustHaveBothKeys(Reference):
    """a pair is contradicted only where both have a key"""

    def is_contradicted(self, rule, v, c):
        return any(
            (self.listing_key_elsewhere(other, v, c) or self.channel_key_elsewhere(other, v, c))
            and self.keys(other, v) is not None
            and self.channel_keys(other, c) is not None
            for other in self.other_rules(rule)
        )


@only_storage
class HandUnlinkedCarriersContradict(Reference):
    """channel variants that a person unlinked from the variant contradict"""

    def carriers_for(self, listing_row, rule, key):
        return self.C(rule, key)


@only_storage
class HandUnlinkedFromAnyone(Reference):
    """channel variants that a person unlinked from anybody do not contradict"""

    def carriers_for(self, listing_row, rule, key):
        return [c for c in self.C(rule, key) if c.id not in [pair[1] for pair in self.catalog.hand_unlinks]]


@only_storage
class DeadCarriersContradict(Reference):
    """channel variants that are not live contradict"""

    def carriers_for(self, listing_row, rule, key):
        dead = [c for c in self.catalog.channel if not c.live and self.channel_keys(rule, c) == key]
        return super().carriers_for(listing_row, rule, key) + dead


@only_storage
class DeadListingsContradict(Reference):
    """listing variants that are not live contradict"""

    def channel_key_elsewhere(self, rule, v, c):
        key = self.channel_keys(rule, c)
        dead = [row for row in self.catalog.listings if not row.live and self.keys(rule, row) == key]
        return super().channel_key_elsewhere(rule, v, c) or bool(key is not None and self.keys(rule, v) != key and dead)


@mutant
class LinkedCarriersDoNotContradict(Reference):
    """linked channel variants do not contradict"""

    def carriers_for(self, listing_row, rule, key):
        held = [c for _, c in self.catalog.links]
        return [c for c in super().carriers_for(listing_row, rule, key) if c.id not in held]


@mutant
class AlwaysStrict(Reference):
    """strict is always on"""

    def case_contradiction(self, rule, v):
        return self.is_contradicted(rule, v, self.target(rule, v))


@mutant
class NeverStrict(Reference):
    """strict is never on"""

    def case_contradiction(self, rule, v):
        return False


@mutant
class NoWarning(Reference):
    """links carry no warning"""

    def warning(self, rule, v, c):
        return ""


# ---- parent guard


@mutant
class GuardAlwaysOn(Reference):
    """the parent guard is always on"""

    def case_parent_mismatch(self, rule, v):
        return len(self.channel_parents(rule, v)) > 1


@mutant
class GuardNeverOn(Reference):
    """the parent guard is never on"""

    def case_parent_mismatch(self, rule, v):
        return False


@mutant
class GuardSeesLinksOnly(Reference):
    """the parent guard sees siblings' links only"""

    def channel_parents(self, rule, v):
        targets = [self.link_target(row) for row in self.siblings(v)] + [self.unique_target(rule, v)]
        return list({self.channel_parent(target): 0 for target in targets if target is not None})


@mutant
class GuardSeesTargetsOnly(Reference):
    """the parent guard sees unique targets only"""

    def link_target(self, row):
        return None


@mutant
class GuardSeesExistingLinksOnly(Reference):
    """the parent guard does not see links of earlier rules"""

    def link_target(self, row):
        return super().link_target(row) if self.existing(row) is not None else None


@mutant
class GuardSeesNewLinksOnly(Reference):
    """the parent guard does not see existing links"""

    def link_target(self, row):
        return super().link_target(row) if self.existing(row) is None else None


@mutant
class GuardSeesOpenTargetsOnly(Reference):
    """the unique targets of linked variants do not count for the parent guard"""

    def channel_parents(self, rule, v):
        parents = []
        for row in self.siblings(v):
            target = self.link_target(row) if self.is_linked(row) else self.unique_target(rule, row)
            if target is not None and self.channel_parent(target) not in parents:
                parents.append(self.channel_parent(target))
        return parents


@mutant
class GuardSeesFreeTargetsOnly(Reference):
    """unique targets that somebody holds do not count for the parent guard"""

    def unique_target(self, rule, row):
        target = super().unique_target(rule, row)
        return target if target is not None and self.holder(target.id) is None else None


@mutant
class GuardForgetsStopped(Reference):
    """the unique targets of stopped variants do not count for the parent guard"""

    def unique_target(self, rule, row):
        return None if row.id in self.stopped else super().unique_target(rule, row)


@mutant
class GuardSeesAllTargets(Reference):
    """the parent guard sees the parents of targets that are not unique"""

    def channel_parents(self, rule, v):
        parents = super().channel_parents(rule, v)
        for row in self.siblings(v):
            if self.keys(rule, row) is not None:
                parents += [self.channel_parent(c) for c in self.C(rule, self.keys(rule, row))]
        return list(dict.fromkeys(parents))


@mutant
class GuardSeesOtherRules(Reference):
    """the parent guard sees the unique targets of all rules"""

    def channel_parents(self, rule, v):
        parents = super().channel_parents(rule, v)
        for other in self.catalog.rules:
            parents += [parent for parent in super().channel_parents(other, v) if parent not in parents]
        return parents


@only_storage
class GuardSeesBrokenLinks(Reference):
    """broken links count for the parent guard"""

    def link_target(self, row):
        channel_id = self.existing(row) or self.made.get(row.id, (None,))[0]
        return self.channel_by_id.get(channel_id)


@mutant
class NoneIsNoParent(Reference):
    """channel variants without a parent tell nothing to the parent guard"""

    def channel_parents(self, rule, v):
        return [parent for parent in super().channel_parents(rule, v) if parent is not None]


@mutant
class NoneIsManyParents(Reference):
    """channel variants without a parent have a parent each of their own"""

    def channel_parent(self, row):
        return super().channel_parent(row) or "none of " + row.id


@mutant
class BlankChannelParent(Reference):
    """an only-whitespace parent of a channel variant is a parent"""

    def channel_parent(self, row):
        return row.parent or None


@mutant
class BlankListingParent(Reference):
    """an only-whitespace parent of a listing variant is a parent"""

    def listing_parent(self, row):
        return row.parent or None


@mutant
class OrphansAreOneListing(Reference):
    """listing variants without a parent are one listing"""

    def siblings(self, row):
        parent = self.listing_parent(row)
        return [other for other in self.catalog.listings if self.listing_parent(other) == parent]


@mutant
class ParentsIgnoreCase(Reference):
    """parents that differ in case are one"""

    def channel_parent(self, row):
        parent = super().channel_parent(row)
        return parent and parent.lower()


@mutant
class OneMismatchOnly(Reference):
    """the parent guard lets the first variant of a listing through"""

    def case_parent_mismatch(self, rule, v):
        return super().case_parent_mismatch(rule, v) and self.siblings(v)[0] is not v


# ---- the final reason

# One variant gets target_taken and then contradiction only where a hand-unlink hides the second target from the first
# rule.
ONLY_STORAGE_PAIRS = (
    {CONTRADICTION, TARGET_TAKEN},
    {TARGET_TAKEN, UNLINKED_BY_HAND},
    {UNLINKED_BY_HAND, PARENT_MISMATCH},
)
for one, next_one in zip(Reference.reason_order, Reference.reason_order[1:]):
    reason_order_mutant(one, next_one, only_storage if {one, next_one} in ONLY_STORAGE_PAIRS else mutant)
reason_order_mutant(TARGET_TAKEN, PARENT_MISMATCH)


@mutant
class FirstReason(Reference):
    """the first reason given is the final one"""

    def final_reason(self, given):
        return given[0] if given else (0, "")


@mutant
class LastReason(Reference):
    """the last reason given is the final one"""

    def final_reason(self, given):
        return given[-1] if given else (0, "")


@mutant
class LastRuleOfReason(Reference):
    """the rule number is the last rule that gave the reason"""

    def final_reason(self, given):
        return super().final_reason(given[::-1])


@mutant
class LaterRulesFirst(Reference):
    """rules run from last to first"""

    def run_rule(self, number, rule):
        rules = self.catalog.rules
        super().run_rule(len(rules) + 1 - number, rules[-number])


@mutant
class StoppedGetLaterOutcomes(Reference):
    """a stopped variant gets outcomes from later rules, but no link"""

    def run_rule(self, number, rule):
        super().run_rule(number, rule)
        for v in self.catalog.listings:
            if v.id in self.stopped and self.given[v.id][-1][0] < number:
                reason = self.judge(rule, v)
                if reason is not None:
                    self.given[v.id].append((number, reason))
                    self.details(number, reason, rule, v)
