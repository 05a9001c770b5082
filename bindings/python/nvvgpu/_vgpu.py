# SPDX-License-Identifier: MIT
"""vGPUs."""

from __future__ import annotations

from collections.abc import Mapping

from . import _gpu    # the module: it is still being imported, and imports this one
from . import _swig
from ._device import Device
from ._documented import documented
from ._enums import VGPUState
from ._progress import ProgressFunction
from ._recipe import options, params_text
from ._stream import Stream, target as created


class VGPU:
    """A vGPU.  Its attributes do not change while it lives; its methods ask the driver.

    Two are equal that have the same uuid on the same GPU.
    """

    __slots__ = ("_handle", "_uuid", "_type_id", "_type_name", "_framebuffer_bytes",
                 "_gpu_address", "_vf", "_placement", "_owner", "_vfio", "_created", "_gpu",
                 "__weakref__")

    def __init__(self, facts: _swig._VGPUFacts, gpu: _gpu.GPU | None = None) -> None:
        (self._handle, self._uuid, self._type_id, self._type_name, self._framebuffer_bytes,
         self._gpu_address, self._vf, self._placement, self._owner, self._vfio,
         self._created) = facts
        self._gpu = gpu

    def __repr__(self) -> str:
        return f"<nvvgpu.VGPU {self._uuid} {self._type_name!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VGPU):
            return NotImplemented
        return self._uuid == other._uuid and self._gpu_address == other._gpu_address

    def __hash__(self) -> int:
        return hash((self._uuid, self._gpu_address))

    # ----------------------------------------------------------------- facts

    @property
    @documented(_swig.vgpu_get_uuid)
    def uuid(self) -> str:
        """Its uuid, in lower case."""
        return self._uuid

    @property
    @documented(_swig.vgpu_get_type_id)
    def type_id(self) -> int:
        """Id of its type."""
        return self._type_id

    @property
    @documented(_swig.vgpu_get_type_name)
    def type_name(self) -> str:
        """Name of its type, "NVIDIA L40-1B"."""
        return self._type_name

    @property
    @documented(_swig.vgpu_get_framebuffer_bytes)
    def framebuffer_bytes(self) -> int:
        """Size of its framebuffer."""
        return self._framebuffer_bytes

    @property
    def gpu(self) -> _gpu.GPU:
        """The GPU that it is on."""
        if self._gpu is None:
            self._gpu = _gpu.GPU(_swig.vgpu_get_gpu(self._handle))
        return self._gpu

    @property
    @documented(_swig.vgpu_get_vf)
    def vf(self) -> str | None:
        """PCI address of its VF, "0000:41:00.4"; None on a board without SR-IOV."""
        return self._vf

    @property
    def placement(self) -> int | None:
        """Its placement id; None: its GPU does not use them."""
        return self._placement

    @property
    @documented(_swig.vgpu_get_owner)
    def owner(self) -> str:
        """Whose it is; "" when nobody was named, "foreign" when another program made it."""
        return self._owner

    @property
    @documented(_swig.vgpu_get_vfio)
    def vfio(self) -> str:
        """What a VMM opens, "/sys/bus/pci/devices/0000:41:00.4"."""
        return self._vfio

    @property
    @documented(_swig.vgpu_needs_vm_uuid)
    def needs_vm_uuid(self) -> bool:
        """True when QEMU also has to be started with -uuid and the uuid of the virtual machine."""
        return _swig.vgpu_needs_vm_uuid(self._handle)

    @property
    def created(self) -> bool:
        """False when GPU.create() has found it existing."""
        return self._created

    # ----------------------------------------------------------- live values

    @documented(_swig.vgpu_get_state)
    def state(self) -> VGPUState:
        """What it is doing."""
        return VGPUState(_swig.vgpu_get_state(self._handle))

    @documented(_swig.vgpu_get_params)
    def params(self) -> dict[str, str]:
        """Its plugin parameters."""
        text = _swig.vgpu_get_params(self._handle)
        pairs = (item.partition("=") for item in text.split(",") if item)
        return {key: value for key, _, value in pairs}

    @documented(_swig.vgpu_set_params)
    def set_params(self, params: Mapping[str, str] | str) -> None:
        """Replace all plugin parameters, by those of a mapping or of "key=value,key=value"."""
        _swig.vgpu_set_params(self._handle, params_text(params))

    @documented(_swig.vgpu_to_libvirt_xml)
    def to_libvirt_xml(self) -> str:
        """The <hostdev> element that gives it to a domain of libvirt."""
        return _swig.vgpu_to_libvirt_xml(self._handle)

    def to_qemu_args(self) -> list[str]:
        """The arguments that give it to a QEMU: ["-device", "vfio-pci,host=0000:41:00.4"]."""
        return _swig.vgpu_to_qemu_args(self._handle).split(" ")

    @documented(_swig.vgpu_to_json)
    def to_json(self) -> str:
        """The vGPU as one line of JSON."""
        return _swig.vgpu_to_json(self._handle)

    # --------------------------------------------------------------- actions

    @documented(_swig.destroy_as)
    def destroy(self, *, owner: str | None = None, foreign: bool = False) -> bool:
        """Destroy it.  False: it was gone already.

        owner is the one that was named when it was created.  With foreign it is destroyed whose
        ever it is, and whatever program has made it.
        """
        return _swig.destroy_as(self._handle, owner, _swig.DESTROY_FOREIGN if foreign else 0)

    @documented(_swig.device_open)
    def open(self) -> Device:
        """Open its VFIO device, which starts its plugin task."""
        return Device(_swig.device_open(self._handle), self)

    @documented(_swig.migrate_save)
    def save(self, target: Stream, *, progress: ProgressFunction | None = None,
             checksum: bool = True, timeout: float | None = None) -> None:
        """Save its state.

        target is a path, a file object or a file descriptor.  A path is that of a file which
        is there only when it is whole, and which its owner alone can read; one that was there
        before is replaced then.  A file object must be a plain binary one: the data goes
        through its descriptor, from where the object is.

        progress is called with a Progress: at the start, at most ten times a second, and at
        the end.  When it returns False the save ends with a CancelledError; an exception of
        its own ends it too and comes out unchanged.  After timeout seconds it ends with a
        DeadlineError.  Without checksum the state is written without checksums.
        """
        how = options(progress, timeout, checksum=checksum)
        with created(target) as fd:
            _swig.migrate_save(self._handle, fd, how)
