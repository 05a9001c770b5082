# SPDX-License-Identifier: MIT
"""Events: waited for, iterated over, awaited."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import select
import threading
import time
from typing import Any, AsyncIterator, Callable

import pytest

import nvvgpu
from support import ADDRESS, MIB, UUID, open_files, parsed

Kind = nvvgpu.EventKind


def kinds(events: nvvgpu.Events) -> list[nvvgpu.EventKind]:
    """Of what is there now."""
    found = []
    while event := events.next(0):
        found.append(event.kind)
    return found


def told(events: nvvgpu.Events) -> list[nvvgpu.Event]:
    """Of what is there now, what the driver tells: numbered."""
    return [event for event in events if event.sequence]


def test_life_of_a_vgpu(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    with host.events() as events:
        vgpu = gpu.create("L40-1B")
        vgpu.set_params({"a": "1"})
        with vgpu.open() as device:
            device.reset()
        vgpu.destroy()
        gpu.set_mixed_size(True)
        found = kinds(events)
    wanted = [Kind.CREATED, Kind.PARAMS, Kind.STARTED, Kind.RESET, Kind.STOPPED, Kind.DESTROYED,
              Kind.MODE]
    assert [kind for kind in found if kind in wanted and found.count(kind) == 1] == \
        [kind for kind in wanted if found.count(kind) == 1]
    assert set(wanted) <= set(found)


def test_facts(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    before = time.time_ns()
    with host.events() as events:
        gpu.create("L40-1B", uuid=UUID)
        event = events.next(5)
        types = events.next(5)
        gpu.create("L40-1B")
        second = events.next(5)
    assert event and types and second
    assert event.kind is Kind.CREATED
    assert (event.gpu_address, event.uuid, event.type_id) == (ADDRESS, UUID, 869)
    assert event.vf == gpu.vgpus()[0].vf
    assert (types.kind, types.uuid, types.vf, types.sequence) == (Kind.TYPES, None, None, 0)
    assert types.value == len(gpu.types(creatable=True)) and types.time_ns >= event.time_ns
    assert before <= event.time_ns <= time.time_ns()
    assert second.sequence == event.sequence + 1
    assert event.value == 0


def test_event_of_a_gpu(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    with host.events() as events:
        gpu.set_mixed_size(True)
        event = events.next(5)
    assert event and (event.kind, event.value) == (Kind.MODE, 1)
    assert event.uuid is None and event.type_id is None


FIELDS = {"kind", "gpu_address", "vf", "uuid", "type_id", "sequence", "time_ns", "value"}


def test_frozen(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    with host.events() as events:
        gpu.create("L40-1B")
        event = events.next(5)
    assert event
    assert {field.name for field in dataclasses.fields(event)
            if not field.name.startswith("_")} == FIELDS
    for name in FIELDS:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(event, name, None)
    assert len({event, event}) == 1


def test_json(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    with host.events() as events:
        gpu.set_mixed_size(True)
        gpu.create("L40-1B")
        found = [events.next(5), events.next(5)]
    gc.collect()
    for event in found:
        assert event
        said = parsed(event)
        assert said["kind"] == str(event.kind) and said["gpu"] == event.gpu_address
        for name in FIELDS - {"kind", "gpu_address"}:
            assert said[name] == getattr(event, name)


def test_next_that_finds_nothing(host: nvvgpu.Host) -> None:
    with host.events() as events:
        assert events.next(0) is None
        begin = time.monotonic()
        assert events.next(0.05) is None
        assert time.monotonic() - begin >= 0.05


def test_iteration_ends_when_nothing_happens(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    with host.events(timeout=0.05) as events:
        gpu.create("L40-1B")
        gpu.create("L40-1B")
        assert [event.kind for event in events] == [Kind.CREATED, Kind.CREATED, Kind.TYPES]
        gpu.vgpus()[0].destroy()
        assert [event.kind for event in events] == [Kind.DESTROYED]
        assert iter(events) is events


def test_zero_timeout_gives_what_is_there(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    events = host.events(0)
    for _ in range(20):
        gpu.create("L40-1B")
    assert len(list(events)) == 20 + 1
    assert list(events) == []


def test_order_over_several_gpus() -> None:
    with nvvgpu.open("emu:l40*3") as host, host.events(0) as events:
        for gpu in [*host.gpus, *reversed(host.gpus)]:
            gpu.create("L40-1B")
        found = told(events)
    assert len(found) == 6
    assert [event.time_ns for event in found] == sorted(event.time_ns for event in found)
    assert len({event.gpu_address for event in found}) == 3


def test_lost_events_are_told(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    with host.events(0) as events:
        for _ in range(600):
            gpu.create("L40-1B").destroy()
        found = told(events)
    lost = [event for event in found if event.kind is Kind.LOST]
    if lost:
        assert sum(event.value for event in lost) + len(found) - len(lost) >= 1200
    else:
        assert len(found) == 1200


def test_fileno(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    with host.events() as events:
        assert events.next(0) is None
        assert not select.select([events], [], [], 0)[0]
        gpu.create("L40-1B")
        gpu.create("L40-1B")
        for _ in range(3):
            assert select.select([events], [], [], 5)[0]
            assert events.next(0)
        assert not select.select([events.fileno()], [], [], 0)[0]


def test_migration_is_told(host: nvvgpu.Host, vgpu: nvvgpu.VGPU) -> None:
    with host.events(0) as events:
        vgpu.save("/dev/null")
        assert Kind.MIGRATION in {event.kind for event in events}


def test_only_what_comes_later(host: nvvgpu.Host, vgpu: nvvgpu.VGPU) -> None:
    with host.events(0) as events:
        assert list(events) == []


@pytest.mark.parametrize("timeout", [-1, float("nan")])
def test_timeout_out_of_range(host: nvvgpu.Host, timeout: float) -> None:
    with pytest.raises(ValueError):
        with host.events(timeout) as events:
            events.next(timeout)
    with host.events() as events, pytest.raises(ValueError):
        events.next(timeout)


@pytest.mark.parametrize("timeout", ["1", b"1", [1]])
def test_timeout_of_a_wrong_kind(host: nvvgpu.Host, timeout: Any) -> None:
    with pytest.raises(TypeError):
        with host.events(timeout) as events:
            events.next(timeout)
    with host.events() as events, pytest.raises(TypeError):
        events.next(timeout)


def test_no_events_on_a_tree(tree: Callable[[str], nvvgpu.Host]) -> None:
    with tree("l40s") as host, pytest.raises(nvvgpu.UnsupportedError):
        host.events()


def test_exception_comes_out_of_with_and_it_is_closed(host: nvvgpu.Host,
                                                      vgpu: nvvgpu.VGPU) -> None:
    before = open_files()
    error = RuntimeError("mine")
    with pytest.raises(RuntimeError) as caught:
        with host.events() as events:
            assert open_files() != before
            raise error
    assert caught.value is error
    assert open_files() == before
    assert next(events, None) is None
    calls: list[Callable[[], object]] = [events.next, events.fileno, events.__iter__,
                                         events.__aiter__]
    for call in calls:
        with pytest.raises(ValueError) as closed:
            call()
        assert "closed" in str(closed.value)
    events.close()


def test_dropped_is_closed(host: nvvgpu.Host, vgpu: nvvgpu.VGPU) -> None:
    before = open_files()
    events = host.events()
    assert open_files() != before
    del events
    gc.collect()
    assert open_files() == before


def test_outlives_the_host() -> None:
    with nvvgpu.open("emu:l40") as host:
        gpu = host.gpus[0]
        events = host.events(0)
    del host
    gc.collect()
    gpu.create("L40-1B")
    assert [event.kind for event in events] == [Kind.CREATED, Kind.TYPES]
    events.close()


# ---------------------------------------------------------------------------- asyncio

def test_async_iteration(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    async def main() -> list[nvvgpu.EventKind]:
        found: list[nvvgpu.EventKind] = []
        with host.events() as events:
            gpu.create("L40-1B")
            async for event in events:
                if event.kind is Kind.TYPES:
                    continue
                found.append(event.kind)
                if len(found) == 3:
                    break
                asyncio.get_running_loop().call_soon(gpu.create, "L40-1B")
        return found

    assert asyncio.run(main()) == [Kind.CREATED] * 3


def test_async_without_a_with(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(0.01, gpu.create, "L40-1B")
        async for event in host.events():
            assert event.kind is Kind.CREATED
            break

    asyncio.run(main())
    gc.collect()


def test_async_iteration_ends(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    async def main() -> list[nvvgpu.EventKind]:
        with host.events(timeout=0.05) as events:
            gpu.create("L40-1B")
            found = [event.kind async for event in events]
            assert [event async for event in events] == []
            return found

    assert asyncio.run(main()) == [Kind.CREATED, Kind.TYPES]


def test_others_run_meanwhile(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    """Without a thread: the loop itself waits."""
    async def main() -> int:
        turns = 0

        async def count() -> None:
            nonlocal turns
            for turns in range(1, 101):
                await asyncio.sleep(0)
            gpu.create("L40-1B")

        with host.events() as events:
            counter = asyncio.create_task(count())
            async for event in events:
                assert event.kind is Kind.CREATED
                break
            await counter
        return turns

    threads = threading.active_count()
    assert asyncio.run(main()) == 100
    assert threading.active_count() == threads


def watched() -> int:
    """How many descriptors the loop waits for, its own apart."""
    loop: Any = asyncio.get_running_loop()
    return len(loop._selector.get_map()) - 1


async def anext_of(events: AsyncIterator[nvvgpu.Event]) -> nvvgpu.Event:
    return await events.__anext__()


def test_timeout_of_the_task(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    """Nothing stays in the loop, no event is lost, and it can be used again."""
    async def main() -> None:
        with host.events() as events:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext_of(events), 0.05)
            assert watched() == 0
            gpu.create("L40-1B", uuid=UUID)
            event = await asyncio.wait_for(anext_of(events), 5)
            assert event.uuid == UUID
            assert watched() == 0

    asyncio.run(main())


def test_cancelled_task(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    async def main() -> None:
        with host.events() as events:
            async def watch() -> None:
                async for _ in events:
                    pass

            task = asyncio.create_task(watch())
            while not watched():
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert watched() == 0
            gpu.create("L40-1B")
            assert (await asyncio.wait_for(anext_of(events), 5)).kind is Kind.CREATED

    asyncio.run(main())


def test_nothing_stays_scheduled(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        with host.events(timeout=3600) as events:
            loop.call_soon(gpu.create, "L40-1B")
            await anext_of(events)
            assert [timer for timer in loop._scheduled if not timer.cancelled()] == []

    asyncio.run(main())


def test_closed_while_awaited(host: nvvgpu.Host) -> None:
    async def main() -> None:
        events = host.events()
        task = asyncio.create_task(anext_of(events))
        while not watched():
            await asyncio.sleep(0)
        events.close()
        with pytest.raises((ValueError, StopAsyncIteration, asyncio.CancelledError)):
            await asyncio.wait_for(task, 5)

    asyncio.run(main())


def test_two_hosts_in_one_loop() -> None:
    async def first(host: nvvgpu.Host) -> str:
        with host.events() as events:
            asyncio.get_running_loop().call_soon(host.gpus[0].create, host.gpus[0].types()[0])
            return (await asyncio.wait_for(anext_of(events), 5)).gpu_address

    async def main() -> list[str]:
        with nvvgpu.open("emu:l40") as one, nvvgpu.open("emu:t4") as other:
            return list(await asyncio.gather(first(one), first(other)))

    assert asyncio.run(main()) == [ADDRESS, ADDRESS]


def test_save_in_a_thread_while_events_are_awaited(host: nvvgpu.Host,
                                                   filled: nvvgpu.VGPU) -> None:
    async def main() -> set[nvvgpu.EventKind]:
        seen = set()
        with host.events(timeout=5) as events:
            saving = asyncio.get_running_loop().run_in_executor(None, filled.save, "/dev/null")
            async for event in events:
                seen.add(event.kind)
                if event.kind is Kind.STOPPED:
                    break
            await saving
        return seen

    assert {Kind.STARTED, Kind.MIGRATION, Kind.STOPPED} <= asyncio.run(main())
    assert filled.framebuffer_bytes > MIB
