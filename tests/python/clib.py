# SPDX-License-Identifier: MIT
"""The library asked without the binding: what the package says has to be the same."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
from typing import Any, Callable, Iterator

POINTER = ctypes.c_void_p
TEXT = ctypes.c_char_p
NUMBER = ctypes.c_uint64
IDENTIFIER = ctypes.c_uint32
PCI_ID = ctypes.c_uint16
FLAG = ctypes.c_bool

# what: (C type of the answer, value that stands for "unknown" if there is one)
GPU_FACTS: dict[str, tuple[Any, Any]] = {
    "address": (TEXT, None), "name": (TEXT, None),
    "vendor_id": (PCI_ID, None), "device_id": (PCI_ID, None),
    "subsystem_vendor_id": (PCI_ID, None), "subsystem_device_id": (PCI_ID, None),
    "driver": (TEXT, None), "driver_version": (TEXT, None), "firmware_version": (TEXT, None),
    "framework": (ctypes.c_int, None), "evidence": (TEXT, None), "numa_node": (ctypes.c_int, -1),
    "framebuffer_bytes": (NUMBER, 0), "vfs_total": (IDENTIFIER, None),
    "reason": (ctypes.c_int, None), "reason_text": (TEXT, None),
}
TYPE_FACTS: dict[str, tuple[Any, Any]] = {
    "id": (IDENTIFIER, None), "name": (TEXT, None), "class": (TEXT, None),
    "framebuffer_bytes": (NUMBER, None), "heads": (IDENTIFIER, None),
    "max_width": (IDENTIFIER, None), "max_height": (IDENTIFIER, None),
    "frame_rate_limit": (IDENTIFIER, None), "max_instances": (IDENTIFIER, None),
    "reason": (ctypes.c_int, None), "reason_text": (TEXT, None),
}
STREAM_FACTS: dict[str, tuple[Any, Any]] = {
    "format_major": (IDENTIFIER, None), "format_minor": (IDENTIFIER, None),
    "stream_uuid": (TEXT, None), "vgpu_uuid": (TEXT, None), "type_id": (IDENTIFIER, None),
    "type_name": (TEXT, None), "board_name": (TEXT, None), "device_id": (PCI_ID, None),
    "framebuffer_bytes": (NUMBER, None), "driver_version": (TEXT, None),
    "firmware_version": (TEXT, None), "library_version": (TEXT, None), "source_gpu": (TEXT, None),
    "time_ns": (NUMBER, None), "data_bytes": (NUMBER, 0), "chunks": (NUMBER, 0),
}


def _load() -> ctypes.CDLL:
    return ctypes.CDLL(str(pathlib.Path(os.environ["NVVGPU_BUILD"]) / "lib/libnvvgpu.so.0"))


class CHost:
    """The same host as another one of the same uri: emulated boards are all alike."""

    def __init__(self, uri: str) -> None:
        self._lib = _load()
        self._host = POINTER()
        assert not self._call("nvvgpu_open", uri.encode(), ctypes.byref(self._host))

    def __enter__(self) -> CHost:
        return self

    def __exit__(self, *_: object) -> None:
        self._call("nvvgpu_unref", self._host)

    def _call(self, name: str, *arguments: Any, answer: Any = ctypes.c_int) -> Any:
        function = self._lib[name]
        function.restype = answer
        return function(*arguments)

    def _facts(self, kind: str, thing: Any, facts: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
        found = {}
        for what, (answer, unknown) in facts.items():
            value = self._call(f"nvvgpu_{kind}_get_{what}", thing, answer=answer)
            if isinstance(value, bytes):
                value = value.decode()
            found[what] = None if unknown is not None and value == unknown else value
        return found

    @contextlib.contextmanager
    def _each(self, list_name: str, *arguments: Any) -> Iterator[list[Any]]:
        found = POINTER()
        assert not self._call(list_name, *arguments, ctypes.byref(found))
        size = self._call(f"{list_name}_size", found, answer=ctypes.c_size_t)
        yield [POINTER(self._call(f"{list_name}_get", found, ctypes.c_size_t(i), answer=POINTER))
               for i in range(size)]
        self._call(f"{list_name}_unref", found)

    def _gpu_facts(self, gpu: Any) -> dict[str, Any]:
        facts = self._facts("gpu", gpu, GPU_FACTS)
        nodes: list[str] = []
        while node := self._call("nvvgpu_gpu_get_drm_node", gpu, ctypes.c_size_t(len(nodes)),
                                 answer=TEXT):
            nodes.append(node.decode())
        return {**facts, "drm_nodes": tuple(nodes)}

    def _type_facts(self, type_: Any) -> dict[str, Any]:
        facts = self._facts("type", type_, TYPE_FACTS)
        available = IDENTIFIER()
        failed = self._call("nvvgpu_type_get_available", type_, ctypes.byref(available))
        gpu = POINTER(self._call("nvvgpu_type_get_gpu", type_, answer=POINTER))
        address = self._call("nvvgpu_gpu_get_address", gpu, answer=TEXT).decode()
        return {**facts, "gpu_address": address, "available": None if failed else available.value,
                "creatable": self._call("nvvgpu_type_is_creatable", type_, answer=FLAG)}

    def gpus(self) -> list[dict[str, Any]]:
        with self._each("nvvgpu_gpu_list", self._host) as gpus:
            return [self._gpu_facts(gpu) for gpu in gpus]

    def types(self, gpu_index: int, creatable: bool) -> list[dict[str, Any]]:
        with self._each("nvvgpu_gpu_list", self._host) as gpus:
            with self._each("nvvgpu_type_list", gpus[gpu_index],
                            ctypes.c_uint(creatable)) as types:
                return [self._type_facts(type_) for type_ in types]

    def inspect(self, fd: int, verify: bool) -> dict[str, Any]:
        info = POINTER()
        call = "nvvgpu_migrate_verify" if verify else "nvvgpu_migrate_inspect"
        assert not self._call(call, fd, None, ctypes.byref(info))
        facts = self._facts("stream_info", info, STREAM_FACTS)
        for name, function in (("checksums", "has_checksums"), ("verified", "is_verified")):
            facts[name] = self._call(f"nvvgpu_stream_info_{function}", info, answer=FLAG)
        self._call("nvvgpu_stream_info_free", info)
        return facts


def name_of(function: str) -> Callable[[int], str | None]:
    """One of the functions that name a number."""
    found = _load()[function]
    found.restype = TEXT

    def name(number: int) -> str | None:
        text: bytes | None = found(number)
        return text.decode() if text is not None else None

    return name
