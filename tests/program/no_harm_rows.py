"""The rows of no_harm_test.py: a kind of fault and a variation of it each, and what would harm the merchant."""

import dataclasses
import typing

# What problems are called, where the design does not fix the name.
ARCHIVED = "item_dead"
NEGATIVE_PRICE = "negative_price"  # Of an item of the channel.
NOT_UNDERSTOOD = "status_not_understood"
ZERO_PRICE = "zero_price"
ZERO_PRICES_YES = "--zero-prices yes"


@dataclasses.dataclass(frozen=True)
class Edit:
    """A person changes a file: old stands in it once."""
    old: typing.Union[str, bytes]
    new: typing.Union[str, bytes]
    name: str = "shop.csv"


@dataclasses.dataclass(frozen=True)
class Write:
    """A file comes, or comes anew."""
    content: typing.Union[str, bytes]
    name: str = "shop.csv"


@dataclasses.dataclass(frozen=True)
class Older:
    """A file is some hours older than it was."""
    name: str
    hours: int


@dataclasses.dataclass(frozen=True)
class Products:
    """A product file comes and is imported. Mark: as before a command of a row."""
    content: typing.Union[str, bytes]
    options: str = ""
    mark: str = ""
    name: str = "products.csv"


@dataclasses.dataclass(frozen=True)
class Says:
    """A command, and patterns that must and must not be in what it prints."""
    command: str
    parts: tuple
    never: tuple = ()


@dataclasses.dataclass(frozen=True)
class File:
    """The channel's file is this now."""
    content: typing.Union[str, bytes]


@dataclasses.dataclass(frozen=True)
class Has:
    """These are the attentions now, as in Row."""
    attentions: str


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    harm: str  # What would harm the merchant.
    shop: typing.Union[str, bytes, None] = None  # The channel's file before, and after, None for the same.
    after: typing.Union[str, bytes, None] = None
    products: typing.Union[str, Products, None] = None
    channel: str = ""  # Further options of `channel add`.
    rules: str = "--rule sku=sku"
    # Commands, and the classes above. Before a command that must exit with 1 stands "!", with 1 or 2 "?", with 0 or 1 "~".
    steps: tuple = ("sync shop",)
    # "SKU:code …" at the end, and of what was read or made "item:code …": all that there are, but "?" after one that may
    # be. None: not looked at.
    attentions: typing.Optional[str] = ""
    items: typing.Optional[str] = ""
    listings: dict = dataclasses.field(default_factory=dict)  # By SKU, what some keys of `listing list` are at the end.
    needs: str = ""  # Features that must be there.
    is_started: bool = True  # With the channel, its products built and its items pulled and linked.
    kind: str = ""


ROWS = []


def kind(name, *rows):
    ROWS.extend(dataclasses.replace(row, kind=name) for row in rows)


def table(header, *rows):
    return "".join(line + "\n" for line in (header, *rows))


def shop(*rows):
    """The usual channel: external id (its handle), SKU, quantity, price, status."""
    return table("Handle,Variant SKU,Variant Inventory Qty,Variant Price,Status", *rows)


def sized(*rows):
    """A channel whose products have sizes: the external id is handle/size."""
    return table("Handle,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Status", *rows)


def tracking(*rows):
    """A channel that tracks the inventory of some items."""
    return table("Handle,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Status", *rows)


def barcoded(*rows):
    return table("Handle,Variant SKU,Variant Barcode,Variant Inventory Qty,Variant Price,Status", *rows)


def products(*rows, columns="sku,price,quantity"):
    return table(columns, *rows)


A_ACTIVE = "a,A,5,10.00,active"
B_ACTIVE = "b,B,7,12.00,active"
TWO = shop(A_ACTIVE, B_ACTIVE)
TWO_PRODUCTS = products("A,10.00,5", "B,12.00,7")
ONE = shop(A_ACTIVE)
ONE_PRODUCT = products("A,10.00,5")
HIDE_SOLD_OUT = "--status-rule 'quantity<=0:hide'"
SHOW_IN_STOCK = "--status-rule 'quantity>0:unhide'"
SENT = ("sync shop", "sync shop --full")

# ---------------------------------------------------------------------------------------------------------------------

kind(
    "not stated is not empty",
    Row("a file of prices keeps a quantity that waits to be sent", "Stock that was counted is forgotten, and the shop sells what is gone.",
        ONE, shop("a,A,2,11.00,active"), products("A,10.00,2"),
        steps=(Products(products("A,11.00", columns="sku,price")), "sync shop")),
    Row("a file of prices keeps the 0 that waits to be sent", "A product that is sold out stays on sale.",
        ONE, shop("a,A,0,11.00,active"), products("A,10.00,0"),
        steps=(Products(products("A,11.00", columns="sku,price")), "sync shop")),
    Row("a file of stock keeps a price that waits to be sent", "A raised price never reaches the shop.",
        ONE, shop("a,A,9,15.00,active"), products("A,15.00,5"),
        steps=(Products(products("A,9", columns="sku,quantity")), "sync shop")),
    Row("a file of stock after all was sent", "The price is erased in the shop, or the item is given away.",
        ONE, shop("a,A,9,10.00,active"), ONE_PRODUCT,
        steps=("sync shop", Products(products("A,9", columns="sku,quantity")), "sync shop", "sync shop --full")),
    Row("files of prices and of stock by turns", "Every night one feed takes back what the other one said.",
        ONE, shop("a,A,3,13.00,active"), ONE_PRODUCT,
        steps=("sync shop", Products(products("A,11.00", columns="sku,price")), Products(products("A,4", columns="sku,quantity")),
               "sync shop",
               File(shop("a,A,4,11.00,active")), Products(products("A,12.00", columns="sku,price")), "sync shop",
               Products(products("A,3", columns="sku,quantity")), Products(products("A,13.00", columns="sku,price")), "sync shop")),
    Row("a file of SKUs alone states nothing", "A list of what is sold empties the shop.",
        ONE, shop("a,A,2,11.00,active"), products("A,11.00,2"),
        steps=(Products(products("A", columns="sku")), "sync shop", "sync shop --full")),
    Row("a file of titles", "Who corrects a title loses prices and stock.",
        ONE, shop("a,A,2,11.00,active"), products("A,11.00,2"),
        steps=(Products(products("A,Cup", columns="sku,title")), "build shop", "sync shop", "sync shop --full")),
    Row("a barcode that a file of prices does not have", "Its link is lost at the next build, and with it the price.",
        barcoded("a,,036000291452,5,10.00,active"), barcoded("a,,036000291452,5,11.00,active"),
        products("A,036000291452,10.00,5", columns="sku,upc,price,quantity"), rules="--rule upc=barcode,norm=gtin",
        steps=(Products(products("A,11.00", columns="sku,price")), "build shop", "pull shop", "link shop", "sync shop"),
        listings={"A": {"link_state": "linked", "external_id": "a"}}),
    Row("a barcode that a file of prices does not have, before the first build", "The products of a price list cannot be linked any more.",
        barcoded("a,,036000291452,5,10.00,active"), barcoded("a,,036000291452,5,11.00,active"),
        rules="--rule upc=barcode,norm=gtin",
        steps=(Products(products("A,036000291452,10.00,5", columns="sku,upc,price,quantity")),
               Products(products("A,11.00", columns="sku,price")), "build shop", "link shop", "sync shop"),
        listings={"A": {"link_state": "linked", "external_id": "a"}}),
    Row("an attribute that a rule uses and a later file does not have", "Links by a reference number of the merchant's own are lost.",
        ONE, shop("a,A,5,11.00,active"), products("X,a,10.00,5", columns="sku,ref,price,quantity"), rules="--rule ref=handle",
        steps=(Products(products("X,11.00", columns="sku,price")), "build shop", "link shop --release-broken", "sync shop"),
        listings={"X": {"link_state": "linked", "external_id": "a"}}),
    Row("a compare-at price that a file of prices does not have",
        "A sale loses the price that it is compared with, which is against the law in places.",
        table("Handle,Variant SKU,Variant Price,Variant Compare At Price", "a,A,8.00,10.00"),
        table("Handle,Variant SKU,Variant Price,Variant Compare At Price", "a,A,7.00,12.00"),
        products("A,8.00,12.00", columns="sku,price,compare_at_price"), channel="--sync-fields price,compare_at_price",
        steps=(Products(products("A,7.00", columns="sku,price")), "sync shop")),
    Row("an urgency that a file does not have", "What was marked to go out first waits behind everything else.",
        ONE, shop("a,A,5,11.00,active"), products("A,10.00,5,3", columns="sku,price,quantity,sync_priority"),
        steps=(Products(products("A,11.00", columns="sku,price")), "sync shop"), listings={"A": {"sync_priority": 3}}),
    Row("a shop's export without stock as the product file", "The merchant's own stock is erased by an export that has none.",
        ONE, shop("a,A,2,11.00,active"), Products(shop("a,A,2,10.00,active"), "--dialect shopify"),
        steps=(Products(table("Handle,Variant SKU,Variant Price", "a,A,11.00"), "--dialect shopify"), "sync shop")),
    Row("an empty price in a stated column", "An empty cell becomes a price of nothing, and the item is given away.",
        ONE, None, ONE_PRODUCT, steps=("sync shop", Products(products("A,,5")), "sync shop", "sync shop --full"),
        attentions="A:field_missing?",
        listings={"A": {"price": None}}),
    Row("an empty quantity in a stated column", "An empty cell becomes 0 or many, and the item is sold out or oversold.",
        ONE, None, ONE_PRODUCT, steps=("sync shop", Products(products("A,10.00,")), "sync shop", "sync shop --full"),
        attentions="A:field_missing?",
        listings={"A": {"quantity": None}}),
    Row("a product that no row names", "Products that a file does not name are taken for removed.",
        TWO, shop("a,A,4,10.00,active", B_ACTIVE), TWO_PRODUCTS, steps=(Products(products("A,10.00,4")), "sync shop", "sync shop --full")),
    Row("a channel's file without a column for stock", "Where one value has no place, no price goes out either.",
        table("Handle,Variant SKU,Variant Price,Status", "a,A,10.00,active"),
        table("Handle,Variant SKU,Variant Price,Status", "a,A,11.00,active"),
        products("A,11.00,5"), steps=("~sync shop",), attentions="A:missing_column?"),
)


def unknown_status_rows(word, cell, harm):
    """A word in the status column that is none of the format's."""
    yield Row(f"{word}, from the beginning", harm, shop(f"a,A,5,10.00,{cell}", B_ACTIVE), shop(f"a,A,4,11.00,{cell}", B_ACTIVE),
              products("A,11.00,4", "B,12.00,7"), steps=("sync shop", "sync shop --full"), attentions=f"A:{NOT_UNDERSTOOD}",
              listings={"A": {"link_state": "linked", "health": "unknown"}}, needs="author")
    yield Row(f"{word}, written by the shop's staff later", harm, TWO, shop(f"a,A,4,10.00,{cell}", B_ACTIVE), TWO_PRODUCTS,
              steps=("sync shop", Edit("A,5,10.00,active", f"A,5,10.00,{cell}"), "sync shop --full",
                     Products(products("A,10.00,4", columns="sku,price,quantity")), "sync shop", "sync shop --full"),
              attentions=f"A:{NOT_UNDERSTOOD}", listings={"A": {"health": "unknown"}}, needs="author")


