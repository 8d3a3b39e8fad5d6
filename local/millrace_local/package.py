"""Function binaries as zip files, kept between runs."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

from .errors import StackError
from .files import write_atomically

_KEEP_SECONDS = 3 * 24 * 3600
# Any fixed date: the same binary gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def key_of(binary: Path) -> str:
    """A name that changes when the binary is built again, without reading it.

    Raises:
        StackError: there is no such file.
    """
    try:
        status = binary.stat()
    except FileNotFoundError as error:
        raise StackError(
            f"there is no function binary {binary}: run `cargo build --workspace --bins --locked`"
        ) from error
    identity = f"{binary.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
    return f"{binary.name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.zip"


def function_zip(binary: Path, cache: Path) -> Path:
    """A deployment package with ``binary`` as ``bootstrap``, made once per build.

    Debug information and symbols are left out, half of a development binary: the emulator unpacks
    it once for each function of a fresh stack. A panic still says its message and its place.
    """
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / key_of(binary)
    if target.exists():
        os.utime(target)
        return target
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        stripped = Path(folder) / "bootstrap"
        if not _strip(binary, stripped):
            shutil.copyfile(binary, stripped)
        packed = Path(folder) / "package.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            entry = zipfile.ZipInfo("bootstrap", _DATE)
            entry.external_attr = 0o755 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Level 1: it travels over loopback once; more only costs time.
            archive.writestr(entry, stripped.read_bytes(), compresslevel=1)
        packed.replace(target)
    return target


def placeholder_zip(cache: Path) -> Path:
    """A layer's package without its content.

    The emulator accepts layers and never mounts them, so a hundred megabytes of ffmpeg would
    only be carried around; the functions are told where ffmpeg is instead.
    """
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / "layer-placeholder.zip"
    if not target.exists():
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("README", _DATE), "Not mounted here.\n")
        write_atomically(target, buffer.getvalue())
    return target


def forget_old(cache: Path) -> None:
    """Removes what no stack has used for days."""
    oldest = time.time() - _KEEP_SECONDS
    for path in cache.iterdir():
        try:
            if path.stat().st_mtime < oldest:
                # A folder is the work of a supervisor that was killed.
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        except FileNotFoundError:
            # Another stack was quicker.
            pass


def _strip(source: Path, target: Path) -> bool:
    program = shutil.which("strip")
    if program is None:
        return False
    command = [program, "--strip-all", "-o", str(target), str(source)]
    result = subprocess.run(command, capture_output=True, check=False)
    # Not an ELF file, for one: a script is a function too.
    return result.returncode == 0
