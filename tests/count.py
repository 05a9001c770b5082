#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the cases of a meson test run: each case of a Check program (a TAP line), each other
test as one.  A program that fails as a whole (crash, time-out, a leak at exit) although all its
cases passed counts as one failure.

usage: count.py LOG_DIRECTORY        prints PASSED FAILED SKIPPED
"""

import json
import pathlib
import re
import sys

RESULTS = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}


def cases(test):
    """[kind] of each case of one test."""
    lines = re.findall(r"^(not )?ok\b([^\n]*)", test.get("stdout") or "", re.M)
    found = ["failed" if wrong else "skipped" if re.search(r"#\s*skip", text, re.I) else "passed"
             for wrong, text in lines]
    whole = RESULTS.get(test["result"], "failed")
    if not found or (whole == "failed" and "failed" not in found):
        found.append(whole)
    return found


def main():
    logs = sorted(pathlib.Path(sys.argv[1]).glob("*log*.json"))
    kinds = [kind for log in logs for line in log.read_text().splitlines() if line
             for kind in cases(json.loads(line))]
    print(*(kinds.count(kind) for kind in ("passed", "failed", "skipped")))
    return 0 if logs else 1


if __name__ == "__main__":
    sys.exit(main())
