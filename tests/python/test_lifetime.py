# SPDX-License-Identifier: MIT
"""Objects go in any order, by count, by the collector, and with the interpreter."""

from __future__ import annotations

import contextlib
import gc
import os
import pathlib
import signal
import weakref
from typing import Any

import pytest

import lifetime
import nvvgpu
from support import by_level, open_files, run_python

ORDERS = by_level(100, 1000, 5040)
HERE = str(pathlib.Path(__file__).parent)


@pytest.mark.parametrize("drop, share", [
    (lifetime.drop_by_count, 1), (lifetime.drop_by_collection, 8), (lifetime.close_and_drop, 8),
    (lifetime.drop_together, 16)], ids=lambda value: getattr(value, "__name__", ""))
def test_orders(drop: object, share: int) -> None:
    assert callable(drop)
    before = open_files()
    for order in lifetime.orders(ORDERS // share):
        drop(order)
    gc.collect()
    assert open_files() == before


@pytest.mark.parametrize("name", lifetime.USES)
def test_dropped_objects_are_freed(name: str) -> None:
    things = lifetime.make()
    reference = weakref.ref(things[name])
    things.clear()
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("name", lifetime.USES)
def test_unknown_attributes_are_refused(name: str) -> None:
    """A name with a typing error in it must not be forgotten in silence."""
    thing = lifetime.make()[name]
    for attribute in ("colour", "uuids", "_colour"):
        with pytest.raises(AttributeError):
            setattr(thing, attribute, "green")
        assert not hasattr(thing, attribute)


@pytest.mark.parametrize("name", ["host", "gpu", "vgpu", "device", "events"])
def test_object_without_anything_behind_it(name: str) -> None:
    """Made around the constructor it is useless, but harmless."""
    kind: Any = type(lifetime.make()[name])
    for thing in (object.__new__(kind), kind.__new__(kind)):
        for attribute in dir(kind):
            if attribute.startswith("_") or attribute == "close":
                continue
            with pytest.raises((AttributeError, TypeError, ValueError)):
                value = getattr(thing, attribute)
                if not callable(value):
                    raise AttributeError
                value()
        if hasattr(thing, "close"):
            with contextlib.suppress(AttributeError):
                thing.close()
        del thing
    gc.collect()


START = f"""
import atexit, asyncio, gc, os, sys, threading, time, weakref
sys.path.insert(0, {HERE!r})
import nvvgpu
from lifetime import make, use
things = make()
"""

ENDS = {
    "globals": "",
    "in another module": "sys.kept = things; del things",
    "in a cycle": "things['self'] = things; del things",
    "with a finalizer": """
class Keeper:
    def __init__(self, things): self.things = things; self.me = self
    def __del__(self): use(self.things)
keeper = Keeper(things)
""",
    "atexit": "atexit.register(use, things)",
    "weakref.finalize": "weakref.finalize(threading.main_thread(), use, things)",
    "log function": "things['host'].set_log(lambda level, line: things, nvvgpu.LogLevel.DEBUG)",
    "log function at the end": """
things['host'].set_log(lambda level, line: None, nvvgpu.LogLevel.DEBUG)
atexit.register(things['host'].refresh)
""",
    "half an iteration": "iterator = iter(things['events']); next(iterator, None)",
    "error with a traceback": """
try:
    things['gpu'].type('nothing')
except nvvgpu.Error as error:
    kept = error
""",
    "unfinished loop": """
loop = asyncio.new_event_loop()
events = things['host'].events()
task = loop.create_task(events.__anext__())
loop.run_until_complete(asyncio.sleep(0.01))
task.cancel()
loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
loop.close()
""",
    "thread that waits for events": """
threading.Thread(target=things['host'].events().next, daemon=True).start()
time.sleep(0.05)
""",
    "thread that saves into a pipe nobody reads": """
read_end, write_end = os.pipe()
things['device'].write(nvvgpu.Region.BAR1, 0, os.urandom(1 << 20))
threading.Thread(target=things['device'].save, args=[write_end],
                 kwargs={'progress': lambda progress: None}, daemon=True).start()
import select
while select.select([], [write_end], [], 0)[1]:
    time.sleep(0.001)
time.sleep(0.15)
""",
    "sys.exit in a progress function": """
things['device'].close()
try:
    things['vgpu'].save('/dev/null', progress=lambda progress: sys.exit(0))
finally:
    print('on the way out')
""",
    "after a collection without the module": """
del nvvgpu
for name in [name for name in sys.modules if name.startswith('nvvgpu')]:
    del sys.modules[name]
gc.collect()
use(things)
""",
}


@pytest.mark.parametrize("name", ENDS)
def test_interpreter_ends_with_live_objects(name: str) -> None:
    out = run_python(START + ENDS[name])
    assert out == ("on the way out\n" if name.startswith("sys.exit") else "")


def test_fork() -> None:
    """A child that inherits everything ends without disturbing its parent."""
    things = lifetime.make()
    pid = os.fork()
    if not pid:
        os.kill(os.getpid(), signal.SIGKILL) if not things["gpu"].name else os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    lifetime.use(things)


def test_imported_twice_in_one_process() -> None:
    run_python("import sys\nimport nvvgpu\nfirst = nvvgpu.open('emu:l40').gpus[0]\n"
               "for name in [name for name in sys.modules if name.startswith('nvvgpu')]:\n"
               "    del sys.modules[name]\n"
               "import nvvgpu\nsecond = nvvgpu.open('emu:l40').gpus[0]\n"
               "assert first.name == second.name and first.types() and second.types()\n")