kind(
    "not understood is not different",
    *unknown_status_rows("unlisted", "unlisted", "A product that only those with the link may see is published."),
    *unknown_status_rows("draft with a blank", "draft ", "A draft is published, since a blank stands after the word."),
    *unknown_status_rows("a translated word", "Entwurf", "Drafts of a shop in another language are published."),
    *unknown_status_rows("an empty cell", "", "A product whose status nobody gave is published."),
    *unknown_status_rows("a number", "1", "A product with a code of some plugin for its status is published."),
    Row("a word that is understood again", "The alarm stays for ever, so that nobody looks at alarms any more.",
        shop("a,A,5,10.00,unlisted"), shop("a,A,5,10.00,draft"), ONE_PRODUCT,
        steps=("sync shop", Has(f"A:{NOT_UNDERSTOOD}"), Edit("unlisted", "draft"), "sync shop --full"), attentions="",
        listings={"A": {"health": "hidden"}}, needs="author"),
    Row("a rule that hides meets a word that is not understood", "What the shop's staff wrote is lost, and nobody can tell what it was.",
        shop("a,A,5,10.00,unlisted"), shop("a,A,0,10.00,unlisted"), products("A,10.00,0"), channel=HIDE_SOLD_OUT,
        steps=("rules shop", "~sync shop", "~sync shop --full"), attentions=f"A:{NOT_UNDERSTOOD}", needs="author"),
    Row("a rule that shows meets a word that is not understood", "A product that was kept out of sight is published.",
        shop("a,A,5,10.00,unlisted"), shop("a,A,4,10.00,unlisted"), products("A,10.00,4"), channel=SHOW_IN_STOCK,
        steps=("rules shop", "~sync shop", "~sync shop --full"), attentions=f"A:{NOT_UNDERSTOOD}", needs="author"),
    Row("a published column with another word", "A product is published because a word was not known.",
        table("Handle,Variant SKU,Variant Inventory Qty,Variant Price,Published", "a,A,5,10.00,ja"),
        table("Handle,Variant SKU,Variant Inventory Qty,Variant Price,Published", "a,A,4,10.00,ja"), products("A,10.00,4"),
        steps=("sync shop", "sync shop --full"), attentions=f"A:{NOT_UNDERSTOOD}", listings={"A": {"health": "unknown"}}, needs="author"),
    Row("rows of one handle that stand apart, and the product is a draft",
        "A draft is published, because its second size was taken for another product.",
        sized("tee,S,TEE-S,5,10.00,draft", "cup,,CUP,1,5.00,active", "tee,M,TEE-M,5,10.00,"),
        sized("tee,S,TEE-S,5,10.00,draft", "cup,,CUP,1,5.00,active", "tee,M,TEE-M,4,11.00,"),
        products("TEE-S,10.00,5", "TEE-M,11.00,4", "CUP,5.00,1"), steps=("sync shop", "sync shop --full"),
        listings={"TEE-S": {"health": "hidden"}, "TEE-M": {"health": "hidden"}, "CUP": {"health": "listed"}}),
    Row("a word that is not understood, of a product of several items", "A product is published by way of its second size.",
        sized("tee,S,TEE-S,5,10.00,unlisted", "tee,M,TEE-M,5,10.00,"), sized("tee,S,TEE-S,5,10.00,unlisted", "tee,M,TEE-M,4,11.00,"),
        products("TEE-S,10.00,5", "TEE-M,11.00,4"), steps=("sync shop", "sync shop --full"),
        attentions=f"TEE-S:{NOT_UNDERSTOOD} TEE-M:{NOT_UNDERSTOOD}",
        listings={"TEE-S": {"health": "unknown"}, "TEE-M": {"health": "unknown"}}, needs="author"),
    Row("sizes whose rows say different words", "The wrong one of two statuses is written over the other.",
        sized("tee,S,TEE-S,5,10.00,draft", "tee,M,TEE-M,5,10.00,active"), sized("tee,S,TEE-S,4,10.00,draft", "tee,M,TEE-M,5,10.00,active"),
        products("TEE-S,10.00,4", "TEE-M,10.00,5"), steps=("sync shop", "sync shop --full"), items="tee/M:status_disagrees"),
)

PERSON_HIDES = "listing status shop A hidden"

kind(
    "a status has an author",
    Row("what a rule hid returns when the rule no longer holds", "A product that is in stock again is not sold.",
        ONE, None, products("A,10.00,0"), channel=HIDE_SOLD_OUT,
        steps=("rules shop", "sync shop", File(shop("a,A,0,10.00,draft")), Products(products("A,10.00,5")), "rules shop", "sync shop"),
        needs="author"),
    Row("what a rule hid and was a draft before stays a draft", "A product that was never released is published by new stock.",
        shop("a,A,5,10.00,draft"), None, products("A,10.00,0"), channel=HIDE_SOLD_OUT,
        steps=("rules shop", "sync shop", Products(products("A,10.00,5")), "rules shop", "sync shop", "sync shop --full")),
    Row("a rule that is replaced by one that does not hold", "Products stay hidden by a rule that is not there any more.",
        ONE, shop("a,A,0,10.00,active"), products("A,10.00,0"), channel=HIDE_SOLD_OUT,
        steps=("rules shop", "sync shop", File(shop("a,A,0,10.00,draft")), "channel set shop --status-rule 'price<1.00:hide'", "rules shop",
               "sync shop"),
        needs="author"),
    Row("an adopted status follows the shop's staff who hide", "A product that staff took off sale (a recall, say) is published again.",
        ONE, shop("a,A,5,10.00,draft"), ONE_PRODUCT, steps=("sync shop", Edit("active", "draft"), "sync shop --full",
                                                            "sync shop --force A"),
        listings={"A": {"health": "hidden"}}, needs="author"),
    Row("an adopted status follows the shop's staff who show", "A product that staff released is taken off sale again.",
        shop("a,A,5,10.00,draft"), ONE, ONE_PRODUCT, steps=("sync shop", Edit("draft", "active"), "sync shop --full",
                                                            "sync shop --force A"),
        listings={"A": {"health": "listed"}}, needs="author"),
    Row("an adopted status follows the shop while prices go out", "A price change publishes what staff hid.",
        ONE, shop("a,A,5,11.00,draft"), ONE_PRODUCT,
        steps=("sync shop", Edit("active", "draft"), Products(products("A,11.00,5")), "sync shop", "sync shop --full"), needs="author"),
    Row("what a rule hid and staff showed is hidden again", "A product that is sold out is sold.",
        ONE, shop("a,A,0,10.00,draft"), products("A,10.00,0"), channel=HIDE_SOLD_OUT,
        steps=("rules shop", "sync shop", Edit("draft", "active"), "sync shop --full")),
    Row("what a rule showed and staff hid stays hidden", "A recalled product is published again by a rule that knows only its stock.",
        shop("a,A,5,10.00,draft"), shop("a,A,5,10.00,draft"), ONE_PRODUCT, channel=SHOW_IN_STOCK,
        steps=("rules shop", "sync shop", File(ONE), Edit("active", "draft"), "sync shop --full", "rules shop", "sync shop"),
        attentions="A:hidden_on_channel", listings={"A": {"health": "hidden"}}, needs="author"),
    Row("what a person hid and the shop showed is hidden again", "A product that its owner took off sale is sold.",
        ONE, shop("a,A,5,10.00,draft"), ONE_PRODUCT, steps=(PERSON_HIDES, "sync shop", Edit("draft", "active"), "sync shop --full")),
    Row("what a person listed and the shop hid is shown again",
        "Where the merchant's word is to count, an app in the shop has the last one.",
        shop("a,A,5,10.00,draft"), ONE, ONE_PRODUCT,
        steps=("listing status shop A listed", "sync shop", Edit("active", "draft"), "sync shop --full")),
    Row("a drift of a stated status is adopted where the channel says so", "The shop's staff and flxlink write over each other for ever.",
        ONE, ONE, ONE_PRODUCT, channel="--on-status-drift adopt",
        steps=(PERSON_HIDES, "sync shop", File(shop("a,A,5,10.00,draft")), Edit("draft", "active"), "sync shop --full", "sync shop --full"),
        listings={"A": {"health": "listed"}}, needs="author"),
    Row("what a person stated is stronger than a rule", "A rule publishes what its owner hid.",
        ONE, shop("a,A,5,10.00,draft"), ONE_PRODUCT, channel=SHOW_IN_STOCK,
        steps=(PERSON_HIDES, "rules shop", "sync shop", "rules shop", "sync shop --full"), needs="author"),
    Row("what a person stated outlives a build", "A rebuild publishes what its owner hid.",
        ONE, shop("a,A,5,10.00,draft"), ONE_PRODUCT,
        steps=(PERSON_HIDES, "sync shop", Products(products("A,Cup,10.00,5", columns="sku,title,price,quantity")), "build shop",
               "sync shop --full")),
    Row("a person takes a stated status back", "A status once stated can never be left to the shop again.",
        ONE, ONE, ONE_PRODUCT,
        steps=(PERSON_HIDES, "sync shop", "listing status shop A adopted", "sync shop", File(shop("a,A,5,10.00,draft")),
               Edit("draft", "active"),
               "sync shop --full"), listings={"A": {"health": "listed"}}, needs="author"),
    Row("one size is sold out, the others are adopted", "A whole product vanishes from the shop because one size is sold out.",
        sized("tee,S,TEE-S,5,10.00,active", "tee,M,TEE-M,5,10.00,"), sized("tee,S,TEE-S,0,10.00,active", "tee,M,TEE-M,5,10.00,"),
        products("TEE-S,10.00,0", "TEE-M,10.00,5"), channel=HIDE_SOLD_OUT, steps=("rules shop", "sync shop", "sync shop --full"),
        attentions="TEE-S:siblings_disagree? TEE-M:siblings_disagree?", listings={"TEE-M": {"health": "listed"}}),
    Row("all sizes are sold out", "A product with nothing to sell stays in the shop, although the merchant asked otherwise.",
        sized("tee,S,TEE-S,5,10.00,active", "tee,M,TEE-M,5,10.00,"), sized("tee,S,TEE-S,0,10.00,draft", "tee,M,TEE-M,0,10.00,"),
        products("TEE-S,10.00,0", "TEE-M,10.00,0"), channel=HIDE_SOLD_OUT, steps=("rules shop", "sync shop", "sync shop --full")),
    Row("one size is not linked and in stock", "A product is hidden with a size that flxlink knows nothing about.",
        sized("tee,S,TEE-S,5,10.00,active", "tee,L,OTHER,5,10.00,"), sized("tee,S,TEE-S,0,10.00,active", "tee,L,OTHER,5,10.00,"),
        products("TEE-S,10.00,0"), channel=HIDE_SOLD_OUT, steps=("rules shop", "sync shop", "sync shop --full"),
        attentions="TEE-S:siblings_disagree?",
        needs="author"),
    Row("a person hides one size of two", "A person's word about one size takes the other one off sale.",
        sized("tee,S,TEE-S,5,10.00,active", "tee,M,TEE-M,5,10.00,"), None, products("TEE-S,10.00,5", "TEE-M,10.00,5"),
        steps=("listing status shop TEE-S hidden", "~sync shop", "~sync shop --full"),
        attentions="TEE-S:siblings_disagree? TEE-M:siblings_disagree?"),
    Row("one size is sold out, and its rows stand apart",
        "A product vanishes from the shop, since its second size was taken for another product.",
        sized("tee,S,TEE-S,5,10.00,active", "cup,,CUP,1,5.00,active", "tee,M,TEE-M,5,10.00,"),
        sized("tee,S,TEE-S,0,10.00,active", "cup,,CUP,1,5.00,active", "tee,M,TEE-M,5,10.00,"),
        products("TEE-S,10.00,0", "TEE-M,10.00,5", "CUP,5.00,1"), channel=HIDE_SOLD_OUT,
        steps=("rules shop", "sync shop", "sync shop --full"),
        attentions="TEE-S:siblings_disagree? TEE-M:siblings_disagree?"),
    Row("a person delists", "What a person took off the shop is on it, or comes back with the next sync.",
        TWO, shop("a,A,5,10.00,draft", B_ACTIVE), TWO_PRODUCTS,
        steps=("listing status shop A delisted", "sync shop", "sync shop --full", "link shop"),
        listings={"A": {"health": "delisted"}}),
    Row("statuses that are not synced are left alone", "A channel whose statuses its staff keep is changed.",
        ONE, shop("a,A,0,10.00,active"), products("A,10.00,0"), channel=f"--sync-fields price,quantity {HIDE_SOLD_OUT}",
        steps=("~rules shop", "sync shop", "sync shop --full")),
    Row("a published column", "A rule's word does not come, or stays for ever, where the shop says `Published`.",
        table("Handle,Variant SKU,Variant Inventory Qty,Variant Price,Published", "a,A,5,10.00,true"), None, products("A,10.00,0"),
        channel=HIDE_SOLD_OUT,
        steps=("rules shop", "sync shop", File(table("Handle,Variant SKU,Variant Inventory Qty,Variant Price,Published",
                                                     "a,A,0,10.00,false")),
               Products(products("A,10.00,5")), "rules shop", "sync shop"), needs="author"),
)

