# SPDX-License-Identifier: MIT
"""What the checks of this directory know about C headers: comments, prototypes, structures."""

import re

COMMENT = re.compile(r"/\*.*?\*/", re.S)
CPLUSPLUS = re.compile(r"^#ifdef __cplusplus\n.*?^#endif\n", re.S | re.M)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)


def blank(match):
    """Same length, same lines, nothing in it."""
    return re.sub(r"[^\n]", " ", match.group(0))


def code_of(text):
    """The text with comments, directives and extern "C" blanked: offsets stay true."""
    for pattern in (COMMENT, CPLUSPLUS, DIRECTIVE):
        text = pattern.sub(blank, text)
    return text


def statements(code):
    """(offset, text) of each top-level statement, bodies in braces included."""
    depth = start = 0
    for offset, char in enumerate(code):
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
        elif char == ";" and depth == 0:
            body = code[start:offset]
            yield start + len(body) - len(body.lstrip()), body.strip()
            start = offset + 1


def prototypes(text):
    """(offset, name) of each function that a header declares."""
    for offset, statement in statements(code_of(text)):
        if statement.startswith("typedef") or "{" in statement:
            continue
        match = re.search(r"\b(\w+)\s*\(", statement)
        if match:
            yield offset, match.group(1)


def structures(text):
    """(name, [members]) of each structure that a header defines."""
    for _, statement in statements(code_of(text)):
        match = re.fullmatch(r"struct (\w+)\s*\{(.*)\}", statement, re.S)
        if match:
            yield match.group(1), re.findall(r"(\w+)\s*(?:\[[^\]]*\])*\s*;", match.group(2))
