#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where this interpreter finds packages below a prefix, and how an extension module that is
installed there finds the library.

usage: install_paths.py PREFIX LIBDIR DIRECTORY PACKAGE

DIRECTORY is meson's answer.  It need not be one that the interpreter searches: Debian's has
/usr/local/lib/python3.11/dist-packages for the prefix /usr/local, meson 1.0 says
/usr/local/lib/python3/dist-packages.  Prints the directory of PACKAGE and its run path, which
is empty where the loader looks anyway.
"""

import os.path
import site
import sys
from collections.abc import Iterable


def below(directory: str, parent: str) -> bool:
    return os.path.commonpath([directory, parent]) == parent


def searched(prefix: str, directory: str, places: Iterable[str]) -> str:
    """The one of @places that belongs to a prefix; @directory when it is one, or none is."""
    local = os.path.join(prefix, "local")    # below /usr, but of the prefix /usr/local
    own = [place for place in places if below(place, prefix) and not below(place, local)]
    return directory if directory in own or not own else own[0]


def run_path(prefix: str, libdir: str, package: str) -> str:
    if prefix == "/usr":
        return ""
    return os.path.join("$ORIGIN", os.path.relpath(libdir, package))


def main() -> None:
    prefix, libdir, directory = (os.path.normpath(path) for path in sys.argv[1:4])
    places = [place for place in site.getsitepackages() if place in sys.path]
    package = os.path.join(searched(prefix, directory, places), sys.argv[4])
    print(package)
    print(run_path(prefix, os.path.join(prefix, libdir), package))


if __name__ == "__main__":
    main()
