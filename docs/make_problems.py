"""Makes docs/problems.md from the codes of include/flxlink/problem.h.

    python3 docs/make_problems.py include/flxlink/problem.h > docs/problems.md

A code is a constant with a comment: what it means, a line "Args:" with the names of its arguments or "none", and "Fix:" with what a person
does. It fails on a code that lacks one of the three.
"""

import re
import sys

SECTION = re.compile(r"// == (.+) ==")
COMMENT = re.compile(r"// ?(.*)")
CODE = re.compile(r'constexpr absl::string_view (k\w+) = "(\w+)";')
PARTS = re.compile(r"(?P<meaning>.+?) Args: (?P<args>[\w, ]+?) Fix: (?P<fix>.+)")

HEAD = """\
# Problems

Made from [include/flxlink/problem.h](../include/flxlink/problem.h) by `docs/make_problems.py`; change it there.

What went wrong has a code, arguments and a message: a job's error, the attentions of a listing variant, what a job notes about one of its
rows, and what an `absl::Status` carries (`ProblemOf`). Codes never change their meaning, so that programs can act on them; an argument is
left out where its value is not known. Adapters may give codes of their own.
"""


class HeaderError(Exception):
    """A code that is not documented as it has to be."""


def read_code(name, code, comment):
    for part in ("Args: ", "Fix: "):
        if sum(line.startswith(part) for line in comment) != 1:
            raise HeaderError(f"{name} needs one line that begins with {part.strip()}")
    parts = PARTS.fullmatch(re.sub(r"\s+", " ", " ".join(comment)).strip())
    if parts is None:
        raise HeaderError(f"{name} needs a comment that says what it means, then Args: and Fix:")
    args = [] if parts["args"] == "none" else parts["args"].split(", ")
    return {"name": name, "code": code, "meaning": parts["meaning"], "args": args, "fix": parts["fix"]}


def read_problems(header):
    """The sections of the header: a title and its codes each."""
    sections, comment = [], []
    body = header[header.index("namespace problem_code {"):header.index("}  // namespace problem_code")]
    for line in body.splitlines()[1:]:
        section, code = SECTION.fullmatch(line), CODE.fullmatch(line)
        if section:
            sections.append((section[1], []))
        elif code:
            sections[-1][1].append(read_code(code[1], code[2], comment))
        elif "=" in line and not COMMENT.fullmatch(line):
            raise HeaderError(f"not a code on one line: {line}")
        comment = comment + [COMMENT.fullmatch(line)[1]] if COMMENT.fullmatch(line) and not section else []
    return sections


def document(header):
    """The page."""
    lines = [HEAD]
    for title, codes in read_problems(header):
        lines += [f"## {title}", "", "| code | what it means | arguments | what to do |", "|---|---|---|---|"]
        for problem in codes:
            args = ", ".join(f"`{arg}`" for arg in problem["args"])
            lines.append(f"| `{problem['code']}` | {problem['meaning']} | {args} | {problem['fix']} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(document(file.read()))
