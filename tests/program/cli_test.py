"""Every command of flxlink: what it prints for people and for programs, its exit codes and its errors.

    python3 cli_test.py --flxlink PROGRAM --source SOURCE_DIR [--update-golden] [unittest's options]
"""

import argparse
import json
import os
import pathlib
import pty
import re
import select
import shlex
import signal
import sqlite3
import subprocess
import sys
import unittest

from flxlink_program import PATIENCE_SECONDS, PRODUCTS, SHOP, ProgramTest

OPTIONS = argparse.Namespace()

JOB_KEYS = ["id", "channel", "kind", "state", "trigger", "lane", "priority", "progress", "created_at",
            "not_before", "started_at", "finished_at", "error", "attempts", "from_job", "counts", "problem_count", "problems",
            "options"]
LISTING_KEYS = ["sku", "parent", "link_state", "external_id", "rule", "reason", "health", "price", "quantity",
                "sync_priority", "dirty", "attention", "attentions", "pending", "product_removed",
                "status_author", "doubtful", "in_doubt"]
CONFIG_KEYS = ["name", "adapter", "settings", "rules", "parent_guard", "strict", "link_after_build", "link_after_sync", "relink_broken",
               "currency", "sync_fields", "oversell", "on_doubt", "on_status_drift", "zero_prices", "status_rules", "limits",
               "keep_days", "keep_jobs"]
PROBLEM_KEYS = ["code", "args", "message", "suggestion"]
CHANNEL_KEYS = CONFIG_KEYS + ["draft", "complete_pulls", "last_complete_pull"]
COUNTS_KEYS = ["listings", "link_states", "unlinked_reasons", "healths", "attentions", "with_attention", "dirty",
               "in_doubt", "items", "live_items", "unlinked_items", "live_unlinked_items", "open_jobs"]
ITEM_KEYS = ["external_id", "parent", "live", "status", "price", "quantity", "fields", "fixed", "aliases",
             "identity", "sku", "link_state", "seen_at"]
PRODUCT_KEYS = ["key", "sku", "parent", "price", "compare_at_price", "currency", "quantity", "sync_priority", "fields"]
SCHEDULE_KEYS = ["channel", "name", "spec", "time_zone", "job", "enabled", "next_fire", "problem"]
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class CliTest(ProgramTest):
    def assert_job(self, job, made=False):
        self.assertEqual(list(job), JOB_KEYS + (["chained"] if made else []))
        self.assertEqual(list(job["progress"]), ["total", "done", "failed", "held"])
        for key in ("created_at", "not_before", "started_at", "finished_at"):
            if job[key] is not None:
                self.assertRegex(job[key], INSTANT)
        for problem in job["problems"]:
            self.assertEqual(list(problem), ["subject"] + PROBLEM_KEYS)
        for chained in job.get("chained", []):
            self.assert_job(chained)

    def channel(self, name="shop"):
        """What `channel show` says of a channel, but for its counts."""
        channel = self.json("channel", "show", name)
        self.assertEqual(list(channel.pop("counts")), COUNTS_KEYS)
        return channel

    def listing(self, sku):
        rows = [row for row in self.json("listing", "list", "shop") if row["sku"] == sku]
        self.assertEqual(len(rows), 1)
        return rows[0]


class UsageTest(CliTest):
    def test_version_is_the_projects(self):
        cmake = (OPTIONS.source / "CMakeLists.txt").read_text(encoding="utf-8")
        version = re.search(r"project\(flxlink VERSION (\S+)", cmake).group(1)
        self.assertEqual(self.text("--version"), f"flxlink {version}\n")

    def test_help_names_every_command(self):
        text = self.text("--help")
        for command in ("match", "channel", "product", "build", "pull", "link", "sync", "rules", "listing", "item", "job",
                        "schedule", "run", "store", "--store", "--json", "--version"):
            self.assertRegex(text, rf"(?m)^\s+{command}\b")
        self.assertIn("--release-broken", self.text("link", "--help"))
        self.assertIn("EXTERNAL_ID", self.text("listing", "link", "--help"))

    def test_wrong_usage(self):
        add = ("channel", "add", "x", "--adapter", "csv", "--set", "path=shop.csv")
        for arguments, names in (
            ((), "flxlink --help"),
            (("bogus",), "bogus"),
            (("channel",), "flxlink channel --help"),
            (("channel", "bogus"), "bogus"),
            (("--bogus", "channel", "list"), "--bogus"),
            (("channel", "list", "extra"), "extra"),
            (("channel", "add"), "NAME"),
            (("channel", "add", "x"), "--adapter"),
            (("channel", "add", "x", "--adapter", "nope"), "nope"),
            (("channel", "add", "x", "--adapter", "csv"), "path"),
            ((*add, "--set", "path"), "NAME=VALUE"),
            ((*add, "--set", "other=1"), "other"),
            ((*add, "--rule", "sku"), "sku"),
            ((*add, "--rule", "sku=sku,norm=upper"), "upper"),
            ((*add, "--rule", "sku=colour"), "colour"),
            ((*add, "--currency", "usd"), "usd"),
            ((*add, "--sync-fields", "weight"), "weight"),
            ((*add, "--sync-fields", ""), "none"),
            ((*add, "--status-rule", "weight<1:hide"), "weight"),
            ((*add, "--link-after-build", "maybe"), "maybe"),
            ((*add, "--oversell", "maybe"), "maybe"),
            ((*add, "--zero-prices", "maybe"), "maybe"),
            ((*add, "--limit", "break=-1"), "-1"),
            ((*add, "--keep-days", "0"), "--keep-days"),
            ((*add, "--keep-jobs", "100001"), "--keep-jobs"),
            (("channel", "add", "a b", "--adapter", "csv", "--set", "path=shop.csv"), "a b"),
            (("product", "import"), "F"),
            (("product", "import", "products.csv", "--dialect", "xml"), "xml"),
            (("product", "import", "products.csv", "--currency", "EURO"), "EURO"),
            (("product", "import", "products.csv", "--column", "sku"), "FIELD=HEADER"),
            (("product", "import", "products.csv", "--as-of", "yesterday"), "yesterday"),
            (("product", "import", "products.csv", "--absent", "zero"), "--source"),
            (("product", "import", "products.csv", "--source", "erp", "--absent", "hide"), "hide"),
            (("build",), "CHANNEL"),
            (("link", "shop", "--priority", "high"), "high"),
            (("link", "shop", "--dry-run", "--release-broken"), "--release-broken"),
            (("sync", "shop", "--force"), "--force"),
            (("sync", "shop", "--drifted"), "--force"),
            (("listing", "priority", "shop", "TEE-RED"), "N"),
            (("listing", "priority", "shop", "TEE-RED", "high"), "high"),
            (("job", "show", "first"), "first"),
            (("job", "list", "--state", "lost"), "lost"),
            (("job", "list", "--kind", "push"), "push"),
            (("job", "list", "--limit", "0"), "0"),
            (("job", "cancel", "first"), "first"),
            (("job", "prioritize"), "ID"),
            (("listing", "pause", "shop"), "SKU"),
            (("item", "show", "shop"), "EXTERNAL_ID"),
            (("product", "show"), "SKU"),
            (("schedule", "set", "shop"), "--hourly"),
            (("schedule", "set", "shop", "--hourly", "--every", "15m"), "--hourly"),
            (("schedule", "set", "shop", "--daily", "25:00"), "25:00"),
            (("schedule", "set", "shop", "--every", "20s"), "20s"),
            (("schedule", "set", "shop", "--cron", "* *"), "* *"),
            (("schedule", "set", "shop", "--cron", "0 0 30 2 *"), "never"),
            (("schedule", "set", "shop", "--hourly", "--tz", "Mars/Olympus"), "Mars/Olympus"),
            (("schedule", "set", "shop", "--hourly", "--job", "link"), "link"),
            (("schedule", "set", "shop", "--hourly", "--name", "a b"), "a b"),
            (("run", "--workers", "0"), "0"),
            (("--store", "redis:x", "channel", "list"), "redis:x"),
            (("--store", "sqlite:", "channel", "list"), "sqlite:"),
        ):
            with self.subTest(arguments):
                self.assertIn(names, self.failure(2, *arguments))

    def test_what_is_not_there_is_named_with_the_command_that_lists(self):
        self.link_shop()
        for arguments in (("channel", "show", "nope"), ("channel", "set", "nope", "--strict", "yes"),
                          ("channel", "apply", "nope"), ("channel", "remove", "nope"), ("build", "nope"),
                          ("channel", "discard", "nope"), ("item", "list", "nope"), ("item", "show", "nope", "1"),
                          ("job", "list", "--channel", "nope"),
                          ("pull", "nope"), ("link", "nope"), ("link", "nope", "--dry-run"), ("sync", "nope"),
                          ("rules", "nope"), ("listing", "list", "nope"), ("listing", "explain", "nope", "MUG"),
                          ("listing", "pause", "nope", "MUG"), ("schedule", "set", "nope", "--hourly"),
                          ("schedule", "enable", "nope"), ("schedule", "clear", "nope")):
            with self.subTest(arguments):
                self.assertIn("nope; see those there are: flxlink channel list", self.failure(1, *arguments))
        for command in ("show", "prioritize", "cancel", "rerun", "approve"):
            with self.subTest(command):
                self.assertIn("job 99; see those there are: flxlink job list", self.failure(1, "job", command, "99"))
        for arguments in (("explain",), ("unlink",), ("clear-unlink",), ("pause",), ("resume",)):
            with self.subTest(arguments):
                self.assertIn("SKU HAT; see those there are: flxlink listing list shop",
                              self.failure(1, "listing", *arguments, "shop", "HAT"))

    def test_global_options_stand_before_or_after(self):
        self.add_shop()
        self.assertEqual(json.loads(self.text("channel", "list", "--json")), self.json("channel", "list"))
        self.json("product", "import", "products.csv", "--store", "sqlite:other.db")
        self.assertEqual(self.json("--store", "sqlite:other.db", "channel", "list"), [])
        self.assertEqual(json.loads(self.text("channel", "list", "--json", "--store", "sqlite:other.db")), [])

    def test_a_name_may_be_a_commands(self):
        self.text("channel", "add", "sync", "--adapter", "csv", "--set", "path=shop.csv")
        self.assertEqual(self.json("channel", "show", "sync")["name"], "sync")
        self.assertEqual(self.json("pull", "sync")["channel"], "sync")

    def test_a_store_that_is_none(self):
        self.assertIn("nowhere", self.failure(1, "--store", "sqlite:nowhere/x.db", "channel", "list"))
        self.write("text.db", "This is no database, and it is long enough that nobody takes it for a new one.\n" * 99)
        self.assertIn("text.db", self.failure(1, "--store", "sqlite:text.db", "channel", "list"))


