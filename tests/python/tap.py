#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs pytest and tells the result of each case as a line of TAP, which meson and
tests/count.py read.

usage: tap.py PYTEST_ARGUMENT...
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

import pytest


class Tap:
    """A pytest plugin in the place of the terminal reporter."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.reports: list[pytest.TestReport] = []
        self.count = 0

    def say(self, line: str) -> None:
        print(line, file=self.out, flush=True)

    def explain(self, title: str, text: str) -> None:
        for line in [title, *text.splitlines()]:
            self.say(f"# {line}")

    @pytest.hookimpl(trylast=True)  # type: ignore[misc]
    def pytest_configure(self, config: pytest.Config) -> None:
        # its options stay: others read them
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.explain(report.nodeid, report.longreprtext)
            self.say(f"Bail out! {report.nodeid} cannot be collected")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if not session.testsfailed:
            self.say(f"1..{len(session.items)}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.reports.append(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A case is its setup, its call and its teardown."""
        reports, self.reports = self.reports, []
        self.count += 1
        name = nodeid.replace("#", "")
        if any(report.failed for report in reports):
            self.say(f"not ok {self.count} - {name}")
            for report in filter(lambda report: report.failed, reports):
                for title, text in report.sections:
                    self.explain(title, text)
                self.explain(f"{nodeid} {report.when}", report.longreprtext)
        elif any(report.skipped for report in reports):
            reason = next(str(report.longrepr[2]) for report in reports
                          if report.skipped and isinstance(report.longrepr, tuple))
            self.say(f"ok {self.count} - {name} # SKIP {reason.removeprefix('Skipped: ')}")
        else:
            self.say(f"ok {self.count} - {name}")

    def pytest_internalerror(self, excrepr: object) -> None:
        self.explain("pytest itself failed", str(excrepr))
        self.say("Bail out! pytest itself failed")


def main() -> int:
    # pytest takes descriptor 1 for itself while a test runs
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    return pytest.main(["-p", "no:cacheprovider", "-o", "faulthandler_timeout=60",
                        *sys.argv[1:]], plugins=[Tap(out)])


if __name__ == "__main__":
    sys.exit(main())
