#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Documentation comments of the public headers, as docstrings for a Python reader.

usage: docstrings.py HEADER... -o OUTPUT

OUTPUT is a SWIG fragment with one %feature("docstring") for each function.  What only matters
in C (references, who frees) is left out, negative errno values become a list of errors, and C
names become those of the Python package.  A docstring is

    Summary.

    More, in paragraphs.

    Args:
        name: text

    Returns:
        text

    Errors:
        ENOENT: text

where each part but the summary may be missing, and sections stand in this order.

A function without a comment of its own shares the "DOC:" comment of its block (the lines around
it up to the next empty ones), or is a getter, a setter or a counterpart whose name says all in
a block that is documented.  Any other one is an error: its header has to say what it does.
"""

import argparse
import pathlib
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Optional

WIDTH = 84

COMMENT = re.compile(r"/\*.*?\*/", re.S)
CPLUSPLUS = re.compile(r"^#ifdef __cplusplus\n.*?^#endif\n", re.S | re.M)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
PROTOTYPE = re.compile(r"(?P<type>[\w\s]+?[\s*]+)(?P<name>nvvgpu_\w+)\s*\((?P<args>.*)\)", re.S)

# C names in the texts that have another form than NVVGPU_<prefix>_X or nvvgpu_<object>_get_x().
NAMES = {
    "nvvgpu_collect": "Host.collect",
    "nvvgpu_create": "GPU.create",
    "nvvgpu_destroy": "VGPU.destroy",
    "nvvgpu_destroy_as": "VGPU.destroy",
    "nvvgpu_device_open": "VGPU.open",
    "nvvgpu_doctor": "Host.doctor",
    "nvvgpu_get_uri": "Host.uri",
    "nvvgpu_gpu_list": "Host.gpus",
    "nvvgpu_gpu_lookup": "Host.gpu",
    "nvvgpu_last_error": "the exception",
    "nvvgpu_migrate_inspect": "inspect",
    "nvvgpu_migrate_restore": "GPU.restore",
    "nvvgpu_migrate_restore_device": "Device.restore",
    "nvvgpu_migrate_save": "VGPU.save",
    "nvvgpu_migrate_save_device": "Device.save",
    "nvvgpu_migrate_verify": "verify",
    "nvvgpu_monitor_open": "Host.events",
    "nvvgpu_open": "open",
    "nvvgpu_refresh": "Host.refresh",
    "nvvgpu_set_log": "Host.set_log",
    "nvvgpu_type_list": "GPU.types",
    "nvvgpu_type_lookup": "GPU.type",
    "nvvgpu_vgpu_list": "GPU.vgpus",
    "nvvgpu_vgpu_list_all": "Host.vgpus",
    "nvvgpu_vgpu_lookup": "Host.vgpu",
    "nvvgpu_vgpu_was_created": "VGPU.created",
}
NOT_CALLED = {"nvvgpu_last_error", "nvvgpu_get_uri", "nvvgpu_gpu_list", "nvvgpu_vgpu_was_created"}
CLASSES = {
    "device": "Device", "finding": "Finding", "error": "Error", "event": "Event", "gpu": "GPU", "progress": "Progress",
    "stream_info": "StreamInfo", "type": "Type", "vgpu": "VGPU",
}
CONSTANTS = {
    "NVVGPU_CHECK_": "Check", "NVVGPU_VERDICT_": "Verdict",
    "NVVGPU_EVENT_KIND_": "EventKind", "NVVGPU_FRAMEWORK_": "Framework",
    "NVVGPU_GPU_MODE_": "Mode", "NVVGPU_LOG_": "LogLevel", "NVVGPU_REASON_": "Reason",
    "NVVGPU_REGION_": "Region", "NVVGPU_STAT_": "Statistic", "NVVGPU_VGPU_": "VGPUState",
}
ENUMS = {
    "check": "Check", "verdict": "Verdict",
    "event_kind": "EventKind", "framework": "Framework", "log_level": "LogLevel", "mode": "Mode",
    "reason": "Reason", "region": "Region", "statistic": "Statistic", "vgpu_state": "VGPUState",
}
# How names are spelled as words.
WORDS = {"drm": "DRM", "gpu": "GPU", "vf": "VF", "vfs": "VFs", "vfio": "VFIO", "vgpu": "vGPU",
         "fd": "file descriptor", "uuid": "UUID"}

# What a reader whose language counts references need not know.
OWNERSHIP = re.compile(
    r"a new reference(?: to\b)?|a static string|lent (?:until|as long as) [^;,.]*"
    r"|to be (?:freed|closed|given back) with \w+\(\)"
    r"|(?:and )?lives as long as [^;,.]*|the reference stays with the caller"
    r"|may be NULL(?! when)")


@dataclass
class Doc:
    """A comment, taken apart."""

    summary: str = ""
    paragraphs: list[str] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    returns: str = ""


@dataclass
class Function:
    """A prototype; @start and @end are the offsets of its text in the header."""

    name: str
    type: str
    args: str
    start: int
    end: int


def blank(match: re.Match[str]) -> str:
    """Same length, same lines, nothing in it."""
    return re.sub(r"[^\n]", " ", match.group(0))


def functions(text: str) -> Iterator[Function]:
    """Each function that a header declares."""
    for pattern in (COMMENT, CPLUSPLUS, DIRECTIVE):
        text = pattern.sub(blank, text)
    depth = start = 0
    for offset, char in enumerate(text):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char != ";" or depth:
            continue
        statement = text[start:offset]
        begin = start + len(statement) - len(statement.lstrip())
        start = offset + 1
        match = PROTOTYPE.fullmatch(statement.strip())
        if match and not statement.lstrip().startswith("typedef"):
            yield Function(match["name"], " ".join(match["type"].split()),
                           " ".join(match["args"].split()), begin, start)


def inside(comment: str) -> str:
    """The text of a comment without its frame; paragraphs stay apart."""
    text = re.sub(r"^/\*+|\*/$", "", comment)
    return "\n".join(re.sub(r"^[ \t]*\*?[ \t]*", "", line).rstrip()
                     for line in text.split("\n")).strip()


def parse(text: str) -> Doc:
    """Takes a doc comment apart: summary, then @name: and Return: sections, then paragraphs."""
    doc = Doc()
    text = re.sub(r"^(?:(?:struct|enum|typedef) )?\w+ - ", "", text)
    text = re.sub(r"^DOC: .*\n+", "", text)
    # a section may begin within a line, after a sentence
    text = re.sub(r"[ \t]+(?=Return:)", "\n", text)
    current = ""    # the section that a line continues; "": a paragraph
    doc.paragraphs.append("")
    for line in text.split("\n"):
        begin = re.match(r"(?:@(\w+)|(Return)):\s*(.*)", line)
        if begin:
            current = begin[1] or begin[2]
            line = begin[3]
        elif not line:
            current = ""
            doc.paragraphs.append("")
        if current == "":
            doc.paragraphs[-1] = f"{doc.paragraphs[-1]} {line}".strip()
        elif current == "Return":
            doc.returns = f"{doc.returns} {line}".strip()
        else:
            doc.params[current] = f"{doc.params.get(current, '')} {line}".strip()
    doc.summary = doc.paragraphs.pop(0)
    doc.paragraphs = [paragraph for paragraph in doc.paragraphs if paragraph]
    return doc


def block_of(text: str, function: Function) -> tuple[int, int]:
    """(start, end) of the lines around a function up to the next empty ones."""
    solid = COMMENT.sub(lambda m: re.sub(r"\n(?=[ \t]*\n)", "*", m.group(0)), text)
    start = max((m.end() for m in re.finditer(r"\n[ \t]*\n", solid[:function.start])), default=0)
    end = re.compile(r"\n[ \t]*\n").search(solid, function.end)
    return start, end.start() if end else len(text)


def words(name: str) -> str:
    return " ".join(WORDS.get(word, word) for word in name.split("_"))


def by_name(name: str) -> str:
    """What a name alone says, for getters, setters and counterparts; else nothing."""
    match = re.fullmatch(r"nvvgpu_(\w+?)_(get|set|is|has)_(\w+)", name)
    if match:
        thing, verb, what = words(match[1]), match[2], words(match[3])
        return {"get": f"{what} of the {thing}", "set": f"set the {what} of the {thing}",
                "is": f"whether the {thing} is {what}",
                "has": f"whether the {thing} has {what}"}[verb]
    match = re.fullmatch(r"nvvgpu_(\w+)_name", name)
    if match:
        return f"name of the {words(match[1])}"
    endings = {"ref": "take another reference", "unref": "give a reference back",
               "free": "give the memory back", "close": "end it", "new": "make an empty one",
               "get": "one entry", "size": "number of entries"}
    match = re.fullmatch(rf"nvvgpu_(?:\w+_)?({'|'.join(endings)})", name)
    return endings[match[1]] if match else ""


def belongs(text: str, comment: re.Match[str], function: Function) -> bool:
    """Whether a comment shows the value of a function: beside it, or alone on the line above.
    Whole sentences speak of a group."""
    before = text[text.rfind("\n", 0, comment.start()) + 1:comment.start()]
    beside = comment.start() >= function.end and "\n" not in text[function.end:comment.start()]
    above = (comment.end() <= function.start and not before.strip()
             and text[comment.end():function.start].strip(" \t") == "\n")
    return (beside or above) and not inside(comment.group(0)).endswith(".")


def documentation(text: str, function: Function) -> Optional[Doc]:
    """The Doc of a function: its own, that of its block, or what its name says; or None."""
    start, end = block_of(text, function)
    comments = [m for m in COMMENT.finditer(text) if start <= m.start() < end]
    documented = [m for m in comments if m.group(0).startswith("/**")]
    for match in documented:
        if re.match(rf"{function.name}\s+-\s", inside(match.group(0))):
            doc = parse(inside(match.group(0)))
            break
    else:
        shared = [m for m in documented if inside(m.group(0)).startswith("DOC:")]
        doc = parse(inside(shared[0].group(0))) if shared else Doc()
        if not shared:
            doc.summary = by_name(function.name)
            values = [inside(m.group(0)) for m in comments
                      if m not in documented and belongs(text, m, function)]
            doc.summary = ": ".join([doc.summary, *values]) if doc.summary else ""
        if not documented:
            return None
    return doc if doc.summary or doc.params or doc.returns or doc.paragraphs else None


def pythonic(text: str) -> str:
    """C names, NULL and @name, as a Python reader writes them."""
    def function(match: re.Match[str]) -> str:
        name, called = match[1], match[2] or ""
        if name in NAMES:
            return NAMES[name] + ("" if name in NOT_CALLED else called)
        getter = re.fullmatch(rf"nvvgpu_({'|'.join(CLASSES)})_get_(\w+)", name)
        return f"{CLASSES[getter[1]]}.{getter[2]}" if getter else match[0]

    for prefix, enum in CONSTANTS.items():
        text = re.sub(rf"\b{prefix}(\w+)", rf"{enum}.\1", text)
    text = re.sub(r"\bNVVGPU_(?:TYPE|DESTROY|DOCTOR)_(\w+)", lambda m: m[1].lower(), text)
    text = re.sub(rf"\benum nvvgpu_({'|'.join(ENUMS)})\b", lambda m: ENUMS[m[1]], text)
    text = re.sub(r"\b(nvvgpu_\w+)(\(\))?", function, re.sub(r"\s+", " ", text))
    text = re.sub(r"(?<![\w-])-(?=E[A-Z0-9]{2,}\b)", "", text)
    text = re.sub(r"@ret_(\w+)|@(\w+)", lambda m: m[1] or m[2], text)
    return re.sub(r"\bNULL\b", "None", text)


def without_ownership(text: str) -> str:
    """The clauses that speak of more than references and memory."""
    text = OWNERSHIP.sub("", text)
    text = re.sub(r"\s+([;,.])", r"\1", text)
    text = re.sub(r"([;,.])(?:\s*[;,])+", r"\1", text)
    return re.sub(r"^[;,.\s]+|[;,\s]+$", "", text)


def paragraph(text: str) -> str:
    """Sentences, without those about memory that a caller in C frees."""
    sentences = re.split(r"(?<=[.:])\s+(?=[A-Z@])", text)
    return " ".join(s for s in sentences if not re.search(r"@ret\b", s))


def sentence(text: str) -> str:
    """Begins with a capital, ends in a full stop."""
    first = re.match(r"[a-z]+\b", text)
    if first and not re.match(r"\w*[A-Z]", text.split()[0]):
        text = text[0].upper() + text[1:]
    return text if not text or text[-1] in ".!?" else text + "."


def clauses(text: str) -> list[str]:
    """The parts between semicolons, of which those within brackets or quotes are none."""
    return [part.strip() for part in
            re.findall(r"(?:\([^)]*\)|\"[^\"]*\"|'[^']*'|[^;])+", text) if part.strip()]


def outcome(function: Function, text: str) -> tuple[str, list[str], str]:
    """(returned, [error], remark) of the text of "Return:"."""
    text = re.sub(r"\s+", " ", text)
    remark = ""
    end = re.search(r"\.\s+(?=[A-Zn])", text)
    if end:
        text, remark = text[:end.start()], text[end.end():]
    text = re.sub(r"\.$", "", text.strip())
    if function.type not in ("int", "ssize_t"):
        return ("" if text == "NULL" else text), [], remark
    text = re.sub(r",? or a negative errno$", "", text)
    match = re.match(r"0(?:\s*\((.*?)\))?\s*(?:[;,]|or\b|$)\s*(?:or\b)?\s*(.*)", text)
    if not match:
        return text, [], remark
    if match[1]:
        remark = f"Succeeds {match[1]}. {remark}".strip()
    errors = []
    for clause in clauses(re.sub(r"\ba negative errno ", "", match[2])):
        clause = re.sub(r"^or ", "", clause)
        named = re.fullmatch(r"((?:-E[A-Z0-9]+(?:, | or )?)+)(.*)", clause)
        codes, why = (named[1].rstrip(", "), named[2].strip()) if named else ("", clause)
        why = re.sub(r"^\(([^()]*)\)$", r"\1", why)
        between = " " if why.startswith("...") else ": " if codes and why else ""
        errors.append(codes + between + why)
    return "", errors, remark


def section(title: str, entries: Iterable[str]) -> str:
    lines = [title + ":"]
    for entry in entries:
        lines += textwrap.wrap(entry, WIDTH, initial_indent="    ",
                               subsequent_indent="        ", break_on_hyphens=False)
    return "\n".join(lines)


def docstring(function: Function, doc: Doc) -> str:
    """The whole docstring of a function."""
    returned, errors, remark = outcome(function, doc.returns)
    results = [without_ownership(returned), without_ownership(doc.params.get("ret", ""))]
    results += [f"{name[4:]}: {without_ownership(value)}"
                for name, value in doc.params.items() if name.startswith("ret_")]
    results = [pythonic(result) for result in results if result]
    args = [f"{name}: {pythonic(value)}" for name, value in doc.params.items()
            if not re.match("ret(_|$)", name)]
    summary = pythonic(without_ownership(paragraph(doc.summary)))
    named = by_name(function.name)
    if not summary and len(results) == 1:
        summary = results.pop()
    # a value alone does not say of what it is
    if named and re.match(r'"|None\b', summary):
        summary = named + (": " if summary[0] == '"' else "; ") + summary
    texts = [summary or named]
    texts += [pythonic(paragraph(text)) for text in doc.paragraphs]
    texts.append(pythonic(remark))
    parts = [textwrap.fill(sentence(text), WIDTH, break_on_hyphens=False)
             for text in texts if text]
    parts += [section(title, entries) for title, entries in
              (("Args", args), ("Returns", results), ("Errors", list(map(pythonic, errors))))
              if entries]
    return "\n\n".join(parts)


def feature(function: Function, text: str, tags: set[str]) -> str:
    """One SWIG directive.  The name of a structure may be that of a function: then the whole
    prototype says which of them is meant."""
    target = f"{function.name}({function.args})" if function.name in tags else function.name
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'%feature("docstring") {target} "{quoted}";\n'


def fragment(texts: dict[str, str]) -> tuple[str, list[str]]:
    """(SWIG text, [error]) of headers: {name: text}."""
    tags = {tag for text in texts.values() for tag in re.findall(r"^struct (\w+);", text, re.M)}
    features, errors = [], []
    for header, text in texts.items():
        for function in functions(text):
            doc = documentation(text, function)
            if doc is None:
                line = text.count("\n", 0, function.start) + 1
                errors.append(f"{header}:{line}: {function.name} has no doc comment of its own "
                              "and shares none")
            else:
                features.append(feature(function, docstring(function, doc), tags))
    return "/* SPDX-License-Identifier: MIT */\n" + "\n".join(features), errors


def main(arguments: Optional[list[str]] = None) -> int:
    parser = argparse.ArgumentParser(description="SWIG docstrings from public headers")
    parser.add_argument("headers", nargs="+", type=pathlib.Path, metavar="HEADER")
    parser.add_argument("-o", dest="output", required=True, type=pathlib.Path, metavar="OUTPUT")
    options = parser.parse_args(arguments)
    text, errors = fragment({str(path): path.read_text(encoding="utf-8")
                             for path in options.headers})
    for error in errors:
        print(error, file=sys.stderr)
    if errors:
        return 1
    options.output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
