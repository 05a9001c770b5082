#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the example programs of one task in every language and compares what they say.

usage: compare.py TRANSCRIPT c=COMMAND [LANGUAGE=COMMAND]...

COMMAND holds {} where the name of a task belongs: "c=build/examples/c/{}".  A COMMAND that begins
with "!" says why a language is left out.  MAKE_TREE in the environment is the program of
make-tree.c.

A transcript is a list of cases, each run in an empty directory of its own for every language, as
one line of TAP for each language and one for their comparison:

    == title of the case
    $ create_vgpu emu:l40?state=host 41:00.0 L40-9B
    ! 0000:41:00.0: it has no vGPU type "L40-9B" (not-found)
    ? 1

  $ TASK ARG...     runs an example; what it has to print on standard output follows, lines of
                    standard error behind "! ", and its exit code behind "? " unless it is 0
  $ c/TASK ARG...   the one in C, whatever the language is
  & TASK ARG...     runs one in the background, until it waits for events
  % interrupt       waits until that one has printed the lines that follow, and sends SIGINT
  % wait            waits until it ends by itself
  $ tree NAME       makes the directory NAME from tests/data/NAME.tree
  # remark

Expected lines are taken literally but for

  <uuid>            any uuid of version 4: the program gave a random one
  <name>            what the machine's list of PCI ids calls a board
  [...]             alone in a line: any lines; nothing is expected of them but that they are
                    the same in all languages
  ~ PATTERN         a regular expression for the line, which each language says in its own
                    words: it is not compared

and a run of progress lines ("saved 17 bytes") is its last one: how many there are is a matter of
time.  A program that ends by SIGINT ended with 130, as a shell has it.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import difflib
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import IO, Callable

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
PROGRESS = re.compile(r"(saved|restored) \d+ bytes")
SECONDS = 60  # no example takes as long
SEEN = re.compile(r"0 \S+ types")  # comes when it is seen: while much happens, anywhere between


class Failure(Exception):
    pass


@dataclass
class Step:
    """A command of a transcript and what it has to do."""

    kind: str
    words: list[str]
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int = 0

    def __str__(self) -> str:
        return f"{self.kind} {shlex.join(self.words)}"


@dataclass
class Result:
    out: list[str]
    err: list[str]
    code: int


@dataclass
class Case:
    title: str
    steps: list[Step] = field(default_factory=list)


def parse(path: pathlib.Path) -> list[Case]:
    cases: list[Case] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        mark, rest = line[:2], line[2:]
        if mark == "==":
            cases.append(Case(rest.strip()))
        elif not cases or not line:
            if line and not line.startswith("#"):
                sys.exit(f"{path}:{number}: a case begins with ==")
        elif mark in ("$ ", "& ", "% "):
            cases[-1].steps.append(Step(mark[0], shlex.split(rest)))
        elif mark == "# ":
            continue
        elif mark == "! ":
            cases[-1].steps[-1].err.append(rest)
        elif mark == "? ":
            cases[-1].steps[-1].code = int(rest)
        else:
            cases[-1].steps[-1].out.append(line)
    return cases


def expression(expected: list[str]) -> str:
    """A regular expression for all the lines, each with its newline."""
    parts = []
    for line in expected:
        if line == "[...]":
            parts.append(r"(?:.*\n)*?")
        elif line.startswith("~ "):
            parts.append(f"(?:{line[2:]})\n")
        else:
            parts.append(re.escape(line).replace("<uuid>", UUID).replace("<name>", ".+") + r"\n")
    return "".join(parts)


def matches(expected: list[str], found: list[str]) -> bool:
    return re.fullmatch(expression(expected), "".join(line + "\n" for line in found)) is not None


def differences(what: str, expected: list[str], found: list[str]) -> list[str]:
    if matches(expected, found):
        return []
    return list(difflib.unified_diff(expected, found, f"{what}, expected", f"{what}, found",
                                     lineterm=""))


def normalised(text: str) -> list[str]:
    """The lines, of a run of progress lines only the last."""
    lines: list[str] = []
    for line in text.splitlines():
        match, last = PROGRESS.fullmatch(line), PROGRESS.fullmatch(lines[-1] if lines else "")
        if match and last and match[1] == last[1]:
            lines.pop()
        lines.append(line)
    return lines


