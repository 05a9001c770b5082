# SPDX-License-Identifier: MIT
"""The open VFIO device of a vGPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _swig
from ._documented import documented
from ._progress import ProgressFunction
from ._recipe import options
from ._stream import Stream, source as opened, target as created

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from ._vgpu import VGPU


class Device:
    """The open VFIO device of a vGPU; VGPU.open() gives one.

    Opening starts the vGPU's plugin task, closing stops it.  What is in the framebuffer stays
    until the vGPU is reset or destroyed.  Use it as a context manager, or call close().  What
    another thread is doing with it goes on to its end: only then it is closed.
    """

    __slots__ = ("_handle", "_vgpu", "_migratable", "__weakref__")

    def __init__(self, handle: _swig._Device, vgpu: VGPU) -> None:
        self._handle: _swig._Device | None = handle
        self._vgpu = vgpu
        self._migratable = _swig.device_is_migratable(handle)

    def __repr__(self) -> str:
        closed = " closed" if self._handle is None else ""
        return f"<nvvgpu.Device {self._vgpu.uuid}{closed}>"

    def __enter__(self) -> Device:
        _swig.device_is_migratable(self._handle)    # is it open?
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the device; closing it again does nothing."""
        self._handle = None

    @property
    def vgpu(self) -> VGPU:
        """The vGPU whose device it is."""
        return self._vgpu

    @property
    @documented(_swig.device_is_migratable)
    def migratable(self) -> bool:
        """True when the device can be saved and restored."""
        return self._migratable

    @documented(_swig.device_get_region_bytes)
    def region_bytes(self, region: int) -> int:
        """Size of a region; 0: it does not exist."""
        return _swig.device_get_region_bytes(self._handle, region)

    def read(self, region: int, offset: int, length: int) -> bytes:
        """Read length bytes of a region, from offset on."""
        return _swig.device_read(self._handle, region, offset, length)

    def readinto(self, region: int, offset: int, buffer: WriteableBuffer) -> int:
        """Fill a buffer with bytes of a region, from offset on; returns how many."""
        return _swig.device_read(self._handle, region, offset, memoryview(buffer))

    @documented(_swig.device_write)
    def write(self, region: int, offset: int, data: ReadableBuffer) -> int:
        """Write bytes to a region, from offset on; returns how many."""
        return _swig.device_write(self._handle, region, offset, data)

    @documented(_swig.device_reset)
    def reset(self) -> None:
        """Reset the vGPU: its framebuffer is scrubbed, its plugin task starts anew."""
        _swig.device_reset(self._handle)

    @documented(_swig.migrate_save_device)
    def save(self, target: Stream, *, progress: ProgressFunction | None = None,
             checksum: bool = True, timeout: float | None = None) -> None:
        """Save the state of the vGPU, as VGPU.save()."""
        how = options(progress, timeout, checksum=checksum)
        with created(target) as fd:
            _swig.migrate_save_device(self._handle, fd, how)

    @documented(_swig.migrate_restore_device)
    def restore(self, source: Stream, *, progress: ProgressFunction | None = None,
                timeout: float | None = None, verify_first: bool = False) -> None:
        """Load a saved state into this device.

        source is a path, a file object or a file descriptor.  For progress and timeout see
        VGPU.save().  With verify_first the whole source is read and checked before; it must be
        a file then.
        """
        how = options(progress, timeout, verify_first=verify_first)
        with opened(source) as fd:
            _swig.migrate_restore_device(self._handle, fd, how)
