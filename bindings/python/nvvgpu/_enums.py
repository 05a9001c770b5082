# SPDX-License-Identifier: MIT
"""Numbers with names, as the C header has them."""

from __future__ import annotations

import enum

from . import _swig

_INT_MAX = 2**31 - 1


class Number(enum.IntEnum):
    """What the enums share: str() gives the stable name, and no number is refused that a newer
    library may know: its str() is "unknown"."""

    @classmethod
    def _missing_(cls, value: object) -> Number | None:
        if not isinstance(value, int) or not 0 <= value <= _INT_MAX:
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member

    def __str__(self) -> str:
        return "unknown" if self._name_.startswith("UNKNOWN_") else self._name_.lower()

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce_ex__(self, protocol: object) -> tuple[type[Number], tuple[int]]:
        return type(self), (int(self),)


class Reason(Number):
    """Why something failed, or why something is not available."""

    NONE = _swig.REASON_NONE
    UNKNOWN = _swig.REASON_UNKNOWN
    INVALID_ARGUMENT = _swig.REASON_INVALID_ARGUMENT
    OUT_OF_MEMORY = _swig.REASON_OUT_OF_MEMORY
    PERMISSION = _swig.REASON_PERMISSION
    NOT_FOUND = _swig.REASON_NOT_FOUND
    NOT_SUPPORTED = _swig.REASON_NOT_SUPPORTED
    READ_ONLY = _swig.REASON_READ_ONLY
    IO = _swig.REASON_IO
    BUSY = _swig.REASON_BUSY
    IN_USE = _swig.REASON_IN_USE
    EXISTS = _swig.REASON_EXISTS
    CANCELLED = _swig.REASON_CANCELLED
    DEADLINE = _swig.REASON_DEADLINE
    FIRMWARE = _swig.REASON_FIRMWARE
    DEVICE_FAILED = _swig.REASON_DEVICE_FAILED
    STATE_DAMAGED = _swig.REASON_STATE_DAMAGED

    NO_DRIVER = _swig.REASON_NO_DRIVER
    PASSTHROUGH = _swig.REASON_PASSTHROUGH
    NOT_CAPABLE = _swig.REASON_NOT_CAPABLE
    NO_FRAMEWORK = _swig.REASON_NO_FRAMEWORK

    EQUAL_SIZE = _swig.REASON_EQUAL_SIZE
    VF_BUSY = _swig.REASON_VF_BUSY
    EXHAUSTED = _swig.REASON_EXHAUSTED
    NO_FRAMEBUFFER = _swig.REASON_NO_FRAMEBUFFER
    NO_CHANNELS = _swig.REASON_NO_CHANNELS
    PLACEMENT_TAKEN = _swig.REASON_PLACEMENT_TAKEN
    PLACEMENT_INVALID = _swig.REASON_PLACEMENT_INVALID
    VFS_DISABLED = _swig.REASON_VFS_DISABLED
    MIG = _swig.REASON_MIG
    LIVE_VGPUS = _swig.REASON_LIVE_VGPUS
    PARAMS = _swig.REASON_PARAMS
    FOREIGN_OWNER = _swig.REASON_FOREIGN_OWNER

    STREAM_FOREIGN = _swig.REASON_STREAM_FOREIGN
    STREAM_VERSION = _swig.REASON_STREAM_VERSION
    STREAM_DAMAGED = _swig.REASON_STREAM_DAMAGED
    STREAM_TRUNCATED = _swig.REASON_STREAM_TRUNCATED
    STREAM_ABORTED = _swig.REASON_STREAM_ABORTED
    STREAM_REJECTED = _swig.REASON_STREAM_REJECTED
    MISMATCH_BOARD = _swig.REASON_MISMATCH_BOARD
    MISMATCH_TYPE = _swig.REASON_MISMATCH_TYPE
    MISMATCH_DRIVER = _swig.REASON_MISMATCH_DRIVER
    MISMATCH_FRAMEBUFFER = _swig.REASON_MISMATCH_FRAMEBUFFER
    MISMATCH_FIRMWARE = _swig.REASON_MISMATCH_FIRMWARE
    NOT_MIGRATABLE = _swig.REASON_NOT_MIGRATABLE

    IOMMU_OFF = _swig.REASON_IOMMU_OFF
    IOMMU_GROUP_SHARED = _swig.REASON_IOMMU_GROUP_SHARED
    NO_VFIO = _swig.REASON_NO_VFIO
    NO_SERVICE = _swig.REASON_NO_SERVICE

    def __str__(self) -> str:
        return _swig.reason_name(self)


class Framework(Number):
    """How the driver of a GPU offers vGPUs."""

    NONE = _swig.FRAMEWORK_NONE
    NVVGPU = _swig.FRAMEWORK_NVVGPU
    VENDOR_VFIO = _swig.FRAMEWORK_VENDOR_VFIO
    MDEV = _swig.FRAMEWORK_MDEV

    def __str__(self) -> str:
        return _swig.framework_name(self)