DESK = shop("desk,OLD-1,1,500.00,active", B_ACTIVE)
DESK_PRODUCTS = products("OLD-1,500.00,1", "B,12.00,7")
TOY_DESK = shop("desk,NEW-7,80,19.00,active", B_ACTIVE)
EXCHANGED = shop("a,B,7,12.00,active", "b,A,5,10.00,active")
REPRICED = Products(products("A,11.00,5", "B,13.00,7"))

kind(
    "a link is not for ever",
    Row("a handle that is used again by another product", "A toy costs 500.00, or an oak desk 19.00.",
        DESK, TOY_DESK, DESK_PRODUCTS, steps=("sync shop", Write(TOY_DESK), "sync shop --full"), attentions="OLD-1:link_doubtful",
        listings={"OLD-1": {"link_state": "linked", "external_id": "desk"}}, needs="doubt"),
    Row("a handle that is used again, and then the old product's price changes",
        "Another product silently gets the old one's price and stock.",
        DESK, TOY_DESK, DESK_PRODUCTS,
        steps=("sync shop", Write(TOY_DESK), "pull shop", Products(products("OLD-1,450.00,3", "B,12.00,7")), "sync shop",
               "sync shop --full"),
        attentions="OLD-1:link_doubtful", needs="doubt"),
    Row("a handle that is used again between a pull and a push", "The push that comes just then prices another product.",
        DESK, TOY_DESK, DESK_PRODUCTS,
        steps=("sync shop", Products(products("OLD-1,450.00,3", "B,12.00,7")), Write(TOY_DESK), "~sync shop"),
        attentions="OLD-1:link_doubtful",
        items=None, needs="doubt"),
    Row("a handle that is used again, sent by force", "A person who forces one SKU overwrites another product.",
        DESK, TOY_DESK, DESK_PRODUCTS, steps=("sync shop", Write(TOY_DESK), "pull shop", "~sync shop --force OLD-1"),
        attentions="OLD-1:link_doubtful", needs="doubt"),
    Row("a handle that is used again after it was gone for a day", "A link heals onto another product.",
        DESK, TOY_DESK, DESK_PRODUCTS,
        steps=("sync shop", Write(shop(B_ACTIVE)), "sync shop --full", Write(TOY_DESK), "sync shop --full",
               Products(products("OLD-1,450.00,3", "B,12.00,7")), "sync shop"),
        attentions="OLD-1:link_doubtful", needs="doubt"),
    Row("an item that was gone for a day and is the same", "A product is not kept in sync any more after one bad export.",
        TWO, shop("a,A,5,11.00,active", B_ACTIVE), TWO_PRODUCTS,
        steps=("sync shop", Write(shop(B_ACTIVE)), "sync shop --full", Has("A:item_gone"), Write(TWO), "sync shop --full",
               Products(products("A,11.00,5", "B,12.00,7")), "sync shop"),
        listings={"A": {"link_state": "linked", "external_id": "a"}}),
    Row("two SKUs that are exchanged in the shop", "Each of two products gets the other one's price and stock.",
        TWO, EXCHANGED, TWO_PRODUCTS, steps=("sync shop", Write(EXCHANGED), "sync shop --full", REPRICED, "sync shop"),
        attentions="A:link_doubtful B:link_doubtful", needs="doubt"),
    Row("two SKUs that are exchanged, where doubt goes on", "A merchant who chose to go on is held back, or is not told.",
        TWO, shop("a,B,5,11.00,active", "b,A,7,13.00,active"), TWO_PRODUCTS, channel="--on-doubt keep",
        steps=("sync shop", Write(EXCHANGED), "sync shop --full", REPRICED, "sync shop"), attentions="A:link_doubtful B:link_doubtful",
        needs="doubt"),
    Row("two SKUs that are exchanged, where doubt dissolves", "Links that nobody trusts stay, although the merchant asked otherwise.",
        TWO, shop("a,B,7,13.00,active", "b,A,5,11.00,active"), TWO_PRODUCTS, channel="--on-doubt dissolve",
        steps=("sync shop", Write(EXCHANGED), "pull shop", "link shop", REPRICED, "sync shop"),
        listings={"A": {"link_state": "linked", "external_id": "b"}, "B": {"link_state": "linked", "external_id": "a"}}, needs="doubt"),
    Row("two SKUs that are exchanged, and the doubtful links are released", "The way out of a doubt leads to the same wrong links.",
        TWO, shop("a,B,7,13.00,active", "b,A,5,11.00,active"), TWO_PRODUCTS,
        steps=("sync shop", Write(EXCHANGED), "pull shop", REPRICED, "link shop --release-doubtful", "sync shop"),
        listings={"A": {"link_state": "linked", "external_id": "b"}, "B": {"link_state": "linked", "external_id": "a"}}, needs="doubt"),
    Row("two SKUs that are exchanged and exchanged back", "A doubt stays for ever, and with it old prices.",
        TWO, shop("a,A,5,11.00,active", "b,B,7,13.00,active"), TWO_PRODUCTS,
        steps=("sync shop", Write(EXCHANGED), "sync shop --full", REPRICED, "sync shop", File(EXCHANGED), Write(TWO), "pull shop",
               "sync shop"),
        needs="doubt"),
    Row("a doubt that a person ends by confirming", "A new SKU of the same product stops its prices for ever.",
        DESK, shop("desk,NEW-7,1,500.00,active", B_ACTIVE), DESK_PRODUCTS,
        steps=("sync shop", Write(TOY_DESK), "sync shop --full", File(TOY_DESK), "listing confirm shop OLD-1", "sync shop"), needs="doubt"),
    Row("a doubt that a person ends by unlinking", "A link that a person dissolved is made again, or written to.",
        DESK, TOY_DESK, DESK_PRODUCTS,
        steps=("sync shop", Write(TOY_DESK), "sync shop --full", "listing unlink shop OLD-1", "link shop",
               Products(products("OLD-1,450.00,3", "B,12.00,7")), "sync shop", "sync shop --full"),
        listings={"OLD-1": {"link_state": "unlinked"}}, needs="doubt"),
    Row("a confirmed link whose handle is used again after all", "Who confirmed once is never warned again.",
        DESK, shop("desk,THIRD,5,3.00,active", B_ACTIVE), DESK_PRODUCTS,
        steps=("sync shop", "listing confirm shop OLD-1", Write(shop("desk,THIRD,5,3.00,active", B_ACTIVE)), "sync shop --full"),
        attentions="OLD-1:link_doubtful", needs="doubt"),
    Row("a link by hand whose item becomes another one", "Links by hand, where nothing else checks them, price another product.",
        shop("x,X-1,5,10.00,active"), shop("x,X-2,80,3.00,active"), ONE_PRODUCT,
        steps=("listing link shop A x", "sync shop", Write(shop("x,X-2,80,3.00,active")), "sync shop --full"),
        attentions="A:link_doubtful", needs="doubt"),
    Row("a link by hand of two that never agreed", "Links by hand are doubted from the first day, so that none can be made.",
        shop("x,X-1,5,10.00,active"), shop("x,X-1,4,11.00,active"), products("A,11.00,4"),
        steps=("listing link shop A x", "sync shop", "sync shop --full"), listings={"A": {"link_state": "linked"}}),
    Row("a SKU that changes where the barcode still agrees", "A corrected SKU in the shop stops a product that is surely the same.",
        barcoded("a,A,036000291452,5,10.00,active"), barcoded("a,A-NEW,036000291452,5,11.00,active"),
        products("A,036000291452,10.00,5", columns="sku,upc,price,quantity"), rules="--rule sku=sku --rule upc=barcode,norm=gtin",
        steps=("sync shop", Edit("a,A,", "a,A-NEW,"), "pull shop",
               Products(products("A,036000291452,11.00,5", columns="sku,upc,price,quantity")), "sync shop"),
        listings={"A": {"link_state": "linked", "external_id": "a"}}),
    Row("a SKU that is emptied in the shop", "A cell that staff emptied stops a product, though nothing says that it is another one.",
        ONE, shop("a,,5,11.00,active"), ONE_PRODUCT, steps=("sync shop", Edit("a,A,", "a,,"), "pull shop", Products(products("A,11.00,5")),
                                                            "sync shop"),
        listings={"A": {"link_state": "linked", "external_id": "a"}}),
    Row("a SKU that changes its case where the rule does not look at case", "A harmless edit stops a product.",
        ONE, shop("a,a,5,11.00,active"), ONE_PRODUCT, rules="--rule sku=sku,norm=casefold",
        steps=("sync shop", Edit("a,A,", "a,a,"), "pull shop", Products(products("A,11.00,5")), "sync shop")),
    Row("a SKU that changes its case where the rule looks at case", "By the merchant's own rule it is another product, and gets the price.",
        ONE, shop("a,a,5,10.00,active"), ONE_PRODUCT,
        steps=("sync shop", Edit("a,A,", "a,a,"), "pull shop", Products(products("A,11.00,5")), "sync shop"), attentions="A:link_doubtful",
        needs="doubt"),
    Row("a barcode that the merchant changes", "The merchant's own correction stops a product, or moves its price elsewhere.",
        barcoded("a,,036000291452,5,10.00,active"), barcoded("a,,036000291452,5,11.00,active"),
        products("A,036000291452,10.00,5", columns="sku,upc,price,quantity"), rules="--rule upc=barcode,norm=gtin",
        steps=("sync shop", Products(products("A,4006381333931,11.00,5", columns="sku,upc,price,quantity")), "build shop", "sync shop",
               "pull shop", "sync shop"),
        attentions="A:key_drift?", listings={"A": {"link_state": "linked", "external_id": "a"}}),
    Row("an item that was gone for a day and has another SKU, where the barcode agrees",
        "A product that is surely the same stays parted from its item.",
        barcoded("a,A,036000291452,5,10.00,active", "b,B,,7,12.00,active"),
        barcoded("a,A-NEW,036000291452,5,11.00,active", "b,B,,7,12.00,active"),
        products("A,036000291452,10.00,5", "B,,12.00,7", columns="sku,upc,price,quantity"),
        rules="--rule sku=sku --rule upc=barcode,norm=gtin",
        steps=("sync shop", Write(barcoded("b,B,,7,12.00,active")), "pull shop",
               Write(barcoded("a,A-NEW,036000291452,5,10.00,active", "b,B,,7,12.00,active")),
               "pull shop", Products(products("A,036000291452,11.00,5", columns="sku,upc,price,quantity")), "sync shop"),
        listings={"A": {"link_state": "linked", "external_id": "a"}}),
    Row("an item that was gone for a day and lost its SKU", "A row that lost its name is taken for the product that stood there before.",
        TWO, shop("a,,80,1.00,active", B_ACTIVE), TWO_PRODUCTS,
        steps=("sync shop", Write(shop(B_ACTIVE)), "pull shop", Write(shop("a,,80,1.00,active", B_ACTIVE)), "pull shop",
               Products(products("A,11.00,4", "B,12.00,7")), "sync shop"), attentions="A:link_doubtful", needs="doubt"),
    Row("a rule's word about a doubtful link", "Another product is hidden because the old one is sold out.",
        DESK, TOY_DESK, DESK_PRODUCTS, channel=HIDE_SOLD_OUT,
        steps=("sync shop", Write(TOY_DESK), "pull shop", Products(products("OLD-1,500.00,0", "B,12.00,7")), "rules shop", "sync shop",
               "sync shop --full"),
        attentions="OLD-1:link_doubtful", needs="doubt"),
    Row("a handle that the shop renames, where broken links are not made anew", "A price goes to an item that nobody linked.",
        DESK, shop("table,OLD-1,1,500.00,active", B_ACTIVE), DESK_PRODUCTS,
        steps=("sync shop", Edit("desk,", "table,"), "sync shop --full", Products(products("OLD-1,450.00,1", "B,12.00,7")), "link shop",
               "~sync shop"),
        attentions="OLD-1:item_gone", listings={"OLD-1": {"link_state": "broken", "external_id": "desk"}}),
    Row("a handle that the shop renames, where broken links are made anew",
        "A merchant who asked for it has to link every renamed product again.",
        DESK, shop("table,OLD-1,1,450.00,active", B_ACTIVE), DESK_PRODUCTS, channel="--relink-broken yes",
        steps=("sync shop", Edit("desk,", "table,"), "sync shop --full", Products(products("OLD-1,450.00,1", "B,12.00,7")), "link shop",
               "sync shop"),
        listings={"OLD-1": {"link_state": "linked", "external_id": "table"}}, needs="relink"),
    Row("a handle that the shop renames, and the broken links are released", "The way out of a broken link does not lead out.",
        DESK, shop("table,OLD-1,1,450.00,active", B_ACTIVE), DESK_PRODUCTS,
        steps=("sync shop", Edit("desk,", "table,"), "sync shop --full", Products(products("OLD-1,450.00,1", "B,12.00,7")),
               "link shop --release-broken",
               "sync shop"), listings={"OLD-1": {"link_state": "linked", "external_id": "table"}}),
)

