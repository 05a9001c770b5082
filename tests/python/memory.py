#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs tour.py and lifetime.py under a tool that watches every access to memory.  Says by TAP
what it found: any wrong access, and memory lost by the library or the extension (what the
interpreter itself leaves behind is not counted).

usage: memory.py valgrind VALGRIND
       memory.py asan LIBASAN           with a build directory of -Db_sanitize=address,undefined
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = pathlib.Path(__file__).resolve().parent
OURS = re.compile(r"\bnvvgpu_\w+ |\bnvvgpu_wrap\.c|/(?:libnvvgpu|_nvvgpu)[^/]*\.so")
# what SWIG makes once, when its module ends
NOT_OURS = "SWIG_Python_DestroyModule"
LEAK = re.compile(r"\s*(?:Direct|Indirect) leak of")
SANITIZER = 98      # exit code
# how many of the 5040 orders; under valgrind each takes a tenth of a second
ORDERS = {
    "valgrind": {"quick": 8, "normal": 32, "all": 400},
    "asan": {"quick": 50, "normal": 200, "all": 5040},
}
# Debian's suppressions of Python, where the package that brings them is installed
SUPPRESSIONS = pathlib.Path("/usr/lib/valgrind/python3.supp")


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={**os.environ, "PYTHONMALLOC": "malloc", **environment},
                          capture_output=True, text=True, check=False)


def is_ours(error: ElementTree.Element) -> bool:
    return (any(OURS.search(obj.text or "") for obj in error.iter("obj"))
            and all(fn.text != NOT_OURS for fn in error.iter("fn")))


def describe(error: ElementTree.Element) -> str:
    what = error.findtext("what") or error.findtext("xwhat/text") or ""
    frames = [f"    {frame.findtext('fn')} ({frame.findtext('file') or frame.findtext('obj')}:"
              f"{frame.findtext('line') or ''})" for frame in error.iter("frame")]
    return "\n".join([f"{error.findtext('kind')}: {what}", *frames[:20]])


def valgrind(tool: str, script: list[str]) -> list[str]:
    """Everything that is wrong, as text."""
    with tempfile.TemporaryDirectory() as directory:
        report = pathlib.Path(directory, "report.xml")
        options = ["--quiet", "--xml=yes", f"--xml-file={report}", "--leak-check=full",
                   "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
                   "--num-callers=30", "--child-silent-after-fork=yes"]
        if SUPPRESSIONS.exists():
            options.append(f"--suppressions={SUPPRESSIONS}")
        done = run([tool, *options, sys.executable, "-B", *script], {})
        errors = ElementTree.parse(report).getroot().findall("error")
    found = [describe(error) for error in errors
             if not (error.findtext("kind") or "").startswith("Leak_") or is_ours(error)]
    if done.returncode:
        found.append(f"ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return found


def asan(library: str, script: list[str]) -> list[str]:
    done = run([sys.executable, "-B", *script], {
        "LD_PRELOAD": library,
        "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:"
                        f"fast_unwind_on_malloc=0:malloc_context_size=30:exitcode={SANITIZER}",
        "UBSAN_OPTIONS": f"print_stacktrace=1:halt_on_error=1:exitcode={SANITIZER}",
    })
    blocks = re.split(r"\n\s*\n", done.stderr)
    leaks = [block for block in blocks if LEAK.match(block)]
    found = [block for block in leaks if OURS.search(block) and NOT_OURS not in block]
    # the same code for a wrong access, and for leaks, which may all be the interpreter's
    only_leaks = done.returncode == SANITIZER and leaks and "LeakSanitizer" in done.stderr
    if done.returncode and not only_leaks:
        found.append(f"ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return found


TOOLS = {"valgrind": valgrind, "asan": asan}


def main() -> int:
    name, tool = sys.argv[1:]
    orders = ORDERS[name][os.environ.get("TEST_LEVEL", "normal")]
    scripts = {"tour": ["tour.py"], "lifetime": ["lifetime.py", str(orders)]}
    failed = False
    print(f"1..{len(scripts)}")
    for number, (what, (script, *arguments)) in enumerate(scripts.items(), 1):
        found = TOOLS[name](tool, [str(HERE / script), *arguments])
        for line in "\n".join(found).splitlines():
            print(f"# {line}")
        print(f"{'not ' if found else ''}ok {number} - {name} {what}", flush=True)
        failed = failed or bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
