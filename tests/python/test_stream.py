# SPDX-License-Identifier: MIT
"""Save, restore, inspect and verify, through everything that holds a stream."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import pathlib
import socket
import stat
import tempfile
import threading
from typing import Any, Callable, ContextManager, Iterator

import pytest

import nvvgpu
from clib import CHost
from support import (MIB, OTHER_UUID, UUID, assert_filled, feed, fill, parsed, pattern,
                     readings)

MIBS = 3                        # what the fixture `filled` has

Call = Callable[..., object]


# ------------------------------------------------------------------ in and out again

def save_by_name(vgpu: nvvgpu.VGPU, path: pathlib.Path) -> None:
    vgpu.save(str(path))


def save_by_path(vgpu: nvvgpu.VGPU, path: pathlib.Path) -> None:
    vgpu.save(path)


def save_by_descriptor(vgpu: nvvgpu.VGPU, path: pathlib.Path) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    vgpu.save(fd)
    os.close(fd)                # stays open and is the caller's


def save_to_file(vgpu: nvvgpu.VGPU, path: pathlib.Path) -> None:
    with open(path, "wb") as file:
        vgpu.save(file)


def save_to_raw_file(vgpu: nvvgpu.VGPU, path: pathlib.Path) -> None:
    with open(path, "wb", buffering=0) as file:
        vgpu.save(file)


def save_to_own_class(vgpu: nvvgpu.VGPU, path: pathlib.Path) -> None:
    """All it has is a fileno()."""
    class Mine:
        def __init__(self) -> None:
            self.fd = os.open(path, os.O_WRONLY | os.O_CREAT)

        def fileno(self) -> int:
            return self.fd

    mine = Mine()
    vgpu.save(mine)
    os.close(mine.fd)


SAVES = [save_by_name, save_by_path, save_by_descriptor, save_to_file, save_to_raw_file,
         save_to_own_class]


@pytest.mark.parametrize("save", SAVES)
def test_save(gpu: nvvgpu.GPU, filled: nvvgpu.VGPU, tmp_path: pathlib.Path,
              save: Callable[[nvvgpu.VGPU, pathlib.Path], None]) -> None:
    path = tmp_path / "state"
    save(filled, path)
    filled.destroy()
    assert path.stat().st_size > MIBS * MIB
    assert nvvgpu.verify(path).verified
    assert_filled(gpu.restore(path), MIBS)


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY)
    yield fd
    os.close(fd)


SOURCES: dict[str, Callable[[pathlib.Path], ContextManager[Any]]] = {
    "name": lambda path: contextlib.nullcontext(str(path)),
    "path": contextlib.nullcontext,
    "descriptor": opened,
    "file": lambda path: open(path, "rb"),
    "raw file": lambda path: open(path, "rb", buffering=0),
    "file for update": lambda path: open(path, "r+b"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_restore(gpu: nvvgpu.GPU, saved: pathlib.Path, kind: str) -> None:
    with SOURCES[kind](saved) as source:
        vgpu = gpu.restore(source)
    assert (vgpu.uuid, vgpu.type_name, vgpu.created) == (UUID, "NVIDIA L40-1B", True)
    assert_filled(vgpu, MIBS)


@pytest.mark.parametrize("kind", SOURCES)
def test_verify_and_inspect(saved: pathlib.Path, kind: str) -> None:
    with SOURCES[kind](saved) as source:
        assert nvvgpu.verify(source).vgpu_uuid == UUID
    with SOURCES[kind](saved) as source:
        assert nvvgpu.inspect(source).vgpu_uuid == UUID


@pytest.mark.parametrize("kind", SOURCES)
def test_restore_into_a_device(gpu: nvvgpu.GPU, saved: pathlib.Path, kind: str) -> None:
    vgpu = gpu.create("L40-1B", uuid=OTHER_UUID)
    with vgpu.open() as device:
        with SOURCES[kind](saved) as source:
            device.restore(source)
        assert device.read(nvvgpu.Region.BAR1, 0, MIB) == pattern(0)


@pytest.mark.parametrize("save", ["path", "descriptor"])
def test_save_of_an_open_device(gpu: nvvgpu.GPU, filled: nvvgpu.VGPU, tmp_path: pathlib.Path,
                                save: str) -> None:
    path = tmp_path / "state"
    with filled.open() as device:
        if save == "path":
            device.save(path)
        else:
            with open(path, "wb") as file:
                device.save(file.fileno())
        assert filled.state() is nvvgpu.VGPUState.RUNNING
    filled.destroy()
    assert_filled(gpu.restore(path), MIBS)


def test_through_a_pipe(gpu: nvvgpu.GPU, filled: nvvgpu.VGPU, pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.extend(readings(read_end)))
    reader.start()
    filled.save(write_end, timeout=30)
    os.close(write_end)
    reader.join()
    filled.destroy()

    stream = b"".join(found)
    back_read, back_write = os.pipe()
    with open(back_read, "rb", buffering=0) as source:
        writer = threading.Thread(target=feed, args=[back_write, stream])
        writer.start()
        vgpu = gpu.restore(source, timeout=30)
        writer.join()
    assert_filled(vgpu, MIBS)


def test_from_one_host_to_another_through_a_socket(filled: nvvgpu.VGPU) -> None:
    one, other = socket.socketpair()
    with nvvgpu.open("emu:l40") as target, one, other:
        made: list[nvvgpu.VGPU] = []
        taker = threading.Thread(
            target=lambda: made.append(target.gpus[0].restore(other, timeout=30)))
        taker.start()
        filled.save(one, timeout=30)
        taker.join()
        assert_filled(made[0], MIBS)
        one.sendall(b"and now for something else")
        assert other.recv(26) == b"and now for something else"     # not a byte too many


# -------------------------------------------------------------- buffers and positions

def test_save_behind_what_is_buffered(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "state"
    with open(path, "w+b") as file:
        file.write(b"before|")
        filled.save(file)
        end = file.tell()
        file.write(b"|behind")
        file.seek(7)
        assert nvvgpu.verify(file).verified
        assert file.tell() == end
        assert file.read() == b"|behind"
    content = path.read_bytes()
    assert content.startswith(b"before|") and content.endswith(b"|behind")
    assert path.stat().st_size == end + 7


def test_restore_behind_what_was_read(gpu: nvvgpu.GPU, saved: pathlib.Path,
                                      tmp_path: pathlib.Path) -> None:
    """The buffer has read ahead: the stream begins where the program is."""
    path = tmp_path / "framed"
    path.write_bytes(b"before|" + saved.read_bytes() + b"|behind")
    with open(path, "rb") as file:
        assert file.read(7) == b"before|"
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) > 7
        vgpu = gpu.restore(file)
        assert file.read() == b"|behind"
    assert_filled(vgpu, MIBS)


def test_stream_within_what_was_read_ahead(vgpu: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    """All of it stands in the buffer, which must not be taken for what comes next."""
    path = tmp_path / "state"
    vgpu.save(path)
    rest = pattern(5, 100_000)
    path.write_bytes(b"before|" + path.read_bytes() + rest)
    with open(path, "rb") as file:
        file.read(7)
        assert nvvgpu.verify(file).verified
        assert file.read(10) == rest[:10]
        assert file.read() == rest[10:]


def test_streams_one_after_the_other(saved: pathlib.Path, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "two"
    path.write_bytes(saved.read_bytes() * 2)
    with open(path, "rb") as file:
        first = nvvgpu.verify(file)
        assert file.tell() == saved.stat().st_size
        assert nvvgpu.verify(file) == first
        assert file.read() == b""


def test_inspect_leaves_the_data(saved: pathlib.Path) -> None:
    with open(saved, "rb") as file:
        nvvgpu.inspect(file)
        assert 0 < file.tell() < 4096


def test_position_after_a_failure(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    with open(tmp_path / "state", "w+b") as file:
        file.write(b"before|")
        with pytest.raises(nvvgpu.CancelledError):
            filled.save(file, progress=lambda progress: False)
        assert file.tell() == os.lseek(file.fileno(), 0, os.SEEK_CUR) >= 7
        file.seek(0)
        assert file.read(7) == b"before|"


def test_save_to_a_temporary_file(gpu: nvvgpu.GPU, filled: nvvgpu.VGPU) -> None:
    with tempfile.TemporaryFile() as file:
        filled.save(file)
        filled.destroy()
        file.seek(0)
        assert_filled(gpu.restore(file), MIBS)


def test_append(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"before|")
    with open(path, "ab") as file:
        filled.save(file)
    with open(path, "rb") as file:
        file.seek(7)
        assert nvvgpu.verify(file).verified


# ------------------------------------------------------------------------ not a stream

NOT_STREAMS: list[Any] = [None, 1.5, io.BytesIO(), io.StringIO(), [3], object()]


@pytest.mark.parametrize("target", NOT_STREAMS, ids=lambda target: type(target).__name__)
def test_not_a_target(vgpu: nvvgpu.VGPU, target: Any) -> None:
    calls: list[Call] = [vgpu.save, nvvgpu.verify, nvvgpu.inspect, vgpu.gpu.restore]
    for call in calls:
        with pytest.raises((TypeError, io.UnsupportedOperation)):
            call(target)


def test_closed_file(vgpu: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    with open(tmp_path / "state", "wb") as file:
        pass
    with pytest.raises(ValueError):
        vgpu.save(file)


@pytest.mark.parametrize("fd", [-1, 1 << 20, 1 << 40])
def test_no_such_descriptor(vgpu: nvvgpu.VGPU, fd: int) -> None:
    calls: list[Call] = [vgpu.save, nvvgpu.verify, nvvgpu.inspect]
    for call in calls:
        with pytest.raises((ValueError, OverflowError, OSError)):
            call(fd)


def test_wrong_direction(vgpu: nvvgpu.VGPU, saved: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with open(saved, "rb") as file, pytest.raises(OSError):
        vgpu.gpu.create("L40-1B").save(file)
    with open(tmp_path / "state", "wb") as file, pytest.raises(OSError):
        nvvgpu.inspect(file)


def test_descriptor_stays_open_after_a_failure(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "junk"
    path.write_bytes(b"junk" * 1000)
    with open(path, "rb") as file:
        with pytest.raises(nvvgpu.StreamError):
            nvvgpu.verify(file)
        assert os.fstat(file.fileno()).st_size == 4000


# ------------------------------------------------------------------------------- paths

def test_saved_file_is_private(saved: pathlib.Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_saved_file_replaces_another_or_is_refused(vgpu: nvvgpu.VGPU,
                                                   tmp_path: pathlib.Path) -> None:
    """Either way what stands there is a whole file."""
    path = tmp_path / "state"
    path.write_bytes(b"something of value")
    try:
        vgpu.save(path)
    except FileExistsError:
        assert path.read_bytes() == b"something of value"
    else:
        assert nvvgpu.verify(path).verified
    assert list(tmp_path.iterdir()) == [path]


def test_name_appears_with_the_whole_file(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "state"
    seen = []
    filled.save(path, progress=lambda progress: seen.append(path.exists()))
    assert len(seen) >= 2 and not any(seen)
    assert path.exists()


def test_failed_save_leaves_nothing(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    with pytest.raises(nvvgpu.CancelledError):
        filled.save(tmp_path / "state", progress=lambda progress: progress.bytes == 0)
    assert list(tmp_path.iterdir()) == []


def test_missing_directory(vgpu: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError):
        vgpu.save(tmp_path / "nothing" / "state")
    calls: list[Call] = [nvvgpu.verify, nvvgpu.inspect, vgpu.gpu.restore]
    for call in calls:
        with pytest.raises(FileNotFoundError):
            call(tmp_path / "nothing")


def test_directory(vgpu: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    calls: list[Call] = [vgpu.save, nvvgpu.verify, nvvgpu.inspect, vgpu.gpu.restore]
    for call in calls:
        with pytest.raises(OSError):
            call(tmp_path)


def test_name_that_is_not_utf8(vgpu: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.state")
    vgpu.save(path)
    assert nvvgpu.verify(path).verified


def test_named_pipe(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    """A name that is no regular file is written as it is."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    found: list[nvvgpu.StreamInfo] = []
    reader = threading.Thread(target=lambda: found.append(nvvgpu.verify(path, timeout=30)))
    reader.start()
    filled.save(path, timeout=30)
    reader.join()
    assert found[0].vgpu_uuid == UUID
    assert stat.S_ISFIFO(path.stat().st_mode)