class ChannelTest(CliTest):
    def test_add_with_everything(self):
        channel = self.json(
            "channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv", "--rule", "sku=sku", "--rule",
            "upc=barcode,norm=gtin,ambiguous=next", "--parent-guard", "yes", "--strict", "yes", "--link-after-build",
            "yes", "--link-after-sync", "no", "--relink-broken", "yes", "--currency", "EUR", "--sync-fields", "quantity,price", "--oversell",
            "overwrite", "--on-doubt", "dissolve", "--on-status-drift", "adopt", "--zero-prices", "yes", "--status-rule",
            "quantity<=0:hide", "--status-rule", "price>=10.00:unhide", "--limit", "break=5",
            "--keep-days", "30", "--keep-jobs", "200")
        self.assertEqual(list(channel), CHANNEL_KEYS)
        self.assertEqual(channel, {
            "name": "shop", "adapter": "csv", "settings": {"path": "shop.csv"},
            "rules": ["sku=sku", "upc=barcode,norm=gtin,ambiguous=next"], "parent_guard": True, "strict": True,
            "link_after_build": True, "link_after_sync": False, "relink_broken": True, "currency": "EUR",
            "sync_fields": ["price", "quantity"], "oversell": "overwrite",
            "on_doubt": "dissolve", "on_status_drift": "adopt",
            "zero_prices": True,
            "status_rules": ["quantity<=0:hide", "price>=10.00:unhide"], "limits": ["break=5"], "keep_days": 30,
            "keep_jobs": 200, "draft": None, "complete_pulls": 0, "last_complete_pull": None})
        self.assertEqual(self.channel(), channel)
        self.assertEqual(self.json("channel", "list"), [channel])

    def test_defaults(self):
        channel = self.json("channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv")
        self.assertEqual([channel[key] for key in CONFIG_KEYS[3:]],
                         [[], False, False, False, True, False, "USD", ["price", "quantity", "status"], "hold", None, "correct", False, [],
                          [], 90, 1000])

    def test_fields_of_a_sync_have_one_order(self):
        self.add_shop("--sync-fields", "compare_at_price,status,price")
        self.assertEqual(self.json("channel", "show", "shop")["sync_fields"], ["price", "status", "compare_at_price"])
        self.assertIn("price,status,compare_at_price", self.text("channel", "show", "shop"))
        self.assertIn("cannot set title", self.failure(2, "channel", "set", "shop", "--sync-fields", "price,title"))

    def test_a_compare_at_price_is_sent_where_it_is_synced(self):
        self.write("products.csv", "sku,price,compare_at_price\nCAP,5.00,7.50\nMUG,20.00,\n")
        shop = "Handle,Variant SKU,Variant Price,Variant Compare At Price\ncap,CAP,5.00,6.00\nmug,MUG,20.00,25.00\n"
        self.write("shop.csv", shop)
        self.link_shop()
        self.json("sync", "shop")
        self.assertEqual(self.read("shop.csv"), shop)
        self.json("channel", "set", "shop", "--sync-fields", "price,compare_at_price")
        self.assertEqual(self.json("sync", "shop")["counts"]["compare_at_prices"], 1)
        self.assertEqual(self.read("shop.csv"), shop.replace("6.00", "7.50"))

    def test_adding_again(self):
        self.add_shop()
        self.assertEqual(self.text("channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv", "--rule",
                                   "sku=sku", "--rule", "upc=barcode,norm=gtin"), "channel shop: added\n")
        self.assertIn("flxlink channel set shop",
                      self.failure(1, "channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv"))

    def test_set_changes_what_is_given(self):
        self.add_shop("--status-rule", "price>=10.00:hide", "--limit", "break=3", "--keep-days", "7", "--keep-jobs", "20")
        before = self.channel()
        self.assertEqual(self.json("channel", "set", "shop", "--rule", "sku=sku,norm=trim", "--strict", "yes"),
                         {**before, "rules": ["sku=sku,norm=trim"], "strict": True})
        changed = self.json("channel", "set", "shop", "--set", "path=other.csv", "--rule", "none", "--status-rule",
                            "none", "--sync-fields", "none", "--limit", "none", "--strict", "no", "--keep-days", "8")
        self.assertEqual(changed, {**before, "settings": {"path": "other.csv"}, "rules": [], "status_rules": [],
                                   "sync_fields": [], "limits": [], "keep_days": 8})
        self.assertIn("keeps finished jobs: for 8 days, at most 20\n", self.text("channel", "show", "shop"))

    def test_a_status_rule_keeps_its_number_in_another_currency(self):
        self.add_shop("--status-rule", "price>=10.00:hide")
        self.assertEqual(self.json("channel", "set", "shop", "--currency", "JPY")["status_rules"], ["price>=10:hide"])
        self.assertEqual(self.json("channel", "set", "shop", "--currency", "KWD")["status_rules"],
                         ["price>=10.000:hide"])
        self.json("channel", "set", "shop", "--currency", "USD", "--status-rule", "price>=10.50:hide")
        self.assertIn("10.50", self.failure(2, "channel", "set", "shop", "--currency", "JPY"))

    def test_draft(self):
        self.add_shop()
        self.assertIn("flxlink channel set shop", self.failure(1, "channel", "apply", "shop"))
        before = self.channel()
        drafted = self.json("channel", "set", "shop", "--strict", "yes", "--draft")
        self.assertEqual(list(drafted["draft"]), CONFIG_KEYS)
        self.assertEqual((drafted["strict"], drafted["draft"]["strict"]), (False, True))
        self.json("channel", "set", "shop", "--parent-guard", "yes", "--draft")
        self.assertEqual(self.json("channel", "apply", "shop"), {**before, "strict": True, "parent_guard": True})

    def test_discard(self):
        self.add_shop()
        self.assertIn("flxlink channel set shop", self.failure(1, "channel", "discard", "shop"))
        before = self.channel()
        self.json("channel", "set", "shop", "--strict", "yes", "--draft")
        self.assertEqual(self.json("channel", "discard", "shop"), before)
        self.failure(1, "channel", "apply", "shop")

    def test_show_counts(self):
        self.link_shop()
        self.json("pull", "shop", "--no-wait")
        counts = self.json("channel", "show", "shop")["counts"]
        self.assertEqual(list(counts), COUNTS_KEYS)
        self.assertEqual(counts, {
            "listings": 5, "link_states": {"unlinked": 2, "linked": 3},
            "unlinked_reasons": {"ambiguous_channel": 1, "no_match": 1}, "healths": {"not_listed": 2, "listed": 3},
            "attentions": {}, "with_attention": 0, "dirty": 3, "in_doubt": 0, "items": 5, "live_items": 5,
            "unlinked_items": 2, "live_unlinked_items": 2, "open_jobs": {"pending": 1}})
        text = self.text("channel", "show", "shop")
        for line in ("listing variants: 5 (2 unlinked, 3 linked)", "unlinked: 2 (1 ambiguous_channel, 1 no_match)",
                     "to send: 3, in doubt: 0", "items: 5 (5 live); unlinked: 2 (2 live)", "open jobs: 1 (1 pending)"):
            self.assertIn(f"  {line}\n", text)

    def test_remove(self):
        self.link_shop()
        self.assertEqual(self.json("channel", "remove", "shop"), {"name": "shop", "removed": True})
        self.assertEqual(self.json("channel", "list"), [])
        self.assertEqual(self.json("job", "list"), [])
        self.failure(1, "channel", "show", "shop")


class ProductTest(CliTest):
    def test_import(self):
        keys = ["file", "source", "inserted", "changed", "unchanged", "outdated", "absent", "dirtied", "refused"]
        first = self.json("product", "import", "products.csv")
        self.assertEqual(list(first), keys)
        self.assertEqual(list(first.values()), ["products.csv", None, 5, 0, 0, 0, 0, 0, []])
        self.write("products.csv", PRODUCTS.replace("CAP,,5.00", "CAP,,6.00"))
        self.assertEqual(list(self.json("product", "import", "products.csv").values()),
                         ["products.csv", None, 0, 1, 4, 0, 0, 0, []])

    def test_import_of_numbers_that_can_be_read_in_two_ways(self):
        self.write("german.csv", "sku;price\nA;1.234\nB;2,50\n")
        self.assertIn("german.csv:2: column \"price\": \"1.234\" can be read in two ways",
                      self.failure(1, "product", "import", "german.csv"))
        self.text("product", "import", "german.csv", "--decimal", "comma")
        self.assertEqual([self.json("product", "show", sku)[0]["price"] for sku in ("A", "B")], ["1234.00", "2.50"])
        self.assertIn("--decimal", self.failure(2, "product", "import", "german.csv", "--decimal", "dot"))

    def test_import_from_columns_of_other_names(self):
        self.write("german.csv", "Artikelnummer;EAN;VK\nA;4006381333931;19,90\n")
        columns = ("--column", "sku=Artikelnummer", "--column", "upc=EAN", "--column", "price=VK")
        self.text("product", "import", "german.csv", *columns)
        product = self.json("product", "show", "A")[0]
        self.assertEqual((product["price"], product["fields"]), ("19.90", {"upc": "4006381333931"}))
        self.assertIn('german.csv:1: there is no column "VKPreis"',
                      self.failure(1, "product", "import", "german.csv", *columns[:-1], "price=VKPreis"))

    def test_import_of_prices_that_make_no_sense(self):
        self.write("odd.csv", "sku,price\nA,1.00\nB,-5.00\n")
        self.assertIn('odd.csv:3: column "price": "-5.00" is below zero', self.failure(1, "product", "import", "odd.csv"))
        self.assertEqual(self.json("product", "list"), [])

    def test_an_older_quantity_does_not_replace_a_later_one(self):
        self.text("product", "import", "products.csv", "--as-of", "2026-01-31T09:30:00+01:00")
        self.write("products.csv", PRODUCTS.replace("10.00,5,", "10.00,4,"))
        older = ("product", "import", "products.csv", "--as-of", "2026-01-31T08:29:59Z")
        self.assertEqual(self.json(*older)["outdated"], 5)
        self.assertIn("5 unchanged, 5 with an outdated quantity", self.text(*older))
        self.assertEqual(self.json("product", "show", "TEE-RED")[0]["quantity"], 5)
        self.text("product", "import", "products.csv")
        self.assertEqual(self.json("product", "show", "TEE-RED")[0]["quantity"], 4)
        self.assertIn("2999", self.run_program("product", "import", "products.csv", "--as-of", "2999-01-01T00:00:00Z").stderr)

    def test_a_file_that_is_imported_again_does_not_lift_the_oversell_guard(self):
        self.link_shop()
        self.text("sync", "shop")
        before = self.read("shop.csv")
        self.write("shop.csv", before.replace("TEE-RED,5,", "TEE-RED,3,"))
        self.text("sync", "shop", "--full")
        self.assertEqual(self.listing("TEE-RED")["attention"]["code"], "quantity_below_acknowledged")
        self.assertEqual(self.json("product", "import", "products.csv")["dirtied"], 0)
        self.run_program("sync", "shop")
        self.assertIn("TEE-RED,3,", self.read("shop.csv"))
        os.utime(self.path("products.csv"))
        self.assertEqual(self.json("product", "import", "products.csv")["dirtied"], 1)
        self.text("sync", "shop")
        self.assertEqual(self.read("shop.csv"), before)

    def test_what_a_source_does_not_state_any_more(self):
        self.link_shop()
        self.text("product", "import", "products.csv", "--source", "erp")
        self.text("sync", "shop")
        before = self.read("shop.csv")
        rows = PRODUCTS.splitlines(keepends=True)
        self.write("products.csv", "".join(row for row in rows if not row.startswith("TEE-RED")))
        kept = self.json("product", "import", "products.csv", "--source", "erp")
        self.assertEqual((kept["source"], kept["absent"], kept["dirtied"]), ("erp", 0, 0))
        text = self.text("product", "import", "products.csv", "--source", "erp", "--absent", "zero")
        self.assertIn("links marked to be sent: 1\n  absent: 1, their quantity is 0 now\n", text)
        self.text("sync", "shop")
        self.assertEqual(self.read("shop.csv"), before.replace("TEE-RED,5,", "TEE-RED,0,"))
        self.write("products.csv", PRODUCTS)
        self.text("product", "import", "products.csv", "--source", "erp", "--absent", "remove")
        self.text("sync", "shop")
        self.assertEqual(self.read("shop.csv"), before)
        self.write("products.csv", "".join(rows[:-1]))
        self.assertIn("  absent: 1, removed\n",
                      self.text("product", "import", "products.csv", "--source", "erp", "--absent", "remove"))
        self.assertIn("SKU SOCK", self.failure(1, "product", "show", "SOCK"))

    def test_nothing_is_absent_from_a_file_that_says_little(self):
        self.text("product", "import", "products.csv", "--source", "erp")
        self.write("empty.csv", "sku,price\n")
        self.assertIn("there is no product in it",
                      self.failure(1, "product", "import", "empty.csv", "--source", "erp", "--absent", "remove"))
        self.write("odd.csv", "sku,price\nMUG,1.00\n" + "x" * 1001 + ",1.00\n")
        done = self.run_program("product", "import", "odd.csv", "--source", "erp", "--absent", "remove")
        self.assertEqual(done.returncode, 1)
        self.assertIn("a variant's key could not be read, so that none is taken for absent", done.stdout)
        self.assertEqual(len(self.json("product", "list")), 5)

    def test_import_marks_links(self):
        self.link_shop()
        self.text("sync", "shop")
        self.write("products.csv", PRODUCTS.replace("TEE-RED,036000291452,10.00", "TEE-RED,036000291452,12.00"))
        self.assertEqual(self.json("product", "import", "products.csv")["dirtied"], 1)
        self.assertTrue(self.listing("TEE-RED")["dirty"])

    def test_dialect_and_currency(self):
        self.assertEqual(self.json("product", "import", "shop.csv", "--dialect", "shopify")["inserted"], 5)
        self.write("yen.csv", "sku,price\nFAN,100\n")
        self.text("product", "import", "yen.csv", "--currency", "JPY")
        self.write("yen.csv", "sku,price\nFAN,100.50\n")
        self.assertIn("yen.csv:2", self.failure(1, "product", "import", "yen.csv", "--currency", "JPY"))

    def test_a_file_with_an_error_changes_nothing(self):
        rows = "".join(f"S{i},1.00\n" for i in range(25000))
        self.write("bad.csv", "sku,price\n" + rows + "LAST,one\n")
        self.assertIn("bad.csv:25002", self.failure(1, "product", "import", "bad.csv"))
        self.write("good.csv", "sku,price\n" + rows)
        self.assertEqual(self.json("product", "import", "good.csv")["inserted"], 25000)
        self.assertIn("nofile.csv", self.failure(1, "product", "import", "nofile.csv"))


    def test_list_and_show(self):
        self.assertEqual(self.json("--store", "sqlite:flxlink.db", "product", "import", "products.csv")["inserted"], 5)
        self.write("euro.csv", "sku,price,compare_at_price,colour\nEURO,1.50,2.00,red\n")
        self.text("product", "import", "euro.csv", "--currency", "EUR")
        products = self.json("product", "list")
        self.assertEqual([product["sku"] for product in products],
                         ["TEE-RED", "TEE-BLUE", "MUG", "CAP", "SOCK", "EURO"])
        for product in products:
            self.assertEqual(list(product), PRODUCT_KEYS)
        self.assertEqual(products[-1]["sku"], "EURO")
        self.assertEqual((products[-1]["price"], products[-1]["compare_at_price"], products[-1]["currency"],
                          products[-1]["quantity"], products[-1]["fields"]),
                         ("1.50", "2.00", "EUR", None, {"colour": "red"}))
        self.assertEqual(self.json("product", "show", "EURO"), products[-1:])
        self.assertIn("  colour: red\n", self.text("product", "show", "EURO"))
        self.assertEqual(len(self.text("product", "list").splitlines()), 7)
        self.assertIn("SKU HAT; see those there are: flxlink product list", self.failure(1, "product", "show", "HAT"))

    def test_an_odd_row_is_named_and_the_others_come_in(self):
        self.write("odd.csv", "sku,title,price\nA,good,1.00\nB,a\0b,1.00\n" + "x" * 1001 + ",long,1.00\nC,good,1.00\n")
        done = self.run_program("product", "import", "odd.csv")
        self.assertEqual(done.returncode, 1)
        self.assertIn("2 new, 0 changed, 0 unchanged, 2 refused", done.stdout)
        self.assertIn("  variant 2: title \"a\\000b\"", done.stdout)
        self.assertIn("  variant 3: key \"xxx", done.stdout)
        self.assertIn("odd.csv: 2 of 4 variants were refused", done.stderr)
        done = self.run_program("--json", "product", "import", "odd.csv")
        self.assertEqual(done.returncode, 1)
        view = json.loads(done.stdout)
        self.assertEqual((view["unchanged"], [(row["row"], row["code"]) for row in view["refused"]]),
                         (2, [(2, "invalid_text"), (3, "value_too_long")]))

    def test_remove(self):
        self.link_shop()
        self.text("sync", "shop")
        before = self.read("shop.csv")
        self.assertIn("TEE-RED,5,", before)
        text = self.text("product", "remove", "TEE-RED", "--yes")
        self.assertIn("product TEE-RED: removed", text)
        self.assertIn("links marked to be sent: 1", text)
        self.text("sync", "shop")
        self.assertEqual(self.read("shop.csv"), before.replace("TEE-RED,5,", "TEE-RED,0,"))
        self.assertEqual(self.json("product", "remove", "TEE-RED"),
                         {"products": [{"sku": "TEE-RED", "outcome": "removed_before"}], "dirtied": 0})
        self.text("product", "import", "products.csv")
        self.text("sync", "shop")
        self.assertEqual(self.read("shop.csv"), before)

    def test_remove_what_is_not_there(self):
        self.text("product", "import", "products.csv")
        done = self.run_program("product", "remove", "CAP", "NONE", "--yes")
        self.assertEqual(done.returncode, 1)
        self.assertIn("product CAP: removed", done.stdout)
        self.assertIn("product NONE: there is none", done.stdout)
        self.assertIn("no product variant has SKU NONE", done.stderr)

    def test_remove_asks_on_a_terminal(self):
        self.text("product", "import", "products.csv")
        for answer, removed in (("n", False), ("", False), ("y", True)):
            terminal, ours = pty.openpty()
            self.addCleanup(os.close, terminal)
            process = self.start("product", "remove", "CAP", stdin=ours, stderr=ours)
            os.close(ours)
            os.write(terminal, answer.encode() + b"\n")
            out, _ = process.communicate(timeout=PATIENCE_SECONDS)
            self.assertEqual(process.returncode, 0 if removed else 1, answer)
            self.assertEqual("CAP: removed" in out, removed, answer)


