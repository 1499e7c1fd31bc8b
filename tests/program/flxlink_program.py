"""Runs the flxlink program in a folder of its own, for tests."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

# How long something that has to happen may take before a test gives up on it.
PATIENCE_SECONDS = 120

PRODUCTS = """\
sku,upc,price,quantity,title,parent,sync_priority
TEE-RED,036000291452,10.00,5,Tee red,tee,0
TEE-BLUE,,11.00,0,Tee blue,tee,3
MUG,4006381333931,20.50,7,Mug,,0
CAP,,5.00,1,Cap,,0
SOCK,,8.00,4,Sock,,0
"""

# TEE-RED has another price here and TEE-BLUE another quantity, MUG another SKU; SOCK is there twice, CAP not at all.
SHOP = """\
Handle,Title,Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Barcode,Status
tee,Tee,Acme,Color,Red,TEE-RED,5,9.00,036000291452,active
tee,,,,Blue,TEE-BLUE,4,11.00,,
mug,Mug,Acme,Title,Default Title,OLD-MUG,7,20.50,04006381333931,active
sock,Sock,Acme,Size,S,SOCK,1,8.00,,draft
sock,,,,L,SOCK,1,8.00,,
"""


class ProgramTest(unittest.TestCase):
    """Each test has a folder with the two files above, and a store there."""

    program = None  # Set by main().

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write("products.csv", PRODUCTS)
        self.write("shop.csv", SHOP)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as file:
            return file.read()

    def start(self, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen([self.program, *arguments], cwd=self.folder, encoding="utf-8", **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def run_program(self, *arguments, **options):
        return subprocess.run([self.program, *arguments], cwd=self.folder, capture_output=True, encoding="utf-8",
                              timeout=PATIENCE_SECONDS, check=False, **options)

    def text(self, *arguments):
        """What a command that must succeed prints."""
        done = self.run_program(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def json(self, *arguments):
        """The document that a command that must succeed prints."""
        return json.loads(self.text("--json", *arguments))

    def failure(self, exit_code, *arguments):
        """The one line on stderr of a command that must fail and print nothing."""
        done = self.run_program(*arguments)
        self.assertEqual((done.returncode, done.stdout), (exit_code, ""), (arguments, done.stderr))
        self.assert_error_line(done.stderr)
        return done.stderr

    def failed_job(self, *arguments):
        """The job, and the line on stderr, of a command whose job must not complete."""
        done = self.run_program("--json", *arguments)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assert_error_line(done.stderr)
        return json.loads(done.stdout), done.stderr

    def partly(self, *arguments):
        """What a command prints whose job must complete with failures among its rows."""
        done = self.run_program(*arguments)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"\Aflxlink: job \d+ \([^\n]*\) completed, but \d+ of \d+ rows? failed; see: [^\n]+\n\Z")
        return done.stdout

    def partly_json(self, *arguments):
        """The same as a document."""
        return json.loads(self.partly("--json", *arguments))

    def assert_error_line(self, text):
        self.assertRegex(text, r"\Aflxlink: [^\n]+\n\Z")

    def wait_until(self, condition):
        """Waits for something that another process does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not happen")
            time.sleep(0.01)

    def add_shop(self, *options):
        self.text("channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv", "--rule", "sku=sku", "--rule",
                  "upc=barcode,norm=gtin", *options)

    def link_shop(self, *options):
        """A channel with its listing variants linked."""
        self.add_shop(*options)
        self.text("product", "import", "products.csv")
        self.text("build", "shop")
        self.text("pull", "shop")


def main(description):
    """Runs the tests of the program that is called; to be called where that is `__main__`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", required=True)
    options, rest = parser.parse_known_args()
    ProgramTest.program = os.path.abspath(options.flxlink)
    unittest.main(argv=[sys.argv[0], *rest])