# -------------------------------------------------------------------------- StreamInfo

FIELDS = ["format_major", "format_minor", "stream_uuid", "vgpu_uuid", "type_id", "type_name",
          "board_name", "device_id", "framebuffer_bytes", "driver_version", "firmware_version",
          "library_version", "source_gpu", "time_ns", "checksums", "verified", "data_bytes",
          "chunks"]


@pytest.mark.parametrize("whole", [False, True])
def test_info(saved: pathlib.Path, whole: bool) -> None:
    info = nvvgpu.verify(saved) if whole else nvvgpu.inspect(saved)
    with CHost("emu:l40") as other, opened(saved) as fd:
        assert {name: getattr(info, name) for name in FIELDS} == other.inspect(fd, whole)
    assert info.verified is whole and info.checksums is True
    assert (info.data_bytes is None) is not whole


def test_info_is_frozen(saved: pathlib.Path) -> None:
    info = nvvgpu.inspect(saved)
    assert {field.name for field in dataclasses.fields(info)
            if not field.name.startswith("_")} == set(FIELDS)
    for name in FIELDS:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(info, name, None)
    assert info == nvvgpu.inspect(saved) and hash(info) == hash(nvvgpu.inspect(saved))
    assert info != nvvgpu.verify(saved)


def test_info_json(saved: pathlib.Path) -> None:
    info = nvvgpu.verify(saved)
    said = parsed(info)
    assert set(FIELDS) <= set(said)
    for name in set(FIELDS) - {"device_id"}:
        assert said[name] == getattr(info, name)
    assert said["device_id"] == f"0x{info.device_id:04x}"


