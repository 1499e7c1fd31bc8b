"""flxlink store: backup, check, vacuum, migrate; and what commands do where there is no store.

    python3 store_test.py --flxlink PROGRAM --source SOURCE_DIR [unittest's options]
"""

import os
import shutil
import sqlite3

from flxlink_program import ProgramTest, main


class StoreTest(ProgramTest):
    def files(self):
        return sorted(os.listdir(self.folder))

    def test_at_rest_it_is_one_file(self):
        self.link_shop()
        listings = self.json("listing", "list", "shop")
        for name in ("flxlink.db-wal", "flxlink.db-shm"):
            self.assertNotIn(name, self.files())
        shutil.copy(self.path("flxlink.db"), self.path("copy.db"))
        self.assertEqual(self.json("listing", "list", "shop", "--store", "sqlite:copy.db"), listings)

    def test_backup(self):
        self.link_shop()
        listings = self.json("listing", "list", "shop")
        self.assertEqual(self.text("store", "backup", "copy.db"), "store flxlink.db: backed up to copy.db\n")
        self.assertEqual(self.json("listing", "list", "shop", "--store", "sqlite:copy.db"), listings)
        self.assertIn("copy.db: there is a file of that name", self.failure(1, "store", "backup", "copy.db"))
        self.assertEqual(self.json("store", "backup", "other.db"), {"store": "flxlink.db", "backup": "other.db"})
        self.assertIn("FILE", self.failure(2, "store", "backup"))

    def test_backup_while_a_process_works(self):
        self.add_shop()
        process = self.start("run")
        self.wait_until(lambda: "flxlink.db-wal" in self.files())
        self.text("product", "import", "products.csv")
        self.text("store", "backup", "copy.db")
        process.terminate()
        process.communicate()
        self.assertEqual(self.json("store", "check", "--store", "sqlite:copy.db")["findings"], [])

    def test_check(self):
        self.link_shop()
        self.text("sync", "shop")
        self.assertEqual(self.text("store", "check"), "store flxlink.db: nothing found\n")
        self.assertEqual(self.json("store", "check"), {"store": "flxlink.db", "findings": []})
        self.run_program("pull", "shop", "--no-wait")
        self.assertEqual(self.json("store", "check")["findings"], [])
        store = sqlite3.connect(self.path("flxlink.db"))
        store.execute("DELETE FROM channel_variant WHERE external_id = 'tee/Red'")
        store.commit()
        store.close()
        done = self.run_program("store", "check")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^link of channel 1, listing \d+: its channel variant \d+ is not there$")
        self.assert_error_line(done.stderr)
        self.assertIn("restore it from a backup", done.stderr)

    def test_vacuum_and_migrate(self):
        self.link_shop()
        self.assertRegex(self.text("store", "vacuum"), r"\Astore flxlink\.db: \d+ bytes, before \d+\n\Z")
        self.assertEqual(list(self.json("store", "vacuum")), ["store", "bytes_before", "bytes_after"])
        self.assertRegex(self.text("store", "migrate"), r"its schema is version \d+ already")
        self.assertEqual(list(self.json("store", "migrate")), ["store", "from", "to"])

    def test_only_what_begins_a_store_makes_one(self):
        before = self.files()
        for arguments in (("channel", "list"), ("channel", "show", "shop"), ("channel", "remove", "shop"),
                          ("build", "shop"), ("pull", "shop"), ("link", "shop"), ("sync", "shop"), ("rules", "shop"),
                          ("listing", "list", "shop"), ("job", "list"), ("schedule", "list"), ("run", "--until-idle"),
                          ("store", "check"), ("store", "backup", "copy.db"), ("store", "vacuum"), ("store", "migrate")):
            with self.subTest(arguments):
                error = self.failure(1, *arguments)
                self.assertIn("there is no store at flxlink.db", error)
                self.assertIn("flxlink channel add", error)
                self.assertEqual(self.files(), before)
        self.text("product", "import", "products.csv")
        self.assertEqual(self.json("channel", "list"), [])

    def test_a_store_that_was_emptied(self):
        self.add_shop()
        self.write("flxlink.db", "")
        for arguments in (("channel", "list"), ("product", "import", "products.csv")):
            with self.subTest(arguments):
                self.assertIn("restore it from a backup", self.failure(1, *arguments))
                self.assertEqual(os.path.getsize(self.path("flxlink.db")), 0)

    def test_pipes_folders_and_hard_links(self):
        os.mkfifo(self.path("pipe.db"))
        self.assertIn("regular file", self.failure(1, "--store", "sqlite:pipe.db", "channel", "list"))
        self.assertIn("regular file", self.failure(1, "--store", "sqlite:/dev/null", "product", "import", "products.csv"))
        self.assertIn("Is a directory", self.failure(1, "--store", "sqlite:.", "channel", "list"))
        self.add_shop()
        os.link(self.path("flxlink.db"), self.path("other.db"))
        self.assertIn("hard links", self.failure(1, "--store", "sqlite:other.db", "channel", "list"))
        os.remove(self.path("other.db"))
        os.symlink("flxlink.db", self.path("other.db"))
        self.assertEqual(len(self.json("--store", "sqlite:other.db", "channel", "list")), 1)


if __name__ == "__main__":
    main(__doc__)
