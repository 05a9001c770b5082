#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a guest that has taken its QEMU over may answer: hostile-qemu.py WHAT QEMU-ARGUMENT...

Takes the listening sockets that a QEMU would get, and says WHAT on the first connection of the
first.  "flood" does what it is asked for on that one, and tells of events on the other without end;
"babble" tells of them on the first, from several processes, and never answers.

The others do what they are asked for, and behave at a migration as a real one does only when the
moment is a bad one: "late" is done when it is cancelled, "dead" ends when it has got everything,
"good" is done at once.
"""

import array
import json
import os
import re
import socket
import sys
import threading
import time
from typing import Any, Iterator

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
    "babble": GREETING,
}


FLOOD = b'{"event": "FLOOD\\u001b[2J", "data": {}}\r\n' * 1000
# one write, so that those of several processes do not mix; long to read
BABBLE = b'{"event": "BABBLE", "data": [' + b"0, " * 5000 + b"0]}\r\n"
SO_SNDBUFFORCE = 32     # of Linux
QUEUE_BYTES = 64 << 20
STATE_OFFSET = 65536


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


def babble(connection: socket.socket) -> None:
    try:    # so much that there is never a gap; for root
        connection.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, QUEUE_BYTES)
    except OSError:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, QUEUE_BYTES)
    children = [os.fork() for _ in range(2)]
    try:
        while True:
            connection.sendall(BABBLE)
    except OSError:
        if 0 in children:
            os._exit(0)


class Mover:
    """One whose state can be moved: its monitor, command by command."""

    def __init__(self, what: str, arguments: list[str]) -> None:
        self.what, self.incoming = what, "-incoming" in arguments
        self.status = ("inmigrate" if self.incoming else
                       "prelaunch" if "-S" in arguments else "running")
        self.migration = ""
        self.passed = -1

    def wait_for_other(self) -> None:
        """Until the destination has closed its end of the socket."""
        while os.read(self.passed, 4096):
            pass

    def send(self, uri: str) -> None:
        self.migration = "active" if self.what == "late" else "completed"
        if uri.startswith("file:"):
            os.pwrite(self.passed, self.status.encode(), STATE_OFFSET)
            os.close(self.passed)
        if self.migration == "completed":
            self.status = "postmigrate"

    def receive(self, uri: str) -> None:
        self.migration, self.status = "completed", "running"
        if uri.startswith("file:"):
            self.status = os.pread(self.passed, 16, STATE_OFFSET).decode()

    def do(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if command == "query-migrate":
            if self.what == "dead" and not self.incoming:
                self.wait_for_other()
            return {"status": self.migration} if self.migration else {}
        if command == "migrate":
            self.send(arguments["uri"])
        elif command == "migrate-incoming":
            self.receive(arguments["uri"])
        elif command == "migrate_cancel" and self.migration == "active":
            self.migration, self.status = "completed", "postmigrate"
        elif command == "stop" and self.status == "running":
            self.status = "paused"
        elif command == "cont":
            self.status = "running"
        return {"status": self.status}

    def lines(self, connection: socket.socket) -> Iterator[bytes]:
        rest = b""
        while True:
            data, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
            if not data:
                return
            for _, _, descriptors in ancillary:
                self.passed = array.array("i", descriptors)[0]
            *whole, rest = (rest + data).split(b"\n")
            yield from whole

    def serve(self, connection: socket.socket) -> None:
        connection.sendall(GREETING)
        for line in self.lines(connection):
            command = json.loads(line)
            name = command["execute"]
            answer = {"return": self.do(name, command.get("arguments", {})), "id": command["id"]}
            connection.sendall(json.dumps(answer).encode() + b"\r\n")
            if name == "quit" or (name == "migrate-incoming" and self.what == "dead"):
                os._exit(0)


def main() -> None:
    what = sys.argv[1]
    monitor, events = (int(number) for word in sys.argv
                       for number in re.findall(r"^socket,id=\w+,fd=(\d+),", word))
    if what == "flood":
        threading.Thread(target=obey, args=(monitor, False)).start()
        obey(events, True)
    if what not in ANSWERS:
        mover = Mover(what, sys.argv)
        for connection in connections(monitor):
            try:
                mover.serve(connection)
            except OSError:
                pass    # it did not want to hear that
    connection = next(connections(monitor))
    try:
        connection.sendall(ANSWERS[what])
    except OSError:
        pass
    if what == "babble":
        babble(connection)
    time.sleep(600)


main()