def test_without_checksums(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    filled.save(tmp_path / "state", checksum=False)
    assert not nvvgpu.verify(tmp_path / "state").checksums


# ----------------------------------------------------------------- what restore is told

def test_restore_as_another(gpu: nvvgpu.GPU, saved: pathlib.Path) -> None:
    vgpu = gpu.restore(saved, uuid=OTHER_UUID, vf="0000:41:00.7", placement=6,
                       params={"a": "1"}, owner="them", verify_first=True)
    assert (vgpu.uuid, vgpu.vf, vgpu.placement) == (OTHER_UUID, "0000:41:00.7", 6)
    assert (vgpu.params(), vgpu.owner) == ({"a": "1"}, "them")
    assert_filled(vgpu, MIBS)


def test_restore_keeps_parameters_and_owner(gpu: nvvgpu.GPU, tmp_path: pathlib.Path) -> None:
    vgpu = gpu.create("L40-1B", params={"a": "1"}, owner="them")
    vgpu.save(tmp_path / "state")
    vgpu.destroy()
    again = gpu.restore(tmp_path / "state")
    assert (again.params(), again.owner) == ({"a": "1"}, "them")


def test_restore_when_the_uuid_is_taken(gpu: nvvgpu.GPU, saved: pathlib.Path) -> None:
    first, second = gpu.restore(saved), gpu.restore(saved)
    assert first.uuid == UUID != second.uuid
    with pytest.raises(FileExistsError):
        gpu.restore(saved, uuid=UUID)


@pytest.mark.parametrize("option, value", [("uuid", 5), ("vf", 5), ("placement", "0"),
                                           ("params", [1]), ("owner", b"me"),
                                           ("progress", 5), ("timeout", "1"),
                                           ("nothing", 1)])
def test_restore_with_a_wrong_kind(gpu: nvvgpu.GPU, saved: pathlib.Path, option: str,
                                   value: Any) -> None:
    with pytest.raises(TypeError):
        gpu.restore(saved, **{option: value})
    assert gpu.vgpus() == []


@pytest.mark.parametrize("timeout", [-1, float("nan"), -0.001])
def test_timeout_out_of_range(vgpu: nvvgpu.VGPU, timeout: float) -> None:
    with pytest.raises(ValueError):
        vgpu.save("/dev/null", timeout=timeout)


@pytest.mark.parametrize("timeout", [float("inf"), 1e300, 1 << 80])
def test_timeout_for_ever(vgpu: nvvgpu.VGPU, timeout: float) -> None:
    """Too large for the library is no limit, and not one that has passed already."""
    try:
        vgpu.save("/dev/null", timeout=timeout)
    except (ValueError, OverflowError):
        pass


def test_timeout_of_nothing(filled: nvvgpu.VGPU) -> None:
    """No time is not the same as all the time, which 0 means to the library."""
    with pytest.raises(nvvgpu.DeadlineError):
        filled.save("/dev/null", timeout=0)


def test_verify_first_of_a_pipe(gpu: nvvgpu.GPU, pipe: tuple[int, int]) -> None:
    with pytest.raises(nvvgpu.Error) as caught:
        gpu.restore(pipe[0], verify_first=True)
    assert caught.value.reason is nvvgpu.Reason.INVALID_ARGUMENT


# -------------------------------------------------------------------- damaged streams

def damage(data: bytearray) -> bytes:
    data[MIB] ^= 1
    return bytes(data)


DAMAGES: dict[str, tuple[Callable[[bytearray], bytes], nvvgpu.Reason]] = {
    "foreign": (lambda data: b"x" + data[1:], nvvgpu.Reason.STREAM_FOREIGN),
    "damaged": (damage, nvvgpu.Reason.STREAM_DAMAGED),
    "truncated": (lambda data: bytes(data[:-1]), nvvgpu.Reason.STREAM_TRUNCATED),
    "empty": (lambda data: b"", nvvgpu.Reason.STREAM_TRUNCATED),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged(gpu: nvvgpu.GPU, saved: pathlib.Path, kind: str) -> None:
    change, reason = DAMAGES[kind]
    saved.write_bytes(change(bytearray(saved.read_bytes())))
    calls: list[Call] = [nvvgpu.verify, gpu.restore]
    for call in calls:
        with pytest.raises(nvvgpu.StreamError) as caught:
            call(saved)
        assert caught.value.reason is reason
    assert gpu.vgpus() == []


def test_aborted(filled: nvvgpu.VGPU, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "state"
    with open(path, "wb") as file, pytest.raises(nvvgpu.CancelledError):
        filled.save(file, progress=lambda progress: progress.bytes == 0)
    with pytest.raises(nvvgpu.StreamError) as caught:
        nvvgpu.verify(path)
    assert caught.value.reason is nvvgpu.Reason.STREAM_ABORTED


def test_other_board(saved: pathlib.Path) -> None:
    with nvvgpu.open("emu:l40s") as host, pytest.raises(nvvgpu.StreamError) as caught:
        host.gpus[0].restore(saved)
    assert caught.value.reason is nvvgpu.Reason.MISMATCH_BOARD


def test_device_of_another_type(gpu: nvvgpu.GPU, saved: pathlib.Path) -> None:
    with gpu.create("L40-1Q").open() as device, pytest.raises(nvvgpu.StreamError) as caught:
        device.restore(saved)
    assert caught.value.reason is nvvgpu.Reason.MISMATCH_TYPE


def test_failed_restore_into_a_device_leaves_it_usable(gpu: nvvgpu.GPU,
                                                       saved: pathlib.Path) -> None:
    good = saved.read_bytes()
    saved.write_bytes(damage(bytearray(good)))
    with gpu.create("L40-1B").open() as device:
        with pytest.raises(nvvgpu.StreamError):
            device.restore(saved)
        saved.write_bytes(good)
        device.restore(saved)
        assert device.read(nvvgpu.Region.BAR1, 0, MIB) == pattern(0)


def test_save_while_open_elsewhere(vgpu: nvvgpu.VGPU, device: nvvgpu.Device) -> None:
    with pytest.raises(nvvgpu.BusyError):
        vgpu.save("/dev/null")


def test_full_disk(filled: nvvgpu.VGPU) -> None:
    with pytest.raises(OSError) as caught, open("/dev/full", "wb", buffering=0) as full:
        filled.save(full)
    assert isinstance(caught.value, nvvgpu.Error)
    assert filled.state() is nvvgpu.VGPUState.ASSIGNED


def test_reader_goes_away(filled: nvvgpu.VGPU, pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(nvvgpu.Error) as caught:
        filled.save(pipe[1])
    assert caught.value.errno == 32


# ------------------------------------------------------- data does not pass by Python

def test_no_copy_in_python(filled: nvvgpu.VGPU, gpu: nvvgpu.GPU, tmp_path: pathlib.Path) -> None:
    """Neither a read nor a write method of the file object is called."""
    class Bare(io.FileIO):
        def write(self, data: Any) -> int:
            raise AssertionError("written by Python")

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("read by Python")

        def readinto(self, buffer: Any) -> int:
            raise AssertionError("read by Python")

    with Bare(tmp_path / "state", "w") as target:
        filled.save(target)
    filled.destroy()
    with Bare(tmp_path / "state", "r") as source:
        assert_filled(gpu.restore(source), MIBS)


def test_large(gpu: nvvgpu.GPU, tmp_path: pathlib.Path) -> None:
    vgpu = gpu.create("L40-1B")
    fill(vgpu, 64)
    vgpu.save(tmp_path / "state")
    vgpu.destroy()
    assert_filled(gpu.restore(tmp_path / "state"), 64)