class JobTest(CliTest):
    def test_the_way_of_a_catalog(self):
        self.add_shop("--link-after-sync", "no", "--status-rule", "quantity>100:hide")
        self.text("product", "import", "products.csv")
        build = self.json("build", "shop")
        self.assert_job(build, made=True)
        self.assertEqual([build[key] for key in JOB_KEYS[1:7]],
                         ["shop", "build", "completed", "hand", "urgent", 5])
        self.assertEqual(build["progress"], {"total": 5, "done": 5, "failed": 0, "held": 0})
        self.assertEqual((build["error"], build["from_job"], build["attempts"], build["problems"], build["chained"]),
                         (None, None, 1, [], []))
        self.assertEqual(build["options"], {"skus": [], "force": [], "only_forced": False, "full": False,
                                            "pull_first": False, "release_broken": False, "release_doubtful": False, "since_last": False,
                                            "items": []})
        pull = self.json("pull", "shop")
        self.assertEqual((pull["kind"], pull["state"], pull["counts"]["inserted"]), ("pull", "completed", 5))
        link = self.json("link", "shop", "--priority", "-7")
        self.assertEqual((link["kind"], link["priority"], link["counts"]["linked"]), ("link", -7, 3))
        sync = self.json("sync", "shop")
        self.assertEqual({key: sync["counts"][key] for key in ("sent", "prices", "quantities", "statuses", "equal")},
                         {"sent": 2, "prices": 1, "quantities": 1, "statuses": 0, "equal": 1})
        self.assertEqual(self.read("shop.csv"), SHOP.replace("TEE-RED,5,9.00", "TEE-RED,5,10.00")
                         .replace("TEE-BLUE,4,", "TEE-BLUE,0,"))
        self.assertEqual(self.json("sync", "shop")["counts"]["sent"], 0)
        rules = self.json("rules", "shop")
        self.assertEqual((rules["kind"], rules["counts"]), ("rules", {"hidden": 0, "unhidden": 0}))

    def hold_two_prices(self):
        """The sync that holds the prices of TEE-RED and MUG, on a channel that allows no repricing."""
        self.add_shop("--limit", "reprice=0", "--limit", "hide=5%")
        self.text("product", "import", "products.csv")
        for command in ("build", "pull", "link", "sync"):
            self.text(command, "shop")
        self.write("cheap.csv", "sku,price,quantity\nTEE-RED,3.00,4\nMUG,6.00,7\n")
        self.text("product", "import", "cheap.csv")
        return self.json("sync", "shop")

    def test_what_the_breaker_holds_is_listed_approved_and_refused(self):
        sync = self.hold_two_prices()
        self.assertEqual((sync["counts"]["sent"], sync["counts"]["reprice_held"]), (1, 2))
        self.assertEqual(sync["progress"], {"total": 2, "done": 0, "failed": 0, "held": 2})
        self.assertIn("TEE-RED,4,10.00", self.read("shop.csv"), "the quantity goes out, the price does not")
        number = str(sync["id"])
        self.assertEqual(self.json("job", "held", number), [
            {"sku": "TEE-RED", "kind": "reprice", "job": sync["id"], "field": "price", "known": "10.00", "value": "3.00"},
            {"sku": "MUG", "kind": "reprice", "job": sync["id"], "field": "price", "known": "20.50", "value": "6.00"}])
        self.assertRegex(self.text("job", "held", number, "--limit", "1"),
                         r"\ASKU +KIND +FIELD +NOW +HELD\nTEE-RED +reprice +price +10.00 +3.00\n\Z")
        attention = self.listing("MUG")["attentions"][0]
        self.assertEqual((attention["code"], attention["args"]["job"]), ("reprice_held", number))
        self.assertIn(f"flxlink job approve {number}", attention["suggestion"])
        self.assertIn("holds no such change", self.failure(1, "job", "approve", number, "--kind", "hide"))
        approved = self.json("job", "approve", number, "--kind", "reprice", "--sku", "TEE-RED")
        self.assertEqual((approved["kind"], approved["counts"]["prices"]), ("sync", 1))
        self.assertIn("TEE-RED,4,3.00", self.read("shop.csv"))
        self.assertEqual(self.json("job", "refuse", number), {"refused": 1})
        self.assertEqual(self.json("job", "held", number), [])
        self.assertEqual(self.json("sync", "shop")["counts"]["sent"], 0)
        self.assertIn("OLD-MUG,7,20.50", self.read("shop.csv"))

    def test_limits_of_changes_are_set_by_kind(self):
        self.add_shop("--limit", "reprice=20", "--limit", "hide=5%")
        self.assertEqual(self.channel()["limits"], ["reprice=20", "hide=5%"])
        self.text("channel", "set", "shop", "--limit", "reprice=3")
        self.assertEqual(sorted(self.channel()["limits"]), ["hide=5%", "reprice=3"])
        self.text("channel", "set", "shop", "--limit", "none")
        self.assertEqual(self.channel()["limits"], [])

    def test_chained_jobs_run_and_are_shown(self):
        self.add_shop("--link-after-build", "yes")
        self.text("product", "import", "products.csv")
        pull = self.json("pull", "shop")
        self.assert_job(pull, made=True)
        build = self.json("build", "shop")
        self.assert_job(build, made=True)
        self.assertEqual([(job["kind"], job["trigger"], job["state"]) for job in build["chained"]],
                         [("link", "chain", "completed")])
        self.assertEqual(self.json("job", "list", "--state", "pending"), [])

    def test_a_build_of_a_channel_that_was_never_pulled_says_that_no_link_follows(self):
        self.add_shop("--link-after-build", "yes")
        self.text("product", "import", "products.csv")
        text = self.text("build", "shop")
        self.assertRegex(text, r"(?s)\Abuild: completed;.*never been pulled completely.*flxlink pull shop")
        self.assertEqual([job["kind"] for job in self.json("job", "list")], ["build"])

    def test_build_some(self):
        self.add_shop()
        self.write("products.csv", PRODUCTS + "[1],,1.00,1,Bracket,,0\n")
        self.text("product", "import", "products.csv")
        build = self.partly_json("build", "--sku", "MUG", "CAP", "--sku", "[1]", "HAT", "shop")
        self.assertEqual(build["options"]["skus"], ["MUG", "CAP", "[1]", "HAT"])
        self.assertEqual((build["counts"]["created"], build["progress"]["failed"]), (3, 1))
        self.assertEqual([(problem["subject"], problem["code"]) for problem in build["problems"]],
                         [("HAT", "no_product")])
        self.assertRegex(self.partly("build", "shop", "--sku", "HAT"),
                         r"\Abuild: completed; 0 created, 0 refreshed, 0 unchanged, 1 failed\n  HAT: .*\n    .*\n\Z")

    def test_a_job_of_which_something_failed_exits_1(self):
        self.add_shop()
        self.text("product", "import", "products.csv")
        build, error = self.failed_job("build", "shop", "--sku", "MUG", "HAT", "CAP")
        self.assertEqual(build["state"], "completed")
        self.assertEqual(error, f"flxlink: job {build['id']} (build shop) completed, but 1 of 3 rows failed; see: flxlink "
                                f"job problems {build['id']}\n")
        self.assertEqual(self.run_program("job", "watch", str(build["id"])).returncode, 1)
        self.text("build", "shop", "--sku", "MUG")

    def test_a_price_of_zero_is_sent_where_the_channel_allows_it(self):
        self.link_shop()
        self.text("sync", "shop")
        before = self.read("shop.csv")
        self.write("products.csv", PRODUCTS.replace("20.50,7", "0.00,6"))
        self.text("product", "import", "products.csv")
        sync = self.json("sync", "shop")
        self.assertEqual([problem["code"] for problem in sync["problems"]], ["zero_price"])
        self.assertEqual(self.read("shop.csv"), before.replace("OLD-MUG,7,", "OLD-MUG,6,"))
        self.assertIn("--zero-prices yes", self.listing("MUG")["attention"]["suggestion"])
        self.assertIn("prices of 0: sent\n", self.text("channel", "set", "shop", "--zero-prices", "yes") +
                      self.text("channel", "show", "shop"))
        self.text("sync", "shop")
        after = before.replace("OLD-MUG,7,20.50", "OLD-MUG,6,0.00")
        self.assertEqual(self.read("shop.csv"), after)
        self.text("channel", "set", "shop", "--zero-prices", "no")
        self.text("sync", "shop", "--full")
        self.assertEqual((self.read("shop.csv"), self.listing("MUG")["attentions"]), (after, []))

    def test_problems_of_a_job_are_shown_and_listed(self):
        self.add_shop()
        self.text("product", "import", "products.csv")
        skus = [f"N{number:04}" for number in range(1010)]
        build = self.partly_json("build", "shop", "--sku", *skus)
        number = str(build["id"])
        self.assertEqual((build["progress"]["failed"], build["problem_count"]), (1010, 1000))
        self.assertEqual([problem["subject"] for problem in build["problems"]], skus[:100])
        self.assertEqual(self.json("job", "show", number)["problems"], build["problems"])
        listed = self.json("job", "problems", number)
        self.assertEqual([problem["subject"] for problem in listed], skus[:1000])
        self.assertEqual(listed[:100], build["problems"])
        self.assertEqual(self.json("job", "problems", number, "--limit", "3"), listed[:3])
        shown = self.text("job", "show", number)
        self.assertIn("  N0099: ", shown)
        self.assertNotIn("N0100", shown)
        self.assertTrue(shown.endswith(f"  and 900 more: flxlink job problems {number}\n"), shown[-200:])
        lines = self.text("job", "problems", number, "--limit", "2").splitlines()
        self.assertEqual(lines[0].split(), ["SUBJECT", "CODE", "PROBLEM", "WHAT", "TO", "DO"])
        self.assertRegex(lines[1], r"\AN0000 +no_product  no product variant has SKU N0000  check ")
        self.assertEqual(len(lines), 3)
        self.assertIn("  and 995 more: flxlink job problems ", self.partly("build", "shop", "--sku", *skus))
        self.assertEqual(self.json("job", "problems", str(self.json("pull", "shop")["id"])), [])
        self.assertIn("4711", self.failure(1, "job", "problems", "4711"))

    def test_force_and_full(self):
        self.link_shop()
        self.text("sync", "shop")
        force = self.json("sync", "shop", "--force", "MUG", "TEE-RED")
        self.assertEqual((force["options"]["force"], force["options"]["only_forced"]), (["MUG", "TEE-RED"], True))
        self.assertEqual(force["counts"]["sent"], 2)
        self.write("shop.csv", self.read("shop.csv").replace("mug,Mug,Acme,Title,Default Title,OLD-MUG,7,20.50",
                                                             "mug,Mug,Acme,Title,Default Title,OLD-MUG,7,1.00"))
        self.assertEqual(self.json("sync", "shop")["counts"]["sent"], 0)
        full = self.json("sync", "shop", "--full")
        self.assertEqual((full["options"]["full"], full["counts"]["drifted"]), (True, 1))
        self.assertEqual([(job["kind"], job["options"]["full"], job["counts"]["sent"]) for job in full["chained"]],
                         [("sync", False, 1)])
        both = self.json("sync", "shop", "--full", "--force", "MUG")
        self.assertFalse(both["options"]["only_forced"])

    def test_what_drifted_is_listed_and_corrected(self):
        self.link_shop()
        self.text("sync", "shop")
        synced = self.read("shop.csv")
        self.assertEqual(self.json("listing", "list", "shop", "--drifted"), [])
        self.write("shop.csv", synced.replace("mug,Mug,Acme,Title,Default Title,OLD-MUG,7,20.50",
                                              "mug,Mug,Acme,Title,Default Title,OLD-MUG,7,1.00"))
        self.text("pull", "shop")
        self.assertEqual([(row["sku"], row["drifted"]) for row in self.json("listing", "list", "shop", "--drifted")],
                         [("MUG", ["price"])])
        self.assertNotIn("drifted", self.listing("MUG"))
        lines = self.text("listing", "list", "shop", "--drifted").splitlines()
        self.assertEqual(([line.split()[0] for line in lines], lines[0].split()[-1], lines[1].split()[-1]),
                         (["SKU", "MUG"], "DRIFTED", "price"))
        self.text("sync", "shop")
        self.assertEqual(len(self.json("listing", "list", "shop", "--drifted")), 1, "a sync of what changed leaves it")
        sync = self.json("sync", "shop", "--force", "--drifted")
        self.assertEqual((sync["options"]["force"], sync["options"]["only_forced"], sync["counts"]["sent"]),
                         (["MUG"], True, 1))
        self.assertEqual((self.read("shop.csv"), self.json("listing", "list", "shop", "--drifted")), (synced, []))

    def test_dry_run(self):
        self.add_shop("--link-after-sync", "no", "--rule", "title=title")
        self.text("product", "import", "products.csv")
        self.text("build", "shop")
        self.assertIn("flxlink pull shop", self.failure(1, "link", "shop", "--dry-run"))
        self.text("pull", "shop")
        plan = self.json("link", "shop", "--dry-run")
        self.assertEqual(list(plan[0]), ["sku", "state", "external_id", "rule", "reason"])
        self.assertEqual([tuple(link.values()) for link in plan], [
            ("TEE-RED", "linked", "tee/Red", 1, None), ("TEE-BLUE", "linked", "tee/Blue", 1, None),
            ("MUG", "linked", "mug/Default Title", 2, None), ("CAP", "unlinked", None, 1, "no_match"),
            ("SOCK", "unlinked", None, 1, "ambiguous_channel")])
        self.assertEqual({row["link_state"] for row in self.json("listing", "list", "shop")}, {"unlinked"})
        self.text("channel", "set", "shop", "--rule", "none")
        self.assertIn("--rule sku=sku", self.failure(1, "link", "shop", "--dry-run"))

    def test_a_pull_since_the_last(self):
        self.add_shop("--link-after-sync", "no")
        self.assertIn("read everything", self.text("pull", "shop", "--since-last"))
        pull = self.json("pull", "shop", "--since-last")
        self.assertEqual((pull["options"]["since_last"], pull["counts"]["whole"]), (False, 1), "it is a whole one by then")
        self.assertEqual(pull["counts"]["unchanged"], 5)
        self.assertNotIn("whole", self.json("pull", "shop")["counts"])
        self.failure(2, "pull", "shop", "--since-last", "--item", "tee/Red")

    def test_a_pull_tells_and_counts_item_problems(self):
        self.write("german.csv", "Handle;Variant SKU;Variant Price;Status;Option1 Value;Variant Inventory Policy\n"
                   "mug;M;1.000;active;;deny\ncap;C;2.000;active;;deny\npen;P;3,00;active;;deny\npen;Q;3,00;draft;Red;continue\n")
        self.text("channel", "add", "german", "--adapter", "csv", "--set", "path=german.csv", "--currency", "EUR",
                  "--rule", "sku=sku")
        pull = self.partly("pull", "german")
        self.assertIn("2 new, 0 changed, 0 unchanged, 3 item problems\n", pull)
        self.assertEqual(pull.count("can be read in two ways"), 1)
        self.assertRegex(pull, "(?m)^  mug: .*german.csv:2: column \"Variant Price\": \"1.000\" can be read in two ways")
        self.assertIn("further variants with such numbers: 1\n    say which one the file's decimal mark is with flxlink "
                      "channel set german --set decimal=comma, or decimal=point", pull)
        self.assertRegex(pull, "(?m)^  pen/Red: .*german.csv:5: column \"Status\": the variant \"pen/Red\" says \"draft\", and its product's "
                      "first row, line 4, says \"active\", which counts")
        self.assertIn("    say one status throughout the product on the channel, then run flxlink pull german\n", pull)
        self.text("channel", "set", "german", "--set", "decimal=comma")
        self.assertIn("2 new, 0 changed, 2 unchanged, 1 item problem\n", self.text("pull", "german"))
        item = self.json("item", "show", "german", "pen/Red")
        self.assertEqual(item["status"], "listed")
        self.assertEqual(item["fields"]["inventory_policy"], "continue")

    def test_release_broken(self):
        self.link_shop()
        self.write("shop.csv", SHOP.replace("mug,Mug", "cup,Mug"))
        self.text("pull", "shop")
        self.assertEqual(self.listing("MUG")["link_state"], "broken")
        self.assertEqual(self.json("link", "shop", "--release-broken")["counts"]["released"], 1)
        self.assertEqual((self.listing("MUG")["link_state"], self.listing("MUG")["external_id"]),
                         ("linked", "cup/Default Title"))

    def test_a_failed_job(self):
        self.add_shop()
        job, error = self.failed_job("link", "shop")
        self.assert_job(job, made=True)
        self.assertEqual((job["state"], job["channel"]), ("failed", "shop"))
        self.assertEqual(list(job["error"]), PROBLEM_KEYS)
        self.assertEqual((job["error"]["code"], job["error"]["args"]), ("no_complete_pull", {"channel": "shop"}))
        self.assertIn("flxlink pull shop", job["error"]["suggestion"])
        self.assertIn(f"flxlink job rerun {job['id']}", job["error"]["suggestion"])
        self.assertEqual(error, f"flxlink: job {job['id']} (link shop) failed: {job['error']['message']}; {job['error']['suggestion']}\n")
        self.write("shop.csv", SHOP + "broken,row\n")
        self.assertIn("shop.csv:7", self.failed_job("pull", "shop")[1])
        self.assertEqual(len(self.json("job", "list", "--state", "failed")), 2)

    def test_a_held_break_and_its_approval(self):
        self.link_shop("--limit", "break=0")
        self.write("shop.csv", SHOP.replace("mug,Mug", "cup,Mug"))
        job = self.json("pull", "shop")
        self.assertEqual(job["counts"]["break_held"], 1)
        self.assertEqual(self.listing("MUG")["link_state"], "linked")
        self.assertIn(f"flxlink job approve {job['id']}", self.listing("MUG")["attentions"][0]["suggestion"])
        self.assertEqual([(row["sku"], row["kind"]) for row in self.json("job", "held", str(job["id"]))], [("MUG", "break")])
        approved = self.json("job", "approve", str(job["id"]))
        self.assertEqual((approved["kind"], approved["state"], approved["counts"]["broken"]), ("fetch", "completed", 1))
        self.assertEqual(self.listing("MUG")["link_state"], "broken")
        self.failure(1, "job", "approve", str(job["id"]))

    def test_no_wait_and_rerun(self):
        self.add_shop()
        pull = self.json("pull", "shop", "--no-wait")
        self.assert_job(pull, made=True)
        self.assertEqual((pull["state"], pull["started_at"], pull["chained"]), ("pending", None, []))
        self.assertEqual(self.json("pull", "shop", "--no-wait")["id"], pull["id"])
        number = str(pull["id"])
        self.assertIn(number, self.text("pull", "shop", "--no-wait"))
        self.failure(1, "job", "rerun", number)
        self.assertEqual(self.json("pull", "shop")["id"], pull["id"])
        again = self.json("job", "rerun", number)
        self.assert_job(again, made=True)
        self.assertEqual((again["trigger"], again["from_job"], again["state"]), ("rerun", pull["id"], "completed"))
        self.assertEqual(self.json("job", "rerun", number, "--no-wait")["state"], "pending")

    def test_cancel(self):
        self.add_shop()
        number = str(self.json("pull", "shop", "--no-wait")["id"])
        (cancelled,) = self.json("job", "cancel", number)
        self.assert_job(cancelled)
        self.assertEqual((cancelled["state"], cancelled["started_at"]), ("cancelled", None))
        self.failure(1, "job", "cancel", number)
        self.failure(1, "job", "prioritize", number)

    def test_of_several_jobs_each_is_cancelled_or_named(self):
        self.add_shop()
        pull = self.json("pull", "shop", "--no-wait")["id"]
        build = self.json("build", "shop", "--no-wait")["id"]
        done = self.run_program("job", "cancel", str(pull), "99", str(build))
        self.assertEqual((done.returncode, done.stdout), (
            1, f"job {pull} (pull shop): cancelled\njob {build} (build shop): cancelled\n"))
        self.assertEqual(done.stderr, "flxlink: there is no job 99; see those there are: flxlink job list\n")

    def test_the_first_prioritized_runs_first(self):
        self.add_shop("--link-after-sync", "no")
        pull, sync, build = (self.json(kind, "shop", "--no-wait")["id"] for kind in ("pull", "sync", "build"))
        moved = self.json("job", "prioritize", str(build), str(sync))
        self.assertEqual([job["id"] for job in moved], [build, sync])
        self.text("run", "--until-idle")
        jobs = sorted(self.json("job", "list"), key=lambda job: job["started_at"])
        self.assertEqual([job["id"] for job in jobs], [build, sync, pull])

    def test_list_filters(self):
        self.add_shop()
        self.text("channel", "add", "other", "--adapter", "csv", "--set", "path=shop.csv")
        for channel in ("shop", "other"):
            for kind in ("pull", "build", "link"):
                self.json(kind, channel, "--no-wait")
        def listed(*options):
            return [(job["channel"], job["kind"]) for job in self.json("job", "list", *options)]
        self.assertEqual(listed("--channel", "shop"), [("shop", "link"), ("shop", "build"), ("shop", "pull")])
        self.assertEqual(listed("--kind", "link", "build", "--limit", "3"),
                         [("other", "link"), ("other", "build"), ("shop", "link")])
        self.assertEqual(listed("--kind", "link", "--state", "completed"), [])

    def test_prioritize(self):
        self.add_shop("--link-after-sync", "no")
        self.json("pull", "shop", "--no-wait")
        self.json("sync", "shop", "--priority", "9", "--no-wait")
        build = self.json("build", "shop", "--no-wait")
        (moved,) = self.json("job", "prioritize", str(build["id"]))
        self.assert_job(moved)
        self.assertEqual(self.json("run", "--until-idle"), {"jobs_run": 3})
        jobs = sorted(self.json("job", "list"), key=lambda job: job["started_at"])
        # The build leaves a step to the pull, which has no more than one.
        self.assertEqual([job["kind"] for job in jobs], ["build", "pull", "sync"])

    def test_several_channels(self):
        self.text("product", "import", "products.csv")
        self.assertIn("no channel yet", self.failure(1, "pull", "--all"))
        self.add_shop("--link-after-sync", "no")
        self.text("channel", "add", "other", "--adapter", "csv", "--set", "path=other.csv", "--link-after-sync", "no")
        pulls = self.json("pull", "shop", "other", "--no-wait")
        self.assertEqual([(job["channel"], job["state"]) for job in pulls], [("shop", "pending"), ("other", "pending")])
        # What goes wrong with one keeps no other from being done.
        done = self.run_program("--json", "pull", "--all", "--since-last")
        self.assertEqual(done.returncode, 1)
        self.assertIn("other.csv", done.stderr)
        self.assertEqual(sorted((job["channel"], job["state"]) for job in json.loads(done.stdout)),
                         [("other", "failed"), ("shop", "completed")])
        done = self.run_program("build", "shop", "nope", "other")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "flxlink: there is no channel nope; see those there are: flxlink channel list\n"))
        self.assertEqual([line.split(":")[0] for line in done.stdout.splitlines()], ["shop", "other"])
        self.failure(2, "sync")
        self.failure(2, "sync", "shop", "--all")
        forced = self.json("sync", "--all", "--no-wait", "--force", "MUG")
        self.assertEqual([job["options"]["force"] for job in forced], [["MUG"], ["MUG"]])
        self.failure(1, "link", "--all", "--dry-run")

    def test_queue(self):
        self.add_shop("--link-after-sync", "no")
        self.assertEqual(self.text("--json", "job", "queue", "shop"), "[]\n")
        pull = self.json("pull", "shop", "--no-wait")
        build = self.json("build", "shop", "--no-wait")
        sync = self.json("sync", "shop", "--no-wait")
        def queue():
            jobs = self.json("job", "queue", "shop")
            for job in jobs:
                self.assert_job(job)
            return [(job["id"], job["lane"], job["priority"]) for job in jobs]
        self.assertEqual(queue(), [(sync["id"], "urgent", 20), (build["id"], "urgent", 5), (pull["id"], "bulk", 0)])
        self.json("job", "prioritize", str(pull["id"]))
        self.assertEqual([job_id for job_id, _, _ in queue()], [pull["id"], sync["id"], build["id"]])
        lines = self.text("job", "queue", "shop").splitlines()
        self.assertEqual(lines[0].split(), ["POSITION", "JOB", "KIND", "STATE", "TRIGGER", "LANE", "PRIORITY",
                                            "CREATED", "DUE"])
        self.assertEqual(lines[1].split()[:7], ["1", str(pull["id"]), "pull", "pending", "hand", "bulk", "0"])
        self.assertIn("none", self.failure(1, "job", "queue", "none"))

    def test_list_and_show(self):
        self.add_shop()
        self.assertEqual(self.text("--json", "job", "list"), "[]\n")
        self.text("product", "import", "products.csv")
        self.text("build", "shop")
        self.text("pull", "shop")
        jobs = self.json("job", "list")
        self.assertEqual([job["kind"] for job in jobs], ["link", "pull", "build"])
        for job in jobs:
            self.assert_job(job)
            self.assertEqual(self.json("job", "show", str(job["id"])), job)
        self.assertEqual(len(self.text("job", "list").splitlines()), 4)
        self.assertIn("link: completed; 3 linked", self.text("job", "show", str(jobs[0]["id"])))


