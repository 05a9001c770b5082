# SPDX-License-Identifier: MIT
"""What the library's calls raise."""

from __future__ import annotations

import errno as errnos
from typing import Any

from . import _swig
from ._enums import Reason


class Error(OSError):
    """A call of the library has failed.

    reason    why, as a stable code
    errno     the same as far as an errno can say it
    object    what it is about, "0000:41:00.0"; perhaps ""
    cause     one sentence without a full stop
    next      what to do about it; perhaps ""
    """

    reason: Reason
    object: str
    cause: str
    next: str
    _message: str
    _handle: _swig._Error | None = None
    _json: str | None = None

    def __init__(self, reason: int, errno: int, object: str, cause: str, next: str = "") -> None:
        super().__init__(errno, cause)
        self.reason = Reason(reason)
        self.object = object
        self.cause = cause
        self.next = next
        about = f"{object}: " if object else ""
        self._message = f"{about}{cause} ({self.reason})"

    def __str__(self) -> str:
        return self._message

    def __repr__(self) -> str:
        return (f"{type(self).__name__}({self.reason!r}, {self.errno}, {self.object!r}, "
                f"{self.cause!r}, {self.next!r})")

    def to_json(self) -> str:
        """The error as one line of JSON, with the keys of doc/json.md."""
        if self._handle is not None:
            return _swig.error_to_json(self._handle)
        if self._json is None:
            raise ValueError("this error was not raised by the library")
        return self._json

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name != "_handle"}
        try:
            state["_json"] = self.to_json()
        except (UnsupportedError, ValueError):
            pass
        return (type(self), (self.reason, self.errno, self.object, self.cause, self.next), state)


class NotFoundError(Error, FileNotFoundError):
    """There is no such host, GPU, type or vGPU."""


class PermissionDeniedError(Error, PermissionError):
    """This user may not."""


class ExistsError(Error, FileExistsError):
    """A vGPU with that uuid exists, and is another one."""


class DeadlineError(Error, TimeoutError):
    """It was not done in time."""


class InvalidArgumentError(Error, ValueError):
    """What was asked for cannot be, here or at all."""


class BusyError(Error):
    """Someone else uses it."""


class UnsupportedError(Error):
    """The GPU, its driver or this build of the library cannot do it."""


class CancelledError(Error):
    """A progress function has ended it."""


class StreamError(Error):
    """A saved state is damaged, or does not fit."""


_BY_REASON: dict[Reason, type[Error]] = {
    Reason.NOT_FOUND: NotFoundError,
    Reason.PERMISSION: PermissionDeniedError,
    Reason.EXISTS: ExistsError,
    Reason.DEADLINE: DeadlineError,
    Reason.INVALID_ARGUMENT: InvalidArgumentError,
    Reason.PARAMS: InvalidArgumentError,
    Reason.BUSY: BusyError,
    Reason.IN_USE: BusyError,
    Reason.NOT_SUPPORTED: UnsupportedError,
    Reason.NOT_MIGRATABLE: UnsupportedError,
    Reason.CANCELLED: CancelledError,
    Reason.STREAM_FOREIGN: StreamError,
    Reason.STREAM_VERSION: StreamError,
    Reason.STREAM_DAMAGED: StreamError,
    Reason.STREAM_TRUNCATED: StreamError,
    Reason.STREAM_ABORTED: StreamError,
    Reason.STREAM_REJECTED: StreamError,
    Reason.MISMATCH_BOARD: StreamError,
    Reason.MISMATCH_TYPE: StreamError,
    Reason.MISMATCH_DRIVER: StreamError,
    Reason.MISMATCH_FRAMEBUFFER: StreamError,
    Reason.MISMATCH_FIRMWARE: StreamError,
}
_BY_ERRNO: dict[int, type[Error]] = {
    errnos.ENOENT: NotFoundError,
    errnos.ENODEV: NotFoundError,
    errnos.EACCES: PermissionDeniedError,
    errnos.EPERM: PermissionDeniedError,
    errnos.EEXIST: ExistsError,
    errnos.ETIMEDOUT: DeadlineError,
    errnos.EINVAL: InvalidArgumentError,
    errnos.EBUSY: BusyError,
    errnos.EOPNOTSUPP: UnsupportedError,
    errnos.ECANCELED: CancelledError,
    errnos.EBADMSG: StreamError,
    errnos.EXDEV: StreamError,
}


def _make(reason: int, errno: int, object: str, cause: str, next: str, message: str,
          handle: _swig._Error) -> Error:
    """What the error rule of the generated module raises."""
    kind = _BY_REASON.get(Reason(reason), _BY_ERRNO.get(errno, Error))
    error = kind(reason, errno, object, cause, next)
    error._message = message
    error._handle = handle
    return error


_swig.set_error_factory(_make)