kind(
    "absent must be proved",
    Row("a row whose handle is gone for a day", "A slip in one cell of an export parts a product from its item for ever.",
        TWO, shop("a,A,5,11.00,active", "b,B,7,13.00,active"), TWO_PRODUCTS,
        steps=("sync shop", Edit("a,A,", ",A,"), "pull shop", REPRICED, "sync shop", File(shop(",A,5,10.00,active", "b,B,7,13.00,active")),
               Edit("\n,A,", "\na,A,"), "pull shop", "sync shop"),
        items="an_item_of_the_channel:unreadable_item shop:absence_unproved?",
        listings={"A": {"link_state": "linked", "external_id": "a"}}),
    Row("a row whose quantity cannot be read", "A word in one cell breaks the link of a product that is there.",
        TWO, shop("a,A,many,10.00,active", "b,B,7,13.00,active"), TWO_PRODUCTS,
        steps=("sync shop", Edit("a,A,5", "a,A,many"), "pull shop", Products(products("A,10.00,5", "B,13.00,7")), "sync shop"),
        items="a:unreadable_item", listings={"A": {"link_state": "linked", "external_id": "a"}}),
    Row("a fetch of another item", "A look at one item breaks the links of all others.",
        TWO, TWO, TWO_PRODUCTS, steps=("sync shop", Write(shop(B_ACTIVE)), "pull shop --item b", Write(TWO)),
        listings={"A": {"link_state": "linked", "external_id": "a"}}),
    Row("a fetch of an item that is not there", "A product that is gone for sure is sold on.",
        TWO, shop(B_ACTIVE), TWO_PRODUCTS, steps=("sync shop", Write(shop(B_ACTIVE)), "~pull shop --item a"), attentions="A:item_gone",
        items=None,
        listings={"A": {"link_state": "broken"}, "B": {"link_state": "linked"}}),
    Row("a file that ends in the middle of a cell", "A half-written export breaks all links after it.",
        TWO, TWO, TWO_PRODUCTS, steps=("sync shop", Write('Handle,Variant SKU,Variant Inventory Qty,Variant Price,Status\na,"A'),
                                       "!pull shop", Write(TWO)),
        listings={"A": {"link_state": "linked"}, "B": {"link_state": "linked"}}),
    Row("a file that ends in the middle of a row", "A half-written export breaks all links after it.",
        TWO, TWO, TWO_PRODUCTS,
        steps=("sync shop", Write("Handle,Variant SKU,Variant Inventory Qty,Variant Price,Status\na,A,5\n"), "!pull shop", Write(TWO)),
        listings={"A": {"link_state": "linked"}, "B": {"link_state": "linked"}}),
    Row("a file without a byte", "An export that failed breaks every link.",
        TWO, TWO, TWO_PRODUCTS, steps=("sync shop", Write(""), "!pull shop", Write(TWO)),
        listings={"A": {"link_state": "linked"}, "B": {"link_state": "linked"}}),
    Row("an item that is gone for sure", "A price goes to another item, or nobody learns that the product is not sold.",
        TWO, shop(B_ACTIVE), TWO_PRODUCTS,
        steps=("sync shop", Write(shop(B_ACTIVE)), "pull shop", Products(products("A,11.00,5", "B,12.00,7")), "~sync shop"),
        attentions="A:item_gone", listings={"A": {"link_state": "broken"}}),
    Row("an export that was empty for one night", "Every link has to be made again by hand.",
        TWO, shop("a,A,5,11.00,active", "b,B,7,13.00,active"), TWO_PRODUCTS,
        steps=("sync shop", Write(shop()), "~pull shop", Write(TWO), "pull shop", REPRICED, "sync shop"),
        listings={"A": {"link_state": "linked"}, "B": {"link_state": "linked"}}),
)

SOLD_ONE = (Products(products("A,10.00,6")), "sync shop", Edit("a,A,6", "a,A,4"))  # Two, in fact.

kind(
    "a quantity has a meaning",
    Row("an item that the channel does not track", "An item that is always there becomes one that can be sold out.",
        tracking("a,A,,,10.00,active", "b,B,shopify,7,12.00,active"), tracking("a,A,,,11.00,active", "b,B,shopify,6,12.00,active"),
        products("A,11.00,40", "B,12.00,6"), steps=("sync shop", "sync shop --full", "sync shop --full"),
        attentions="A:inventory_not_tracked"),
    Row("an item that is not tracked and shows a number",
        "A number that means nothing is taken for sales, and raises an alarm at every look.",
        tracking("a,A,,3,10.00,active"), tracking("a,A,,3,10.00,active"), products("A,10.00,40"),
        steps=("sync shop", "sync shop --full", "sync shop --full"),
        attentions="A:inventory_not_tracked"),
    Row("an item that is not tracked, sent by force", "Force writes a number where none may stand.",
        tracking("a,A,,,10.00,active"), None, products("A,10.00,40"), steps=("sync shop", "~sync shop --force A"),
        attentions="A:inventory_not_tracked"),
    Row("an item that becomes tracked", "Its quantity never comes, and it is oversold.",
        tracking("a,A,,,10.00,active"), tracking("a,A,shopify,40,10.00,active"), products("A,10.00,40"),
        steps=("sync shop", Edit("a,A,,,", "a,A,shopify,3,"), "pull shop", "sync shop")),
    Row("an item that is tracked no longer", "Numbers are written to an item whose stock the shop gave up counting.",
        tracking("a,A,shopify,5,10.00,active"), tracking("a,A,,5,10.00,active"), ONE_PRODUCT,
        steps=("sync shop", Edit("shopify", ""), "pull shop", Products(products("A,10.00,9")), "sync shop", "sync shop --full"),
        attentions="A:inventory_not_tracked"),
    Row("an item without a number that is tracked", "An empty cell of the shop is taken for a choice of the shop.",
        tracking("a,A,shopify,,10.00,active"), tracking("a,A,shopify,5,10.00,active"), ONE_PRODUCT),
    Row("the shop sold, and nobody counted", "What was sold is offered again.",
        ONE, shop("a,A,4,10.00,active"), ONE_PRODUCT, steps=(*SOLD_ONE, "sync shop --full", "sync shop --full"),
        attentions="A:quantity_below_acknowledged"),
    Row("the shop sold, and a nightly file repeats an old number",
        "A file that was written before the sale lifts the guard, and what was sold is offered again.",
        ONE, shop("a,A,4,11.00,active"), ONE_PRODUCT,
        steps=(*SOLD_ONE, "sync shop --full", Write(products("A,11.00,6"), "products.csv"), Older("products.csv", 1),
               "product import products.csv", "sync shop",
               "sync shop --full"), attentions="A:quantity_below_acknowledged", needs="as-of"),
    Row("the shop sold, and a file that was written later counts", "A count of the stock never reaches the shop.",
        ONE, shop("a,A,6,10.00,active"), ONE_PRODUCT, steps=(*SOLD_ONE, "sync shop --full", Products(products("A,10.00,6")), "sync shop")),
    Row("the shop sold, and an old file says as of when it counts",
        "Who counted after the sale is not believed, because the file is older.",
        ONE, shop("a,A,6,10.00,active"), ONE_PRODUCT,
        steps=(*SOLD_ONE, "sync shop --full", Write(products("A,10.00,6"), "products.csv"), Older("products.csv", 1),
               "product import products.csv --as-of {now}", "sync shop"), needs="as-of"),
    Row("the shop sold, and a new file says that it counts as of yesterday",
        "A number from before the sale lifts the guard, because its file is new.",
        ONE, shop("a,A,4,10.00,active"), Products(ONE_PRODUCT, "--as-of {yesterday}"),
        steps=(Products(products("A,10.00,6"), "--as-of {yesterday}"), "sync shop", Edit("a,A,6", "a,A,4"), "sync shop --full",
               Products(products("A,10.00,6"), "--as-of {yesterday}"), "sync shop"), attentions="A:quantity_below_acknowledged",
        needs="as-of"),
    Row("a number that is older than the one that is known", "Yesterday's count, delivered late, replaces today's.",
        ONE, shop("a,A,3,10.00,active"), Products(products("A,10.00,3"), "--as-of {now}"),
        steps=("sync shop", Says("product import products.csv --as-of {yesterday}", ("outdated",)),
               Products(products("A,10.00,9"), "--as-of {yesterday}"), "sync shop"), needs="as-of"),
    Row("a number as of tomorrow", "A clock that is wrong locks a quantity until that time comes.",
        ONE, None, ONE_PRODUCT, steps=("sync shop", Products(products("A,10.00,9"), "--as-of {tomorrow}", "?"), "sync shop"),
        needs="as-of"),
    Row("the shop sold, and a lower number comes", "The guard holds back the number that keeps the shop from overselling.",
        ONE, shop("a,A,2,10.00,active"), ONE_PRODUCT, steps=(*SOLD_ONE, "sync shop --full", Products(products("A,10.00,2")), "sync shop")),
    Row("the shop sold between a look and a push of a higher number", "What was sold a minute ago is offered again.",
        ONE, shop("a,A,3,10.00,active"), ONE_PRODUCT, steps=("sync shop", Products(products("A,10.00,9")), Edit("a,A,5", "a,A,3"),
                                                             "~sync shop"),
        attentions="A:quantity_below_acknowledged", items=None),
    Row("the shop sold between a look and a push of a lower number",
        "A lower number is refused because the shop's moved, and the shop oversells.",
        ONE, shop("a,A,2,10.00,active"), ONE_PRODUCT, steps=("sync shop", Products(products("A,10.00,2")), Edit("a,A,5", "a,A,3"),
                                                             "sync shop"), items=None,
        needs="other-guard"),
    Row("the shop sold, and only a price changes", "A price change brings back stock that was sold.",
        ONE, shop("a,A,3,11.00,active"), ONE_PRODUCT, steps=("sync shop", Edit("a,A,5", "a,A,3"),
                                                             Products(products("A,11.00", columns="sku,price")), "sync shop"),
        attentions="A:quantity_below_acknowledged?"),
    Row("the shop sold, and the channel's policy is to overwrite", "A merchant whose word about stock is to count is not heard.",
        ONE, shop("a,A,6,10.00,active"), ONE_PRODUCT, channel="--oversell overwrite", steps=(*SOLD_ONE, "sync shop --full")),
    Row("a quantity below nothing, where the shop knows none", "A shop is given -3, and an error stops all others.", is_started=False,
        steps=(Write(table("external_id,sku,quantity,price,status", "a,A,5,1000,listed", "b,B,7,1200,listed"), "shop.sim"),
               "channel add shop --adapter simulated --set path=shop.sim --rule sku=sku", Products(products("A,10.00,-3", "B,12.00,6")),
               "build shop", "pull shop", "sync shop", "pull shop", Says("--json item show shop a", ('"quantity": 0',)),
               Says("--json item show shop b", ('"quantity": 6',)))),
    Row("a quantity below nothing, where the shop has such", "What was sold beyond the stock is forgotten, or every sync corrects it.",
        shop("a,A,-3,10.00,active", B_ACTIVE), shop("a,A,-3,10.00,active", "b,B,-1,12.00,active"), products("A,10.00,-3", "B,12.00,-1"),
        steps=SENT),
    Row("a quantity that is written in another way",
        "Cells that say the same are rewritten, and the shop's history is full of changes that are none.",
        shop("a,A,5.0,10.00,active", "b,B,07,12,active"), None, TWO_PRODUCTS, steps=("sync shop", "sync shop --full")),
    Row("a quantity that nobody gave", "A product without a count is sold out, or sold without end.",
        ONE, shop("a,A,5,11.00,active"), products("A,11.00", columns="sku,price"), steps=("sync shop", "sync shop --full")),
)

