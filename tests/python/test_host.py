# SPDX-License-Identifier: MIT
"""Opening a host, finding its GPUs and vGPUs."""

from __future__ import annotations

import gc
import pathlib
import weakref
from typing import Callable

import pytest

import nvvgpu
from support import ADDRESS, BOARDS, OTHER_UUID, SOURCE, UUID

NO_GPU = "0000:99:00.0"


def test_version() -> None:
    assert nvvgpu.__version__ == (SOURCE / "kmod/VERSION").read_text().strip()


@pytest.mark.parametrize("uri", ["emu:", "emu:l40", "emu:l40*2,t4"])
def test_uri(uri: str) -> None:
    with nvvgpu.open(uri) as host:
        assert host.uri == uri


@pytest.mark.parametrize("arguments", [(), (None,)])
def test_default_is_the_running_host(arguments: tuple[None, ...]) -> None:
    with nvvgpu.open(*arguments) as host:
        assert host.uri == "host:"


@pytest.mark.parametrize("uri", ["", "emu:h9000", "emu:l40*0", "nothing:", "emu:l40?color=red"])
def test_uri_is_refused(uri: str) -> None:
    with pytest.raises(nvvgpu.InvalidArgumentError) as caught:
        nvvgpu.open(uri)
    assert caught.value.reason == nvvgpu.Reason.INVALID_ARGUMENT


@pytest.mark.parametrize("uri", [5, b"emu:l40", ["emu:l40"]])
def test_uri_must_be_text(uri: object) -> None:
    with pytest.raises(TypeError):
        nvvgpu.open(uri)  # type: ignore[arg-type]


@pytest.mark.parametrize("uri", ["emu:l40\0", "emu:\udcff"])
def test_uri_that_c_cannot_take(uri: str) -> None:
    """Cutting it off at the NUL would open another host than was asked for."""
    with pytest.raises((ValueError, TypeError)):
        nvvgpu.open(uri)


def test_missing_tree(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError):
        nvvgpu.open(f"tree:{tmp_path}/nothing")


@pytest.mark.parametrize("board", BOARDS)
def test_gpus(board: str) -> None:
    with nvvgpu.open(f"emu:{board}") as host:
        assert isinstance(host.gpus, list)
        assert len(host.gpus) == BOARDS[board]
        assert all(isinstance(gpu, nvvgpu.GPU) for gpu in host.gpus)


def test_gpus_of_several_boards() -> None:
    with nvvgpu.open("emu:l40*2,a16,t4") as host:
        names = [gpu.name for gpu in host.gpus]
        addresses = [gpu.address for gpu in host.gpus]
    assert names == ["NVIDIA L40"] * 2 + ["NVIDIA A16"] * 4 + ["Tesla T4"]
    assert addresses == sorted(set(addresses)) and addresses[0] == ADDRESS


def test_list_of_gpus_is_the_callers(host: nvvgpu.Host) -> None:
    host.gpus.clear()
    assert len(host.gpus) == 1


@pytest.mark.parametrize("address", [ADDRESS, "41:00.0", "00000000:41:00.0"])
def test_gpu_by_address(host: nvvgpu.Host, address: str) -> None:
    assert host.gpu(address).address == ADDRESS


def test_no_such_gpu(host: nvvgpu.Host) -> None:
    with pytest.raises(nvvgpu.NotFoundError) as caught:
        host.gpu(NO_GPU)
    assert caught.value.object == NO_GPU


@pytest.mark.parametrize("address", ["", "nonsense", "41:00.0 "])
def test_not_an_address(host: nvvgpu.Host, address: str) -> None:
    with pytest.raises(nvvgpu.InvalidArgumentError):
        host.gpu(address)


def test_same_gpu_is_equal(host: nvvgpu.Host) -> None:
    first, second = host.gpus[0], host.gpu(ADDRESS)
    assert first == second and hash(first) == hash(second)
    assert first != ADDRESS


def test_collect(tmp_path: pathlib.Path) -> None:
    seen: list[nvvgpu.Progress] = []
    archive = tmp_path / "host.tar.zst"
    with nvvgpu.open("emu:l40,t4") as host:
        vgpus = [gpu.create(gpu.types()[0]) for gpu in host.gpus]
        try:
            host.collect(archive, progress=seen.append, timeout=60)
        except nvvgpu.UnsupportedError:
            pytest.skip("the library was built without archives")
        with pytest.raises(nvvgpu.CancelledError):
            host.collect(tmp_path / "other", progress=lambda _: False)
        assert [gpu.to_json() for gpu in host.gpus] == \
            [gpu.to_json() for gpu in nvvgpu.open(f"tree:{archive}").gpus]
    assert seen[-1].bytes > 1000
    assert not (tmp_path / "other").exists()
    with nvvgpu.open(f"tree:{archive}") as captured:
        assert captured.vgpus() == vgpus
        with pytest.raises(nvvgpu.Error) as caught:
            captured.vgpus()[0].destroy()
        assert caught.value.reason == nvvgpu.Reason.READ_ONLY


