# SPDX-License-Identifier: MIT
"""vGPUs: facts, live values, parameters, end."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ElementTree
from typing import Any, Callable

import pytest

import nvvgpu
from support import ADDRESS, BOARDS, OTHER_UUID, UUID, parsed

FACTS = ["uuid", "type_id", "type_name", "framebuffer_bytes", "gpu", "vf", "placement", "owner",
         "vfio", "needs_vm_uuid", "created"]


@pytest.mark.parametrize("board", BOARDS)
def test_facts(board: str) -> None:
    with nvvgpu.open(f"emu:{board}") as host:
        for gpu in host.gpus:
            type_ = gpu.types()[0]
            vgpu = gpu.create(type_, owner="somebody")
            said = parsed(vgpu)
            for name in ("uuid", "type_id", "type_name", "vf", "placement", "owner", "vfio"):
                assert said[name] == getattr(vgpu, name)
            assert said["gpu"] == vgpu.gpu.address == gpu.address
            assert said["framework"] == str(gpu.framework)
            assert said["state"] == str(vgpu.state())
            assert said["params"] == vgpu.params()
            assert (vgpu.type_id, vgpu.type_name) == (type_.id, type_.name)
            assert vgpu.framebuffer_bytes == type_.framebuffer_bytes


def test_kinds_of_facts(vgpu: nvvgpu.VGPU, gpu: nvvgpu.GPU) -> None:
    assert vgpu.uuid == UUID
    assert vgpu.vf == "0000:41:00.4" and vgpu.vfio == "/sys/bus/pci/devices/0000:41:00.4"
    assert vgpu.placement == 0
    assert vgpu.owner == ""
    assert vgpu.created is True
    assert isinstance(vgpu.gpu, nvvgpu.GPU) and vgpu.gpu == gpu


def test_for_a_vmm(vgpu: nvvgpu.VGPU) -> None:
    address = ElementTree.fromstring(vgpu.to_libvirt_xml()).find("source/address")
    assert address is not None and address.attrib["function"] == "0x4"
    assert vgpu.to_qemu_args() == ["-device", "vfio-pci,host=0000:41:00.4"]
    assert vgpu.needs_vm_uuid is False


def test_board_without_sriov() -> None:
    with nvvgpu.open("emu:t4") as host:
        vgpu = host.gpus[0].create("GRID T4-1B")
        assert vgpu.vf is None
        assert vgpu.placement is None
        assert vgpu.vfio
        address = ElementTree.fromstring(vgpu.to_libvirt_xml()).find("source/address")
        assert address is not None and address.attrib == {"uuid": vgpu.uuid}
        assert vgpu.to_qemu_args() == ["-device", f"vfio-pci,sysfsdev={vgpu.vfio}"]


def test_facts_are_read_only(vgpu: nvvgpu.VGPU) -> None:
    for name in FACTS:
        with pytest.raises(AttributeError):
            setattr(vgpu, name, getattr(vgpu, name))


def test_random_uuid(gpu: nvvgpu.GPU) -> None:
    made = {gpu.create("L40-1B").uuid for _ in range(4)}
    assert len(made) == 4
    assert all(str(uuid.UUID(text)) == text for text in made)


def test_found_existing(host: nvvgpu.Host, vgpu: nvvgpu.VGPU, gpu: nvvgpu.GPU) -> None:
    assert not gpu.create("L40-1B", uuid=UUID).created
    assert not host.vgpu(UUID).created
    assert not gpu.vgpus()[0].created


def test_equality_and_hash(host: nvvgpu.Host, gpu: nvvgpu.GPU, vgpu: nvvgpu.VGPU) -> None:
    other = gpu.create("L40-1B", uuid=OTHER_UUID)
    assert host.vgpu(UUID) == vgpu and hash(host.vgpu(UUID)) == hash(vgpu)
    assert vgpu != other
    assert {vgpu, *host.vgpus()} == {vgpu, other}
    assert vgpu != UUID


def test_same_uuid_on_another_gpu_is_another() -> None:
    with nvvgpu.open("emu:l40*2") as host:
        first = host.gpus[0].create("L40-1B", uuid=UUID)
        first.destroy()
        second = host.gpus[1].create("L40-1B", uuid=UUID)
        assert first != second


def test_state(vgpu: nvvgpu.VGPU) -> None:
    assert vgpu.state() is nvvgpu.VGPUState.ASSIGNED
    with vgpu.open():
        assert vgpu.state() is nvvgpu.VGPUState.RUNNING
    assert vgpu.state() is nvvgpu.VGPUState.ASSIGNED


@pytest.mark.parametrize("params, text", [
    ({"frame_rate_limiter": "0"}, {"frame_rate_limiter": "0"}),
    ("a=1,b=2", {"a": "1", "b": "2"}),
    ({}, {}),
    ("", {}),
])
def test_params(vgpu: nvvgpu.VGPU, params: Any, text: dict[str, str]) -> None:
    vgpu.set_params({"before": "1"})
    vgpu.set_params(params)
    assert vgpu.params() == text


@pytest.mark.parametrize("params", ["a", {"a": "1,b=2"}, {"a=1": "2"}, {"": "1"}, {"a": "\n"}])
def test_params_are_refused(vgpu: nvvgpu.VGPU, params: Any) -> None:
    vgpu.set_params({"kept": "1"})
    with pytest.raises(nvvgpu.InvalidArgumentError) as caught:
        vgpu.set_params(params)
    assert caught.value.reason == nvvgpu.Reason.PARAMS
    assert vgpu.params() == {"kept": "1"}


@pytest.mark.parametrize("params", [None, 1, ["a=1"], b"a=1", {"a": 1}])
def test_params_of_a_wrong_kind(vgpu: nvvgpu.VGPU, params: Any) -> None:
    with pytest.raises(TypeError):
        vgpu.set_params(params)


def test_params_of_an_open_device(vgpu: nvvgpu.VGPU) -> None:
    with vgpu.open(), pytest.raises(nvvgpu.BusyError):
        vgpu.set_params({"a": "1"})


def test_destroy(host: nvvgpu.Host, vgpu: nvvgpu.VGPU) -> None:
    vgpu.destroy()
    assert host.vgpus() == []
    vgpu.destroy()      # is gone already
    assert vgpu.uuid == UUID


def test_destroy_needs_the_owner(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    gpu.create("L40-1B", uuid=OTHER_UUID, owner="me")
    for owner in (None, "", "you", "foreign"):
        with pytest.raises(nvvgpu.Error) as caught:
            host.vgpu(OTHER_UUID).destroy(owner=owner)
        assert caught.value.reason == nvvgpu.Reason.FOREIGN_OWNER
    vgpu = host.vgpu(OTHER_UUID)
    assert vgpu.destroy(owner="me") is True
    assert vgpu.destroy(owner="me") is False
    gpu.create("L40-1B", uuid=OTHER_UUID, owner="me")
    assert host.vgpu(OTHER_UUID).destroy(foreign=True)
    with pytest.raises(nvvgpu.InvalidArgumentError):
        gpu.create("L40-1B", owner="foreign")


def test_values_of_known_params(gpu: nvvgpu.GPU) -> None:
    with pytest.raises(nvvgpu.InvalidArgumentError) as caught:
        gpu.create("L40-1B", params={"disable_vnc": "yes"})
    assert caught.value.reason == nvvgpu.Reason.PARAMS
    vgpu = gpu.create("L40-1B", params={"disable_vnc": "yes"}, force_params=True)
    assert vgpu.params() == {"disable_vnc": "yes"}


GONE: dict[str, Callable[[nvvgpu.VGPU], object]] = {
    "state": lambda vgpu: vgpu.state(),
    "params": lambda vgpu: vgpu.params(),
    "set_params": lambda vgpu: vgpu.set_params({}),
    "open": lambda vgpu: vgpu.open(),
    "to_json": lambda vgpu: vgpu.to_json(),
}


@pytest.mark.parametrize("name", GONE)
def test_destroyed(vgpu: nvvgpu.VGPU, name: str) -> None:
    vgpu.destroy()
    with pytest.raises(nvvgpu.NotFoundError):
        GONE[name](vgpu)


def test_destroy_an_open_device(vgpu: nvvgpu.VGPU, device: nvvgpu.Device) -> None:
    with pytest.raises(nvvgpu.BusyError) as caught:
        vgpu.destroy()
    assert caught.value.reason == nvvgpu.Reason.IN_USE


def test_repr(vgpu: nvvgpu.VGPU) -> None:
    assert UUID in repr(vgpu)
    assert ADDRESS in repr(vgpu.gpu)