QUOTED = '\ufeff"Handle","Title","Body (HTML)","Variant SKU","Variant Inventory Qty","Variant Price","Status"\r\n' \
         '"a","Cup, ""blue""","<p>one\ntwo</p>","A","5","10.00","active"\r\n"a","","","","","",""\r\n"b","Pot","","B","7","12.0","draft"'

kind(
    "what is known",
    Row("a price that staff changed in the shop, and a partial sync", "A sale that staff made in the shop is undone within minutes.",
        ONE, shop("a,A,4,8.00,active"), ONE_PRODUCT,
        steps=("sync shop", Edit("10.00", "8.00"), "sync shop", "pull shop", "sync shop", Products(products("A,10.00,4")), "sync shop")),
    Row("a price that staff changed in the shop, and a full sync", "A wrong price that was typed in the shop stays for ever.",
        ONE, None, ONE_PRODUCT, steps=("sync shop", Edit("10.00", "8.00"), "pull shop", "sync shop --full")),
    Row("a price that staff changed in the shop, and the merchant after them",
        "The merchant's newer price is held back by a price of yesterday.",
        ONE, shop("a,A,5,11.00,active"), ONE_PRODUCT, steps=("sync shop", Edit("10.00", "8.00"), Products(products("A,11.00,5")),
                                                             "sync shop"), items=None),
    Row("a price that staff changed to what the merchant wants", "A file is written for nothing, and staff edits at that moment are lost.",
        ONE, shop("a,A,5,11.00,active"), ONE_PRODUCT, steps=("sync shop", Products(products("A,11.00,5")), Edit("10.00", "11.00"),
                                                             "sync shop"), items=None),
    Row("a price that changed between link and first push",
        "The first push is compared with what was there when the link was made, and never ends.",
        shop("a,A,5,9.00,active"), ONE, ONE_PRODUCT, steps=(Edit("9.00", "8.00"), "pull shop", "sync shop")),
    Row("a price that became equal between link and first push", "What is right already is sent again.",
        shop("a,A,5,9.00,active"), shop("a,A,5,10.0,active"), ONE_PRODUCT, steps=(Edit("9.00", "10.0"), "pull shop", "sync shop")),
    Row("a price that staff changed, sent by force", "What a person orders for one SKU is not done.",
        TWO, shop("a,A,5,10.00,active", "b,B,7,8.00,active"), TWO_PRODUCTS,
        steps=("sync shop", Edit("10.00", "9.00"), Edit("12.00", "8.00"), "pull shop", "sync shop --force A"), items=None),
    Row("a price that staff emptied", "A price that was taken away by a slip is never put back, or its link breaks.",
        ONE, None, ONE_PRODUCT, steps=("sync shop", Edit("10.00", ""), "sync shop --full"), needs="other-emptied"),
    Row("a quantity that staff emptied", "A count that was taken away by a slip is never put back.",
        ONE, None, ONE_PRODUCT, steps=("sync shop", Edit("a,A,5", "a,A,"), "sync shop --full"), needs="other-emptied"),
    Row("a price that staff emptied, and the merchant after them",
        "An item whose price was taken away is taken for gone, and never gets one again.",
        ONE, shop("a,A,4,11.00,active"), ONE_PRODUCT, steps=("sync shop", Edit("10.00", ""), "pull shop", Products(products("A,11.00,4")),
                                                             "sync shop"),
        listings={"A": {"link_state": "linked"}}),
    Row("the first day of a shop in order", "The first sync changes cells although nothing differs.",
        QUOTED, None, TWO_PRODUCTS, steps=("sync shop", "sync shop --full", "sync shop --full"),
        listings={"A": {"health": "listed"}, "B": {"health": "hidden"}}),
    Row("the first day of a shop that has more than the merchant", "Items that nobody linked are changed.",
        shop(A_ACTIVE, "z,Z,5,99.00,active", "y,,1,1.00,unlisted"), shop("a,A,4,10.00,active", "z,Z,5,99.00,active", "y,,1,1.00,unlisted"),
        products("A,10.00,4"),
        steps=("sync shop", "sync shop --full")),
    Row("a paused listing", "What a person paused is changed.",
        ONE, None, products("A,11.00,4"), steps=("listing pause shop A", "sync shop", "sync shop --full")),
)


def odd_item_row(name, harm, odd, items, **options):
    """An odd item between two that are not: they are sent."""
    return Row(name, harm, shop(A_ACTIVE, odd, "c,C,1,3.00,active"), shop("a,A,4,11.00,active", odd, "c,C,2,3.50,active"),
               products("A,11.00,4", "C,3.50,2"), steps=("sync shop", "sync shop --full"), items=items, **options)


kind(
    "one odd item stops nothing",
    odd_item_row("a quantity of 5.0", "A whole shop stops because one number has a point in it.", "b,B,5.0,12.00,active", ""),
    odd_item_row("a quantity of many", "A whole shop stops because of one word.", "b,B,many,12.00,active", "b:unreadable_item"),
    odd_item_row("a quantity of 5.5", "A whole shop stops, or half a piece is sold.", "b,B,5.5,12.00,active", "b:unreadable_item"),
    odd_item_row("a quantity beyond all numbers", "A whole shop stops, or the number wraps around.",
                 "b,B,99999999999999999999,12.00,active", "b:unreadable_item"),
    odd_item_row("a price that is a word", "A whole shop stops because a price is on request.", "b,B,7,on request,active",
                 "b:unreadable_item"),
    odd_item_row("a price with its currency", "A whole shop stops because of a currency sign.", "b,B,7,$12.00,active", "b:unreadable_item"),
    odd_item_row("a price with three decimals", "A whole shop stops, or a price is rounded.", "b,B,7,12.005,active", "b:unreadable_item"),
    odd_item_row("a price below nothing in the shop", "A whole shop stops, or -5.00 is taken for a price.", "b,B,7,-5.00,active",
                 f"b:{NEGATIVE_PRICE}", needs="other-price"),
    odd_item_row("an item that stands twice", "A whole shop stops, or the second row is taken for the first.", "a,A,1,99.00,active",
                 "a:repeated_item"),
    odd_item_row("an item without a handle", "A whole shop stops because a row has no name.", ",B,7,12.00,active",
                 "an_item_of_the_channel:unreadable_item shop:absence_unproved?"),
    odd_item_row("an item with nothing but a handle", "A row of an image is taken for a product.", "b,,,,", ""),
    odd_item_row("an item without a price", "A row without a price vanishes, and with it the link.", "b,B,7,,active", ""),
    Row("a cell of more than a megabyte that nobody reads", "A whole shop stops because one description is long.",
        table("Handle,Body (HTML),Variant SKU,Variant Inventory Qty,Variant Price", "a,x,A,5,10.00", f"b,{'<p>' * 400000},B,7,12.00"),
        table("Handle,Body (HTML),Variant SKU,Variant Inventory Qty,Variant Price", "a,x,A,4,11.00", f"b,{'<p>' * 400000},B,6,12.00"),
        products("A,11.00,4", "B,12.00,6"), steps=("sync shop", "sync shop --full")),
    odd_item_row("a SKU of more than a megabyte", "A whole shop stops because of one cell.", f"b,{'B' * 1100000},7,12.00,active",
                 "b:value_too_long"),
    Row("a product file with a cell of more than a megabyte that nobody reads", "A whole import stops because one description is long.",
        ONE, shop("a,A,4,11.00,active"),
        Products(table("Handle,Body (HTML),Variant SKU,Variant Inventory Qty,Variant Price", f"a,{'<p>' * 400000},A,4,11.00"),
                 "--dialect shopify")),
    Row("a linked item that becomes odd", "The link breaks, the odd cell is written over, or all others wait.",
        TWO, shop("a,A,many,10.00,active", "b,B,6,13.00,active"), TWO_PRODUCTS,
        steps=("sync shop", Edit("A,5", "A,many"), "sync shop --full", Products(products("A,10.00,4", "B,13.00,6")), "~sync shop"),
        attentions="A:unreadable_item?", items="a:unreadable_item", listings={"A": {"link_state": "linked"}}),
    Row("a linked item that was odd and is corrected", "An item that was odd once is never synced again.",
        shop("a,A,many,10.00,active"), shop("a,A,4,10.00,active"), products("A,10.00,4"),
        steps=("~sync shop", Edit("many", "5"), "pull shop", "sync shop"), items="a:unreadable_item",
        listings={"A": {"link_state": "linked"}}),
    Row("a variant without a price that is linked", "A size that has no price yet is never given one.",
        sized("tee,S,TEE-S,1,10.00,active", "tee,M,TEE-M,2,,"), sized("tee,S,TEE-S,1,10.00,active", "tee,M,TEE-M,5,10.00,"),
        products("TEE-S,10.00,1", "TEE-M,10.00,5")),
    Row("two products of one SKU", "One of two items is chosen by chance and gets the price.",
        shop("a,A,5,10.00,active", "a2,A,5,10.00,active", B_ACTIVE),
        shop("a,A,5,10.00,active", "a2,A,5,10.00,active", "b,B,6,12.00,active"),
        products("A,11.00,4", "B,12.00,6"), listings={"A": {"link_state": "unlinked", "reason": "ambiguous_channel"}}),
)


def refused_row(name, harm, cell, columns="sku,price,quantity", says=r"bad\.csv:2", needs="", options=""):
    """A product file with a value that makes no sense: its row is named, and the shop stays as it is."""
    return Row(name, harm, ONE, None, ONE_PRODUCT,
               steps=("sync shop", Write(table(columns, cell), "bad.csv"), Says(f"!product import bad.csv {options}", (says,)), "sync shop",
                      "sync shop --full"),
               needs=needs)


GERMAN = table("Handle;Variant SKU;Variant Inventory Qty;Variant Price;Status", "a;A;5;1290,00;active", "b;B;7;1.500;active")

