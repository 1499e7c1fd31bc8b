"""The examples run, and show what they say they show.

    python3 examples_test.py --flxlink PROGRAM --source SOURCE_DIR
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

OPTIONS = argparse.Namespace()


class ExamplesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_quickstart(self):
        # On a copy of its own: it writes below the folder that it lies in.
        for name in ("quickstart.sh", "data"):
            source = OPTIONS.source / "examples" / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, self.make("examples") / name)
        script = self.folder / "examples" / "quickstart.sh"
        for _ in range(2):
            done = subprocess.run(["bash", script, "--program", OPTIONS.flxlink], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(done.stderr, "")
            for text in ("by rule 1 sku=sku", "by rule 2 upc=barcode,norm=gtin", "ambiguous_channel", "no_match",
                         "sync: completed; 0 sent", "sync: completed; 1 sent (1 price", "rules: completed"):
                self.assertIn(text, done.stdout)
        shop = (self.folder / "build" / "quickstart" / "shop" / "shop.csv").read_bytes()
        before = (self.folder / "examples" / "data" / "shop.csv").read_bytes()
        self.assertNotEqual(shop, before)
        self.assertEqual(shop.count(b"\n"), before.count(b"\n"))

    def test_embed(self):
        shop = self.folder / "shop.csv"
        shop.write_text("Handle,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Barcode,Status\n"
                        "mug,Blue,MUG-BLUE,1,15.90,,active\n"
                        "mug,Red,,3,14.00,0012345678905,\n", encoding="utf-8")
        program = OPTIONS.flxlink.parent / "examples" / "embed"
        done = subprocess.run([program, self.folder / "store.db", shop], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("MUG-BLUE: linked mug/Blue\n", done.stdout)
        self.assertIn("MUG-RED: linked mug/Red\n", done.stdout)
        self.assertIn("POT-1L: unlinked no_match\n", done.stdout)
        self.assertEqual(shop.read_text(encoding="utf-8").splitlines()[1:],
                         ["mug,Blue,MUG-BLUE,12,15.90,,active", "mug,Red,,3,15.90,0012345678905,"])

    def test_readme_without_a_shop(self):
        lines = (OPTIONS.source / "README.md").read_text(encoding="utf-8").splitlines()
        first = next(i for i, line in enumerate(lines) if "--adapter simulated --set path=shop.sim" in line)
        commands = "\n".join(line[4:] for line in lines[first:lines.index("", first)])
        path = f"{OPTIONS.flxlink.absolute().parent}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-euc", commands], cwd=self.folder, env={**os.environ, "PATH": path},
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("20 linked", done.stdout)
        self.assertIn("sync: completed; 20 sent", done.stdout)

    def make(self, name):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flxlink", required=True, type=pathlib.Path)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    parser.parse_args(namespace=OPTIONS)
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(ExamplesTest))
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
