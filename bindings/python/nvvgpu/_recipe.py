# SPDX-License-Identifier: MIT
"""Arguments of create, save and restore, as the generated module takes them."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Mapping
from typing import Union

from . import _swig
from ._progress import ProgressFunction, relay
from ._seconds import nanoseconds

UUID = Union[str, uuids.UUID]


def _pairs(params: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if not isinstance(params, Mapping):
        raise TypeError(f"params must be a mapping, not {type(params).__name__}")
    return tuple(params.items())


def params_text(params: Mapping[str, str] | str) -> str:
    """All parameters of a vGPU in one."""
    if isinstance(params, str):
        return params
    pairs = _pairs(params)
    _swig.check_spec(spec(params=params))
    return ",".join(f"{key}={value}" for key, value in pairs)


def spec(type: str | None = None, uuid: UUID | None = None, vf: str | None = None,
         placement: int | None = None, params: Mapping[str, str] | None = None,
         owner: str | None = None, force_params: bool = False) -> _swig._Spec:
    """What a new vGPU shall be."""
    if isinstance(uuid, uuids.UUID):
        uuid = str(uuid)
    return (type, uuid, vf, placement, () if params is None else _pairs(params), owner,
            force_params)


def options(progress: ProgressFunction | None = None, timeout: float | None = None, *,
            checksum: bool = True, verify_first: bool = False,
            spec: _swig._Spec | None = None) -> _swig._Options:
    """How to save, restore or verify."""
    limit = nanoseconds(timeout)
    # to the library 0 is no limit at all
    return (relay(progress), checksum, 0 if limit is None else limit or 1, verify_first, spec)
