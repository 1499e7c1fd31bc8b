"""A store of each released version is brought forward: links stay what they were, and nothing goes out that nobody stated.

    python3 migration_test.py --flxlink PROGRAM --source SOURCE_DIR [unittest's options]

stores/VERSION.sql is such a store as SQL, and stores/VERSION.csv the shop of its one channel. In that of 0.1.0 both TEEs and MUG are linked,
CAP is linked by hand, HAT was unlinked by hand and the item of BAG is gone. Stated and not sent are another price of MUG and the quantity 0 of
TEE-RED, and a status rule has decided to hide both TEEs.
"""

import pathlib
import shutil
import sqlite3

from flxlink_program import ProgramTest, main

STORES = pathlib.Path(__file__).parent / "stores"

# Link state, item and rule, as 0.1.0 listed them.
LINKS = {
    "TEE-RED": ("linked", "tee/Red", 1),
    "TEE-BLUE": ("linked", "tee/Blue", 1),
    "MUG": ("linked", "mug/Default Title", 2),
    "CAP": ("linked", "sock/S", None),
    "SOCK": ("unlinked", None, 1),
    "HAT": ("unlinked", None, 1),
    "BAG": ("broken", "bag/Default Title", 1),
}
WAITING = {"TEE-RED": ["pending_change_waits"], "TEE-BLUE": ["pending_change_waits"], "BAG": ["item_gone"]}
RED = "tee,Tee,Acme,Color,Red,TEE-RED,{},10.00,036000291452,{}"
MUG = "mug,Mug,Acme,Title,Default Title,OLD-MUG,7,{},04006381333931,active"


class MigrationTest(ProgramTest):
    def setUp(self):
        super().setUp()
        store = sqlite3.connect(self.path("flxlink.db"))
        store.executescript((STORES / "0.1.0.sql").read_text(encoding="utf-8"))
        store.close()
        shutil.copy(STORES / "0.1.0.csv", self.path("shop.csv"))

    def links(self):
        return {row["sku"]: (row["link_state"], row["external_id"], row["rule"]) for row in self.json("listing", "list", "shop")}

    def attentions(self):
        rows = self.json("listing", "list", "shop")
        return {row["sku"]: [one["code"] for one in row["attentions"]] for row in rows if row["attentions"]}

    def changed_lines(self, before):
        """The shop's lines that are not what they were."""
        lines = before.splitlines()
        now = self.read("shop.csv").splitlines()
        self.assertEqual(len(now), len(lines))
        return [line for line, old in zip(now, lines) if line != old]

    def test_prices_below_zero_are_none(self):
        store = sqlite3.connect(self.path("flxlink.db"))
        for table, column in (("product_variant", "price"), ("channel_variant", "price"), ("link", "acked_price")):
            store.execute(f"UPDATE {table} SET {column} = -500 WHERE {column} IS NOT NULL")
        store.commit()
        store.close()
        before = self.read("shop.csv")
        self.text("store", "migrate")
        self.assertEqual(self.json("store", "check")["findings"], [])
        self.assertEqual({product["price"] for product in self.json("product", "list")}, {None})
        self.text("pull", "shop")
        self.text("sync", "shop")
        self.assertEqual(self.changed_lines(before), [RED.format(0, "active")])

    def test_a_status_that_a_rule_gives_is_the_rules_and_any_other_is_adopted(self):
        store = sqlite3.connect(self.path("flxlink.db"))
        # Sold out and hidden, as the channel's rule has it. CAP is hidden, and no rule says so.
        store.execute("UPDATE link SET health = 'hidden', pending = NULL WHERE listing_id = "
                      "(SELECT listing_id FROM listing_variant WHERE sku = 'TEE-BLUE')")
        store.commit()
        store.close()
        self.text("store", "migrate")
        self.assertEqual(self.json("store", "check")["findings"], [])
        authors = {row["sku"]: (row["health"], row["status_author"]) for row in self.json("listing", "list", "shop")}
        self.assertEqual(authors["TEE-BLUE"], ("hidden", "rule"))
        self.assertEqual(authors["CAP"], ("hidden", "channel"))
        self.assertEqual(authors["MUG"], ("listed", "channel"))
        self.write("products.csv", "sku,quantity\nTEE-BLUE,3\n")
        self.text("product", "import", "products.csv")
        self.assertIn("1 to unhide", self.text("rules", "shop"), "what was there before returns")

    def test_links_are_equal_and_nothing_is_wrong(self):
        self.assertRegex(self.text("store", "migrate"), "version 2")
        self.assertEqual(self.json("store", "check")["findings"], [])
        self.assertEqual(self.links(), LINKS)
        self.text("pull", "shop")
        self.assertEqual(self.links(), LINKS)

    def test_what_was_pending_waits_and_all_else_that_was_stated_goes_out(self):
        before = self.read("shop.csv")
        self.assertEqual(self.attentions(), WAITING)
        sync = self.json("sync", "shop")
        self.assertEqual(sync["chained"][0]["counts"]["unchanged"], 6, "it is pulled first")
        self.assertEqual(self.changed_lines(before), [RED.format(0, "active"), MUG.format("21.50")])
        self.assertEqual(self.attentions(), WAITING)
        sent = self.read("shop.csv")
        self.text("sync", "shop", "--full")
        self.assertEqual(self.changed_lines(sent), [])

    def test_what_was_pending_goes_out_when_it_is_stated_again(self):
        self.text("sync", "shop")
        before = self.read("shop.csv")
        self.text("rules", "shop")
        self.text("sync", "shop")
        self.assertEqual(self.changed_lines(before), [RED.format(0, "draft")])
        self.assertEqual(self.attentions(), {"BAG": ["item_gone"]})

    def test_a_price_that_the_shop_changed_meanwhile_stays(self):
        changed = self.read("shop.csv").replace("TEE-BLUE,0,11.00", "TEE-BLUE,0,12.00")
        self.write("shop.csv", changed)
        self.text("sync", "shop")
        self.assertEqual(self.changed_lines(changed), [RED.format(0, "active"), MUG.format("21.50")])

    def test_after_other_settings_a_sync_pulls_first(self):
        self.text("sync", "shop")
        self.assertNotIn("sync", [job["kind"] for job in self.json("sync", "shop")["chained"]])
        self.write("other.csv", self.read("shop.csv").replace("mug,Mug", "cup,Mug"))
        self.text("channel", "set", "shop", "--set", "path=other.csv")
        sync = self.json("sync", "shop")
        pull, sent = [job for job in sync["chained"] if job["kind"] == "sync"]
        self.assertEqual((pull["lane"], pull["counts"]["broken"]), ("bulk", 1))
        self.assertEqual((sent["lane"], sent["counts"]["sent"]), ("urgent", 0))
        self.assertEqual(self.links()["MUG"], ("broken", "mug/Default Title", 2))


if __name__ == "__main__":
    main(__doc__)
