"""Programs of Debian packages, taken out of them without installing anything."""

import shutil
import subprocess
from pathlib import Path


def program(name: str, *, package: str, folder: Path) -> str:
    """The machine's own program of that name, or the one in the package, unpacked below `folder`."""
    own = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if own is not None:
        return own
    assert shutil.which("apt-get"), f"{name} is needed: install it, as this machine is no Debian to take it from"
    unpacked = folder / package
    if not unpacked.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for command in (["apt-get", "download", package], ["apt-get", "update"], ["apt-get", "download", package]):
            subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
            if list(folder.glob(f"{package}_*.deb")):
                break
        (archive,) = folder.glob(f"{package}_*.deb")
        subprocess.run(["dpkg-deb", "--extract", archive, unpacked], check=True, capture_output=True)
    for place in ("usr/bin", "usr/sbin"):
        if (unpacked / place / name).exists():
            return str(unpacked / place / name)
    raise AssertionError(f"{package} holds no {name}")