def test_refresh(tree: Callable[[str], nvvgpu.Host]) -> None:
    """What was found stays as it was; what is found next is what is there now."""
    with tree("l40s") as host:
        before = host.gpus[0]
        link = pathlib.Path(host.uri[len("tree:"):], "sys/bus/pci/devices", before.address)
        link.unlink()
        assert host.gpus == [before]
        host.refresh()
        assert host.gpus == []
        assert before.driver_version == "550.90.05"


def test_vgpus_of_all_gpus() -> None:
    with nvvgpu.open("emu:l40,t4") as host:
        assert host.vgpus() == []
        on_l40 = host.gpus[0].create("L40-1B", uuid=UUID)
        on_t4 = host.gpus[1].create("GRID T4-1B", uuid=OTHER_UUID)
        assert host.vgpus() == [on_l40, on_t4]
        assert host.gpus[1].vgpus() == [on_t4]


def test_vgpu_by_uuid_and_by_vf(host: nvvgpu.Host, vgpu: nvvgpu.VGPU) -> None:
    assert vgpu.vf is not None
    assert host.vgpu(UUID) == host.vgpu(UUID.upper()) == host.vgpu(vgpu.vf) == vgpu


def test_no_such_vgpu(host: nvvgpu.Host) -> None:
    with pytest.raises(nvvgpu.NotFoundError):
        host.vgpu(UUID)
    with pytest.raises(nvvgpu.InvalidArgumentError):
        host.vgpu("it")


def test_exception_comes_out_of_with() -> None:
    error = KeyError("mine")
    with pytest.raises(KeyError) as caught:
        with nvvgpu.open("emu:l40"):
            raise error
    assert caught.value is error


def test_with_gives_the_host_and_closes_it() -> None:
    opened = nvvgpu.open("emu:l40")
    with opened as host:
        assert host is opened
        assert host.gpus
    with pytest.raises(ValueError):
        opened.refresh()


def test_close_twice() -> None:
    host = nvvgpu.open("emu:l40")
    host.close()
    host.close()
    with pytest.raises(ValueError):
        with host:
            pass


CLOSED_CALLS: dict[str, Callable[[nvvgpu.Host], object]] = {
    "gpus": lambda host: host.gpus,
    "refresh": lambda host: host.refresh(),
    "gpu": lambda host: host.gpu(ADDRESS),
    "vgpus": lambda host: host.vgpus(),
    "vgpu": lambda host: host.vgpu(UUID),
    "events": lambda host: host.events(),
    "set_log": lambda host: host.set_log(print),
}


@pytest.mark.parametrize("name", CLOSED_CALLS)
def test_closed_host_refuses(name: str) -> None:
    host = nvvgpu.open("emu:l40")
    host.close()
    with pytest.raises(ValueError) as caught:
        CLOSED_CALLS[name](host)
    assert "closed" in str(caught.value)


def test_what_came_from_a_closed_host_lives_on() -> None:
    with nvvgpu.open("emu:l40") as host:
        gpu = host.gpus[0]
        vgpu = gpu.create("L40-1B")
    gc.collect()
    assert vgpu.state() == nvvgpu.VGPUState.ASSIGNED
    assert gpu.vgpus() == [vgpu]
    vgpu.destroy()
    assert gpu.create("L40-2B").type_name == "NVIDIA L40-2B"


def test_hosts_of_the_same_uri_are_apart() -> None:
    with nvvgpu.open("emu:l40") as one, nvvgpu.open("emu:l40") as other:
        one.gpus[0].create("L40-1B")
        assert other.vgpus() == []


def test_state_directory_outlives_the_host(tmp_path: pathlib.Path) -> None:
    uri = f"emu:l40?state={tmp_path}/state"
    with nvvgpu.open(uri) as host:
        host.gpus[0].create("L40-1B", uuid=UUID)
    with nvvgpu.open(uri) as host:
        assert [vgpu.uuid for vgpu in host.vgpus()] == [UUID]


def test_repr_names_it(host: nvvgpu.Host) -> None:
    assert "emu:l40" in repr(host)
    assert "Host" in repr(host)


def test_weak_reference() -> None:
    host = nvvgpu.open("emu:l40")
    reference = weakref.ref(host)
    del host
    gc.collect()
    assert reference() is None


def test_cannot_be_made_by_hand() -> None:
    """An object without anything behind it would only crash later."""
    for kind in (nvvgpu.Host, nvvgpu.GPU, nvvgpu.VGPU, nvvgpu.Device, nvvgpu.Events):
        with pytest.raises(TypeError):
            kind()