kind(
    "nonsense does not go through",
    refused_row("a price below nothing", "The shop pays its customers.", "A,-5.00,5", needs="other-price"),
    refused_row("a compare-at price below nothing", "A shop shows a reduction from less than nothing.", "A,10.00,-12.00",
                "sku,price,compare_at_price", needs="other-price"),
    refused_row("half a piece", "A number is cut or rounded, and stock is wrong.", "A,10.00,5.5"),
    refused_row("a quantity with a separator between thousands", "A thousand becomes one.", 'A,10.00,"1,000"'),
    refused_row("a quantity that is a word", "In stock becomes 0, and nothing is sold.", "A,10.00,In stock"),
    refused_row("a quantity of at least", "More than fifty becomes 50, or nothing.", "A,10.00,>50"),
    refused_row("a quantity with an exponent", "1e3 becomes 1, or a thousand that nobody counted.", "A,10.00,1e3"),
    refused_row("a quantity that is no number", "A calculation that failed becomes a number.", "A,10.00,NaN"),
    refused_row("a price with an error of a spreadsheet", "A broken formula becomes a price.", "A,#REF!,5"),
    refused_row("a price with more decimals than its currency", "A price is rounded by somebody who was not asked.", "A,10.005,5"),
    refused_row("a price with a decimal comma between commas", "19,90 becomes 1990 or 19.", 'A,"19,90",5'),
    refused_row("yen with decimals", "A price is a hundred times too high or too low.", "A,100.50,5", options="--currency JPY"),
    refused_row("a price in words", "A price of nothing is taken from a word.", "A,free,5"),
    refused_row("a number that can be read in two ways", "1.290 is a thousand more, or less, than it should be.", "A;1.290;5",
                "sku;price;quantity", r"bad\.csv:2.*two ways.*(point|comma)"),
    Row("a number that can be read in two ways, with a decimal comma", "A merchant who said how to read it is still refused.",
        ONE, shop("a,A,5,1290.00,active"), Products(table("sku;price;quantity", "A;1.290;5"), "--decimal comma")),
    Row("a number that can be read in two ways, with a decimal point", "A merchant who said how to read it is still refused.",
        ONE, shop("a,A,5,1.29,active"), Products(table("sku;price;quantity", "A;1.290;5"), "--decimal point")),
    Row("more decimals that say nothing", "19.9900 is refused, though it says nothing but 19.99.",
        ONE, shop("a,A,5,19.99,active"), products("A,19.9900,5.00")),
    Row("a channel's price that can be read in two ways", "1.500 becomes 1.5, and a price is a thousandth.",
        GERMAN, GERMAN.replace("1290,00", "1300,00"), products("A,1300.00,5", "B,1600.00,7"), items="b:unclear_numbers",
        listings={"B": {"link_state": "unlinked"}}),
    Row("a channel's price that can be read in two ways, and its mark is said",
        "The channel's numbers are written with another mark than its own.",
        GERMAN, GERMAN.replace("1290,00", "1300,00").replace("1.500", "1600,00"), products("A,1300.00,5", "B,1600.00,7"),
        channel="--set decimal=comma"),
    Row("a supplier's 0.00", "What a supplier does not know is given away.",
        ONE, shop("a,A,4,10.00,active"), products("A,0.00,4"), steps=("sync shop", "sync shop --full"), attentions=f"A:{ZERO_PRICE}",
        needs="zero-price"),
    Row("a supplier's 0.00, sent by force", "What a supplier does not know is given away by force.",
        ONE, shop("a,A,4,10.00,active"), products("A,0.00,4"), steps=("sync shop", "~sync shop --force A"), attentions=f"A:{ZERO_PRICE}",
        needs="zero-price"),
    Row("a price of 0 that the channel allows", "A free sample cannot be free.",
        ONE, shop("a,A,5,0.00,active"), products("A,0.00,5"), channel=ZERO_PRICES_YES, needs="zero-price"),
    Row("a price of 0 that is there already", "A free sample raises an alarm every day.",
        shop("a,A,5,0.00,active"), shop("a,A,4,0.00,active"), products("A,0.00,4"), steps=("sync shop", "sync shop --full")),
    Row("a price of 0 that becomes one", "A price that came after all is held back by the 0 before it.",
        ONE, shop("a,A,5,11.00,active"), products("A,0.00,5"), steps=("sync shop", Products(products("A,11.00,5")), "sync shop")),
    Row("a price in another currency", "Euros become dollars by the number alone.",
        TWO, shop("a,A,4,10.00,active", B_ACTIVE), Products(products("A,11.00,4", "B,12.00,7"), "--currency EUR"),
        steps=("~sync shop", "~sync shop --full"),
        attentions="A:currency_mismatch B:currency_mismatch?"),
)

kind(
    "there is a way out",
    Row("a build of products without a SKU", "A build that left out two of three products looks like a success.",
        sized("tee,S,TEE,5,10.00,active", "tee,M,TEE,7,10.00,", "cup,,,3,6.00,active"), is_started=False,
        steps=("channel add shop --adapter csv --set path=shop.csv --rule sku=sku",
               Products(sized("tee,S,TEE,5,10.00,active", "tee,M,TEE,7,10.00,", "cup,,,3,6.00,active"), "--dialect shopify"),
               Says("!build shop", ("2 ", "TEE", "no SKU")))),
    Row("a build of a SKU that there is not", "A misspelt SKU looks like one that was built.",
        ONE, None, ONE_PRODUCT, steps=("sync shop", Says("!build shop --sku NONE", ("NONE",))), items="NONE:no_product"),
    Row("a broken link names its ways out", "A merchant sees that a link is broken, and nothing that can be done.",
        DESK, shop("table,OLD-1,1,500.00,active", B_ACTIVE), DESK_PRODUCTS,
        steps=("sync shop", Edit("desk,", "table,"), "sync shop --full",
               Says("--json listing list shop --attention", ("item_gone", "--release-broken"))),
        attentions="OLD-1:item_gone"),
    Row("a broken link names the item that it would be linked to", "The item stands there under another name, and nobody says so.",
        DESK, shop("table,OLD-1,1,500.00,active", B_ACTIVE), DESK_PRODUCTS,
        steps=("sync shop", Edit("desk,", "table,"), "sync shop --full",
               Says("--json listing list shop --attention", ("item_gone", "table"))),
        attentions="OLD-1:item_gone", needs="relink"),
    Row("explain of a broken link", "The rule is said to be not tried, though it would link.",
        DESK, shop("table,OLD-1,1,500.00,active", B_ACTIVE), DESK_PRODUCTS,
        steps=("sync shop", Edit("desk,", "table,"), "sync shop --full", Says("listing explain shop OLD-1", ("table", "--release-broken"))),
        attentions="OLD-1:item_gone", needs="explain"),
    Row("a doubtful link names both keys and the ways out", "A merchant sees that a link is doubted, and not why.",
        DESK, TOY_DESK, DESK_PRODUCTS,
        steps=("sync shop", Write(TOY_DESK), "sync shop --full",
               Says("--json listing list shop --doubtful", ("OLD-1", "NEW-7", "listing confirm", "listing unlink"), ('"B"',))),
        attentions="OLD-1:link_doubtful", needs="explain"),
    Row("an item that is archived from the beginning", "The item is said not to be there, and the merchant makes a second one.",
        shop("old,OLD,4,9.00,archived", B_ACTIVE), None, products("OLD,8.00,3", "B,12.00,7"),
        steps=("sync shop", Says("listing explain shop OLD", ("archived", "old"))), listings={"OLD": {"link_state": "unlinked"}},
        needs="explain"),
    Row("an item that the shop archives", "A product that is not sold any more looks listed.",
        TWO, shop("a,A,5,10.00,archived", "b,B,7,13.00,active"), TWO_PRODUCTS,
        steps=("sync shop", Edit("A,5,10.00,active", "A,5,10.00,archived"), "sync shop --full", REPRICED, "sync shop"),
        attentions=f"A:{ARCHIVED}", needs="author"),
    Row("an item that the shop archives, sent by force", "An archived product is written to, or published.",
        ONE, shop("a,A,5,10.00,archived"), ONE_PRODUCT,
        steps=("sync shop", Edit("active", "archived"), "pull shop", Products(products("A,11.00,4")), "~sync shop --force A"),
        attentions=f"A:{ARCHIVED}",
        needs="author"),
    Row("an item that comes back from the archive", "A product that is sold again keeps its old price.",
        ONE, shop("a,A,4,11.00,active"), ONE_PRODUCT,
        steps=("sync shop", Edit("active", "archived"), "sync shop --full", Products(products("A,11.00,4")), "sync shop",
               File(shop("a,A,5,10.00,archived")),
               Edit("archived", "active"), "pull shop", "sync shop"), listings={"A": {"health": "listed"}}),
    Row("explain of an item whose barcode a normalizer refuses",
        "The item is said not to be there, though both sides have the same wrong digit.",
        barcoded("mug,,036000291453,5,10.00,active"), None, products("A,036000291453,10.00,5", columns="sku,upc,price,quantity"),
        rules="--rule sku=sku --rule upc=barcode,norm=gtin",
        steps=("sync shop", Says("listing explain shop A", ("mug",))), listings={"A": {"link_state": "unlinked"}}, needs="refused"),
    Row("explain of a barcode of the merchant's that a normalizer refuses", "The merchant is not told that the own barcode is wrong.",
        barcoded("a,,036000291452,5,10.00,active"), None, products("A,036000291453,10.00,5", columns="sku,upc,price,quantity"),
        rules="--rule upc=barcode,norm=gtin", steps=("sync shop", Says("listing explain shop A", ("036000291453", "refused|check digit"))),
        listings={"A": {"link_state": "unlinked"}}, needs="explain"),
    Row("the channel's side can be looked at", "Nobody can see what the channel is believed to have.",
        shop(A_ACTIVE, "z,Z,5,99.00,draft"), None, ONE_PRODUCT,
        steps=("sync shop", Says("item list shop", ("z", "99.00")), Says("item list shop --unlinked", ("z",), ("10.00",)),
               Says("item show shop z", ("99.00", "Z")))),
    Row("items that cannot be read can be listed", "What a pull passed over is told once and never seen again.",
        shop(A_ACTIVE, "b,B,many,12.00,active"), None, ONE_PRODUCT,
        steps=("sync shop", Says("item list shop --problems", ("b", "many"), ("10.00",))),
        items="b:unreadable_item"),
    Row("a sync says what it does not send", "Nothing was sent, and the word of it is: completed.",
        DESK, shop("table,OLD-1,1,500.00,active", B_ACTIVE), DESK_PRODUCTS,
        steps=("sync shop", Edit("desk,", "table,"), "sync shop --full", Products(products("OLD-1,450.00,1", "B,12.00,7")),
               Says("~sync shop", ("broken",))),
        attentions="OLD-1:item_gone"),
    Row("what differs can be listed without being corrected", "Who wants to see what staff changed has to overwrite it.",
        TWO, shop("a,A,5,9.00,active", B_ACTIVE), TWO_PRODUCTS,
        steps=("sync shop", Edit("10.00", "9.00"), "pull shop", Says("--json listing list shop --drifted", ('"A"',), ('"B"',)),
               "sync shop"), needs="drift"),
    Row("what differs can be corrected alone", "To correct what staff changed, a whole shop has to be compared.",
        TWO, TWO, TWO_PRODUCTS, steps=("sync shop", Edit("10.00", "9.00"), "pull shop", "sync shop --force --drifted --yes"),
        needs="drift"),
)

SMALL = table("Handle,Variant SKU,Variant Inventory Qty,Variant Price", "a,A,5,10.00", "b,B,7,12.00")
SMALL_AFTER = table("Handle,Variant SKU,Variant Inventory Qty,Variant Price", "a,A,4,11.50", "b,B,7,12.00")
SMALL_PRODUCTS = products("A,11.50,4", "B,12.00,7")


def form_row(name, change, **options):
    """A channel's file in another form: it is written back in that form."""
    return Row(name, "The file cannot be read, or comes back in a form that the shop does not take.", change(SMALL), change(SMALL_AFTER),
               SMALL_PRODUCTS,
               steps=SENT, **options)


def comma(text):
    return text.replace(",", ";").replace(".", ",")


TODAY = {"Handle": "URL handle", "Variant SKU": "SKU", "Variant Inventory Qty": "Inventory quantity", "Variant Price": "Price"}


def with_todays_names(text):
    for old, new in TODAY.items():
        text = text.replace(old, new)
    return text


def product_form_row(name, content, options="", needs=""):
    return Row(name, "The merchant's file has to be converted by hand every day, and one day it is not.", ONE, shop("a,A,4,11.50,active"),
               ONE_PRODUCT, steps=("sync shop", Products(content, options), "sync shop"), needs=needs)


def unread_row(name, content, *says, never=("add it",), needs="other-named"):
    """A product file that cannot be read is named for what it is."""
    return Row(name, "The merchant is told to change what is right, and gives up.", ONE, None, ONE_PRODUCT,
               steps=("sync shop", Write(content, "odd.csv"), Says("!product import odd.csv", (r"odd\.csv", *says), never), "sync shop"),
               needs=needs)


EXPORT = "sku,title,price,quantity\nA,Bär,11.50,4\n"