class ListingTest(CliTest):
    def test_list(self):
        self.add_shop()
        self.assertEqual(self.text("--json", "listing", "list", "shop"), "[]\n")
        self.text("product", "import", "products.csv")
        self.text("build", "shop")
        self.assertEqual(self.listing("CAP"), dict(zip(LISTING_KEYS, [
            "CAP", None, "unlinked", None, None, None, "not_listed", "5.00", 1, 0, False, None, [], None, False,
            "channel", False, False])))
        self.text("pull", "shop")
        rows = self.json("listing", "list", "shop")
        for row in rows:
            self.assertEqual(list(row), LISTING_KEYS)
        self.assertEqual([[row[key] for key in LISTING_KEYS[:11]] for row in rows], [
            ["TEE-RED", "tee", "linked", "tee/Red", 1, None, "listed", "10.00", 5, 0, True],
            ["TEE-BLUE", "tee", "linked", "tee/Blue", 1, None, "listed", "11.00", 0, 3, True],
            ["MUG", None, "linked", "mug/Default Title", 2, None, "listed", "20.50", 7, 0, True],
            ["CAP", None, "unlinked", None, 1, "no_match", "not_listed", "5.00", 1, 0, False],
            ["SOCK", None, "unlinked", None, 1, "ambiguous_channel", "not_listed", "8.00", 4, 0, False]])
        self.assertEqual([row["sku"] for row in self.json("listing", "list", "shop", "--unlinked")], ["CAP", "SOCK"])
        self.assertEqual(self.json("listing", "list", "shop", "--attention"), [])

    def test_numbers_that_are_not_there(self):
        self.write("products.csv", "sku,price,quantity\nCAP,,\n")
        self.add_shop()
        self.text("product", "import", "products.csv")
        self.text("build", "shop")
        row = self.listing("CAP")
        self.assertEqual((row["price"], row["quantity"]), (None, None))

    def test_attention(self):
        self.write("products.csv", PRODUCTS.replace("MUG,4006381333931,20.50,7", "MUG,4006381333931,30.00,7"))
        self.link_shop()
        self.text("product", "import", "products.csv", "--currency", "EUR")
        self.text("sync", "shop")
        rows = self.json("listing", "list", "shop", "--attention")
        self.assertEqual([row["sku"] for row in rows], ["TEE-RED", "TEE-BLUE", "MUG"])
        self.assertEqual(list(rows[0]["attention"]), PROBLEM_KEYS)
        self.assertEqual(rows[0]["attention"]["code"], "currency_mismatch")
        self.assertEqual(rows[0]["attention"]["args"],
                         {"price": "10.00", "currency": "EUR", "channel_currency": "USD"})
        self.assertIn("flxlink channel set shop --currency CODE", rows[0]["attention"]["suggestion"])
        self.assertEqual(rows[0]["attentions"], [rows[0]["attention"]])
        self.assertIn("currency_mismatch", self.text("listing", "list", "shop", "--attention"))
        self.assertEqual(self.json("listing", "list", "shop", "--attention", "currency_mismatch"), rows)
        self.assertEqual(self.json("listing", "list", "shop", "--attention", "item_gone"), [])

    def test_contradiction_is_a_reason_of_a_link(self):
        self.write("products.csv", PRODUCTS.replace("TEE-RED,036000291452", "TEE-RED,4006381333931"))
        self.link_shop()
        row = self.listing("TEE-RED")
        self.assertEqual((row["link_state"], row["rule"], row["reason"]), ("linked", 1, "contradiction"))

    def test_a_doubtful_link(self):
        self.link_shop()
        self.text("sync", "shop")
        self.write("shop.csv", self.read("shop.csv").replace("4006381333931", "5901234123457"))
        pulled = self.text("pull", "shop")
        self.assertIn("1 links doubtful", pulled)
        self.assertIn("flxlink listing confirm shop SKU", pulled)
        rows = self.json("listing", "list", "shop", "--doubtful")
        self.assertEqual([(row["sku"], row["doubtful"], row["attention"]["code"]) for row in rows],
                         [("MUG", True, "link_doubtful")])
        self.assertIn("link_doubtful: ", self.text("listing", "explain", "shop", "MUG"))
        confirmed = self.json("listing", "confirm", "shop", "MUG")
        self.assertEqual((confirmed["doubtful"], confirmed["attentions"]), (False, []))
        self.assertEqual(self.json("listing", "list", "shop", "--doubtful"), [])
        self.write("shop.csv", self.read("shop.csv").replace("5901234123457", "9780306406157"))
        self.text("pull", "shop")
        self.assertIn("1 doubtful links released", self.text("link", "shop", "--release-doubtful"))
        self.assertEqual(self.listing("MUG")["link_state"], "unlinked")

    def test_a_status_is_given_back(self):
        self.link_shop()
        self.assertEqual(self.listing("MUG")["status_author"], "channel")
        stated = self.json("listing", "status", "shop", "MUG", "hidden")
        self.assertEqual((stated["status_author"], stated["pending"]), ("person", "hiding"))
        adopted = self.json("listing", "status", "shop", "MUG", "adopted")
        self.assertEqual((adopted["status_author"], adopted["pending"]), ("channel", None))

    def test_explain(self):
        self.link_shop()
        explained = self.json("listing", "explain", "shop", "SOCK")
        self.assertEqual(list(explained), ["listing", "rules", "history"])
        self.assertEqual(explained["listing"], self.listing("SOCK"))
        self.assertEqual(explained["rules"], [
            {"rule": "sku=sku", "number": 1, "key": "SOCK", "value": "SOCK", "listings": ["SOCK"],
             "listing_count": 1,
             "channel": ["sock/S", "sock/L"], "channel_count": 2, "not_live": [], "refused": [], "outcome": "ambiguous_channel",
             "stopped": True},
            {"rule": "upc=barcode,norm=gtin", "number": 2, "key": None, "value": None, "listings": [],
             "listing_count": 0,
             "channel": [], "channel_count": 0, "not_live": [], "refused": [], "outcome": None, "stopped": False}])
        self.assertEqual(explained["history"], [])
        history = self.json("listing", "explain", "shop", "MUG")["history"]
        self.assertEqual([list(event) for event in history], [["kind", "external_id", "rule", "job", "at"]])
        self.assertEqual(list(history[0].values())[:3], ["linked", "mug/Default Title", 2])
        self.assertRegex(history[0]["at"], INSTANT)

    def test_link_and_unlink_by_hand(self):
        self.link_shop()
        row = self.json("listing", "link", "shop", "SOCK", "sock/L")
        self.assertEqual(list(row), LISTING_KEYS)
        self.assertEqual((row["link_state"], row["external_id"], row["rule"], row["reason"]),
                         ("linked", "sock/L", None, "by_hand"))
        self.assertIn("flxlink pull shop", self.failure(1, "listing", "link", "shop", "CAP", "cap/None"))
        self.assertIn("SOCK", self.failure(1, "listing", "link", "shop", "CAP", "sock/L"))
        self.failure(1, "listing", "unlink", "shop", "CAP")
        self.assertEqual(self.json("listing", "unlink", "shop", "MUG")["link_state"], "unlinked")
        self.text("link", "shop")
        self.assertEqual(self.listing("MUG")["reason"], "unlinked_by_hand")
        self.json("listing", "clear-unlink", "shop", "MUG")
        self.text("link", "shop")
        self.assertEqual(self.listing("MUG")["link_state"], "linked")
        events = self.json("listing", "explain", "shop", "MUG")["history"]
        self.assertEqual([event["kind"] for event in events], ["linked", "unlinked", "linked"])
        self.assertIsNone(events[1]["job"])

    def test_priority_pause_and_resume(self):
        self.link_shop()
        rows = self.json("listing", "priority", "shop", "MUG", "TEE-RED", "-5")
        self.assertEqual([(row["sku"], row["sync_priority"]) for row in rows], [("MUG", -5), ("TEE-RED", -5)])
        self.assertEqual([row["health"] for row in self.json("listing", "pause", "shop", "TEE-RED")], ["paused"])
        self.text("sync", "shop")
        self.assertIn("TEE-RED,5,9.00", self.read("shop.csv"))
        self.assertEqual([row["health"] for row in self.json("listing", "resume", "shop", "TEE-RED")], ["listed"])
        self.text("sync", "shop")
        self.assertIn("TEE-RED,5,10.00", self.read("shop.csv"))

    def test_status(self):
        self.link_shop()
        self.assertEqual(self.json("listing", "status", "shop", "MUG", "hidden")["health"], "listed")
        self.text("sync", "shop")
        self.assertEqual(self.listing("MUG")["health"], "hidden")
        self.assertIn(",036000291452,active", self.read("shop.csv"))
        self.assertIn("OLD-MUG,7,20.50,04006381333931,draft", self.read("shop.csv"))
        self.assertEqual(self.json("listing", "status", "shop", "MUG", "delisted")["health"], "delisted")
        self.assertEqual(self.text("listing", "status", "shop", "MUG", "listed"), "SKU MUG: status stated\n")
        self.text("sync", "shop")
        self.assertIn("OLD-MUG,7,20.50,04006381333931,active", self.read("shop.csv"))
        self.assertIn("CAP is not linked", self.failure(1, "listing", "status", "shop", "CAP", "hidden"))
        self.assertIn("STATUS", self.failure(2, "listing", "status", "shop", "CAP", "paused"))

    def test_of_several_skus_each_is_edited_or_named(self):
        self.link_shop()
        done = self.run_program("listing", "pause", "shop", "MUG", "HAT", "TEE-RED", "SCARF")
        self.assertEqual((done.returncode, done.stdout), (1, "SKU MUG: paused\nSKU TEE-RED: paused\n"))
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 2)
        for line, sku in zip(lines, ("HAT", "SCARF")):
            self.assertEqual(line, f"flxlink: channel shop has no listing variant with SKU {sku}; "
                                   "see those there are: flxlink listing list shop")
        self.assertEqual([row["sku"] for row in self.json("listing", "list", "shop") if row["health"] == "paused"],
                         ["TEE-RED", "MUG"])

    def test_list_pages_and_filters(self):
        self.link_shop()
        self.assertEqual({row["link_state"] for row in self.json("listing", "list", "shop", "--unlinked")}, {"unlinked"})
        rows = "".join(f"many-{i},1.00,1\n" for i in range(2500))
        self.write("many.csv", "sku,price,quantity\n" + rows)
        self.text("product", "import", "many.csv")
        self.text("build", "shop")
        skus = [row["sku"] for row in self.json("listing", "list", "shop")]
        self.assertEqual(skus[-2500:], [f"many-{i}" for i in range(2500)])
        self.assertEqual(len(self.json("product", "list")), len(skus))


