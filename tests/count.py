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
    """[kind, name, why] of each case of one test; why: what is said behind one that failed."""
    found = []
    said = (test.get("stdout") or "").splitlines()
    for line in said:
        result = re.match(r"(not )?ok\b(.*)", line)
        if result:
            wrong, text = result.groups()
            kind = ("failed" if wrong else
                    "skipped" if re.search(r"#\s*skip", text, re.I) else "passed")
            found.append([kind, test["name"] + ":" + text, []])
        elif found and found[-1][0] == "failed":
            found[-1][2].append(line)
    whole = RESULTS.get(test["result"], "failed")
    if not found or (whole == "failed" and all(case[0] != "failed" for case in found)):
        said += (test.get("stderr") or "").splitlines()
        found.append([whole, f"{test['name']}: {test['result']}", said])
    return found


def main():
    logs = sorted(pathlib.Path(sys.argv[1]).glob("*log*.json"))
    found = [case for log in logs for line in log.read_text().splitlines() if line
             for case in cases(json.loads(line))]
    kinds = [case[0] for case in found]
    print(*(kinds.count(kind) for kind in ("passed", "failed", "skipped")))
    for kind, name, why in found:
        if kind != "passed":
            print(f"{kind}: {name}")
        if kind == "failed":
            print("".join(f"    {line[:200]}\n" for line in why[-12:]), end="")
    return 0 if logs else 1


if __name__ == "__main__":
    sys.exit(main())
