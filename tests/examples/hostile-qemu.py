#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a guest that has taken its QEMU over may answer: hostile-qemu.py WHAT QEMU-ARGUMENT...

Takes the listening sockets that a QEMU would get, and says WHAT on the first connection of the
first.  "flood" does what it is asked for on that one, and tells of events on the other without end.
"""

import json
import re
import socket
import sys
import threading
import time
from typing import Iterator

GREETING = b'{"QMP": {"version": {"qemu": {"micro": 0, "minor": 0, "major": 10}}}}\r\n'

ANSWERS = {
    "silence": b"",
    "no-json": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no-object": b'["QMP"]\r\n',
    "no-greeting": b'{"QMP": {"version": 10}}\r\n',
    "endless": b'{"QMP": "' + b"A" * (3 << 20),
    "deep": b'{"QMP": ' + b"[" * 5000 + b"]" * 5000 + b"}\r\n",
    "events": GREETING + b'{"event": "\x1b[2J", "data": {}}\r\n' * 1000,
    "wrong-answer": GREETING + b'{"id": "1", "return": {}}\r\n{"id": 2, "return": {}}\r\n',
    "refusal": GREETING + b'{"id": 1, "error": {"class": 7, "desc": "\\u001b[31mno\\u0007"}}\r\n',
    "empty": GREETING + b'{"id": 1}\r\n',
}


FLOOD = b'{"event": "FLOOD\\u001b[2J", "data": {}}\r\n' * 1000


def connections(descriptor: int) -> Iterator[socket.socket]:
    listening = socket.socket(fileno=descriptor)
    while True:
        yield listening.accept()[0]


def obey(descriptor: int, flood: bool) -> None:
    for connection in connections(descriptor):
        try:
            connection.sendall(GREETING)
            for line in connection.makefile("rb"):
                command = json.loads(line)
                answer = {"return": {"status": "running"}, "id": command["id"]}
                connection.sendall(json.dumps(answer).encode() + b"\r\n")
                while flood:
                    connection.sendall(FLOOD)
        except OSError:
            pass    # it did not want to hear that


def main() -> None:
    monitor, events = (int(number) for word in sys.argv
                       for number in re.findall(r"^socket,id=\w+,fd=(\d+),", word))
    if sys.argv[1] == "flood":
        threading.Thread(target=obey, args=(monitor, False)).start()
        obey(events, True)
    connection = next(connections(monitor))
    try:
        connection.sendall(ANSWERS[sys.argv[1]])
    except OSError:
        pass
    time.sleep(600)


main()