class ItemTest(CliTest):
    def test_list_and_show(self):
        self.link_shop()
        items = self.json("item", "list", "shop")
        self.assertEqual([list(item) for item in items], [ITEM_KEYS] * len(items))
        linked = [item for item in items if item["sku"]]
        listings = {row["external_id"]: row["sku"] for row in self.json("listing", "list", "shop") if row["external_id"]}
        self.assertEqual({item["external_id"]: item["sku"] for item in linked}, listings)
        unlinked = self.json("item", "list", "shop", "--unlinked")
        self.assertEqual(unlinked, [item for item in items if not item["sku"]])
        self.assertGreater(len(unlinked), 0)
        item = self.json("item", "show", "shop", linked[0]["external_id"])
        self.assertEqual(item, linked[0])
        self.assertRegex(item["seen_at"], INSTANT)
        text = self.text("item", "show", "shop", item["external_id"])
        self.assertIn(f"  SKU: {item['sku']}\n", text)
        self.assertIn(item["external_id"], self.text("item", "list", "shop"))
        self.assertIn("no item nope; see those there are: flxlink item list shop",
                      self.failure(1, "item", "show", "shop", "nope"))


    def test_what_a_pull_could_not_read_is_listed(self):
        self.write("shop.csv", "Handle,Variant SKU,Variant Price,Variant Inventory Qty\na,A,1.00,1\nb,B,2.00,many\n")
        self.text("channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv")
        self.assertEqual(self.json("item", "list", "shop", "--problems"), [])
        self.run_program("pull", "shop")
        [problem] = self.json("item", "list", "shop", "--problems")
        self.assertEqual(list(problem), ["subject", *PROBLEM_KEYS])
        self.assertEqual((problem["subject"], problem["code"]), ("b", "unreadable_item"))
        self.assertIn("many", self.text("item", "list", "shop", "--problems"))
        self.failure(2, "item", "list", "shop", "--problems", "--unlinked")
        self.write("shop.csv", "Handle,Variant SKU,Variant Price,Variant Inventory Qty\na,A,1.00,1\nb,B,2.00,2\n")
        self.text("pull", "shop")
        self.assertEqual(self.json("item", "list", "shop", "--problems"), [])

    def test_the_names_of_an_item_are_shown(self):
        self.write("shop.csv", "Handle,Variant SKU,Variant Price\nmeal,MEAL,11.00\nposter,POSTER,8.00\n")
        self.text("channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv")
        self.text("pull", "shop")
        db = sqlite3.connect(self.path("flxlink.db"))
        with db:  # Files give neither.
            db.execute("UPDATE channel_variant SET identity = 'B00/new' WHERE external_id = 'meal'")
            db.executemany("INSERT INTO item_alias SELECT channel_id, ?, channel_variant_id FROM channel_variant "
                           "WHERE external_id = 'meal'", [("inventory/2",), ("inventory/1",)])
        db.close()
        meal = self.json("item", "show", "shop", "meal")
        self.assertEqual((meal["aliases"], meal["identity"]), (["inventory/1", "inventory/2"], "B00/new"))
        text = self.text("item", "show", "shop", "meal")
        self.assertIn("  also called: inventory/1, inventory/2\n", text)
        self.assertIn("  is: B00/new\n", text)
        poster = self.json("item", "show", "shop", "poster")
        self.assertEqual((poster["aliases"], poster["identity"]), ([], None))
        self.assertNotIn("also called", self.text("item", "show", "shop", "poster"))

    def test_what_is_fixed_is_shown_and_told_once(self):
        self.write("shop.csv", "Handle,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Status\n"
                               "meal,MEAL,,,11.00,active\nposter,POSTER,shopify,3,8.00,active\n")
        self.write("products.csv", "sku,price,quantity\nMEAL,11.00,40\nPOSTER,8.00,6\n")
        self.text("channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv", "--rule", "sku=sku")
        self.text("product", "import", "products.csv")
        for command in ("build", "pull", "link"):
            self.text(command, "shop")
        self.assertEqual(self.json("item", "show", "shop", "meal")["fixed"], {"quantity": "not_tracked"})
        self.assertEqual(self.json("item", "show", "shop", "poster")["fixed"], {})
        self.assertIn("  cannot be set: quantity (not_tracked)\n", self.text("item", "show", "shop", "meal"))
        self.assertNotIn("cannot be set", self.text("item", "show", "shop", "poster"))

        first = self.json("sync", "shop")
        self.assertEqual([problem["code"] for problem in first["problems"]], ["inventory_not_tracked"])
        self.assertEqual((first["counts"]["sent"], first["counts"]["fixed"]), (1, 1))
        self.assertIn("meal,MEAL,,,11.00,active\n", self.read("shop.csv"))
        attention = self.json("listing", "list", "shop", "--attention")
        self.assertEqual([(row["sku"], row["attention"]["code"]) for row in attention], [("MEAL", "inventory_not_tracked")])
        self.write("products.csv", "sku,price,quantity\nMEAL,12.00,41\nPOSTER,8.00,6\n")
        self.text("product", "import", "products.csv")
        again = self.json("sync", "shop")
        self.assertEqual(again["problems"], [])
        self.assertEqual((again["counts"]["sent"], again["counts"]["prices"]), (1, 1))
        self.assertIn("meal,MEAL,,,12.00,active\n", self.read("shop.csv"))


