#!/usr/bin/env python3
"""Do the oracles notice what is wrong? Every one passes a good output, and fails each mutation of it.

usage: selftest.py FOLDER SOURCE [--oracles rules,schema,decode,picture,storyboard,play] [--only WORDS]

FOLDER needs three segments, two rungs, sound and a storyboard; SOURCE is what it was made from. All
oracles but `play` are asked; that one needs Chromium and most of a minute for each mutation.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mutate import PICTURE, DECODE, MUTATIONS, PLAY, RULES, SCHEMA, STORYBOARD, Mutation, Output
from verdict import CannotRun

HERE = Path(__file__).resolve().parent
PLAYERS = HERE.parent / "browser"
FAST = {RULES, SCHEMA, DECODE, PICTURE, STORYBOARD}
PASSED, FAILED = 0, 1


def command(oracle: str, folder: Path, source: Path, engine: str = "hlsjs") -> list[str]:
    """How an oracle is called."""
    node = os.environ.get("MILLRACE_NODE", "node")
    return {
        RULES: [node, str(PLAYERS / "hls_rules.mjs"), str(folder)],
        SCHEMA: [sys.executable, str(HERE / "mpd_schema.py"), str(folder)],
        DECODE: [sys.executable, str(HERE / "decode.py"), str(folder)],
        PICTURE: [sys.executable, str(HERE / "picture.py"), str(folder), str(source)],
        STORYBOARD: [sys.executable, str(HERE / "storyboard.py"), str(folder), str(source)],
        PLAY: [node, str(PLAYERS / "play.mjs"), str(folder), "--engine", engine, "--seeks=2", "--play=4"],
    }[oracle]


def ask(oracle: str, folder: Path, source: Path, engine: str = "hlsjs") -> tuple[int, str]:
    """The oracle's exit code, and the first thing that it has to say."""
    asked = subprocess.run(command(oracle, folder, source, engine), capture_output=True, text=True)
    lines = [*asked.stdout.splitlines()[1:], *asked.stderr.splitlines(), ""]
    return asked.returncode, lines[0].strip()[:150]


def check_mutation(mutation: Mutation, good: Path, source: Path, oracles: set[str]) -> list[str]:
    """Oracles that should have noticed, and have not."""
    missed = []
    with tempfile.TemporaryDirectory(prefix="millrace-mutation-") as folder:
        bad = Path(folder, "output")
        shutil.copytree(good, bad)
        mutation.apply(Output(bad))
        for oracle in mutation.noticed_by:
            if oracle not in oracles:
                continue
            engine = "shaka-dash" if mutation.name.startswith("MPD") else "hlsjs"
            code, said = ask(oracle, bad, source, engine)
            if code == FAILED:
                print(f"noticed  {mutation.name}: {oracle}: {said}", flush=True)
            else:
                missed.append(f"MISSED   {mutation.name}: {oracle} (exit code {code}) {said}")
    return missed


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("source", type=Path)
    arguments.add_argument("--oracles", type=lambda names: set(names.split(",")), default=FAST)
    arguments.add_argument("--only", default="", help="only mutations with these words in their name")
    given = arguments.parse_args()

    wrong = []
    for oracle in sorted(given.oracles):
        code, said = ask(oracle, given.folder, given.source)
        if code != PASSED:
            wrong.append(f"REFUSED  good output: {oracle} (exit code {code}) {said}")
    for mutation in MUTATIONS:
        if given.only in mutation.name:
            try:
                wrong += check_mutation(mutation, given.folder, given.source, given.oracles)
            except CannotRun as error:
                wrong.append(f"UNMADE   {mutation.name}: {error}")
    for line in wrong:
        print(line)
    print(f"{len(MUTATIONS)} mutations, {len(wrong)} faults of the oracles")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
