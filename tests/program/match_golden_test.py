"""What `flxlink match` prints, byte for byte: rows, objects, statistics, and every error with its file and line."""

import argparse
import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM = None

LISTINGS = '''id,parent_id,sku,upc
l1,P,A-1,036000291452
l2,P,"a-2
second line",
l3,,DUP,
l4,,DUP,
"l,5",,TAKEN,
l6,,,4006381333931
l7,,none,
l8,Q,Q-1,
l9,Q,Q-2,
l10,,TWICE,
l11,,GONE,
l12,,HELD,
l13,,E,96385074
'''
CHANNEL = '''id,parent_id,sku,barcode
c1,,a-1,00036000291452
c2,,"A-2
SECOND LINE",
c3,,dup,
"c ""4""",,taken,
c5,,X,04006381333931
c6,R,q-1,
c7, ,q-2,
c8,,twice,
c9,,TWICE,
c10,,held,
c11,,e,
c12,,x,0096385074
'''
LINKS = '''listing_id,channel_id
l7,"c ""4"""
l11,gone
ghost,c10
'''
RULES = ["--rule", "sku=sku,norm=casefold", "--rule", "upc=barcode,norm=gtin,ambiguous=next"]

ROWS = '''listing_id,state,channel_id,rule,reason
l1,linked,c1,1,
l2,linked,c2,1,
l3,unlinked,,1,ambiguous_listing
l4,unlinked,,1,ambiguous_listing
"l,5",unlinked,,1,target_taken
l6,linked,c5,2,
l7,linked,"c ""4""",,existing
l8,unlinked,,1,parent_mismatch
l9,unlinked,,1,parent_mismatch
l10,unlinked,,1,ambiguous_channel
l11,broken,gone,,existing
l12,unlinked,,1,target_taken
l13,linked,c11,1,
'''
OBJECTS = r'''[
{"listing_id":"l1","state":"linked","channel_id":"c1","rule":1,"reason":null},
{"listing_id":"l2","state":"linked","channel_id":"c2","rule":1,"reason":null},
{"listing_id":"l3","state":"unlinked","channel_id":null,"rule":1,"reason":"ambiguous_listing","candidates":["l3","l4"]},
{"listing_id":"l4","state":"unlinked","channel_id":null,"rule":1,"reason":"ambiguous_listing","candidates":["l3","l4"]},
{"listing_id":"l,5","state":"unlinked","channel_id":null,"rule":1,"reason":"target_taken","holder":"l7"},
{"listing_id":"l6","state":"linked","channel_id":"c5","rule":2,"reason":null},
{"listing_id":"l7","state":"linked","channel_id":"c \"4\"","rule":null,"reason":"existing"},
{"listing_id":"l8","state":"unlinked","channel_id":null,"rule":1,"reason":"parent_mismatch","parents":[null,"R"]},
{"listing_id":"l9","state":"unlinked","channel_id":null,"rule":1,"reason":"parent_mismatch","parents":[null,"R"]},
{"listing_id":"l10","state":"unlinked","channel_id":null,"rule":1,"reason":"ambiguous_channel","candidates":["c8","c9"]},
{"listing_id":"l11","state":"broken","channel_id":"gone","rule":null,"reason":"existing"},
{"listing_id":"l12","state":"unlinked","channel_id":null,"rule":1,"reason":"target_taken","holder":"ghost"},
{"listing_id":"l13","state":"linked","channel_id":"c11","rule":1,"reason":null}
]
'''
STATS = (
    "rule 1 (sku=sku,norm=casefold): linked 3, of them contradicted 0, ambiguous_listing 2, ambiguous_channel 1, "
    "contradiction 0, target_taken 2, parent_mismatch 2, no_match 0, no_key 1\n"
    "rule 2 (upc=barcode,norm=gtin,ambiguous=next): linked 1, of them contradicted 0, ambiguous_listing 0, "
    "ambiguous_channel 0, contradiction 0, target_taken 0, parent_mismatch 0, no_match 0, no_key 4\n"
)


class MatchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="flxlink-golden-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.listings = self.write("listings.csv", LISTINGS)
        self.channel = self.write("channel.csv", CHANNEL)
        self.links = self.write("links.csv", LINKS)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read().decode("utf-8")

    def match(self, *arguments, stdout=subprocess.PIPE, before=()):
        command = [PROGRAM, *before, "match", "--listings", self.listings, "--channel", self.channel, *arguments]
        return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8")

    def full(self, *arguments, **keywords):
        return self.match(*RULES, "--links", self.links, "--parent-guard", *arguments, **keywords)

    def check(self, run, stdout, stderr="", code=0):
        self.assertEqual((run.returncode, run.stderr, run.stdout), (code, stderr, stdout))

    # ---- output

    def test_prints_rows(self):
        self.check(self.full(), ROWS)

    def test_prints_objects(self):
        self.check(self.full("--format", "json"), OBJECTS)
        self.check(self.full(before=["--json"]), OBJECTS)
        json.loads(OBJECTS)

    def test_prints_statistics_on_stderr(self):
        self.check(self.full("--stats"), ROWS, STATS)

    def test_strict_refuses_what_it_otherwise_warns_of(self):
        self.listings = self.write("listings.csv", "id,sku,upc\nl1,A,x\n")
        self.channel = self.write("channel.csv", "id,sku,upc\nc1,A,y\nc2,B,x\n")
        rules = ["--rule", "sku=sku", "--rule", "upc=upc"]
        head = "listing_id,state,channel_id,rule,reason\n"
        self.check(self.match(*rules), head + "l1,linked,c1,1,contradiction\n")
        self.check(self.match(*rules, "--strict"), head + "l1,unlinked,,1,contradiction\n")

    def test_prints_a_header_even_for_nothing(self):
        self.listings = self.write("listings.csv", "id,sku\n")
        self.check(self.match("--rule", "sku=sku"), "listing_id,state,channel_id,rule,reason\n")
        self.check(self.match("--rule", "sku=sku", "--format", "json"), "[]\n")

    def test_ids_may_be_used_in_rules(self):
        self.listings = self.write("listings.csv", "id\nc1\nzz\n")
        self.check(
            self.match("--rule", "id=id"),
            "listing_id,state,channel_id,rule,reason\nc1,linked,c1,1,\nzz,unlinked,,1,no_match\n",
        )

    def test_reads_shopify_exports(self):
        text = (
            "Handle,Title,Option1 Value,Option2 Value,Variant SKU,Variant Price\n"
            "a/b,T,Red,M,k1,1\na/b,,,,,\na/b,,Red,,k2,2\nc,,,,k3,3\n"
        )
        self.listings = self.channel = self.write("shopify.csv", text)
        self.check(
            self.match("--rule", "sku=sku", "--dialect", "shopify"),
            "listing_id,state,channel_id,rule,reason\n"
            "a\\/b/Red/M,linked,a\\/b/Red/M,1,\na\\/b/Red,linked,a\\/b/Red,1,\nc,linked,c,1,\n",
        )

    def test_threads_change_nothing(self):
        for threads in ("1", "2", "7"):
            self.check(self.full("--threads", threads), ROWS)

    # ---- where it goes

    def test_writes_a_file(self):
        self.check(self.full("--out", self.path("out.csv")), "")
        self.assertEqual(self.read("out.csv"), ROWS)

    def test_keeps_the_mode_and_the_link_of_the_file(self):
        self.write("target.csv", "old")
        os.chmod(self.path("target.csv"), 0o640)
        os.symlink("target.csv", self.path("out.csv"))
        self.check(self.full("--out", self.path("out.csv")), "")
        self.assertTrue(os.path.islink(self.path("out.csv")))
        self.assertEqual(self.read("target.csv"), ROWS)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("target.csv")).st_mode), 0o640)

    def test_writes_to_what_is_no_regular_file(self):
        self.check(self.full("--out", "/dev/null"), "")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_leaves_the_file_alone_where_the_input_is_bad(self):
        self.write("out.csv", "old")
        self.write("links.csv", "listing_id,channel_id\nl1,\n")
        self.assertEqual(self.full("--out", self.path("out.csv")).returncode, 1)
        self.assertEqual(self.read("out.csv"), "old")
        self.assertEqual(sorted(os.listdir(self.folder)), ["channel.csv", "links.csv", "listings.csv", "out.csv"])

    def test_says_that_it_cannot_write(self):
        run = self.full("--out", self.path("no/out.csv"))
        self.assertEqual(run.returncode, 1)
        self.assertIn(self.path("no/out.csv") + ": cannot be written (No such file or directory)", run.stderr)
        with open("/dev/full", "w") as full:
            run = self.full(stdout=full)
        self.assertEqual(run.returncode, 1)
        self.assertIn("standard output: cannot be written (No space left on device)", run.stderr)

    def test_says_that_nobody_reads(self):
        reader, writer = os.pipe()
        os.close(reader)
        run = self.full(stdout=writer)
        os.close(writer)
        self.assertEqual(run.returncode, 1)
        self.assertIn("standard output: cannot be written (Broken pipe)", run.stderr)

    # ---- bad input: exit code 1, one line on stderr, nothing on stdout

    def fails(self, message, *arguments):
        run = self.match(*(arguments or ("--rule", "sku=sku", "--links", self.links)))
        self.assertEqual((run.returncode, run.stdout), (1, ""), run.stderr)
        self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
        self.assertIn(message, run.stderr)

    def test_names_file_and_line(self):
        many = 'id,sku\n1,"\n\n"\n\n'  # The next line is the sixth.
        for name, content, message in (
            ("listings", "", ":1: there is no header row"),
            ("listings", many + "2\n", ":6: the row has 1 cell, the header has 2"),
            ("listings", many + "2,a,b\n", ":6: the row has 3 cells, the header has 2"),
            ("channel", many.encode() + b"2,\xff\n", ':6: column "sku" is not valid UTF-8'),
            ("channel", many + '2,"a\nb\n', ":6: a quote that is opened here is never closed"),
            ("channel", many + '2,"a"b\n', ":6: text after a closing quote"),
            ("channel", many + '2,a"b\n', ":6: a quote inside a cell"),
            ("channel", many + "2,a\rb\n", ":6: a carriage return without a line feed"),
            ("listings", many + ",a\n", ":6: the id is empty"),
            ("listings", many + "1,a\n", ':6: the id "1" is there twice'),
            ("channel", "id,sku,x,sku\n", ':1: the column "sku" is there twice'),
            ("channel", "\n\nid,x\n", ':3: there is no column "sku"'),
            ("listings", "sku\n", ':1: there is no column "id"'),
            ("listings", many + "2," + "x" * (1 << 20) + "x\n", ":6: a cell is longer than 1048576 bytes"),
            ("links", "listing_id,channel_id\nl1,c1\nl1,c2\n", ':3: listing_id "l1" is there twice'),
            ("links", "listing_id,channel_id\nl1,c1\nl2,c1\n", ':3: channel_id "c1" is there twice'),
            ("links", "listing_id,channel_id\nl1,\n", ":2: channel_id is empty"),
            ("links", "listing_id\nl1\n", ':1: there is no column "channel_id"'),
        ):
            with self.subTest(message):
                self.setUp()
                self.fails(self.write(name + ".csv", content) + message)

    def test_names_a_file_that_is_not_there(self):
        self.links = self.path("nowhere.csv")
        self.fails(self.links + ": cannot be opened (No such file or directory)")

    # ---- wrong usage: exit code 2

    def test_refuses_wrong_usage(self):
        for arguments in (
            (),
            ("--rule", "sku"),
            ("--rule", "sku=sku,norm=fold"),
            ("--rule", "sku=sku,ambiguous=maybe"),
            ("--rule", "sku=sku", "--rule", "parent_id=sku"),
            ("--rule", "sku=parent_id"),
            ("--rule", "sku=sku", "upc=barcode"),
            ("--rule", "sku=sku", "--dialect", "xml"),
            ("--rule", "sku=sku", "--format", "xml"),
            ("--rule", "sku=sku", "--threads", "0"),
            ("--rule", "sku=sku", "--threads", "many"),
            ("--rule", "sku=sku", "--unknown"),
        ):
            with self.subTest(arguments):
                run = self.match(*arguments)
                self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)
                self.assertEqual(run.stderr.count("\n"), 1, run.stderr)

    def test_wants_both_files(self):
        run = subprocess.run([PROGRAM, "match", "--rule", "a=b"], capture_output=True, encoding="utf-8")
        self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)


def main():
    global PROGRAM
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", help="the repository; not used here")
    options, rest = parser.parse_known_args()
    PROGRAM = options.flxlink
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
