# SPDX-License-Identifier: MIT
"""Where state streams go to and come from: as a file descriptor, which is all that is handed on.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from typing import Any, Protocol, Union


class HasFileno(Protocol):
    """A file, a socket, one end of a pipe."""

    def fileno(self) -> int:
        """The number of its file descriptor."""


Path = Union[str, "os.PathLike[str]"]
Stream = Union[int, HasFileno, Path]

# Their descriptor has the same bytes as they themselves; one that packs, say, has not.
_PLAIN_BUFFERS = (io.BufferedReader, io.BufferedWriter, io.BufferedRandom)


def target(where: Stream) -> contextlib.AbstractContextManager[int]:
    """To be written; a path is that of a file which is there only when it is whole."""
    if isinstance(where, (str, os.PathLike)):
        return _written(os.fsdecode(where))
    return _descriptor(where)


def source(where: Stream) -> contextlib.AbstractContextManager[int]:
    """To be read from where it is."""
    if isinstance(where, (str, os.PathLike)):
        return _opened(os.fsdecode(where), os.O_RDONLY)
    return _descriptor(where)


def _descriptor(where: int | HasFileno) -> contextlib.AbstractContextManager[int]:
    if isinstance(where, int) and not isinstance(where, bool):
        return contextlib.nullcontext(where)
    if not callable(getattr(where, "fileno", None)):
        raise TypeError("a file descriptor, a file or a path is needed, not "
                        + type(where).__name__)
    if isinstance(where, io.TextIOBase):
        raise TypeError("the file must be opened in binary mode")
    if isinstance(where, io.BufferedIOBase) and not isinstance(where, _PLAIN_BUFFERS):
        raise TypeError(f"{type(where).__name__} changes what passes through it: give a plain file")
    return _borrowed(where)


# --------------------------------------------------------------------------- file objects


@contextlib.contextmanager
def _borrowed(file: Any) -> Iterator[int]:
    """The descriptor of a file object, at the position where the object is; the object is where
    the descriptor is afterwards."""
    if hasattr(file, "flush"):
        file.flush()
    # another thread may close the file meanwhile, and the number be that of another one
    fd = os.dup(file.fileno())
    try:
        seekable = hasattr(file, "seekable") and file.seekable()
        if seekable:
            os.lseek(fd, file.tell(), os.SEEK_SET)
        try:
            yield fd
        finally:
            if seekable and not file.closed:
                # by way of the end: a seek within what was read ahead would keep that
                position = os.lseek(fd, 0, os.SEEK_CUR)
                file.seek(0, os.SEEK_END)
                file.seek(position)
    finally:
        os.close(fd)


# --------------------------------------------------------------------------- paths


@contextlib.contextmanager
def _opened(path: str, flags: int) -> Iterator[int]:
    fd = os.open(path, flags | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        yield fd
    finally:
        os.close(fd)


def _written(path: str) -> contextlib.AbstractContextManager[int]:
    """What is no regular file, /dev/null say, is written as it is."""
    try:
        regular = stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        regular = True
    return _replaced(path) if regular else _opened(path, os.O_WRONLY)


@contextlib.contextmanager
def _replaced(path: str) -> Iterator[int]:
    """A new file, its owner's alone as it holds a guest's memory, that takes the name at the
    end."""
    import tempfile    # here: it is slow to import, and only this needs it

    directory, name = os.path.split(path)
    fd, partial = tempfile.mkstemp(prefix=f"{name}.part-", dir=directory or os.curdir)
    try:
        yield fd
        os.fsync(fd)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise
    finally:
        os.close(fd)
    _sync_directory(directory or os.curdir)


def _sync_directory(directory: str) -> None:
    """The name has to survive a power failure too; where that cannot be had, so be it."""
    with contextlib.suppress(OSError):
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