kind(
    "files as people have them",
    form_row("semicolons and points", lambda text: text.replace(",", ";")),
    form_row("semicolons and decimal commas", comma),
    form_row("tabs", lambda text: text.replace(",", "\t")),
    form_row("tabs and decimal commas", lambda text: text.replace(",", "\t").replace(".", ",")),
    form_row("a line that says the separator", lambda text: "sep=;\n" + text.replace(",", ";")),
    form_row("UTF-16, little end first", lambda text: b"\xff\xfe" + text.encode("utf-16-le")),
    form_row("UTF-16, big end first", lambda text: b"\xfe\xff" + text.encode("utf-16-be")),
    form_row("UTF-16 with tabs and CRLF", lambda text: b"\xff\xfe" + text.replace(",", "\t").replace("\n", "\r\n").encode("utf-16-le")),
    form_row("CRLF and a byte-order mark", lambda text: "\ufeff" + text.replace("\n", "\r\n")),
    form_row("no line break at the end", lambda text: text[:-1]),
    form_row("every cell in quotes", lambda text: "".join('"' + line.replace(",", '","') + '"\n' for line in text.splitlines())),
    form_row("empty header cells at the end", lambda text: text.replace("\n", ",,\n")),
    form_row("rows of separators", lambda text: text.replace("\nb", "\n,,,\n\nb") + ",,,\n,,,\n"),
    form_row("the column names of today", with_todays_names),
    form_row("columns in another order, and further ones", lambda text: "".join(
        ",".join([str(number), *reversed(line.split(",")), "x ' ü"]) + "\n" for number, line in enumerate(text.splitlines()))),
    product_form_row("a product file with semicolons and decimal commas", "sku;price;quantity\nA;11,50;4\n"),
    product_form_row("a product file with tabs", "sku\tprice\tquantity\nA\t11.50\t4\n"),
    product_form_row("a product file in UTF-16", b"\xff\xfe" + "sku,price,quantity\nA,11.50,4\n".encode("utf-16-le")),
    product_form_row("a product file with a line that says the separator", "sep=;\nsku;price;quantity\nA;11.50;4\n"),
    product_form_row("a product file with empty columns and rows at its end", "sku,price,quantity,,\nA,11.50,4,,\n,,,,\n,,,,\n"),
    product_form_row("a product file with other header names", "Artikelnummer,Preis,Bestand\nA,11.50,4\n",
                     "--column sku=Artikelnummer --column price=Preis --column quantity=Bestand", needs="column"),
    product_form_row("a product file with other header names, of which one is usual", "Artikelnummer;price;Bestand\nA;11,50;4\n",
                     "--column sku=Artikelnummer --column quantity=Bestand", needs="column"),
    Row("a column that is asked for and is not there", "A misspelt name states nothing, and nobody notices.", ONE, None, ONE_PRODUCT,
        steps=("sync shop", Write("Artikelnummer,Preis\nA,11.50\n", "odd.csv"),
               Says("!product import odd.csv --column sku=Artikelnummer --column price=Pries", ("Pries", "Preis")))),
    unread_row("a product file in Windows-1252", EXPORT.encode("windows-1252"), "Windows-1252", "UTF-8"),
    unread_row("a product file in UTF-16 without its mark", EXPORT.encode("utf-16-le"), "UTF-16", never=("carriage return",)),
    unread_row("a product file in UTF-16 without its mark, with CRLF", EXPORT.replace("\n", "\r\n").encode("utf-16-le"), "UTF-16",
               never=("carriage return", "CRLF")),
    unread_row("a workbook", b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + bytes(range(256)), "xlsx", "CSV"),
    unread_row("a product file without a header row", "A,11.50,4\nB,12.00,7\n", "header"),
    unread_row("a product file with another separator", "sku|price|quantity\nA|11.50|4\n", r"separat|\|"),
    unread_row("a product file whose header is nearly right", "SKU,price,quantity\nA,11.50,4\n", '"SKU"', needs="", never=()),
    Row("a workbook as the channel's file", "The shop's workbook is written over, or the merchant is told to add a column.", ONE,
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + bytes(range(256)), ONE_PRODUCT,
        steps=("sync shop", Write(b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + bytes(range(256))), Says("!pull shop", ("xlsx",)))),
)


def damage_row(name, ours, theirs, is_linked=True, rule="sku=sku,norm=spreadsheet", **options):
    """The SKU of a product and of its item, as a spreadsheet left them."""
    cell = lambda value: '"' + value.replace('"', '""') + '"'
    before, after = (shop(f"a,{cell(theirs)},5,{price},active", B_ACTIVE) for price in ("10.00", "11.00"))
    harm = ("What a spreadsheet did to a number keeps a product from being sold." if is_linked else
            "Two values that nobody declared equal are taken for one product.")
    return Row(name, harm, before, after if is_linked else None, products(f"{cell(ours)},11.00,5"), rules=f"--rule {rule}",
               listings={ours: {"link_state": "linked" if is_linked else "unlinked"}}, **options)


kind(
    "spreadsheet damage",
    damage_row("a leading apostrophe", "0123", "'0123"),
    damage_row("a leading apostrophe of the merchant's", "'0123", "0123"),
    damage_row("a formula around a number", "0123", '="0123"'),
    damage_row("a blank that does not break", "AB-1", "AB-1\u00a0"),
    damage_row("an ideographic blank before it", "AB-1", "\u3000AB-1"),
    damage_row("a character of no width", "AB-1", "AB\u200b-1"),
    damage_row("a soft hyphen", "AB-1", "A\u00adB-1"),
    damage_row("a byte-order mark within", "AB-1", "\ufeffAB-1"),
    damage_row("wide characters", "AB-1", "\uff21\uff22\uff0d\uff11"),
    damage_row("a wide formula", "0123", "\uff1d\uff020123\uff02"),
    damage_row("all of it on both sides", " '\uff21B\u200b-1\u00a0", '="AB-1\u2060"'),
    damage_row("an apostrophe in the middle is a value", "0'123", "0123", is_linked=False),
    damage_row("two apostrophes are one more than a spreadsheet writes", "0123", "''0123", is_linked=False),
    damage_row("lost zeros are not given back", "0123", "123", is_linked=False),
    damage_row("without the normalizer a value is its bytes", "0123", "'0123", is_linked=False, rule="sku=sku"),
    damage_row("nothing but what cannot be seen is no value", "\u200b", "\u00ad", is_linked=False),
    Row("a barcode as a formula", "What a spreadsheet did to a barcode keeps a product from being sold.",
        barcoded('a,,"=""036000291452""",5,10.00,active'), barcoded('a,,"=""036000291452""",5,11.00,active'),
        products("A,4006381333931,1.00,1", "C,00036000291452,11.00,5", columns="sku,upc,price,quantity"),
        rules="--rule upc=barcode,norm=spreadsheet+gtin",
        listings={"C": {"link_state": "linked"}, "A": {"link_state": "unlinked"}}),
    Row("two items that are one without the damage", "One of two items is chosen by chance and gets the price.",
        shop("a,'0123,5,10.00,active", "b,0123,5,10.00,active"), None, products("0123,11.00,5"), rules="--rule sku=sku,norm=spreadsheet",
        listings={"0123": {"link_state": "unlinked", "reason": "ambiguous_channel"}}),
)

NO_STATUS = table("Handle,Variant SKU,Variant Inventory Qty,Variant Price", "a,A,5,10.00", "b,B,7,12.00")


def feed(*rows, name="feed", absent="", mark=""):
    return Products(products(*rows), f"--source {name}" + (f" --absent {absent}" if absent else ""), mark)


kind(
    "removal",
    Row("a product that is removed", "What is not sold any more is sold.",
        TWO, shop("a,A,0,10.00,draft", B_ACTIVE), TWO_PRODUCTS, steps=("sync shop", "product remove A", "sync shop")),
    Row("a product that is removed where the channel has no status", "What is not sold any more is sold, where it cannot be hidden.",
        NO_STATUS, NO_STATUS.replace("a,A,5", "a,A,0"), TWO_PRODUCTS, steps=("sync shop", "product remove A", "~sync shop"),
        attentions="A:hidden_by_quantity"),
    Row("one size of a product is removed", "The other size is taken off sale with it.",
        sized("tee,S,TEE-S,5,10.00,active", "tee,M,TEE-M,5,10.00,"), sized("tee,S,TEE-S,0,10.00,active", "tee,M,TEE-M,5,10.00,"),
        products("TEE-S,10.00,5", "TEE-M,10.00,5"), steps=("sync shop", "product remove TEE-S", "sync shop", "sync shop --full"),
        attentions="TEE-S:siblings_disagree? TEE-M:siblings_disagree?"),
    Row("a product that is removed and comes back", "A product that is sold again stays hidden, or has lost its link.",
        TWO, shop("a,A,3,10.00,active", B_ACTIVE), TWO_PRODUCTS,
        steps=("sync shop", "product remove A", "sync shop", Products(products("A,10.00,3", "B,12.00,7")), "build shop", "sync shop"),
        listings={"A": {"link_state": "linked", "external_id": "a", "health": "listed"}}),
    Row("a hidden product that is removed and comes back", "A product that its owner hid is published by its return.",
        TWO, shop("a,A,3,10.00,draft", B_ACTIVE), TWO_PRODUCTS,
        steps=(PERSON_HIDES, "sync shop", "product remove A", "sync shop", Products(products("A,10.00,3", "B,12.00,7")), "build shop",
               "sync shop")),
    Row("a product that is removed and there again", "What is sold again stays hidden, or what was hidden is shown.",
        shop(A_ACTIVE, "b,B,7,12.00,draft"), shop("a,A,3,10.00,active", "b,B,6,12.00,draft"), TWO_PRODUCTS,
        steps=("sync shop", "product remove --yes A B", "sync shop", File(shop("a,A,0,10.00,draft", "b,B,0,12.00,draft")),
               Products(products("A,10.00,3", "B,12.00,6")), "sync shop"),
        listings={"A": {"health": "listed", "status_author": "channel"}, "B": {"health": "hidden", "status_author": "channel"}}),
    Row("a product that is removed and there again before a sync", "A status is taken for stated that nobody stated.",
        TWO, shop("a,A,3,10.00,active", B_ACTIVE), TWO_PRODUCTS,
        steps=("sync shop", "product remove A", Products(products("A,10.00,3", "B,12.00,7")), "sync shop"),
        listings={"A": {"health": "listed", "status_author": "channel"}}),
    Row("a product that is removed, and a rule that shows what is in stock", "A rule shows what is not sold any more, or is forgotten.",
        TWO, shop("a,A,3,10.00,active", B_ACTIVE), TWO_PRODUCTS, channel=SHOW_IN_STOCK,
        steps=("rules shop", "sync shop", "product remove A", "sync shop", File(shop("a,A,0,10.00,draft", B_ACTIVE)), "rules shop", "sync shop",
               File(shop("a,A,0,10.00,draft", B_ACTIVE)), Products(products("A,10.00,3", "B,12.00,7")), "rules shop", "sync shop")),
    Row("a SKU that there is not is removed", "A misspelt SKU looks like one that was removed.",
        TWO, None, TWO_PRODUCTS, steps=("sync shop", Says("!product remove C", ("C",)), "sync shop")),
    Row("a feed without a product, and nothing is said about absence", "A part of a feed takes the rest off sale.",
        TWO, shop("a,A,4,10.00,active", B_ACTIVE), feed("A,10.00,5", "B,12.00,7"), steps=("sync shop", feed("A,10.00,4"), "sync shop"),
        needs="sources"),
    Row("a feed without a product, and absent ones are kept", "A merchant who said to keep them loses them.",
        TWO, shop("a,A,4,10.00,active", B_ACTIVE), feed("A,10.00,5", "B,12.00,7", absent="keep"),
        steps=("sync shop", feed("A,10.00,4", absent="keep"), "sync shop"),
        needs="sources"),
    Row("a feed without a product, and absent ones have no stock", "What the supplier does not have any more is sold.",
        NO_STATUS, NO_STATUS.replace("b,B,7", "b,B,0"), feed("A,10.00,5", "B,12.00,7", absent="zero"),
        steps=("sync shop", feed("A,10.00,5", absent="zero"), "~sync shop"),
        attentions=None, needs="sources"),
    Row("a feed without a product, and absent ones are removed", "What the supplier does not have any more is sold.",
        TWO, shop(A_ACTIVE, "b,B,0,12.00,draft"), feed("A,10.00,5", "B,12.00,7", absent="remove"),
        steps=("sync shop", feed("A,10.00,5", absent="remove"), "sync shop")),
    Row("a feed in which a product is there again", "What the supplier has again is not sold.",
        TWO, shop(A_ACTIVE, "b,B,3,12.00,active"), feed("A,10.00,5", "B,12.00,7", absent="remove"),
        steps=("sync shop", feed("A,10.00,5", absent="remove"), "sync shop", feed("A,10.00,5", "B,12.00,3", absent="remove"), "build shop",
               "sync shop"),
        needs="sources"),
    Row("two feeds of different products", "One supplier's feed takes the other one's products off sale.",
        TWO, shop("a,A,4,10.00,active", "b,B,6,12.00,active"), feed("A,10.00,5", name="one", absent="zero"),
        steps=(feed("B,12.00,7", name="two", absent="zero"), "build shop", "link shop", "sync shop",
               feed("A,10.00,4", name="one", absent="zero"),
               feed("B,12.00,6", name="two", absent="zero"), "sync shop"), needs="sources"),
    Row("two feeds that both state a product", "A product that one of two suppliers still has is sold out.",
        TWO, TWO, feed("A,10.00,5", "B,12.00,7", name="one", absent="zero"),
        steps=(feed("B,12.00,7", name="two", absent="zero"), "sync shop", feed("A,10.00,5", name="one", absent="zero"), "sync shop"),
        needs="sources"),
    Row("products that no feed stated", "A feed's first import takes everything else off sale.",
        TWO, shop("a,A,4,10.00,active", B_ACTIVE), TWO_PRODUCTS, steps=("sync shop", feed("A,10.00,4", absent="remove"), "sync shop"),
        needs="sources"),
    Row("a feed with a row that is refused", "A slip in one cell takes the product off sale.",
        TWO, shop("a,A,4,10.00,active", B_ACTIVE), feed("A,10.00,5", "B,12.00,7", absent="remove"),
        steps=("sync shop", Products(products("A,,10.00,4", f"B,{'x' * 1001},12.00,7", columns="sku,parent,price,quantity"),
                                     "--source feed --absent remove", "!"), "sync shop")),
    Row("a feed with a row whose text is too long", "A long text takes the product off sale, or stops the whole feed.",
        TWO, shop("a,A,4,10.00,active", B_ACTIVE), feed("A,10.00,5", "B,12.00,7", absent="remove"),
        steps=("sync shop", Products(products("A,,10.00,4", f"B,{'x' * 1100000},12.00,7", columns="sku,title,price,quantity"),
                                     "--source feed --absent remove", "!"), "sync shop")),
    Row("a feed with a row whose SKU cannot be read", "A slip in one SKU takes a product off sale, and nobody knows which.",
        TWO, shop("a,A,4,10.00,active", B_ACTIVE), feed("A,10.00,5", "B,12.00,7", absent="remove"),
        steps=("sync shop", feed("A,10.00,4", f"{'x' * 1001},12.00,7", absent="remove", mark="!"), "sync shop"), needs="sources"),
    Row("a feed that is empty", "A download that failed takes everything off sale.",
        TWO, None, feed("A,10.00,5", "B,12.00,7", absent="remove"),
        steps=("sync shop", Products("", "--source feed --absent remove", "!"), "sync shop"), needs="sources"),
)

