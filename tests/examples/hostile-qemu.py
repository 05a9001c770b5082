#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a guest that has taken its QEMU over may answer: hostile-qemu.py WHAT QEMU-ARGUMENT...

Takes the listening sockets that a QEMU would get, and says WHAT on the first connection of each.
"""

import re
import socket
import sys
import time

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


def main() -> None:
    descriptors = [int(number) for word in sys.argv
                   for number in re.findall(r"^socket,id=\w+,fd=(\d+),", word)]
    held = []
    for descriptor in descriptors[:1]:
        connection, _ = socket.socket(fileno=descriptor).accept()
        held.append(connection)
        try:
            connection.sendall(ANSWERS[sys.argv[1]])
        except OSError:
            pass    # it did not want to hear that
    time.sleep(600)


main()
