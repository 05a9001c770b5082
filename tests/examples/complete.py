#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every task has an example in each language and a transcript, and nothing else is there.

usage: complete.py SOURCE_DIRECTORY
"""

import pathlib
import sys

# What a guest's driver would do: tests and the README use it.
IN_C_ALONE = {"framebuffer"}


def main() -> int:
    source = pathlib.Path(sys.argv[1])
    examples = source / "examples"
    found = {
        "C": {path.stem for path in (examples / "c").glob("*.c")} - IN_C_ALONE,
        "Python": {path.stem for path in (examples / "python").glob("*.py")},
        "Go": {path.parent.name for path in (examples / "go").glob("*/main.go")},
        "transcript": {path.stem for path in (source / "tests/examples").glob("*.txt")},
    }
    tasks = set().union(*found.values())
    missing = [f"{task}: no {kind}" for task in sorted(tasks)
               for kind, names in found.items() if task not in names]
    print("\n".join(missing) if missing else f"{len(tasks)} tasks: {', '.join(sorted(tasks))}")
    return 1 if missing or not tasks else 0


if __name__ == "__main__":
    sys.exit(main())
