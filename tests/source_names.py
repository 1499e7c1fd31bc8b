"""What a C++ source file declares at namespace scope. It knows as much of the language as this project uses of it."""

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Name:
    namespace: str  # "flxlink::csv"; "" for the global one.
    name: str
    parameters: str  # Of a function, their types; "" for anything else.

    def __str__(self):
        return f"{self.namespace}::{self.name}{self.parameters}"


ANONYMOUS = "(anonymous)"

NOT_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/                                  # Comments.
                          |R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"       # Raw strings.
                          |"(?:\\.|[^"\\\n])*"                                # Strings.
                          |(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'                # Characters, but not the marks in 1'000.
                          |^[ \t]*\#(?:\\\n|[^\n])*                           # Directives.
                          """, re.DOTALL | re.MULTILINE | re.VERBOSE)
NAMESPACE = re.compile(r"(?:inline )?namespace ?([\w:]*)$")
ALIAS = re.compile(r"using (\w+) ?=")
OPERATOR = re.compile(r"operator ?(?:\(\)|[^\s\w(]+) ?(?=\()")
VARIABLE = re.compile(r"(\w+) ?(?:\[[^]]*\] ?)*$")
NO_NAMES = re.compile(r"(?:using (?:namespace )?[\w:]+|static_assert ?\(.*|friend .*|extern|)$")


def _without_template(text):
    """The declaration behind template <…>."""
    while text.startswith("template"):
        depth = 0
        for i, c in enumerate(text):
            depth += {"<": 1, ">": -1}.get(c, 0)
            if c == ">" and depth == 0:
                text = text[i + 1:].strip()
                break
        else:
            return ""
    return text


def _split(text):
    """What the commas outside all brackets part."""
    parts, depth = [""], 0
    for c in text:
        depth += {"(": 1, "<": 1, "[": 1, "{": 1, ")": -1, ">": -1, "]": -1, "}": -1}.get(c, 0)
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return parts


def _types(parameters):
    """Parameters without their names and defaults."""
    types = []
    for parameter in _split(parameters):
        parameter = parameter.split("=")[0].strip()
        named = re.fullmatch(r"(.*[\w>&*\])][ &*]+)(\w+)", parameter)
        types.append((named.group(1) if named else parameter).replace(" ", ""))
    return f"({','.join(types)})"


def _function(text):
    """The name of the function that a declaration starts to declare, with what qualifies it, and where its parameters
    begin; None where it is none."""
    operator = OPERATOR.search(text)
    if operator:
        return text[:operator.end()].split(" ")[-1].strip("&*"), operator.end()
    depth = 0
    for i, c in enumerate(text):
        depth += {"<": 1, ">": -1}.get(c, 0)
        if c == "(" and depth == 0:
            return re.search(r"[\w:~]*$", text[:i].rstrip()).group(), i
        if c == "=" and depth == 0:
            return None
    return None


def _parameters_at(text, opening):
    depth = 0
    for i in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return text[opening + 1:i]
    return text[opening + 1:]


def _declared(statement, has_body):
    """Name and parameters of what a statement at namespace scope declares; None for what declares nothing of its own."""
    text = re.sub(r"\[\[.*?\]\]|\balignas ?\([^()]*\)|\bABSL_[A-Z_]+\b(?: ?\([^()]*\))?", " ", statement)
    text = _without_template(" ".join(text.split()))
    if NO_NAMES.match(text) or not re.match(r"\w", text):
        return None
    if re.match(r"(class|struct|union|enum)\b", text) and "(" not in text:
        # A declaration alone is of what somebody else defines; a name with a qualifier or arguments, of a part of it.
        found = re.match(r"(?:class|struct|union|enum(?: class| struct)?) (\w+)(?! ?(?:::|<)|\w)", text)
        return (found.group(1), "") if found and has_body else None
    found = ALIAS.match(text)
    if found:
        return found.group(1), ""
    function = _function(text)
    if function:
        name, opening = function
        # A qualified name is a member's definition, and goes with its class.
        return None if "::" in name or not name else (name, _types(_parameters_at(text, opening)))
    before_value = re.split(r"=", text)[0].strip()
    if "::" in before_value.split(" ")[-1]:
        return None
    found = VARIABLE.search(before_value)
    return (found.group(1), "") if found and " " in before_value else None


def declared_names(source):
    """The names that a source declares at namespace scope, outside anonymous namespaces."""
    text = NOT_CODE.sub(lambda match: '""' if match.group()[0] in "\"R'" else " ", source)
    names = []
    scopes = []  # Of each open brace: the namespace that it opens, or None.
    statement, brackets = "", 0

    def note(has_body):
        found = _declared(statement, has_body)
        if found and ANONYMOUS not in scopes:
            names.append(Name("::".join(filter(None, scopes)), *found))

    for c in text:
        at_namespace_scope = None not in scopes
        if c == "{":
            head = " ".join(statement.split())
            namespace = NAMESPACE.match(head)
            if at_namespace_scope and brackets == 0 and (namespace or head == 'extern ""'):
                scopes.append((namespace.group(1) or ANONYMOUS) if namespace else "")
                statement = ""
                continue
            if at_namespace_scope and brackets == 0:
                note(has_body=True)
                statement = ""
            scopes.append(None)
        elif c == "}":
            scopes.pop()
        elif at_namespace_scope:
            brackets += {"(": 1, ")": -1}.get(c, 0)
            if c == ";" and brackets == 0:
                note(has_body=False)
                statement = ""
            else:
                statement += c
    return names
