"""--adapter simulated: everything can be tried without a shop.

    python3 simulated_test.py --flxlink PROGRAM --source SOURCE_DIR [unittest's options]
"""

import csv
import shutil

from flxlink_program import ProgramTest, main

ITEMS = 6


class SimulatedTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("products.csv", "sku,price,quantity\n" + "".join(f"SKU-{i},1{i}.00,{i}\n" for i in range(1, ITEMS + 1)))

    def add(self, *settings):
        options = [word for setting in (f"items={ITEMS}", "seed=3", *settings) for word in ("--set", setting)]
        self.text("channel", "add", "shop", "--adapter", "simulated", *options, "--rule", "sku=sku")

    def rows(self):
        with open(self.path("shop.sim"), encoding="utf-8", newline="") as file:
            return {row["external_id"]: row for row in csv.DictReader(file) if row["external_id"]}

    def calls(self):
        with open(self.path("shop.sim"), encoding="utf-8", newline="") as file:
            return next(int(row["calls"]) for row in csv.DictReader(file) if row["calls"])

    def assert_synced(self):
        for external_id, row in self.rows().items():
            number = external_id.removeprefix("item-")
            self.assertEqual((row["price"], row["quantity"]), (f"1{number}00", number))

    def sync(self, *options):
        self.text("sync", "shop", *options)

    def run_retries(self):
        def is_done():
            self.text("run", "--until-idle")
            return all(job["state"] != "pending" for job in self.json("job", "list"))

        self.wait_until(is_done)

    def problems(self):
        """Of all jobs, as (subject, code)."""
        return {(problem["subject"], problem["code"]) for job in self.json("job", "list") for problem in job["problems"]}

    def assert_nothing_is_left(self):
        """No item is to be sent or looked at by a person, and none is in doubt."""
        for row in self.json("listing", "list", "shop"):
            self.assertEqual((row["dirty"], row["attentions"], row["in_doubt"]), (False, [], False), row["sku"])

    def link(self):
        self.text("product", "import", "products.csv")
        self.text("build", "shop")
        self.text("pull", "shop")
        self.text("link", "shop")

    def test_import_build_pull_link_sync_change_sync(self):
        self.add("path=shop.sim", "latency_ms=2")
        self.link()
        states = {row["link_state"] for row in self.json("listing", "list", "shop")}
        self.assertEqual(states, {"linked"})
        self.sync()
        rows = self.rows()
        self.assertEqual([rows[f"item-{i}"]["price"] for i in range(1, ITEMS + 1)], [f"1{i}00" for i in range(1, ITEMS + 1)])
        self.assertEqual([rows[f"item-{i}"]["quantity"] for i in range(1, ITEMS + 1)], [f"{i}" for i in range(1, ITEMS + 1)])
        self.write("products.csv", "sku,price\nSKU-2,77.50\n")
        self.text("product", "import", "products.csv")
        self.sync()
        self.assertEqual(self.rows()["item-2"]["price"], "7750")
        self.assertEqual(self.rows()["item-2"]["quantity"], "2")

    def test_what_somebody_edits_is_corrected_by_a_full_sync(self):
        self.add("path=shop.sim")
        self.link()
        self.sync()
        self.write("shop.sim", self.read("shop.sim").replace(",1500,", ",999,"))
        self.assertEqual(self.rows()["item-5"]["price"], "999")
        self.sync("--full")
        self.assertEqual(self.rows()["item-5"]["price"], "1500")

    def test_a_channel_sets_its_location_only(self):
        self.add("path=shop.sim", "locations=berlin,lyon", "location=lyon")
        self.link()
        before = self.rows()
        self.sync()
        for external_id, row in self.rows().items():
            self.assertEqual(row["on_hand@berlin"], before[external_id]["on_hand@berlin"])
            self.assertEqual(row["reserved@lyon"], before[external_id]["reserved@lyon"])
            quantity = int(row["on_hand@lyon"]) - int(row["reserved@lyon"])
            self.assertEqual(quantity, int(external_id.removeprefix("item-")))

    def test_price_quantity_and_status_by_calls_of_their_own(self):
        self.add("path=shop.sim", "calls=split")
        self.link()
        before = self.calls()
        self.sync()
        self.assert_synced()
        # The prices of two parents, and the quantities.
        self.assertEqual(self.calls() - before, 3)

    def test_a_price_set_keeps_the_currencies_that_nobody_stated(self):
        self.add("path=shop.sim", "markets=de,fr", "market=de")
        self.link()
        before = self.rows()
        self.sync()
        for external_id, row in self.rows().items():
            self.assertEqual(row["price@de"], f"1{external_id.removeprefix('item-')}00")
            for column in ("price@fr", "compare_at_price@fr", "compare_at_price@de"):
                self.assertEqual(row[column], before[external_id][column])
        self.assertNotEqual(before["item-3"]["compare_at_price@fr"], "")

    def test_what_is_fixed_stays_and_is_told_of(self):
        self.add("path=shop.sim", "fixed=1")
        self.link()
        before = self.rows()
        fixed = {external_id: name.removeprefix("fixed@") for external_id, row in before.items() for name in row
                 if name.startswith("fixed@") and row[name]}
        self.assertEqual(len(fixed), ITEMS)
        self.assertEqual({item["external_id"]: next(iter(item["fixed"])) for item in self.json("item", "list", "shop")}, fixed)
        self.sync()
        for external_id, row in self.rows().items():
            self.assertEqual(row[fixed[external_id]], before[external_id][fixed[external_id]])
        # A person may let it go.
        self.write("shop.sim", self.read("shop.sim").replace("fixed@", "was_fixed@"))
        self.text("pull", "shop")
        self.sync("--full")
        self.assert_synced()

    def test_whole_batches_with_values_that_are_refused(self):
        self.add("path=shop.sim", "whole_batches=yes", "item_rejected=0.4")
        self.link()
        self.run_program("sync", "shop")
        rows = self.rows()
        applied = [external_id for external_id in rows
                   if rows[external_id]["price"] == f"1{external_id.removeprefix('item-')}00"]
        self.assertGreater(len(applied), 0)
        self.assertLess(len(applied), ITEMS)

    def test_misfortunes_of_calls_and_items_are_got_over(self):
        self.add("path=shop.sim", "not_ready=0.3", "item_not_tried=0.3", "item_throttled=0.3")
        self.link()
        self.sync()
        self.assert_synced()

    def test_results_come_later_over_several_commands(self):
        self.add("path=shop.sim", "receipts=1", "calls=split")
        self.link()
        before = self.rows()
        self.sync()
        self.assertIn("retry", {job["trigger"] for job in self.json("job", "list") if job["state"] == "pending"})
        self.assertNotEqual(self.rows()["item-1"]["price"], "1100")
        self.run_retries()
        self.assert_synced()
        self.assertEqual(before.keys(), self.rows().keys())

    def sync_in_doubt(self, misfortune):
        """A sync of which half of the calls end without an answer, and are made again when they can land no more."""
        self.add("path=shop.sim", "calls=split", "timeout_s=1", f"{misfortune}=0.5")
        self.link()
        before = self.calls()
        self.sync()
        # The prices of two parents, and the quantities: none of them was made again otherwise.
        self.assertGreater(self.calls() - before, 3)
        self.assert_synced()
        self.assert_nothing_is_left()
        self.assertEqual(self.problems(), set())

    def test_pushes_of_which_the_reply_is_lost(self):
        self.sync_in_doubt("push_lost_reply")

    def test_pushes_that_land_late(self):
        self.sync_in_doubt("push_late")

    # Whether what was accepted has landed is then seen by looking, and what has not is sent again.
    def test_receipts_that_are_never_decided(self):
        self.add("path=shop.sim", "receipts=1", "receipt_lost=1")
        self.link()
        self.sync()
        self.assertEqual(self.problems(), set())
        self.run_retries()
        self.assert_synced()
        self.assert_nothing_is_left()
        self.assertEqual(self.problems(), {(f"SKU-{i}", "receipt_lost") for i in range(1, ITEMS + 1)})

    def test_reads_lag_behind(self):
        self.add("path=shop.sim", "pull_lag_s=3600")
        self.link()
        price = self.rows()["item-5"]["price"]
        self.write("shop.sim", self.read("shop.sim").replace(f",{price},", ",999,"))
        self.text("pull", "shop")
        self.assertEqual(self.rows()["item-5"]["price"], "999")
        shown = {item["external_id"]: item["price"] for item in self.json("item", "list", "shop")}
        self.assertEqual(round(float(shown["item-5"]) * 100), int(price))

    def test_an_id_is_used_again(self):
        self.add("path=shop.sim", "reuses=1")
        self.link()
        # Somebody else's channel on the same platform, before each call of which an item is removed.
        self.text("channel", "add", "staff", "--adapter", "simulated", "--set", "path=shop.sim", "--set", "removals=1")
        before = self.rows()
        self.text("pull", "staff")
        gone, = before.keys() - self.rows().keys()
        self.run_program("pull", "shop")
        again = self.rows()[gone]
        self.assertNotEqual(again["identity"], before[gone]["identity"])
        self.assertEqual(again["sku"], before[gone]["sku"] + "-reused-1")
        self.run_program("sync", "shop", "--full")
        self.assertEqual(self.rows()[gone]["price"], again["price"])

    def test_what_it_remembers_is_damaged(self):
        self.add("path=shop.sim")
        self.link()
        self.write("shop.sim.state", "something else")
        done = self.run_program("pull", "shop")
        self.assertEqual(done.returncode, 1)
        self.assertIn("shop.sim.state: what the simulated platform remembered is damaged; remove that file", done.stderr)

    def test_a_push_to_what_is_damaged_refuses_nothing_for_good(self):
        self.add("path=shop.sim", "whole_batches=yes")
        self.link()
        self.text("sync", "shop")
        shutil.copy(self.path("shop.sim.state"), self.path("kept.state"))
        self.write("products.csv", "sku,price\n" + "".join(f"SKU-{i},2{i}.00\n" for i in range(1, ITEMS + 1)))
        self.text("product", "import", "products.csv")
        self.write("shop.sim.state", "something else")
        done = self.run_program("sync", "shop")
        self.assertEqual(done.returncode, 1)
        self.assertIn("shop.sim.state: what the simulated platform remembered is damaged", done.stderr)
        shutil.copy(self.path("kept.state"), self.path("shop.sim.state"))
        self.text("sync", "shop")
        self.assertEqual({row["price"] for row in self.rows().values()}, {f"2{i}00" for i in range(1, ITEMS + 1)})
        self.assert_nothing_is_left()

    def test_without_a_file_it_is_made_anew_from_the_seed(self):
        self.add()
        self.link()
        first = self.json("item", "list", "shop")
        self.text("pull", "shop")
        for item, again in zip(first, self.json("item", "list", "shop")):
            self.assertEqual((item["external_id"], item["price"]), (again["external_id"], again["price"]))

    def test_wrong_settings(self):
        done = self.run_program("channel", "add", "shop", "--adapter", "simulated", "--set", "colour=red")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no setting \"colour\"; there are: path, seed", done.stderr)


if __name__ == "__main__":
    main(__doc__)