class ScheduleTest(CliTest):
    def set(self, *options):
        """Sets a schedule of the shop; what it is, and whether it took another one's place."""
        schedule = self.json("schedule", "set", "shop", *options)
        return schedule, schedule.pop("replaced")

    def test_set_list_and_clear(self):
        self.add_shop()
        self.assertEqual(self.text("--json", "schedule", "list"), "[]\n")
        for options, spec, zone, job in (
            (["--hourly"], "hourly", "UTC", "sync"),
            (["--daily", "07:30", "--tz", "Europe/Berlin", "--job", "pull"], "daily 07:30", "Europe/Berlin", "pull"),
            (["--every", "15m", "--job", "sync-full"], "every 15m", "UTC", "sync-full"),
            (["--cron", "0 3 * * 1", "--job", "build"], "cron 0 3 * * 1", "UTC", "build"),
        ):
            with self.subTest(options):
                schedule, replaced = self.set(*options)
                self.assertEqual(list(schedule), SCHEDULE_KEYS)
                self.assertEqual(list(schedule.values())[:6], ["shop", job, spec, zone, job, True])
                self.assertRegex(schedule["next_fire"], INSTANT)
                self.assertIsNone(schedule["problem"])
                self.assertFalse(replaced)
                self.assertEqual(self.json("schedule", "list"), [schedule])
                self.assertEqual(self.json("schedule", "clear", "shop"),
                                 {"channel": "shop", "name": job, "cleared": True})
        self.assertEqual(self.json("schedule", "list"), [])

    def test_a_channel_has_several_and_replacing_one_is_said(self):
        self.add_shop()
        sync, _ = self.set("--hourly")
        night, replaced = self.set("--daily", "03:00", "--name", "night")
        self.assertFalse(replaced)
        self.assertEqual(self.json("schedule", "list"), [night, sync])
        self.assertIn("replaced", self.text("schedule", "set", "shop", "--every", "15m"))
        sync, replaced = self.set("--every", "30m")
        self.assertTrue(replaced)
        self.assertEqual(self.json("schedule", "list"), [night, sync])
        for command in ("enable", "disable", "clear"):
            self.assertIn("night, sync", self.failure(1, "schedule", command, "shop"))
            self.assertIn("night, sync", self.failure(1, "schedule", command, "shop", "--name", "noon"))
        self.json("schedule", "clear", "shop", "--name", "night")
        self.assertEqual(self.json("schedule", "list"), [sync])

    def test_disable_and_enable(self):
        self.add_shop()
        self.assertIn("flxlink schedule set shop", self.failure(1, "schedule", "disable", "shop"))
        schedule, _ = self.set("--cron", "0 0 1 1 *")
        self.assertEqual(self.json("schedule", "disable", "shop"), {**schedule, "enabled": False, "next_fire": None})
        self.assertIn("disabled", self.text("schedule", "list"))
        self.assertEqual(self.json("schedule", "enable", "shop"), schedule)

    def test_each_of_a_channels_schedules_makes_its_own_job(self):
        self.add_shop("--link-after-sync", "no")
        self.set("--hourly", "--job", "pull", "--name", "watch")
        self.set("--daily", "03:00", "--tz", "Europe/Berlin", "--job", "build", "--name", "night")
        self.set("--cron", "*/15 * * * *", "--name", "often")
        self.json("schedule", "disable", "shop", "--name", "often")
        store = sqlite3.connect(self.path("flxlink.db"))
        store.execute("UPDATE schedule SET next_fire = 0")
        store.commit()
        store.close()
        self.assertEqual(self.json("run", "--until-idle"), {"jobs_run": 2})
        jobs = self.json("job", "list")
        self.assertEqual(sorted((job["kind"], job["trigger"], job["state"]) for job in jobs),
                         [("build", "schedule", "completed"), ("pull", "schedule", "completed")])
        self.assertEqual(self.json("run", "--until-idle"), {"jobs_run": 0})

    def test_one_whose_zone_is_gone_says_so_and_others_fire(self):
        self.add_shop("--link-after-sync", "no")
        self.set("--hourly", "--job", "pull")
        self.set("--hourly", "--job", "build", "--name", "lost")
        store = sqlite3.connect(self.path("flxlink.db"))
        store.execute("UPDATE schedule SET next_fire = 0")
        store.execute("UPDATE schedule SET time_zone = 'Mars/Olympus' WHERE name = 'lost'")
        store.commit()
        store.close()
        done = self.run_program("--json", "run", "--until-idle")
        self.assertEqual(json.loads(done.stdout), {"jobs_run": 2})
        self.assertIn("schedule lost of channel shop", done.stderr)
        lost, pull = self.json("schedule", "list")
        self.assertEqual((lost["name"], lost["enabled"], lost["problem"]["code"]),
                         ("lost", False, "schedule_cannot_fire"))
        self.assertIn("Mars/Olympus", lost["problem"]["message"])
        self.assertTrue(pull["enabled"])
        self.assertIn("Mars/Olympus", self.text("schedule", "list"))


