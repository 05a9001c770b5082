# SPDX-License-Identifier: MIT
"""Manage NVIDIA vGPUs on Linux/KVM hosts.

    import nvvgpu

    with nvvgpu.open("emu:l40") as host:
        for gpu in host.gpus:
            vgpu = gpu.create("L40-1B")
            print(vgpu.uuid, vgpu.state())
            vgpu.destroy()

What is a fact is an attribute; what asks the driver is a method.  What fails raises an Error,
which is an OSError, and where Python has one also the exception that fits: NotFoundError is a
FileNotFoundError.  Calls that wait let other threads run.
"""

from . import _swig
from ._device import Device
from ._enums import (
    Check,
    EventKind,
    Framework,
    LogLevel,
    Mode,
    Reason,
    Region,
    Statistic,
    Verdict,
    VGPUState,
)
from ._error import (
    BusyError,
    CancelledError,
    DeadlineError,
    Error,
    ExistsError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    StreamError,
    UnsupportedError,
)
from ._event import Event
from ._events import Events
from ._finding import Finding
from ._gpu import GPU
from ._host import Host, open
from ._listing import Listing
from ._progress import Progress
from ._stream_info import StreamInfo, inspect, verify
from ._type import Placements, Type
from ._vgpu import VGPU

__version__ = _swig.version()

__all__ = [
    "BusyError",
    "CancelledError",
    "Check",
    "DeadlineError",
    "Device",
    "Error",
    "Event",
    "EventKind",
    "Events",
    "ExistsError",
    "Finding",
    "Framework",
    "GPU",
    "Host",
    "InvalidArgumentError",
    "Listing",
    "LogLevel",
    "Mode",
    "NotFoundError",
    "PermissionDeniedError",
    "Placements",
    "Progress",
    "Reason",
    "Region",
    "Statistic",
    "StreamError",
    "StreamInfo",
    "Type",
    "UnsupportedError",
    "VGPU",
    "VGPUState",
    "Verdict",
    "inspect",
    "open",
    "verify",
]

# Where users find them, not where they are written.
for _name in __all__:
    globals()[_name].__module__ = __name__
del _name
