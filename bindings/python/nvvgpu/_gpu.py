# SPDX-License-Identifier: MIT
"""Physical GPUs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from . import _swig
from ._documented import documented
from ._enums import Framework, Mode, Reason
from ._error import UnsupportedError
from ._listing import Listing
from ._progress import ProgressFunction
from ._recipe import UUID, options, spec
from ._seconds import nanoseconds
from ._stream import Stream, source as opened
from ._type import Type, type_of
from ._vgpu import VGPU


class GPU:
    """A physical NVIDIA GPU, as the search has found it that it comes from.  Its methods ask
    the driver.

    Two are equal that have the same PCI address.
    """

    __slots__ = ("_handle", "_address", "_name", "_vendor_id", "_device_id",
                 "_subsystem_vendor_id", "_subsystem_device_id", "_driver", "_driver_version",
                 "_firmware_version", "_framework", "_evidence", "_numa_node",
                 "_framebuffer_bytes", "_vfs_total", "_drm_nodes", "_reason", "_reason_text", "__weakref__")

    def __init__(self, facts: _swig._GPUFacts) -> None:
        (self._handle, self._address, self._name, self._vendor_id, self._device_id,
         self._subsystem_vendor_id, self._subsystem_device_id, self._driver,
         self._driver_version, self._firmware_version, self._framework, self._evidence,
         self._numa_node, self._framebuffer_bytes, self._vfs_total, self._drm_nodes, self._reason,
         self._reason_text) = facts

    def __repr__(self) -> str:
        return f"<nvvgpu.GPU {self._address} {self._name!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GPU):
            return NotImplemented
        return self._address == other._address

    def __hash__(self) -> int:
        return hash(self._address)

    # ----------------------------------------------------------------- facts

    @property
    def address(self) -> str:
        """PCI address, "0000:41:00.0"."""
        return self._address

    @property
    def name(self) -> str:
        """Name of the board, "NVIDIA L40"."""
        return self._name

    @property
    def vendor_id(self) -> int:
        """PCI vendor id."""
        return self._vendor_id

    @property
    def device_id(self) -> int:
        """PCI device id."""
        return self._device_id

    @property
    def subsystem_vendor_id(self) -> int:
        """PCI subsystem vendor id."""
        return self._subsystem_vendor_id

    @property
    def subsystem_device_id(self) -> int:
        """PCI subsystem device id."""
        return self._subsystem_device_id

    @property
    def driver(self) -> str | None:
        """Name of the bound kernel driver; None: none is bound."""
        return self._driver

    @property
    def driver_version(self) -> str | None:
        """Version of the driver; None when unknown."""
        return self._driver_version

    @property
    def firmware_version(self) -> str | None:
        """Version of the firmware; None when unknown."""
        return self._firmware_version

    @property
    @documented(_swig.gpu_get_framework)
    def framework(self) -> Framework:
        """How its driver offers vGPUs, as found; whether this version drives it tells reason."""
        return Framework(self._framework)

    @property
    @documented(_swig.gpu_get_evidence)
    def evidence(self) -> str:
        """What was seen on the host that says this framework, or that there is none."""
        return self._evidence

    @property
    def numa_node(self) -> int | None:
        """NUMA node; None when the machine does not say."""
        return self._numa_node

    @property
    def framebuffer_bytes(self) -> int | None:
        """Memory that vGPUs can share; None when unknown."""
        return self._framebuffer_bytes

    @property
    def vfs_total(self) -> int:
        """SR-IOV functions the board can have; 0 without SR-IOV."""
        return self._vfs_total

    @property
    def drm_nodes(self) -> tuple[str, ...]:
        """DRM nodes, "/dev/dri/card0"..."""
        return self._drm_nodes

    @property
    def reason(self) -> Reason:
        """Reason.NONE, or why this GPU cannot hold vGPUs."""
        return Reason(self._reason)

    @property
    def reason_text(self) -> str:
        """The same as one sentence, "" for Reason.NONE."""
        return self._reason_text

    # ----------------------------------------------------------- live values

    @documented(_swig.gpu_get_vfs_enabled)
    def vfs_enabled(self) -> int:
        """SR-IOV functions that are there now."""
        return _swig.gpu_get_vfs_enabled(self._handle)

    @documented(_swig.gpu_get_mode)
    def mode(self) -> Mode:
        """Which vGPUs may be on it together."""
        return Mode(_swig.gpu_get_mode(self._handle))

    @documented(_swig.gpu_set_mixed_size)
    def set_mixed_size(self, mixed: bool) -> None:
        """Allow vGPUs of different sizes on this GPU, or end it."""
        _swig.gpu_set_mixed_size(self._handle, mixed)

    @documented(_swig.gpu_set_vfs)
    def set_vfs(self, count: int, *, timeout: float | None = None) -> None:
        """Change how many SR-IOV functions exist, and wait until they can be used.

        count is at most vfs_total; 0 switches SR-IOV off.  timeout is the longest wait in
        seconds, one minute by default.
        """
        limit = nanoseconds(timeout)
        # to the library 0 is its default
        _swig.gpu_set_vfs(self._handle, count, 0 if limit is None else limit or 1)

    def statistics(self) -> dict[str, int]:
        """What its driver counts, by the names of Statistic; what it does not count is not
        there."""
        counted = {}
        for number in itertools.count():
            name = _swig.statistic_name(number)
            if name is None:
                break
            try:
                counted[name] = _swig.gpu_get_statistic(self._handle, number)
            except UnsupportedError:
                pass
        return counted

    @documented(_swig.type_list)
    def types(self, creatable: bool = False) -> Listing[Type]:
        """Its vGPU types, ordered by id; with creatable, those of which one fits now."""
        flags = _swig.TYPE_CREATABLE if creatable else _swig.TYPE_ALL
        found, reason, text = _swig.type_list(self._handle, flags)
        return Listing(map(type_of, found), reason, text)

    @documented(_swig.type_lookup)
    def type(self, id_or_name: int | str) -> Type:
        """One type: 869, "NVIDIA L40-1B", or "L40-1B" without the vendor."""
        return type_of(_swig.type_lookup(self._handle, _type_key(id_or_name)))

    @documented(_swig.vgpu_list)
    def vgpus(self) -> Listing[VGPU]:
        """The vGPUs that are on it now."""
        found, reason, text = _swig.vgpu_list(self._handle)
        return Listing((VGPU(facts, self) for facts in found), reason, text)

    @documented(_swig.gpu_to_json)
    def to_json(self) -> str:
        """The GPU as one line of JSON."""
        return _swig.gpu_to_json(self._handle)

    # --------------------------------------------------------------- actions

    @documented(_swig.create)
    def create(self, type: Type | int | str, *, uuid: UUID | None = None, vf: str | None = None,
               placement: int | None = None, params: Mapping[str, str] | None = None,
               owner: str | None = None, force_params: bool = False) -> VGPU:
        """Create a vGPU: reserve its type, framebuffer and channels.

        type is one of types(), an id or a name.  uuid is a random one by default; vf (the PCI
        address of a VF) and placement (an id) are the first free ones.  params are plugin
        parameters; with force_params those whose meaning is known may have any value.  owner
        says whose it is, in at most 63 bytes.
        """
        key = str(type.id) if isinstance(type, Type) else _type_key(type)
        wanted = spec(key, uuid, vf, placement, params, owner, force_params)
        return VGPU(_swig.create(self._handle, wanted), self)

    @documented(_swig.migrate_restore)
    def restore(self, source: Stream, *, uuid: UUID | None = None, vf: str | None = None,
                placement: int | None = None, params: Mapping[str, str] | None = None,
                owner: str | None = None, progress: ProgressFunction | None = None,
                timeout: float | None = None, verify_first: bool = False) -> VGPU:
        """Create a vGPU from a saved state.

        source is a path, a file object or a file descriptor.  uuid is that of the state when
        it is free, else a random one.  For the others see create(), for progress and timeout
        VGPU.save().  With verify_first the whole source is read and checked before; it must be
        a file then.
        """
        wanted = spec(None, uuid, vf, placement, params, owner)
        how = options(progress, timeout, verify_first=verify_first, spec=wanted)
        with opened(source) as fd:
            return VGPU(_swig.migrate_restore(self._handle, fd, how), self)


def _type_key(id_or_name: int | str) -> str:
    """Both are text to the library."""
    if isinstance(id_or_name, str):
        return id_or_name
    if not isinstance(id_or_name, int) or isinstance(id_or_name, bool):
        raise TypeError(f"a type is an int or a str, not {type(id_or_name).__name__}")
    return str(id_or_name)