class PauseTest(CliTest):
    def test_a_paused_channel_runs_nothing_until_it_is_resumed(self):
        self.add_shop()
        self.assertEqual(self.json("channel", "pause", "shop"), {"name": "shop", "paused": True})
        self.assertIn("paused", self.failure(1, "pull", "shop"))
        self.assertEqual(self.json("run", "--until-idle"), {"jobs_run": 0})
        self.assertEqual(self.json("channel", "resume", "shop"), {"name": "shop", "paused": False})
        self.assertEqual(self.json("run", "--until-idle")["jobs_run"], 2)
        self.assertEqual(self.json("job", "list", "--state", "completed")[-1]["kind"], "pull")


class RunTest(CliTest):
    def block_pull(self):
        """Starts a pull of a file that cannot be read, which is tried again for longer than any of these tests takes."""
        os.rename(self.path("shop.csv"), self.path("aside.csv"))
        os.symlink("/proc/self/mem", self.path("shop.csv"))
        process = self.start("pull", "shop")
        self.wait_until(lambda: self.json("job", "list", "--state", "running"))
        return process

    def kill_pull(self, process):
        """Ends such a pull; for those that come after it the file is right again."""
        process.send_signal(signal.SIGSTOP)
        os.rename(self.path("aside.csv"), self.path("shop.csv"))
        process.kill()

    def test_until_idle(self):
        self.add_shop()
        self.assertEqual(self.text("run", "--until-idle"), "run: idle; jobs run: 0\n")
        self.text("product", "import", "products.csv")
        self.text("build", "shop", "--no-wait")
        self.text("pull", "shop", "--no-wait")
        self.assertEqual(self.json("run", "--until-idle", "--workers", "3"), {"jobs_run": 3})  # And the link job.
        self.assertEqual(self.json("job", "list", "--state", "pending"), [])
        self.assertEqual(self.listing("MUG")["link_state"], "linked")

    def test_until_a_signal(self):
        self.add_shop()
        for name in ("SIGTERM", "SIGINT"):
            with self.subTest(name):
                number = str(self.json("pull", "shop", "--no-wait")["id"])
                process = self.start("--json", "run", "--workers", "2")
                self.wait_until(lambda: self.json("job", "show", number)["state"] == "completed")
                process.send_signal(getattr(signal, name))
                output, errors = process.communicate()
                self.assertEqual((process.returncode, errors, json.loads(output)), (0, "", {"stopped_by": name}))

    def test_a_signal_makes_the_job_of_a_command_yield_and_it_goes_on(self):
        self.add_shop()
        process = self.block_pull()
        number = str(self.json("job", "list", "--state", "running")[0]["id"])
        process.send_signal(signal.SIGINT)
        errors = process.communicate()[1]
        self.assertEqual(process.returncode, 1)
        self.assertIn(f"stopped by SIGINT; job {number} goes on", errors)
        self.assert_error_line(errors)
        self.assertEqual(self.json("job", "show", number)["state"], "pending")
        os.rename(self.path("aside.csv"), self.path("shop.csv"))
        self.assertEqual(self.json("run", "--until-idle")["jobs_run"], 2)  # And the link job.
        job = self.json("job", "show", number)
        self.assertEqual((job["state"], job["attempts"]), ("completed", 1))

    def test_a_signal_makes_the_jobs_of_run_yield(self):
        self.add_shop()
        os.rename(self.path("shop.csv"), self.path("aside.csv"))
        os.symlink("/proc/self/mem", self.path("shop.csv"))
        number = str(self.json("pull", "shop", "--no-wait")["id"])
        for options in ((), ("--until-idle",)):
            with self.subTest(options):
                process = self.start("--json", "run", *options)
                self.wait_until(lambda: self.json("job", "show", number)["state"] == "running")
                process.send_signal(signal.SIGTERM)
                self.assertEqual((process.communicate()[1], process.returncode), ("", 0))
                self.assertEqual(self.json("job", "show", number)["state"], "pending")

    def test_job_watch_follows_a_job_of_another_process(self):
        self.add_shop()
        number = str(self.json("pull", "shop", "--no-wait")["id"])
        watch = self.start("job", "watch", number)
        self.assertEqual(watch.stdout.readline(), f"job {number} (pull shop): pending\n")
        self.json("run", "--until-idle")
        output, errors = watch.communicate()
        self.assertEqual((watch.returncode, errors), (0, ""))
        self.assertEqual(output.splitlines()[-1], f"job {number} (pull shop): completed, 5 of 5 done")
        self.assertEqual(self.json("job", "watch", number)["state"], "completed")
        self.assertIn("flxlink job list", self.failure(1, "job", "watch", "999"))

    def run_by_hand(self, job_id, total, done):
        """Makes the store say that a job runs and how far it is; whoever really runs one is too quick to be watched."""
        self.store.execute("UPDATE job SET state = 'running', started_at = created_at, progress_total = ?, "
                           "progress_done = ? WHERE job_id = ?", (total, done, job_id))
        self.store.commit()

    def open_terminal(self, *arguments):
        """A program with its output on a terminal, and what it wrote there so far."""
        try:
            leader, follower = pty.openpty()
        except OSError as error:
            self.skipTest(f"no pseudo-terminal is to be had here: {error}")
        self.addCleanup(os.close, leader)
        process = self.start(*arguments, stdout=follower)
        os.close(follower)
        shown = bytearray()

        def read():
            while select.select([leader], [], [], 0)[0]:
                try:
                    shown.extend(os.read(leader, 10000))
                except OSError:  # The program has ended.
                    break
            return shown.decode()

        return process, read

    def test_job_watch_shows_rate_and_time_left_in_place_on_a_terminal(self):
        self.add_shop()
        number = self.json("sync", "shop", "--no-wait")["id"]
        self.store = sqlite3.connect(self.path("flxlink.db"))
        self.addCleanup(self.store.close)
        for total, line in ((6000, rf"job {number} \(sync shop\): running, [\d,]+ of 6,000 done, [\d,.]+/s, about .* left"),
                            (None, rf"job {number} \(sync shop\): running, [\d,]+ done, [\d,.]+/s\r\n")):
            with self.subTest(total):
                self.run_by_hand(number, total, 1200)
                watch, read = self.open_terminal("job", "watch", str(number))
                self.wait_until(lambda: "done" in read())
                done = iter(range(1200, 5000))

                def further():
                    self.run_by_hand(number, total, next(done))
                    return re.search(line, read())

                self.wait_until(further)
                self.assertIn("\x1b[1A\x1b[J", read())
                watch.send_signal(signal.SIGINT)
                self.assertIn(f"flxlink job watch {number}", watch.communicate()[1])
                self.assertEqual(watch.returncode, 1)

    def test_job_watch_prints_a_line_a_change_without_a_terminal(self):
        self.add_shop()
        number = self.json("sync", "shop", "--no-wait")["id"]
        self.store = sqlite3.connect(self.path("flxlink.db"))
        self.addCleanup(self.store.close)
        watch = self.start("job", "watch", str(number))
        self.assertEqual(watch.stdout.readline(), f"job {number} (sync shop): pending\n")
        for done in (1200, 3000):
            self.run_by_hand(number, 6000, done)
            self.assertRegex(watch.stdout.readline(), rf"^job {number} \(sync shop\): running, {done:,} of 6,000 done")
        self.run_by_hand(number, None, 412000)
        self.assertRegex(watch.stdout.readline(), rf"^job {number} \(sync shop\): running, 412,000 done")
        self.store.execute("UPDATE job SET state = 'completed'")
        self.store.commit()
        self.assertEqual(watch.communicate()[0], f"job {number} (sync shop): completed, 412,000 done\n")
        self.assertEqual(watch.returncode, 0)

    def test_job_watch_shows_the_queues_of_all_channels_in_their_order(self):
        self.add_shop("--link-after-sync", "no")
        self.text("channel", "add", "bazaar", "--adapter", "simulated", "--rule", "sku=sku", "--link-after-sync", "no")
        pull, build = (self.json(kind, "shop", "--no-wait")["id"] for kind in ("pull", "build"))
        sync = self.json("sync", "bazaar", "--no-wait")["id"]
        in_order = [f"job {sync} (sync bazaar): pending, position 1\n",
                    f"job {build} (build shop): pending, position 2\n",
                    f"job {pull} (pull shop): pending, position 3\n"]
        watch = self.start("job", "watch")
        terminal, read = self.open_terminal("job", "watch")
        self.assertEqual([watch.stdout.readline() for _ in in_order], in_order)
        self.wait_until(lambda: "".join(in_order) in read().replace("\r\n", "\n"))
        self.json("run", "--until-idle")
        output, errors = watch.communicate()
        self.assertEqual((watch.returncode, errors), (0, ""))
        ends = [f"job {pull} (pull shop): completed, 5 of 5 done", f"job {build} (build shop): completed, 0 of 0 done",
                f"job {sync} (sync bazaar): completed, 0 of 0 done"]
        self.assertLessEqual(set(ends), set(output.splitlines()))
        self.wait_until(lambda: terminal.poll() is not None)
        self.assertLessEqual(set(ends), set(re.split(r"\r\n|\x1b\[J", read())))
        self.assertEqual(self.text("job", "watch"), "", "nothing is open")
        self.assertEqual(self.text("--json", "job", "watch"), "[]\n")

    def test_job_watch_gives_programs_the_jobs_that_ended(self):
        self.add_shop("--link-after-sync", "no")

        def watched():
            """Whether it looked before the jobs had ended."""
            number = self.json("pull", "shop", "--no-wait")["id"]
            watch = self.start("--json", "job", "watch")
            self.json("run", "--until-idle")
            ended = json.loads(watch.communicate()[0])
            self.assertEqual(watch.returncode, 0)
            for job in ended:
                self.assert_job(job)
                self.assertEqual(job["state"], "completed")
            return number in [job["id"] for job in ended]

        self.wait_until(watched)

    @staticmethod
    def catches(pid, number):
        """Whether a process has a handler of its own for the signal."""
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        return int(re.search(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)[1], 16) >> (number - 1) & 1

    def test_job_watch_of_the_queues_ends_when_it_is_interrupted(self):
        self.add_shop()
        self.text("pull", "shop", "--no-wait")
        for options in ((), ("--json",)):
            watch = self.start(*options, "job", "watch")
            self.wait_until(lambda: self.catches(watch.pid, signal.SIGINT))
            watch.send_signal(signal.SIGINT)
            output, errors = watch.communicate()
            self.assertEqual(watch.returncode, 1)
            if options:
                self.assertEqual(json.loads(output), [])
            self.assertIn("stopped by SIGINT; to go on watching: flxlink job watch", errors)
            self.assert_error_line(errors)

    def test_a_job_that_is_not_due_is_shown_and_not_run(self):
        self.add_shop("--link-after-sync", "no")
        number = str(self.json("pull", "shop", "--no-wait")["id"])
        store = sqlite3.connect(self.path("flxlink.db"))
        store.execute("UPDATE job SET not_before = 4102444800000000, triggered_by = 'retry'")
        store.execute("UPDATE slot SET head_job = NULL, head_created_at = NULL, next_due = 4102444800000000")
        store.commit()
        store.close()
        due = "2100-01-01T00:00:00.000000Z"
        self.text("store", "check")
        self.assertEqual(self.json("run", "--until-idle"), {"jobs_run": 0})
        shown = self.json("job", "show", number)
        self.assert_job(shown)
        self.assertEqual((shown["state"], shown["trigger"], shown["not_before"]), ("pending", "retry", due))
        self.assertIn(f"  due: {due}\n", self.text("job", "show", number))
        self.assertIn(due, self.text("job", "list"))
        watch = self.start("job", "watch", number)
        self.assertEqual(watch.stdout.readline(), f"job {number} (pull shop): pending, due at {due}\n")
        self.text("job", "prioritize", number)
        self.assertEqual(self.json("run", "--until-idle"), {"jobs_run": 1})
        watch.communicate()
        shown = self.json("job", "show", number)
        self.assertEqual((shown["state"], shown["not_before"]), ("completed", None))
        self.assertNotIn("due", self.text("job", "show", number))

    def test_metrics(self):
        self.add_shop()
        self.text("pull", "shop", "--no-wait")
        text = self.text("metrics")
        self.assertIn("# TYPE flxlink_queue_jobs gauge\n", text)
        self.assertIn('flxlink_queue_jobs{channel="shop",state="pending"} 1\n', text)
        depths = {row["labels"]["state"]: row["value"] for row in self.json("metrics")
                  if row["name"] == "flxlink_queue_jobs"}
        self.assertEqual(depths, {"pending": 1, "running": 0})

    def test_named_items_are_fetched(self):
        self.add_shop("--link-after-sync", "no")
        job = self.json("pull", "shop", "--item", "tee/Red", "nope", "--no-wait")
        self.assertEqual((job["kind"], job["trigger"], job["state"]), ("fetch", "notice", "pending"))
        done = self.json("pull", "shop", "--item", "tee/Blue")
        self.assertEqual((done["id"], done["state"]), (job["id"], "completed"))
        self.assertEqual(done["options"]["items"], ["tee/Red", "nope", "tee/Blue"])
        self.assertEqual(done["progress"], {"total": 3, "done": 3, "failed": 0, "held": 0})
        self.assertEqual(done["counts"]["inserted"], 2)
        self.assertEqual(self.text("pull", "shop", "--item", "tee/Red"), "fetch: completed; 0 new, 0 changed, 1 unchanged\n")
        self.assertEqual([row["kind"] for row in self.json("job", "list", "--kind", "fetch")], ["fetch", "fetch"])
        self.assertIn("empty", self.failure(1, "pull", "shop", "--item", ""))

    def test_a_second_process_takes_over_from_one_that_died(self):
        self.add_shop()
        first = self.block_pull()
        second = self.start("--json", "pull", "shop")
        # It queues a follow-up, which cannot run yet.
        self.wait_until(lambda: self.json("job", "list", "--state", "pending"))
        self.kill_pull(first)
        output, errors = second.communicate()
        self.assertEqual((second.returncode, errors), (0, ""))
        followed = json.loads(output)
        self.assertEqual((followed["kind"], followed["state"], followed["attempts"]), ("pull", "completed", 1))
        taken_over = [job for job in self.json("job", "list") if job["kind"] == "pull" and job != followed][-1]
        self.assertEqual((taken_over["state"], taken_over["attempts"]), ("completed", 2))
        self.assertLess(taken_over["id"], followed["id"])

    def test_a_job_left_behind_is_run_by_whoever_comes(self):
        self.add_shop()
        first = self.block_pull()
        # Stopped before there is a build, to which the pull would give way.
        first.send_signal(signal.SIGSTOP)
        self.text("build", "shop", "--no-wait")
        self.kill_pull(first)
        first.communicate()
        # The channel's queue is served in order: first what the dead process held, and a build has a lower priority.
        self.json("sync", "shop")
        self.json("run", "--until-idle")
        jobs = sorted((job for job in self.json("job", "list")), key=lambda job: job["id"])
        self.assertEqual([(job["kind"], job["state"], job["attempts"]) for job in jobs[:3]],
                         [("pull", "completed", 2), ("build", "completed", 1), ("sync", "completed", 1)])

    def test_until_idle_waits_for_what_another_process_leaves_behind(self):
        self.add_shop("--link-after-sync", "no")
        first = self.block_pull()
        self.text("pull", "shop", "--no-wait")  # A pull yields to anything but another one.
        second = self.start("--json", "run", "--until-idle")
        self.kill_pull(first)
        self.assertEqual(json.loads(second.communicate()[0]), {"jobs_run": 2})

    def test_a_schedule_that_is_due_fires_once(self):
        self.add_shop("--link-after-sync", "no")
        self.text("schedule", "set", "shop", "--every", "24h", "--job", "pull")
        store = sqlite3.connect(self.path("flxlink.db"))
        store.execute("UPDATE schedule SET next_fire = 0")
        store.commit()
        store.close()
        self.assertEqual(self.json("run", "--until-idle"), {"jobs_run": 1})
        self.assertEqual(self.json("run", "--until-idle"), {"jobs_run": 0})
        self.assertEqual([(job["kind"], job["trigger"]) for job in self.json("job", "list")], [("pull", "schedule")])
        self.assertGreater(self.json("schedule", "list")[0]["next_fire"], self.json("job", "list")[0]["created_at"])

    def test_a_running_job_is_cancelled_at_its_next_step(self):
        self.add_shop()
        first = self.block_pull()
        running = self.json("job", "list", "--state", "running")[0]
        self.assertEqual(self.json("job", "cancel", str(running["id"]))[0]["state"], "running")
        self.kill_pull(first)
        first.communicate()
        self.assertEqual(self.json("run", "--until-idle"), {"jobs_run": 0})
        self.assertEqual(self.json("job", "show", str(running["id"]))["state"], "cancelled")

    def test_a_channel_with_a_running_job_stays(self):
        self.add_shop()
        self.block_pull()
        self.failure(1, "channel", "remove", "shop")
        self.assertEqual(len(self.json("channel", "list")), 1)


