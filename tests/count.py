#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the cases of a meson test run: each case of a Check program (a TAP line), each other
test as one.  A program that fails as a whole (crash, time-out, a leak at exit) although all its
cases passed counts as one failure.

usage: count.py LOG_DIRECTORY        prints PASSED FAILED SKIPPED, then each case that failed or was
                                     skipped, and the last lines of why it failed
"""

import json
import pathlib
import re
import sys

RESULTS = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}


def cases(test):
    """(kind, name) of each case of one test; the name of one that failed goes on with why."""
    out = test.get("stdout") or ""
    lines = re.findall(r"((?:^#[^\n]*\n)*)^(not )?ok\b([^\n]*)", out, re.M)
    found = [("failed" if wrong else
              "skipped" if re.search(r"#\s*skip", text, re.I) else "passed",
              test["name"] + ":" + text + (last_lines(before) if wrong else ""))
             for before, wrong, text in lines]
    whole = RESULTS.get(test["result"], "failed")
    if not found or (whole == "failed" and all(kind != "failed" for kind, _ in found)):
        found.append((whole, f"{test['name']}: {test['result']}" +
                      (last_lines(out + (test.get("stderr") or "")) if whole == "failed" else "")))
    return found


def last_lines(text):
    """The last lines of a text, as those that go on a line."""
    return "".join(f"\n    {line[:200]}" for line in text.splitlines()[-12:])


def main():
    logs = sorted(pathlib.Path(sys.argv[1]).glob("*log*.json"))
    found = [case for log in logs for line in log.read_text().splitlines() if line
             for case in cases(json.loads(line))]
    kinds = [kind for kind, _ in found]
    print(*(kinds.count(kind) for kind in ("passed", "failed", "skipped")))
    for kind, name in found:
        if kind != "passed":
            print(f"{kind}: {name}")
    return 0 if logs else 1


if __name__ == "__main__":
    sys.exit(main())
