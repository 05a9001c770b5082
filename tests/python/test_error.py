# SPDX-License-Identifier: MIT
"""Errors: their classes, what they carry, and that they can be kept and sent."""

from __future__ import annotations

import copy
import errno
import gc
import pathlib
import pickle
import socket
import traceback
import weakref
from typing import Callable

import pytest

import nvvgpu
from support import ADDRESS, UUID, fill, parsed, run_python

BUILTINS: dict[type[nvvgpu.Error], type[Exception]] = {
    nvvgpu.NotFoundError: FileNotFoundError,
    nvvgpu.PermissionDeniedError: PermissionError,
    nvvgpu.ExistsError: FileExistsError,
    nvvgpu.DeadlineError: TimeoutError,
    nvvgpu.InvalidArgumentError: ValueError,
}


def cancel(vgpu: nvvgpu.VGPU) -> None:
    vgpu.save("/dev/null", progress=lambda progress: False)


def wait_in_vain(vgpu: nvvgpu.VGPU) -> None:
    """Nobody reads what is written."""
    fill(vgpu, 3)
    one, other = socket.socketpair()
    with one, other:
        vgpu.save(one, timeout=0.05)


def open_twice(vgpu: nvvgpu.VGPU) -> None:
    with vgpu.open():
        vgpu.open()


def ask_a_board_without(vgpu: nvvgpu.VGPU) -> None:
    with nvvgpu.open("emu:t4") as host:
        host.gpus[0].set_mixed_size(True)


# class: (how to meet it, reason, errno)
Meeting = tuple[Callable[[nvvgpu.VGPU], object], nvvgpu.Reason, int]
MEETINGS: dict[type[nvvgpu.Error], Meeting] = {
    nvvgpu.NotFoundError: (lambda vgpu: vgpu.gpu.type("L40-5Q"), nvvgpu.Reason.NOT_FOUND,
                           errno.ENOENT),
    nvvgpu.ExistsError: (lambda vgpu: vgpu.gpu.create("L40-1Q", uuid=UUID),
                         nvvgpu.Reason.EXISTS, errno.EEXIST),
    nvvgpu.InvalidArgumentError: (lambda vgpu: vgpu.gpu.create("L40-1B", uuid="me"),
                                  nvvgpu.Reason.INVALID_ARGUMENT, errno.EINVAL),
    nvvgpu.DeadlineError: (wait_in_vain, nvvgpu.Reason.DEADLINE, errno.ETIMEDOUT),
    nvvgpu.BusyError: (open_twice, nvvgpu.Reason.IN_USE, errno.EBUSY),
    nvvgpu.UnsupportedError: (ask_a_board_without, nvvgpu.Reason.NOT_SUPPORTED,
                              errno.EOPNOTSUPP),
    nvvgpu.CancelledError: (cancel, nvvgpu.Reason.CANCELLED, errno.ECANCELED),
    nvvgpu.StreamError: (lambda vgpu: nvvgpu.verify("/dev/zero"), nvvgpu.Reason.STREAM_FOREIGN,
                         errno.EBADMSG),
    nvvgpu.Error: (lambda vgpu: vgpu.save("/dev/full"), nvvgpu.Reason.IO, errno.ENOSPC),
}

meetings = pytest.mark.parametrize("kind", MEETINGS, ids=[kind.__name__ for kind in MEETINGS])


def meet(kind: type[nvvgpu.Error], vgpu: nvvgpu.VGPU) -> nvvgpu.Error:
    with pytest.raises(kind) as caught:
        MEETINGS[kind][0](vgpu)
    assert type(caught.value) is kind
    return caught.value


def facts(error: nvvgpu.Error) -> tuple[object, ...]:
    return (type(error), error.reason, error.errno, error.object, error.cause, error.next,
            str(error))


def test_every_class_is_met() -> None:
    """Permission has a case of its own below."""
    found = {kind for kind in vars(nvvgpu).values()
             if isinstance(kind, type) and issubclass(kind, nvvgpu.Error)}
    assert found == {*MEETINGS, nvvgpu.PermissionDeniedError}


@meetings
def test_class(kind: type[nvvgpu.Error], vgpu: nvvgpu.VGPU) -> None:
    error = meet(kind, vgpu)
    _, reason, number = MEETINGS[kind]
    assert error.reason is reason
    assert error.errno == number
    assert error.cause
    assert isinstance(error.object, str) and isinstance(error.next, str)
    assert isinstance(error, OSError)
    assert isinstance(error, BUILTINS.get(kind, OSError))
    assert "Error" in type(error).__name__ and type(error).__module__ == "nvvgpu"


