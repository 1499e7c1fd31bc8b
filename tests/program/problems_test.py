"""The codes of include/flxlink/problem.h, their page, what the sources give, and the program's advice agree.

    python3 problems_test.py --flxlink PROGRAM --source SOURCE_DIR
"""

import argparse
import pathlib
import re
import subprocess
import sys
import unittest

OPTIONS = argparse.Namespace()

# A place where a code is given as a string and not by its constant.
GIVEN = re.compile(r'(?:MakeProblem\(|ProblemStatus\([^,"]*,|Rejected\(|Problem\{(?:std::string\()?)\s*"(\w+)"|\bcode\s*=\s*"(\w+)"')
ADVICE = "src/cli/advice.cc"


def commands_named(text, subcommands):
    """Where a text names a command of the program: "flxlink pull", also across a line's end or in two literals.

    The name of a format, "flxlink link base", is none."""
    joined = re.sub(r'"\s*\n\s*"|\n\s*//', "", text)
    return [match[0] for match in re.finditer(r"\bflxlink (?:%s)\b(?! base)" % "|".join(subcommands), joined)]


def unknown_codes(text, codes):
    return [code for code in (first or second for first, second in GIVEN.findall(text)) if code not in codes]


class ProblemsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sys.path.insert(0, str(OPTIONS.source / "docs"))
        import make_problems
        cls.maker = make_problems
        cls.header = (OPTIONS.source / "include/flxlink/problem.h").read_text(encoding="utf-8")
        cls.problems = [problem for _, codes in make_problems.read_problems(cls.header) for problem in codes]
        cls.codes = {problem["code"] for problem in cls.problems}
        cls.sources = {path.relative_to(OPTIONS.source).as_posix(): path.read_text(encoding="utf-8")
                       for folder in ("src", "include") for path in sorted((OPTIONS.source / folder).rglob("*"))
                       if path.suffix in (".h", ".cc", ".proto")}
        overview = subprocess.run([OPTIONS.flxlink, "--help"], capture_output=True, text=True, check=True).stdout
        cls.subcommands = re.findall(r"(?m)^  ([a-z]+)  ", overview[overview.index("ubcommands:"):])

    def test_the_page_is_made_from_the_header(self):
        page = (OPTIONS.source / "docs/problems.md").read_text(encoding="utf-8")
        self.assertEqual(page, self.maker.document(self.header),
                         "run: python3 docs/make_problems.py include/flxlink/problem.h > docs/problems.md")

    def test_a_code_needs_its_meaning_arguments_and_fix(self):
        code = 'namespace problem_code {\n// == A ==\n%sconstexpr absl::string_view kA = "a";\n}  // namespace problem_code'
        self.assertEqual(self.maker.read_problems(code % "// It is.\n// Args: x, y\n// Fix: Do it.\n"),
                         [("A", [{"name": "kA", "code": "a", "meaning": "It is.", "args": ["x", "y"], "fix": "Do it."}])])
        for comment in ("", "// It is.\n// Args: x\n", "// It is.\n// Fix: Do it.\n", "// Args: x\n// Fix: Do it.\n",
                        "// It is. Args: x\n// Fix: Do it.\n", "// It is.\n// Args: x Fix: Do it.\n"):
            with self.assertRaises(self.maker.HeaderError):
                self.maker.read_problems(code % comment)

    def test_names_and_codes_are_unique_and_alike(self):
        self.assertGreater(len(self.problems), 50)
        self.assertEqual(len(self.codes), len(self.problems))
        for problem in self.problems:
            words = "".join(word.capitalize() for word in problem["code"].split("_"))
            self.assertEqual(problem["name"], "k" + words)

    def test_sources_give_no_code_that_the_header_lacks(self):
        self.assertEqual(unknown_codes('MakeProblem("no_such", {}, x)', self.codes), ["no_such"])
        self.assertEqual(unknown_codes('ProblemStatus(absl::StatusCode::kNotFound, "no_such", {})', self.codes), ["no_such"])
        self.assertEqual(unknown_codes('outcome.code = "no_such";', self.codes), ["no_such"])
        for path, text in self.sources.items():
            self.assertEqual(unknown_codes(text, self.codes), [], path)

    def test_every_code_is_given_somewhere(self):
        library = "".join(text for path, text in self.sources.items() if path.startswith("src/") and path != ADVICE)
        status_codes = {problem["code"] for title, codes in self.maker.read_problems(self.header)
                        for problem in codes if "absl::StatusCode" in title}
        for problem in self.problems:
            if problem["code"] not in status_codes:  # Those are made of the status code's name.
                self.assertTrue(f"problem_code::{problem['name']}" in library, problem["name"])

    def test_no_text_outside_the_program_names_a_command(self):
        self.assertIn("pull", self.subcommands)
        self.assertEqual(commands_named('"run: flxlink "\n    "pull shop"', self.subcommands), ["flxlink pull"])
        self.assertEqual(commands_named("// see flxlink\n// pull", self.subcommands), ["flxlink pull"])
        named = {path: commands_named(text, self.subcommands) for path, text in self.sources.items()
                 if not path.startswith("src/cli/")}
        named = {path: commands for path, commands in named.items() if commands}
        print(f"texts outside src/cli that name a command of the program: {sum(map(len, named.values()))}")
        self.assertEqual(named, {})

    def test_advice_names_commands_that_exist(self):
        text = re.sub(r'"\s*\n\s*"', "", self.sources[ADVICE])
        named = set(re.findall(r"flxlink ((?:[a-z]+ ?)+)", text))
        self.assertGreater(len(named), 10)
        for words in sorted(named):
            command = [word for word in words.split()]
            while not self.exists(command):
                command.pop()
                self.assertTrue(command, f"flxlink {words}is no command")
            group = ["channel", "product", "listing", "item", "job", "schedule"]
            self.assertEqual(len(command), 2 if command[0] in group else 1, words)

    @staticmethod
    def exists(command):
        if not command:
            return False
        done = subprocess.run([OPTIONS.flxlink, *command, "--help"], capture_output=True, text=True, check=False)
        return done.returncode == 0 and f"flxlink {' '.join(command)} " in done.stdout.replace("\n", " ")

    def test_advice_is_for_codes_that_the_header_has_and_named_once(self):
        names = re.findall(r"\{problem_code::(k\w+),", self.sources[ADVICE])
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(set(names), {problem["name"] for problem in self.problems})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--flxlink", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    OPTIONS, rest = parser.parse_known_args()
    OPTIONS.flxlink = OPTIONS.flxlink.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