class InputTest(CliTest):
    def test_regular_files_only(self):
        """Nobody writes to the FIFO: to wait for that would be to wait for ever."""
        os.mkfifo(self.path("fifo"))
        match = ["match", "--rule", "sku=sku", "--dialect", "shopify"]
        add = ["channel", "add", "shop", "--adapter", "csv", "--set", "path=fifo", "--rule", "sku=sku"]
        self.assertIn("fifo: is a FIFO; give a regular file", self.failure(2, *add))
        for arguments in (["product", "import", "fifo"],
                          [*match, "--listings", "fifo", "--channel", "shop.csv"],
                          [*match, "--listings", "shop.csv", "--channel", "fifo"],
                          [*match, "--listings", "shop.csv", "--channel", "shop.csv", "--links", "fifo"]):
            with self.subTest(arguments):
                self.assertIn("fifo: is a FIFO; give a regular file", self.failure(1, *arguments))

    def test_a_pipe_that_comes_in_the_place_of_a_shop(self):
        self.add_shop()
        os.remove(self.path("shop.csv"))
        os.mkfifo(self.path("shop.csv"))
        for command in ("pull", "sync"):
            with self.subTest(command):
                self.assertIn("shop.csv: is a FIFO; give a regular file", self.failed_job(command, "shop")[1])


class OutputTest(CliTest):
    def test_a_reader_that_goes_away(self):
        self.link_shop()
        for arguments in (["listing", "list", "shop"], ["--json", "job", "list"], ["--help"]):
            with self.subTest(arguments):
                reader, writer = os.pipe()
                os.close(reader)
                process = self.start(*arguments, stdout=writer)
                os.close(writer)
                errors = process.communicate()[1]
                self.assertEqual(process.returncode, 1)
                self.assert_error_line(errors)

    def test_a_disk_that_is_full(self):
        self.add_shop()
        with open("/dev/full", "w", encoding="utf-8") as full:
            process = self.start("--json", "channel", "list", stdout=full)
            errors = process.communicate()[1]
        self.assertEqual(process.returncode, 1)
        self.assert_error_line(errors)

    def test_progress_shows_on_a_terminal_only_and_not_on_stdout(self):
        self.add_shop()
        try:
            leader, follower = pty.openpty()
        except OSError as error:
            self.skipTest(f"no pseudo-terminal is to be had here: {error}")
        process = self.start("--json", "pull", "shop", stderr=follower)
        os.close(follower)
        output = process.communicate()[0]
        self.assertEqual(json.loads(output)["state"], "completed")
        shown = os.read(leader, 10000)
        os.close(leader)
        self.assertIn(b"\r\x1b[Kpull: 5 done", shown)
        self.assertTrue(shown.endswith(b"\r\x1b[K"))

    def test_cells_cannot_break_a_line_or_command_a_terminal(self):
        self.write("products.csv", 'sku,price\n"two\nlines",1.00\n\x1b[31mred,2.00\n')
        self.add_shop()
        self.text("product", "import", "products.csv")
        self.text("build", "shop")
        text = self.text("listing", "list", "shop")
        self.assertEqual(len(text.splitlines()), 3)
        self.assertNotIn("\x1b", text)
        self.assertEqual({row["sku"] for row in self.json("listing", "list", "shop")}, {"two\nlines", "\x1b[31mred"})
        self.assertEqual(self.json("listing", "pause", "shop", "two\nlines")[0]["health"], "paused")
        self.assertIn("two lines!", self.failure(1, "listing", "pause", "shop", "two\nlines!"))

    def test_what_is_not_utf8_is_still_json(self):
        channel = subprocess.run([self.program, "--json", "channel", "add", "shop", "--adapter", "csv", "--set",
                                  b"path=\xff.csv"], cwd=self.folder, capture_output=True, check=True)
        self.assertEqual(json.loads(channel.stdout)["settings"], {"path": "\ufffd.csv"})


class GoldenTest(CliTest):
    """What people see, command by command, as it stands in golden/session.txt (times left out)."""

    def transcript(self, commands):
        lines = []
        for command in commands:
            done = self.run_program(*shlex.split(command))
            lines.append(f"$ flxlink {command}\n{done.stdout}{done.stderr}")
            if done.returncode != 0:
                lines.append(f"exit code {done.returncode}\n")
        return INSTANT.sub("<time>", "".join(lines))

    def test_session(self):
        path = OPTIONS.source / "tests" / "program" / "golden" / "session.txt"
        golden = path.read_text(encoding="utf-8") if path.exists() else ""
        commands = re.findall(r"(?m)^\$ flxlink (.*)$", golden)
        self.assertGreater(len(commands), 30)
        transcript = self.transcript(commands)
        if OPTIONS.update_golden:
            path.write_text(transcript, encoding="utf-8")
            return
        self.maxDiff = None
        self.assertEqual(transcript, golden)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    parser.add_argument("--update-golden", action="store_true", help="write what is printed now into the golden file")
    rest = parser.parse_known_args(namespace=OPTIONS)[1]
    ProgramTest.program = os.path.abspath(OPTIONS.flxlink)
    OPTIONS.source = OPTIONS.source.absolute()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