class Mode(Number):
    """Which vGPUs may be on a GPU together."""

    UNKNOWN = _swig.GPU_MODE_UNKNOWN
    EQUAL_SIZE = _swig.GPU_MODE_EQUAL_SIZE
    MIXED_SIZE = _swig.GPU_MODE_MIXED_SIZE
    MIG = _swig.GPU_MODE_MIG

    def __str__(self) -> str:
        return _swig.mode_name(self)


class VGPUState(Number):
    """What a vGPU is doing."""

    UNKNOWN = _swig.VGPU_UNKNOWN
    ASSIGNED = _swig.VGPU_ASSIGNED
    RUNNING = _swig.VGPU_RUNNING
    STOPPED = _swig.VGPU_STOPPED
    FAILED = _swig.VGPU_FAILED

    def __str__(self) -> str:
        return _swig.vgpu_state_name(self)


class Region(Number):
    """A part of a vGPU's device that can be read and written."""

    BAR0 = _swig.REGION_BAR0
    BAR1 = _swig.REGION_BAR1
    BAR3 = _swig.REGION_BAR3
    CONFIG = _swig.REGION_CONFIG


class EventKind(Number):
    """What has happened."""

    CREATED = _swig.EVENT_KIND_CREATED
    DESTROYED = _swig.EVENT_KIND_DESTROYED
    STARTED = _swig.EVENT_KIND_STARTED
    STOPPED = _swig.EVENT_KIND_STOPPED
    CRASHED = _swig.EVENT_KIND_CRASHED
    RESET = _swig.EVENT_KIND_RESET
    MODE = _swig.EVENT_KIND_MODE
    VFS = _swig.EVENT_KIND_VFS
    MIGRATION = _swig.EVENT_KIND_MIGRATION
    PARAMS = _swig.EVENT_KIND_PARAMS
    LOST = _swig.EVENT_KIND_LOST
    GPU_ADDED = _swig.EVENT_KIND_GPU_ADDED
    GPU_REMOVED = _swig.EVENT_KIND_GPU_REMOVED
    VF_ADDED = _swig.EVENT_KIND_VF_ADDED
    VF_REMOVED = _swig.EVENT_KIND_VF_REMOVED
    TYPES = _swig.EVENT_KIND_TYPES

    def __str__(self) -> str:
        return _swig.event_kind_name(self)


class Statistic(Number):
    """What a driver counts."""

    VGPUS = _swig.STAT_VGPUS
    FRAMEBUFFER_TOTAL_BYTES = _swig.STAT_FRAMEBUFFER_TOTAL_BYTES
    FRAMEBUFFER_FREE_BYTES = _swig.STAT_FRAMEBUFFER_FREE_BYTES
    HEAP_TOTAL_BYTES = _swig.STAT_HEAP_TOTAL_BYTES
    HEAP_FREE_BYTES = _swig.STAT_HEAP_FREE_BYTES
    BAR1_TOTAL_BYTES = _swig.STAT_BAR1_TOTAL_BYTES
    BAR1_FREE_BYTES = _swig.STAT_BAR1_FREE_BYTES
    CHANNELS_TOTAL = _swig.STAT_CHANNELS_TOTAL
    CHANNELS_FREE = _swig.STAT_CHANNELS_FREE
    RM_CLIENTS = _swig.STAT_RM_CLIENTS
    CREATED = _swig.STAT_CREATED
    DESTROYED = _swig.STAT_DESTROYED
    CREATE_FAILED = _swig.STAT_CREATE_FAILED
    BOOTED = _swig.STAT_BOOTED
    SCRUBBED_BYTES = _swig.STAT_SCRUBBED_BYTES
    FIRMWARE_CALLS = _swig.STAT_FIRMWARE_CALLS

    def __str__(self) -> str:
        return _swig.statistic_name(self) or "unknown"


class Check(Number):
    """What is looked at when faults are searched for."""

    KERNEL = _swig.CHECK_KERNEL
    GPUS = _swig.CHECK_GPUS
    IOMMU = _swig.CHECK_IOMMU
    VFIO = _swig.CHECK_VFIO
    SERVICES = _swig.CHECK_SERVICES
    SELINUX = _swig.CHECK_SELINUX
    DRIVER = _swig.CHECK_DRIVER
    FRAMEWORK = _swig.CHECK_FRAMEWORK
    SRIOV = _swig.CHECK_SRIOV
    MIG = _swig.CHECK_MIG
    IOMMU_GROUPS = _swig.CHECK_IOMMU_GROUPS
    PERMISSIONS = _swig.CHECK_PERMISSIONS
    TYPES = _swig.CHECK_TYPES
    DEVICE = _swig.CHECK_DEVICE

    def __str__(self) -> str:
        return _swig.check_name(self)


class Verdict(Number):
    """How something is that was looked at."""

    OK = _swig.VERDICT_OK
    NOTE = _swig.VERDICT_NOTE
    UNKNOWN = _swig.VERDICT_UNKNOWN
    PROBLEM = _swig.VERDICT_PROBLEM

    def __str__(self) -> str:
        return _swig.verdict_name(self)


class LogLevel(Number):
    """How detailed a line of log is."""

    WARNING = _swig.LOG_WARNING
    INFO = _swig.LOG_INFO
    DEBUG = _swig.LOG_DEBUG
