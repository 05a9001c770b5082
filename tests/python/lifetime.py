#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drops the objects of one host in every order: whichever is left works, however it came to
be alone.

usage: lifetime.py [ORDERS]        so many of the 5040 orders
"""

from __future__ import annotations

import gc
import itertools
import random
import sys
from typing import Any, Callable, Iterator

import nvvgpu

Things = dict[str, Any]


def make() -> Things:
    host = nvvgpu.open("emu:l40")
    gpu = host.gpus[0]
    events = host.events(0)
    vgpu = host.vgpu(gpu.create("L40-1B").uuid)
    return {"host": host, "gpu": gpu, "type": gpu.type(869), "vgpu": vgpu,
            "device": vgpu.open(), "events": events, "event": events.next(0)}


def use_events(events: nvvgpu.Events) -> None:
    for event in events:
        event.to_json()


# What each can do on its own, all of it through the library.
USES: dict[str, Callable[[Any], object]] = {
    "host": lambda host: host.vgpus(),
    "gpu": lambda gpu: gpu.vfs_enabled(),
    "type": lambda type_: type_.to_json(),
    "vgpu": lambda vgpu: (vgpu.state(), vgpu.gpu.mode()),
    "device": lambda device: device.read(nvvgpu.Region.CONFIG, 0, 4),
    "events": use_events,
    "event": lambda event: event.to_json(),
}


def use(things: Things) -> None:
    for name, thing in things.items():
        USES[name](thing)


def orders(count: int) -> Iterator[tuple[str, ...]]:
    """All, or a choice that is always the same."""
    every = list(itertools.permutations(USES))
    yield from every if count >= len(every) else random.Random(3).sample(every, count)


def drop_by_count(order: tuple[str, ...]) -> None:
    things = make()
    for name in order:
        del things[name]
        use(things)


def drop_by_collection(order: tuple[str, ...]) -> None:
    """Each is part of a cycle of its own: only the collector frees it."""
    things = make()
    for name in order:
        cycle: list[Any] = [things.pop(name)]
        cycle.append(cycle)
        del cycle
        gc.collect(0)
        use(things)


class Node:
    """Uses its thing when it is finalized, perhaps after others of the cycle."""

    def __init__(self, name: str, thing: Any) -> None:
        self.name, self.thing, self.others = name, thing, [self]

    def __del__(self) -> None:
        USES[self.name](self.thing)


def drop_together(order: tuple[str, ...]) -> None:
    """All in one cycle, which the collector breaks where it likes."""
    things = make()
    nodes = [Node(name, things[name]) for name in order]
    for node in nodes:
        node.others = nodes
    del things, nodes, node
    gc.collect()


def close_and_drop(order: tuple[str, ...]) -> None:
    """close() lets go early; what hung on it goes on."""
    things = make()
    for name in order:
        thing = things.pop(name)
        if hasattr(thing, "close"):
            thing.close()
        use(things)


def lifetimes(count: int) -> None:
    for order in orders(count):
        drop_by_count(order)
    for order in orders(max(count // 8, 1)):
        drop_by_collection(order)
        close_and_drop(order)
    for order in orders(max(count // 16, 1)):
        drop_together(order)


if __name__ == "__main__":
    lifetimes(int(sys.argv[1]) if len(sys.argv) > 1 else 5040)
    left = make()       # nobody drops these: the interpreter ends with them
    use(left)
