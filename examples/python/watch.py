#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print events until nothing has happened for a while: watch [URI [SECONDS]]

Without SECONDS it goes on until it is interrupted.
"""

from __future__ import annotations

import sys

import nvvgpu


def watch(uri: str | None = None, seconds: str | None = None) -> None:
    timeout = None if seconds is None else int(seconds)
    with nvvgpu.open(uri) as host, host.events(timeout) as events:
        for event in events:
            words = [str(event.sequence), event.gpu_address, str(event.kind)]
            if event.uuid:  # without one it is about the GPU
                words.append(event.uuid)
            print(*words, flush=True)  # who reads them from a pipe wants them now


def main() -> int:
    arguments = sys.argv[1:]
    if len(arguments) > 2 or (len(arguments) == 2 and not arguments[1].isdecimal()):
        print("usage: watch [URI [SECONDS]]", file=sys.stderr)
        return 2
    try:
        watch(*arguments)
    except nvvgpu.Error as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell reports of a program that Ctrl-C ended
    return 0


if __name__ == "__main__":
    sys.exit(main())