def exit_code(code: int) -> int:
    return 128 + signal.SIGINT if code == -signal.SIGINT else code


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for it."""
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"it should have {what}")
        time.sleep(0.01)


def make_tree(name: str, directory: pathlib.Path) -> None:
    made = subprocess.run([os.environ["MAKE_TREE"], name], check=False, text=True,
                          env={**os.environ, "TMPDIR": str(directory)},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if made.returncode:
        raise Failure(f"make-tree {name}: {made.stdout}")
    pathlib.Path(made.stdout.strip()).rename(directory / name)


class Run:
    """One case in one language."""

    def __init__(self, command: str, in_c: str, directory: pathlib.Path):
        self.command = command
        self.in_c = in_c
        self.directory = directory
        self.watcher: subprocess.Popen[str] | None = None
        self.results: list[Result] = []

    def start(self, words: list[str], out: int | IO[bytes],
              err: int | IO[bytes]) -> subprocess.Popen[str]:
        task = words[0].removeprefix("c/")
        command = [word.format(task) for word in
                   shlex.split(self.command if task == words[0] else self.in_c)]
        return subprocess.Popen([*command, *words[1:]], cwd=self.directory, text=True,
                                stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def run(self, step: Step) -> Result:
        process = self.start(step.words, subprocess.PIPE, subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Failure(f"{step}: still running after {SECONDS} seconds") from None
        return Result(normalised(out), normalised(err), exit_code(process.returncode))

    def file(self, name: str) -> pathlib.Path:
        return self.directory / f"watcher.{name}"

    def waits_for_events(self) -> bool:
        assert self.watcher
        if self.watcher.poll() is not None:
            raise Failure("it ended at once: " + self.file("err").read_text(encoding="utf-8"))
        for link in pathlib.Path(f"/proc/{self.watcher.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                if "inotify" in os.readlink(link):
                    return True
        return False

    def watch(self, step: Step) -> None:
        with open(self.file("out"), "wb") as out, open(self.file("err"), "wb") as err:
            self.watcher = self.start(step.words, out, err)
        until(self.waits_for_events, "waited for events")

    def end_watcher(self, step: Step) -> Result:
        assert self.watcher

        interrupted = step.words == ["interrupt"]

        def out() -> list[str]:
            lines = self.file("out").read_text(encoding="utf-8").splitlines()
            return [line for line in lines if not interrupted or not SEEN.fullmatch(line)]

        if interrupted:
            until(lambda: len(out()) >= len(step.out), f"printed {len(step.out)} lines")
            self.watcher.send_signal(signal.SIGINT)
        code = self.watcher.wait(SECONDS)
        self.watcher = None
        return Result(out(), normalised(self.file("err").read_text(encoding="utf-8")),
                      exit_code(code))

    def do(self, step: Step) -> list[str]:
        """What is wrong with it."""
        if step.kind == "&":
            self.watch(step)
            return []
        if step.kind == "%":
            result = self.end_watcher(step)
        elif step.words[0] == "tree":
            make_tree(step.words[1], self.directory)
            return []
        else:
            result = self.run(step)
        self.results.append(result)
        wrong = (differences("standard output", step.out, result.out) +
                 differences("standard error", step.err, result.err))
        if result.code != step.code:
            wrong.append(f"exit code: expected {step.code}, found {result.code}")
        return [str(step), *wrong] if wrong else []

    def steps(self, case: Case) -> list[str]:
        try:
            for step in case.steps:
                wrong = self.do(step)
                if wrong:
                    return wrong
            return []
        except (Failure, OSError) as failure:
            return [str(step), str(failure)]
        finally:
            if self.watcher:
                self.watcher.kill()
                self.watcher.wait()


Outcome = tuple[list[str], list[Result]]  # what is wrong, and what was said


def run_language(case: Case, command: str, in_c: str) -> Outcome | str:
    if command.startswith("!"):
        return command[1:]
    with tempfile.TemporaryDirectory() as directory:
        run = Run(command, in_c, pathlib.Path(directory))
        return run.steps(case), run.results


def run_case(case: Case, languages: dict[str, str]) -> dict[str, Outcome | str]:
    """All languages at once: mostly, they wait."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        outcomes = pool.map(lambda command: run_language(case, command, languages["c"]),
                            languages.values())
        return dict(zip(languages, outcomes))


def comparable(case: Case, results: list[Result]) -> list[str]:
    """What must not differ between languages, as lines."""
    lines = []
    judged = [step for step in case.steps
              if step.kind == "%" or step.kind == "$" and step.words[0] != "tree"]
    for step, result in zip(judged, results):
        lines.append(str(step))
        for expected, found in ((step.out, result.out), (step.err, result.err)):
            own_words = [re.compile(line[2:]) for line in expected if line.startswith("~ ")]
            lines += [re.sub(UUID, "<uuid>", line) for line in found
                      if not any(pattern.fullmatch(line) for pattern in own_words)]
        lines.append(f"exit code {result.code}")
    return lines


class Tap:
    def __init__(self) -> None:
        self.count = 0
        self.failed = 0

    def report(self, title: str, wrong: list[str], skip: str = "") -> None:
        self.count += 1
        self.failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {self.count} - {title}" +
              (f" # SKIP {skip}" if skip else ""))
        for line in "\n".join(wrong).splitlines():
            print(f"#   {line}")
        sys.stdout.flush()


def compare(tap: Tap, title: str, said: dict[str, list[str]]) -> None:
    """All against the first."""
    (first, wanted), *others = said.items() or [("", [])]
    for language, lines in others:
        wrong = list(difflib.unified_diff(wanted, lines, first, language, lineterm=""))
        tap.report(f"{title}: {language} as {first}", wrong)


def main() -> int:
    transcript = pathlib.Path(sys.argv[1])
    languages = dict(argument.split("=", 1) for argument in sys.argv[2:])
    os.environ["LC_ALL"] = "C"
    tap = Tap()
    for case in parse(transcript):
        title = f"{transcript.stem}: {case.title}"
        said = {}
        for language, outcome in run_case(case, languages).items():
            if isinstance(outcome, str):
                tap.report(f"{title}: {language}", [], skip=outcome)
                continue
            wrong, results = outcome
            tap.report(f"{title}: {language}", wrong)
            said[language] = comparable(case, results)
        compare(tap, title, said)
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
