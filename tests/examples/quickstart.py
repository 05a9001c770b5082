#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does what a document says, from its first line to its last, and compares what comes out.

usage: quickstart.py SOURCE_DIRECTORY DOCUMENT [WHY_NOT]

The document is followed in a copy of the sources, as a fresh clone would be, by one shell with a
home directory that has nothing else and an environment of its own.  GO_DIRECTORY is where go is;
Go's caches are kept, so that its standard library need not be compiled again.  WHY_NOT, unless it
is empty, says why the document cannot be followed.  Every fenced block is one of

  ```console    commands behind "$ ", each with what it prints, standard error included
  ```python     a file, of the name that its first line, a comment, says
  ```go         the same
  ```yaml       the same
  ```sh         what needs a machine that no test has: left out

and nothing else.  A command has to succeed, unless the next one is "echo $?".  Of what it prints

  [...]         stands for any text: alone in a line for any number of lines, elsewhere for a
                part of the line: what is left out for its length, times and rates

and the rest is literal.  "sudo apt-get install" installs nothing here: it checks that the
packages are there.

Prints TAP, a line for each command.
"""

from __future__ import annotations

import difflib
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from typing import Iterator

SECONDS = 300  # for one command

SUDO = """#!/bin/sh
# apt-get install that only looks
shift 2
for package; do
    case $package in
    -*) continue ;;
    esac
    case $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) in
    ?i*) ;;
    *)
        echo "$package is not installed"
        exit 1
        ;;
    esac
done
"""


@dataclass
class Command:
    line: int
    text: str
    output: list[str] = field(default_factory=list)
    may_fail: bool = False


@dataclass
class File:
    line: int
    name: str
    text: str


def blocks(lines: list[str]) -> Iterator[tuple[int, str, list[str]]]:
    """(line number, language, lines) of each fenced block."""
    start = 0
    for number, line in enumerate(lines, 1):
        if not line.startswith("```"):
            continue
        if start:
            yield start, lines[start - 1][3:], lines[start:number - 1]
            start = 0
        else:
            start = number
    if start:
        raise ValueError(f"line {start}: the block does not end")


def commands(start: int, lines: list[str]) -> list[Command]:
    found: list[Command] = []
    for number, line in enumerate(lines, start + 1):
        if line.startswith("$ "):
            found.append(Command(number, line[2:]))
            if len(found) > 1 and line == "$ echo $?":
                found[-2].may_fail = True
        elif found and found[-1].text.endswith("\\") and not found[-1].output:
            found[-1].text += "\n" + line
        elif found:
            found[-1].output.append(line)
        else:
            raise ValueError(f"line {number}: a console block begins with a command")
    return found


def steps(document: pathlib.Path) -> list[Command | File]:
    found: list[Command | File] = []
    for start, language, lines in blocks(document.read_text(encoding="utf-8").splitlines()):
        if language == "console":
            found += commands(start, lines)
            continue
        if language == "sh":
            continue
        comments = {"python": "# (.*)", "go": "// (.*)", "yaml": "# (.*)"}
        name = re.fullmatch(comments.get(language, "(?!)"), lines[0])
        if not name:
            raise ValueError(f"line {start}: neither a console nor a file with its name")
        found.append(File(start, name[1], "\n".join(lines) + "\n"))
    return found


def matches(expected: list[str], found: list[str]) -> bool:
    parts = [r"(?:.*\n)*?" if line == "[...]" else
             re.escape(line).replace(re.escape("[...]"), ".*?") + r"\n" for line in expected]
    return re.fullmatch("".join(parts), "".join(line + "\n" for line in found)) is not None


def fresh_clone(source: pathlib.Path, target: pathlib.Path) -> None:
    """The files that are, or would be, in the repository."""
    listed = subprocess.run(["git", "-C", source, "ls-files", "-z", "--cached", "--others",
                             "--exclude-standard"], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, check=False)
    if listed.returncode:  # a source tree of another origin
        shutil.copytree(source, target, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", "build*"))
        return
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (source / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


class Shell:
    """A shell in its own surroundings."""

    def __init__(self, scratch: pathlib.Path):
        tools, home, self.told = scratch / "bin", scratch / "home", scratch / "told"
        for directory in (tools, self.told):
            directory.mkdir()
        (tools / "sudo").write_text(SUDO, encoding="utf-8")
        (tools / "sudo").chmod(0o755)
        environment = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8",
                       "TERM": "dumb"}
        if "GO_DIRECTORY" in os.environ:
            go = os.environ["GO_DIRECTORY"]
            environment["PATH"] = f"{tools}:{go}:/usr/bin:/bin"
            for name in ("GOCACHE", "GOMODCACHE"):
                environment[name] = subprocess.run(
                    [f"{go}/go", "env", name], check=True, stdout=subprocess.PIPE,
                    text=True).stdout.strip()
        self.directory = home / "libnvvgpu"
        self.process = subprocess.Popen(["bash", "--noprofile", "--norc"], env=environment,
                                        cwd=self.directory, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def run(self, text: str) -> tuple[int, list[str]]:
        """Its exit code and what it printed."""
        assert self.process.stdin and self.process.stdout
        command, output = self.told / "command", self.told / "output"
        command.write_text(text + "\n", encoding="utf-8")
        # the next command may ask for $?
        self.process.stdin.write(f'. {command} >{output} 2>&1 </dev/null; told=$?; '
                                 'echo "$told $PWD"; (exit $told)\n')
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], SECONDS)[0]:
            raise TimeoutError(f"it still runs after {SECONDS} seconds")
        code, directory = self.process.stdout.readline().rstrip("\n").split(" ", 1)
        self.directory = pathlib.Path(directory)
        return int(code), output.read_text(encoding="utf-8").splitlines()

    def write(self, file: File) -> None:
        path = self.directory / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def follow(shell: Shell, command: Command) -> list[str]:
    """What is wrong with it."""
    code, found = shell.run(command.text)
    wrong = []
    if code and not command.may_fail:
        wrong.append(f"exit code {code}")
    if not matches(command.output, found):
        wrong += difflib.unified_diff(command.output, found, "expected", "found", lineterm="")
    return wrong


def main() -> int:
    source, document = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    why_not = "".join(sys.argv[3:])
    if not shutil.which("dpkg-query"):
        why_not = "this is not a Debian system"
    if why_not:
        print(f"1..0 # SKIP {why_not}")
        return 0
    todo = steps(document)
    total = sum(isinstance(step, Command) for step in todo)
    print(f"1..{total}")
    with tempfile.TemporaryDirectory() as directory:
        scratch = pathlib.Path(directory)
        fresh_clone(source, scratch / "home/libnvvgpu")
        shell = Shell(scratch)
        try:
            count = 0
            for step in todo:
                if isinstance(step, File):
                    shell.write(step)
                    continue
                count += 1
                wrong = follow(shell, step)
                title = f"{document.name}:{step.line}: " + step.text.splitlines()[0]
                print(f"{'not ok' if wrong else 'ok'} {count} -", title.replace("#", r"\#"))
                print("".join(f"#   {line}\n" for line in wrong), end="", flush=True)
                if wrong:  # what follows builds on it
                    return 1
        finally:
            shell.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
