#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs go test and tells the result of each case as a line of TAP, which meson and
tests/count.py read.  A case that has cases of its own counts as those.

usage: tap.py GO MODULE ARGUMENT...        ARGUMENT: of go test
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


class Tap:
    """Numbers the cases, and keeps what they print until it is known how they end."""

    def __init__(self) -> None:
        self.count = 0
        self.output: dict[str, list[str]] = {}
        self.parents: dict[str, bool] = {}      # and whether one of their cases has failed

    def take(self, event: dict[str, Any]) -> None:
        """One line of go test -json."""
        package = event.get("Package") or event.get("ImportPath", "")
        name = "/".join(filter(None, (package, event.get("Test"))))
        action = event["Action"]
        if action in ("output", "build-output"):
            self.output.setdefault(name, []).append(event["Output"])
        elif action in ("fail", "build-fail") and "Test" not in event:
            self.explain(name)
        elif action in ("pass", "fail", "skip") and "Test" in event:
            parent = name.rpartition("/")[0]
            self.parents[parent] = self.parents.get(parent, False) or action == "fail"
            self.tell(name, action)

    def tell(self, name: str, action: str) -> None:
        if name in self.parents and (action != "fail" or self.parents[name]):
            if action == "fail":
                self.explain(name)
            return
        self.count += 1
        reason = ""
        if action == "skip":
            said = [line.strip() for line in self.output.get(name, [])
                    if not line.startswith(("=== ", "--- "))]
            reason = " # SKIP " + " ".join(said).replace("#", "")
        print(f"{'not ' if action == 'fail' else ''}ok {self.count} - {name}{reason}", flush=True)
        if action == "fail":
            self.explain(name)

    def explain(self, name: str) -> None:
        for text in self.output.pop(name, []):
            print(f"# {text.rstrip()}", flush=True)


def main() -> int:
    go, module, *arguments = sys.argv[1:]
    tap = Tap()
    with subprocess.Popen([go, "test", "-json", "-count=1", *arguments, "./..."], cwd=module,
                          stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        for line in child.stdout:
            if line.startswith("{"):
                tap.take(json.loads(line))
            else:
                print(f"# {line.rstrip()}", flush=True)
    if child.returncode and not tap.count:
        print("Bail out! go test has run nothing")
    else:
        print(f"1..{tap.count}")
    return child.returncode


if __name__ == "__main__":
    sys.exit(main())