COUNT = 30  # So that the limit is 20 changes.
MANY_SKUS = [f"S{number:02}" for number in range(1, COUNT + 1)]


def many(price="10.00", quantity="5", status="active", first=COUNT, rest=("10.00", "5", "active")):
    """A channel of 30 items, the first ones as said."""
    return shop(*(f"{sku.lower()},{sku},{q},{p},{s}" for number, sku in enumerate(MANY_SKUS)
                  for p, q, s in [(price, quantity, status) if number < first else rest]))


def many_products(price="10.00", quantity="5", first=COUNT):
    return products(*(f"{sku},{price},{quantity}" if number < first else f"{sku},10.00,5" for number, sku in enumerate(MANY_SKUS)))


def held(first=COUNT, kind="reprice", skus=MANY_SKUS):
    return " ".join(f"{sku}:{kind}_held" for sku in skus[:first])


def mass_row(name, harm, first_sync=("sync shop",), **options):
    options = {"shop": many(), "products": many_products(), "needs": "breaker", **options}
    options["steps"] = (*first_sync, *options.pop("steps"))
    return Row(name, harm, **options)


def cheap(first, price="3.00"):
    return Products(many_products(price, first=first))


kind(
    "mass changes are held",
    mass_row("prices of a third", "A feed that lost a digit sells a shop for a third.", steps=(cheap(30), "sync shop", "sync shop --full"),
             attentions=held()),
    mass_row("prices of the hundredfold", "A decimal mark that was misread prices everything out of the market.",
             steps=(cheap(30, "1000.00"), "sync shop"), attentions=held()),
    mass_row("prices of a third, as many as the limit", "What the limit allows is held, and real prices wait for a person.",
             steps=(cheap(20), "sync shop"),
             after=many("3.00", first=20), needs=""),
    mass_row("prices of a third, one more than the limit", "A wrong feed that is small enough goes through in part.",
             steps=(cheap(21), "sync shop"), attentions=held(21)),
    mass_row("prices of a half and of the double are none", "A sale at half the price waits for a person.",
             steps=(Products(many_products("5.00")), "sync shop", File(many("5.00")), Products(many_products()), "sync shop"), after=many(),
             needs=""),
    mass_row("everything else of a job goes out", "A shop stops, and with it the stock that keeps it from overselling.",
             steps=(Products(many_products("3.00", "2")), "sync shop"), after=many("10.00", "2"), attentions=held()),
    mass_row("prices of a third, in two jobs of a day", "A wrong feed that comes in two parts goes through.",
             steps=(cheap(15), "sync shop", File(many("3.00", first=15)), cheap(30), "sync shop"), after=many("3.00", first=15),
             attentions=held(skus=MANY_SKUS[15:])),
    mass_row("held prices that are approved", "A real sale cannot be made.",
             steps=(cheap(30), "sync shop", "job approve {held}", "sync shop"), after=many("3.00")),
    mass_row("held prices of which one is approved", "To let one price go, all must go.",
             steps=(cheap(30), "sync shop", "job approve {held} --sku S01", "sync shop"), after=many("3.00", first=1),
             attentions=held(skus=MANY_SKUS[1:])),
    mass_row("another kind is approved", "Who approves one thing approves another.",
             steps=(cheap(30), "sync shop", "~job approve {held} --kind hide", "sync shop"), attentions=held()),
    mass_row("of two kinds that are held one is approved", "Who approves a sale approves that the shop is hidden.",
             channel="--status-rule 'price<5.00:hide'",
             steps=(cheap(30), "rules shop", "sync shop", "job approve {held} --kind reprice", "sync shop"), after=many("3.00"),
             attentions=held(kind="hide")),
    mass_row("held prices that are refused", "What a person refused comes again with every sync.",
             steps=(cheap(30), "sync shop", "job refuse {held}", "sync shop", "sync shop")),
    mass_row("a held price that changes before it is approved", "What a person approved is not what goes out.",
             steps=(cheap(30), "sync shop", cheap(30, "1.00"), "job approve {held}", "sync shop"), attentions=held()),
    mass_row("held prices that are taken back by their feed", "Prices that are right again wait for a person.",
             steps=(cheap(30), "sync shop", Products(many_products()), "sync shop"), needs=""),
    mass_row("a sale that was approved, and its end", "The end of a sale is held, and the shop goes on selling cheap.",
             steps=(cheap(30), "sync shop", "job approve {held}", "sync shop", File(many("3.00")), Products(many_products()), "sync shop"),
             after=many()),
    mass_row("held prices that are forced", "Force, which is meant for a value that the shop took away, sells a shop for a third.",
             steps=(cheap(30), "sync shop", "~sync shop --yes --force " + " ".join(MANY_SKUS)), attentions=held()),
    mass_row("a price from none is no change of it", "A new shop without prices waits for a person.", shop=many(""), after=many(),
             first_sync=(), steps=("sync shop",),
             needs=""),
    mass_row("the channel's own limit, as a number", "A merchant who wants to see more than five at once is not asked.",
             channel="--limit reprice=5",
             steps=(cheap(6), "sync shop"), attentions=held(6)),
    mass_row("the channel's own limit, as a share", "A merchant who trusts the own feed is asked all the same.",
             channel="--limit reprice=100%",
             steps=(cheap(30), "sync shop"), after=many("3.00")),
    mass_row("a rule that hides a shop", "A rule that was written the wrong way round takes a shop off sale.",
             channel="--status-rule 'price<100.00:hide'", steps=("rules shop", "sync shop", "sync shop --full"), attentions=held(kind="hide")),
    mass_row("a rule that publishes a shop", "Thirty drafts are published by one rule.", shop=many(status="draft"), channel=SHOW_IN_STOCK,
             steps=("rules shop", "sync shop", "sync shop --full"), attentions=held(kind="show")),
    mass_row("stock of 0 that a feed states", "What is sold out is sold, since so much of it is.",
             steps=(Products(many_products(quantity="0")), "sync shop"),
             after=many(quantity="0"), needs=""),
    mass_row("stock of 0 that comes from absence", "A feed that lost its rows takes a shop off sale.",
             shop=many(), products=Products(many_products(), "--source feed --absent zero"),
             steps=(Products(products("S01,10.00,5", "S02,10.00,4"), "--source feed --absent zero"), "~sync shop"),
             after=many().replace("s02,S02,5", "s02,S02,4"), attentions=held(kind="zero", skus=MANY_SKUS[2:]),
             needs="breaker sources"),
    mass_row("stock of 0 that comes from absence, a few rows a day",
             "A feed that loses its rows over two jobs of a day takes a shop off sale.",
             products=Products(many_products(), "--source feed --absent remove"), channel="--sync-fields price,quantity",
             steps=(Products(products(*(f"{sku},10.00,5" for sku in MANY_SKUS[15:])), "--source feed --absent remove"), "~sync shop",
                    File(many(quantity="0", first=15)), Products(products("S30,10.00,5"), "--source feed --absent remove"), "~sync shop"),
             after=many(quantity="0", first=15), attentions=None, needs="breaker sources"),
    mass_row("a channel's file that lost its rows", "Every link is broken by one bad export.",
             steps=(Write(shop(*(f"{sku.lower()},{sku},5,10.00,active" for sku in MANY_SKUS[25:]))), "~pull shop",
                    Products(many_products("11.00")), "sync shop"),
             after=shop(*(f"{sku.lower()},{sku},5,11.00,active" for sku in MANY_SKUS[25:])), attentions=held(25, "break"),
             listings={"S01": {"link_state": "linked"}, "S30": {"link_state": "linked"}}),
    mass_row("a channel's file that lost its rows and has them again", "After one bad export everything waits for a person.",
             steps=(Write(shop(*(f"{sku.lower()},{sku},5,10.00,active" for sku in MANY_SKUS[25:]))), "~pull shop", Write(many()),
                    "pull shop",
                    Products(many_products("11.00")), "sync shop"), after=many("11.00"), listings={"S01": {"link_state": "linked"}},
             needs=""),
    mass_row("a channel's file that lost its rows, approved", "Items that are gone for sure stay linked for ever.",
             steps=(Write(shop(*(f"{sku.lower()},{sku},5,10.00,active" for sku in MANY_SKUS[25:]))), "~pull shop", "job approve {held}"),
             after=shop(*(f"{sku.lower()},{sku},5,10.00,active" for sku in MANY_SKUS[25:])),
             attentions=" ".join(f"{sku}:item_gone" for sku in MANY_SKUS[:25]), listings={"S01": {"link_state": "broken"}}),
    mass_row("a channel whose SKUs are all others, where doubt dissolves", "A column that slipped by one dissolves every link.",
             channel="--on-doubt dissolve",
             steps=(Write(many().replace(",S", ",T")), "~pull shop", "~sync shop"), after=many().replace(",S", ",T"),
             attentions=f"{held(kind='unlink')} " + " ".join(f"{sku}:link_doubtful?" for sku in MANY_SKUS),
             listings={sku: {"link_state": "linked"} for sku in MANY_SKUS}, needs="breaker doubt"),
    mass_row("products that a person removes", "What a person orders by name waits for another person.",
             channel="--sync-fields price,quantity",
             steps=("product remove --yes " + " ".join(MANY_SKUS), "~sync shop"), after=many(quantity="0"),
             attentions=" ".join(f"{sku}:hidden_by_quantity" for sku in MANY_SKUS), needs=""),
    mass_row("statuses that a person states", "What a person orders by name waits for another person.",
             steps=(*(f"listing status shop {sku} hidden" for sku in MANY_SKUS), "sync shop"), after=many(status="draft"), needs=""),
)
