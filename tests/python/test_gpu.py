# SPDX-License-Identifier: MIT
"""Facts and live values of GPUs, on every emulated board and on captured trees."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable

import pytest

import nvvgpu
from clib import CHost
from support import ADDRESS, BOARDS, OTHER_UUID, UUID, parsed

FACTS = ["address", "name", "vendor_id", "device_id", "subsystem_vendor_id",
         "subsystem_device_id", "driver", "driver_version", "firmware_version", "framework",
         "evidence", "numa_node", "framebuffer_bytes", "vfs_total", "drm_nodes", "reason", "reason_text"]


def facts(gpu: nvvgpu.GPU) -> dict[str, Any]:
    return {name: getattr(gpu, name) for name in FACTS}


@pytest.mark.parametrize("board", BOARDS)
def test_facts_are_those_of_the_library(board: str) -> None:
    with nvvgpu.open(f"emu:{board}") as host, CHost(f"emu:{board}") as other:
        assert [facts(gpu) for gpu in host.gpus] == other.gpus()


@pytest.mark.parametrize("name", ["l40s", "a40", "a16", "t4", "odds", "order"])
def test_facts_of_trees(tree: Callable[[str], nvvgpu.Host], name: str) -> None:
    with tree(name) as host, CHost(host.uri) as other:
        found = [facts(gpu) for gpu in host.gpus]
        assert found == other.gpus()
        assert found


@pytest.mark.parametrize("board", BOARDS)
def test_json(board: str) -> None:
    with nvvgpu.open(f"emu:{board}") as host:
        for gpu in host.gpus:
            said = parsed(gpu)
            for name in ("address", "name", "driver", "numa_node", "framebuffer_bytes",
                         "vfs_total"):
                assert said[name] == getattr(gpu, name)
            assert said["vendor_id"] == f"0x{gpu.vendor_id:04x}"
            assert said["framework"] == str(gpu.framework)
            assert said["evidence"] == gpu.evidence
            assert said["mode"] == str(gpu.mode())
            assert said["vfs_enabled"] == gpu.vfs_enabled()
            assert said["drm_nodes"] == list(gpu.drm_nodes)
            assert said["reason"] is None


def test_kinds_of_facts(gpu: nvvgpu.GPU) -> None:
    assert type(gpu.vendor_id) is int and gpu.vendor_id == 0x10DE
    assert gpu.framework is nvvgpu.Framework.NVVGPU
    assert gpu.reason is nvvgpu.Reason.NONE and gpu.reason_text == ""
    assert gpu.numa_node is None
    assert gpu.drm_nodes == ()
    assert gpu.driver_version == nvvgpu.__version__
    assert gpu.firmware_version == "535.113.01"


def test_unknown_is_none(tree: Callable[[str], nvvgpu.Host]) -> None:
    with tree("l40s") as host:
        gpu = host.gpus[0]
        assert gpu.firmware_version is None
        assert gpu.driver_version == "550.90.05"
        assert gpu.numa_node == 1
        assert gpu.drm_nodes == ("/dev/dri/card1", "/dev/dri/renderD128")
    with tree("odds") as host:
        assert host.gpus[0].framebuffer_bytes is None


def test_reasons(tree: Callable[[str], nvvgpu.Host]) -> None:
    with tree("odds") as host:
        reasons = {gpu.reason for gpu in host.gpus}
        assert {nvvgpu.Reason.PASSTHROUGH, nvvgpu.Reason.NO_DRIVER,
                nvvgpu.Reason.NOT_CAPABLE} <= reasons
        passthrough = next(gpu for gpu in host.gpus
                           if gpu.reason == nvvgpu.Reason.PASSTHROUGH)
        assert passthrough.reason_text
        with pytest.raises(nvvgpu.Error) as caught:
            passthrough.types()
        assert caught.value.reason == nvvgpu.Reason.PASSTHROUGH


def test_facts_are_read_only(gpu: nvvgpu.GPU) -> None:
    for name in FACTS:
        with pytest.raises(AttributeError):
            setattr(gpu, name, getattr(gpu, name))


@pytest.mark.parametrize("board, vfs", [("l40", 32), ("a16", 16), ("t4", 0)])
def test_vfs_enabled(board: str, vfs: int) -> None:
    with nvvgpu.open(f"emu:{board}") as host:
        assert [gpu.vfs_enabled() for gpu in host.gpus] == [vfs] * BOARDS[board]


@pytest.mark.parametrize("framework", ["nvvgpu", "vendor-vfio", "mdev"])
def test_set_vfs(framework: str) -> None:
    with nvvgpu.open(f"emu:l40?framework={framework}") as host:
        gpu = host.gpus[0]
        gpu.set_vfs(32)
        vgpu = gpu.create("L40-4Q")
        with pytest.raises(nvvgpu.BusyError) as caught:
            gpu.set_vfs(0)
        assert caught.value.reason == nvvgpu.Reason.LIVE_VGPUS
        vgpu.destroy()
        for count in (0, 4, 2, 32):
            gpu = host.gpu(ADDRESS)
            gpu.set_vfs(count, timeout=5)
            assert host.gpu(ADDRESS).vfs_enabled() == count
        for count in (33, 2**32 - 1):
            with pytest.raises(nvvgpu.InvalidArgumentError):
                gpu.set_vfs(count)
        for kind, count, timeout in ((OverflowError, -1, None), (ValueError, 1, -1)):
            with pytest.raises(kind):
                gpu.set_vfs(count, timeout=timeout)


def test_set_vfs_where_there_are_none() -> None:
    with nvvgpu.open("emu:t4") as host, pytest.raises(nvvgpu.UnsupportedError):
        host.gpus[0].set_vfs(1)


def test_mixed_size(gpu: nvvgpu.GPU) -> None:
    assert gpu.mode() is nvvgpu.Mode.EQUAL_SIZE
    gpu.set_mixed_size(True)
    assert gpu.mode() is nvvgpu.Mode.MIXED_SIZE
    gpu.create("L40-1B")
    gpu.create("L40-2B")
    with pytest.raises(nvvgpu.BusyError) as caught:
        gpu.set_mixed_size(False)
    assert caught.value.reason == nvvgpu.Reason.LIVE_VGPUS
    for vgpu in gpu.vgpus():
        vgpu.destroy()
    gpu.set_mixed_size(False)
    assert gpu.mode() is nvvgpu.Mode.EQUAL_SIZE


def test_mixed_size_where_there_is_none() -> None:
    with nvvgpu.open("emu:t4") as host, pytest.raises(nvvgpu.UnsupportedError):
        host.gpus[0].set_mixed_size(True)


def test_statistics(gpu: nvvgpu.GPU) -> None:
    before = gpu.statistics()
    assert set(before) <= {str(statistic) for statistic in nvvgpu.Statistic}
    assert all(type(value) is int for value in before.values())
    vgpu = gpu.create("L40-4Q")
    during = gpu.statistics()
    assert during["vgpus"] == before["vgpus"] + 1
    assert during["created"] == before["created"] + 1
    assert during["framebuffer_free_bytes"] == before["framebuffer_free_bytes"] - (4 << 30)
    vgpu.destroy()
    after = gpu.statistics()
    assert after["framebuffer_free_bytes"] == before["framebuffer_free_bytes"]
    assert after["destroyed"] == before["destroyed"] + 1


def test_statistics_have_only_what_is_counted(tree: Callable[[str], nvvgpu.Host]) -> None:
    with tree("l40s") as host:
        assert host.gpus[0].statistics() == {"vgpus": 1}


def test_create_on_a_tree(tree: Callable[[str], nvvgpu.Host]) -> None:
    with tree("l40s") as host, pytest.raises(nvvgpu.Error) as caught:
        host.gpus[0].create(1145)
    assert caught.value.reason == nvvgpu.Reason.READ_ONLY


@pytest.mark.parametrize("which", [869, "869", "L40-1B", "NVIDIA L40-1B"])
def test_create_by_id_or_name(gpu: nvvgpu.GPU, which: int | str) -> None:
    vgpu = gpu.create(which)
    assert (vgpu.type_id, vgpu.type_name) == (869, "NVIDIA L40-1B")
    assert vgpu.created


def test_create_by_type(gpu: nvvgpu.GPU) -> None:
    assert gpu.create(gpu.type("L40-2Q")).type_name == "NVIDIA L40-2Q"


def test_create_with_everything(gpu: nvvgpu.GPU) -> None:
    placement = gpu.type("L40-4Q").placements().ids[2]
    vgpu = gpu.create("L40-4Q", uuid=UUID, vf="0000:41:00.7", placement=placement,
                      params={"frame_rate_limiter": "0", "disable_vnc": "1"}, owner="somebody")
    assert vgpu.uuid == UUID
    assert vgpu.vf == "0000:41:00.7"
    assert vgpu.placement == placement
    assert vgpu.params() == {"frame_rate_limiter": "0", "disable_vnc": "1"}
    assert vgpu.owner == "somebody"
    again = gpu.create("L40-4Q", uuid=UUID, owner="somebody")
    assert again == vgpu and not again.created


def test_create_options_are_named(gpu: nvvgpu.GPU) -> None:
    with pytest.raises(TypeError):
        gpu.create("L40-4Q", UUID)  # type: ignore[misc]


Create = Callable[[nvvgpu.GPU], object]

REFUSED: dict[str, tuple[Create, type[nvvgpu.Error], nvvgpu.Reason]] = {
    "no such type": (lambda gpu: gpu.create("L40-5Q"), nvvgpu.NotFoundError,
                     nvvgpu.Reason.NOT_FOUND),
    "no such id": (lambda gpu: gpu.create(1), nvvgpu.NotFoundError, nvvgpu.Reason.NOT_FOUND),
    "not a uuid": (lambda gpu: gpu.create("L40-1B", uuid="me"), nvvgpu.InvalidArgumentError,
                   nvvgpu.Reason.INVALID_ARGUMENT),
    "not a VF": (lambda gpu: gpu.create("L40-1B", vf="one"), nvvgpu.InvalidArgumentError,
                 nvvgpu.Reason.INVALID_ARGUMENT),
    "another size": (lambda gpu: gpu.create("L40-2B"), nvvgpu.InvalidArgumentError,
                     nvvgpu.Reason.EQUAL_SIZE),
    "uuid of another": (lambda gpu: gpu.create("L40-1Q", uuid=UUID), nvvgpu.ExistsError,
                        nvvgpu.Reason.EXISTS),
    "other owner": (lambda gpu: gpu.create("L40-1B", uuid=UUID, owner="them"),
                    nvvgpu.ExistsError, nvvgpu.Reason.FOREIGN_OWNER),
    "VF in use": (lambda gpu: gpu.create("L40-1B", vf=gpu.vgpus()[0].vf), nvvgpu.BusyError,
                  nvvgpu.Reason.VF_BUSY),
    "wrong placement": (lambda gpu: gpu.create("L40-1B", placement=1000),
                        nvvgpu.InvalidArgumentError, nvvgpu.Reason.PLACEMENT_INVALID),
    "placement taken": (lambda gpu: gpu.create("L40-1B", placement=0), nvvgpu.Error,
                        nvvgpu.Reason.PLACEMENT_TAKEN),
    "comma in a parameter": (lambda gpu: gpu.create("L40-1B", params={"a": "1,b=2"}),
                             nvvgpu.InvalidArgumentError, nvvgpu.Reason.PARAMS),
    "long owner": (lambda gpu: gpu.create("L40-1B", owner="o" * 64), nvvgpu.InvalidArgumentError,
                   nvvgpu.Reason.INVALID_ARGUMENT),
}


@pytest.mark.parametrize("what", REFUSED)
def test_create_is_refused(gpu: nvvgpu.GPU, vgpu: nvvgpu.VGPU, what: str) -> None:
    create, kind, reason = REFUSED[what]
    with pytest.raises(kind) as caught:
        create(gpu)
    assert caught.value.reason == reason
    assert gpu.vgpus() == [vgpu]


WRONG_KINDS: dict[str, Create] = {
    "type": lambda gpu: gpu.create(1.5),  # type: ignore[arg-type]
    "no type": lambda gpu: gpu.create(None),  # type: ignore[arg-type]
    "uuid": lambda gpu: gpu.create("L40-1B", uuid=5),  # type: ignore[arg-type]
    "placement": lambda gpu: gpu.create("L40-1B", placement="0"),  # type: ignore[arg-type]
    "params": lambda gpu: gpu.create("L40-1B", params=[1]),  # type: ignore[arg-type]
    "key": lambda gpu: gpu.create("L40-1B", params={1: "1"}),  # type: ignore[dict-item]
    "value": lambda gpu: gpu.create("L40-1B", params={"a": 1}),  # type: ignore[dict-item]
    "owner": lambda gpu: gpu.create("L40-1B", owner=b"me"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("what", WRONG_KINDS)
def test_create_with_a_wrong_kind(gpu: nvvgpu.GPU, what: str) -> None:
    with pytest.raises(TypeError):
        WRONG_KINDS[what](gpu)
    assert gpu.vgpus() == []


@pytest.mark.parametrize("placement", [-1, 1 << 32, 1 << 80])
def test_placement_out_of_range(gpu: nvvgpu.GPU, placement: int) -> None:
    """A number that does not fit must not become another one."""
    with pytest.raises((ValueError, OverflowError)):
        gpu.create("L40-1B", placement=placement)
    assert gpu.vgpus() == []


def test_exhausted(gpu: nvvgpu.GPU) -> None:
    for _ in range(2):
        gpu.create("L40-24Q")
    with pytest.raises(nvvgpu.Error) as caught:
        gpu.create("L40-24Q")
    assert caught.value.reason == nvvgpu.Reason.EXHAUSTED


def test_uuid_on_another_gpu() -> None:
    with nvvgpu.open("emu:l40*2") as host:
        first, second = host.gpus
        first.create("L40-1B", uuid=UUID)
        with pytest.raises(FileExistsError):
            second.create("L40-1B", uuid=UUID)
        assert second.create("L40-1B", uuid=OTHER_UUID).gpu == second


def test_gpu_from_elsewhere_is_another(gpu: nvvgpu.GPU) -> None:
    with nvvgpu.open("emu:l40*2") as host:
        assert host.gpus[1] != gpu
        assert len({*host.gpus}) == 2


def test_is_no_dataclass(gpu: nvvgpu.GPU) -> None:
    """It asks the driver: a copy field by field would not be a GPU."""
    assert not dataclasses.is_dataclass(gpu)
    assert gpu.address == ADDRESS and ADDRESS in repr(gpu)