@meetings
def test_text(kind: type[nvvgpu.Error], vgpu: nvvgpu.VGPU) -> None:
    error = meet(kind, vgpu)
    assert str(error) == f"{error.object}: {error.cause} ({error.reason})"
    printed = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    assert str(error) in printed


@meetings
def test_pickle_and_copy(kind: type[nvvgpu.Error], vgpu: nvvgpu.VGPU) -> None:
    error = meet(kind, vgpu)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert facts(pickle.loads(pickle.dumps(error, protocol))) == facts(error)
    assert facts(copy.copy(error)) == facts(error)
    assert facts(copy.deepcopy(error)) == facts(error)
    assert pickle.loads(pickle.dumps(error)).to_json() == error.to_json()


@meetings
def test_json(kind: type[nvvgpu.Error], vgpu: nvvgpu.VGPU) -> None:
    error = meet(kind, vgpu)
    assert parsed(error) == {"error": {
        "reason": str(error.reason), "errno": error.errno,
        "errno_name": errno.errorcode[error.errno].replace("ENOTSUP", "EOPNOTSUPP"),
        "object": error.object, "cause": error.cause, "next_step": error.next}}


def test_sent_to_another_process(vgpu: nvvgpu.VGPU) -> None:
    """As multiprocessing does it."""
    errors = [meet(kind, vgpu) for kind in MEETINGS]
    code = ("import pickle, sys\n"
            "for error in pickle.loads(bytes.fromhex(sys.argv[1])):\n"
            "    print(type(error).__name__, error)\n")
    assert run_python(code, pickle.dumps(errors).hex()) == \
        "".join(f"{type(error).__name__} {error}\n" for error in errors)


def test_later_errors_do_not_change_it(gpu: nvvgpu.GPU, host: nvvgpu.Host) -> None:
    with pytest.raises(nvvgpu.NotFoundError) as caught:
        gpu.type("L40-5Q")
    before = facts(caught.value), caught.value.to_json()
    with pytest.raises(nvvgpu.InvalidArgumentError):
        host.gpu("nonsense")
    assert (facts(caught.value), caught.value.to_json()) == before


def test_next_step_helps(gpu: nvvgpu.GPU) -> None:
    with pytest.raises(nvvgpu.Error) as caught:
        gpu.type("L40-4")
    assert "L40-4Q" in caught.value.next
    assert caught.value.object == ADDRESS


def test_text_without_an_object(gpu: nvvgpu.GPU) -> None:
    with pytest.raises(nvvgpu.Error) as caught:
        gpu.create("L40-1B", params={"": ""})
    error = caught.value
    assert error.object == ""
    assert str(error) == f"{error.cause} ({error.reason})"


def test_reason_before_errno(gpu: nvvgpu.GPU, vgpu: nvvgpu.VGPU) -> None:
    with pytest.raises(nvvgpu.NotFoundError) as caught:
        gpu.create("L40-1B", vf="0000:41:07.0")
    assert caught.value.errno == errno.EINVAL


def test_errno_where_no_class_has_the_reason(gpu: nvvgpu.GPU, vgpu: nvvgpu.VGPU) -> None:
    with pytest.raises(nvvgpu.InvalidArgumentError) as caught:
        gpu.create("L40-2B")
    assert caught.value.reason is nvvgpu.Reason.EQUAL_SIZE


def test_dropped_error_is_freed(gpu: nvvgpu.GPU) -> None:
    try:
        gpu.type("L40-5Q")
    except nvvgpu.Error as error:
        reference = weakref.ref(error)
        error.__traceback__ = None
    gc.collect()
    assert reference() is None


def test_raised_again_and_chained(gpu: nvvgpu.GPU) -> None:
    with pytest.raises(KeyError) as caught:
        try:
            gpu.type("L40-5Q")
        except nvvgpu.NotFoundError as error:
            raise KeyError("mine") from error
    assert isinstance(caught.value.__cause__, nvvgpu.NotFoundError)


PERMISSION = """
import os, pathlib, sys
import nvvgpu

hidden = pathlib.Path(sys.argv[1])
hidden.chmod(0)
if not os.geteuid():
    os.setuid(65534)
try:
    nvvgpu.open(f"tree:{hidden}")
except PermissionError as error:
    assert type(error) is nvvgpu.PermissionDeniedError
    print(error.reason, error.errno)
"""


def test_permission(tmp_path: pathlib.Path) -> None:
    hidden = tmp_path / "hidden"
    (hidden / "sys").mkdir(parents=True)
    hidden.parent.chmod(0o755)
    assert run_python(PERMISSION, str(hidden)) == f"permission {errno.EACCES}\n"
