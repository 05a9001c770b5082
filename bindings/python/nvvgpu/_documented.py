# SPDX-License-Identifier: MIT
"""Docstrings that go on with what the C header says."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Sections of a generated docstring that tell of the C function's own form.
_C_ONLY = ("Args:", "Returns:")


def documented(source: Callable[..., Any]) -> Callable[[_Function], _Function]:
    """A decorator: after the function's own docstring comes what is said of @source, without
    its first line."""

    def decorate(function: _Function) -> _Function:
        if function.__doc__ and source.__doc__:
            parts = inspect.cleandoc(source.__doc__).split("\n\n")[1:]
            parts = [part for part in parts if not part.startswith(_C_ONLY)]
            function.__doc__ = "\n\n".join([inspect.cleandoc(function.__doc__), *parts])
        return function

    return decorate
