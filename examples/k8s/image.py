#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packs a program into a container image: an OCI archive that "ctr images import" or "podman load"
takes.  No container engine, no Dockerfile and no network is needed.

usage: image.py PROGRAM ARCHIVE.tar

The image has the program, the shared libraries that it is linked with, as this machine has them,
and pci.ids, if that is here.  Its name is localhost/PROGRAM:latest.  The same files give the same
archive.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pathlib
import platform
import re
import subprocess
import sys
import tarfile

PCI_IDS = pathlib.Path("/usr/share/misc/pci.ids")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def libraries(program: pathlib.Path) -> dict[str, pathlib.Path]:
    """What the dynamic linker would load, itself included, by the name that is asked for."""
    said = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    missing = re.findall(r"(\S+) => not found", said)
    if missing:
        sys.exit(f"image.py: {program}: {', '.join(missing)}: not found by the dynamic linker")
    found = {}
    for name, path in re.findall(r"^\s*(\S+) => (/\S+)", said, re.MULTILINE):
        found[name] = pathlib.Path(path)
    for path in re.findall(r"^\s*(/\S+) \(", said, re.MULTILINE):
        found[pathlib.Path(path).name] = pathlib.Path(path)
    return found


def add(archive: tarfile.TarFile, name: str, data: bytes | None = None, mode: int = 0o755,
        link: str = "") -> None:
    """A file, a directory when there are no data, or a link."""
    info = tarfile.TarInfo(name)
    info.mode = mode
    if link:
        info.type, info.linkname = tarfile.SYMTYPE, link
    elif data is None:
        info.type = tarfile.DIRTYPE
    else:
        info.size = len(data)
    archive.addfile(info, io.BytesIO(data) if data is not None else None)


def layer(program: pathlib.Path) -> bytes:
    """The only layer, as a tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in ("dev", "proc", "run", "sys", "tmp", "usr", "usr/bin", "usr/lib", "usr/share",
                     "usr/share/misc", "var", "var/lib"):
            add(archive, name)
        for name in ("lib", "lib64"):   # where the dynamic linker is, and where it looks
            add(archive, name, link="usr/lib")
        add(archive, "var/run", link="../run")
        add(archive, f"usr/bin/{program.name}", program.read_bytes())
        for name, path in sorted(libraries(program).items()):
            add(archive, f"usr/lib/{name}", path.read_bytes())
        if PCI_IDS.exists():
            add(archive, f"usr/share/misc/{PCI_IDS.name}", PCI_IDS.read_bytes(), 0o644)
    return out.getvalue()


class Image:
    """An OCI image layout that is being written."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self.archive = archive
        for name in ("blobs", "blobs/sha256"):
            add(archive, name)

    def blob(self, kind: str, data: bytes) -> dict[str, object]:
        """Adds it and returns its descriptor."""
        digest = hashlib.sha256(data).hexdigest()
        add(self.archive, f"blobs/sha256/{digest}", data, 0o644)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}",
                "size": len(data)}

    def document(self, kind: str, content: object) -> dict[str, object]:
        return self.blob(kind, json.dumps(content, sort_keys=True).encode())

    def file(self, name: str, content: object) -> None:
        add(self.archive, name, json.dumps(content, sort_keys=True).encode(), 0o644)


def pack(program: pathlib.Path, target: pathlib.Path) -> None:
    name = f"localhost/{program.name}:latest"
    machine = {"architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
               "os": "linux"}
    contents = layer(program)
    with tarfile.open(target, "w") as archive:
        image = Image(archive)
        packed = image.blob("layer.v1.tar+gzip", gzip.compress(contents, 6, mtime=0))
        config = image.document("config.v1+json", {
            **machine,
            "config": {"Entrypoint": [f"/usr/bin/{program.name}"], "Env": ["PATH=/usr/bin"]},
            "rootfs": {"type": "layers",
                       "diff_ids": [f"sha256:{hashlib.sha256(contents).hexdigest()}"]},
        })
        manifest = image.document("manifest.v1+json", {
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config, "layers": [packed],
        })
        image.file("index.json", {"schemaVersion": 2, "manifests": [{
            **manifest, "platform": machine,
            "annotations": {"io.containerd.image.name": name,
                            "org.opencontainers.image.ref.name": name},
        }]})
        image.file("oci-layout", {"imageLayoutVersion": "1.0.0"})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: image.py PROGRAM ARCHIVE.tar")
    pack(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
