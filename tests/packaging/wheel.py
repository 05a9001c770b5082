#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The files of a wheel, one a line and sorted, after a look at its metadata.

usage: wheel.py WHEEL VERSION
"""

import email
import pathlib
import sys
import sysconfig
import zipfile

CLASSIFIERS = {"Typing :: Typed", "License :: OSI Approved :: MIT License",
               "Operating System :: POSIX :: Linux"}


def names(wheel):
    """Newer build backends have a directory for licenses."""
    return sorted(name.replace(".dist-info/licenses/", ".dist-info/") for name in wheel.namelist())


def metadata_errors(text, version):
    found = email.message_from_bytes(text)
    for key, value in {"Name": "nvvgpu", "Version": version, "Requires-Python": ">=3.9"}.items():
        if found[key] != value:
            yield f"{key} is {found[key]}, not {value}"
    for key in ("Summary", "License", "Keywords", "Author"):
        if not found[key]:
            yield f"no {key}"
    if found["Description-Content-Type"] != "text/markdown":
        yield "no description"
    if "# libnvvgpu" not in (found["Description"] or found.get_payload()):
        yield "the description is not the README"
    missing = CLASSIFIERS - set(found.get_all("Classifier"))
    if missing:
        yield f"classifiers are missing: {missing}"
    if found["Requires-Dist"]:
        yield f"needs other packages: {found.get_all('Requires-Dist')}"


def tag_errors(path, text):
    """An extension module is made for one version of Python on one kind of machine."""
    version = "cp" + sysconfig.get_config_var("py_version_nodot")
    platform = sysconfig.get_platform().replace("-", "_")
    wanted = f"{version}-{version}-{platform}"
    found = email.message_from_bytes(text)
    if found.get_all("Tag") != [wanted] or not path.stem.endswith(wanted):
        yield f"{path.name} is tagged {found.get_all('Tag')}, not {wanted}"
    if found["Root-Is-Purelib"] != "false":
        yield "it says that it is for all machines"


def main():
    path, version = pathlib.Path(sys.argv[1]), sys.argv[2]
    with zipfile.ZipFile(path) as wheel:
        info = f"nvvgpu-{version}.dist-info"
        errors = [*metadata_errors(wheel.read(f"{info}/METADATA"), version),
                  *tag_errors(path, wheel.read(f"{info}/WHEEL"))]
        print("\n".join(names(wheel)))
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
