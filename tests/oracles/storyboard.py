#!/usr/bin/env python3
"""Does the storyboard cover the asset, and does each tile show its own moment? Is the poster a picture?

usage: storyboard.py FOLDER SOURCE

`thumbs/storyboard.vtt`: cues from 0 to the end without a gap, each with a rectangle inside its sheet,
all of one size and of the picture's shape. A tile must look like a source frame of its own interval,
and not much more like one of another. The MPD's thumbnail set names the same sheets.
"""

import argparse
import re
import urllib.parse
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from lxml import etree

from picture import HEIGHT, THUMBNAIL, WIDTH, SourcePictures, difference, source_pictures
from manifest import MPD, media_playlist, renditions
from verdict import CannotRun, Verdict, conclude, last_words, run, tool

WORST_DIFFERENCE = 9.0
"""Levels of grey: scaling twice and JPEG are in it."""
CLEARLY_CLOSER = 0.5
NOISE = 0.5
SAMPLES_OF_ANOTHER_INTERVAL = 5
DARKEST_POSTER = 24
"""Mean level of luma; black is 16."""
ROUNDING = Fraction(1, 500)
"""WebVTT has milliseconds."""

_TIME = r"(?:(\d+):)?(\d\d):(\d\d)\.(\d{3})"
_CUE = re.compile(rf"^{_TIME} --> {_TIME}[^\n]*\n([^\n]+)$", re.MULTILINE)
_RECTANGLE = re.compile(r"^([^#]+)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$")


@dataclass(frozen=True)
class Cue:
    start: Fraction
    end: Fraction
    payload: str


@dataclass(frozen=True)
class Sheet:
    """Luma of a picture, in limited range as the video has it."""

    width: int
    height: int
    luma: bytes

    def thumbnail(self, left: int, top: int, width: int, height: int) -> bytes:
        """A rectangle, averaged down to the size of the other thumbnails."""
        columns = [left + width * step // WIDTH for step in range(WIDTH + 1)]
        rows = [top + height * step // HEIGHT for step in range(HEIGHT + 1)]
        grey = bytearray()
        for first, after in zip(rows, rows[1:]):
            lines = [row * self.width for row in range(first, max(after, first + 1))]
            for begin, end in zip(columns, columns[1:]):
                end = max(end, begin + 1)
                total = sum(sum(self.luma[line + begin : line + end]) for line in lines)
                grey.append(round(total / (len(lines) * (end - begin))))
        return bytes(grey)


def read_sheet(path: Path) -> Sheet:
    probed = run(
        [tool("ffprobe"), "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", str(path)]
    )
    if probed.returncode:
        raise ValueError(last_words(probed))
    width, height = (int(number) for number in probed.stdout.decode().strip().split(",")[:2])
    filters = "scale=flags=accurate_rnd+bitexact:out_range=tv,format=yuv444p,extractplanes=y"
    argv = [tool("ffmpeg"), "-nostdin", "-v", "error", "-i", str(path), "-frames:v", "1"]
    decoded = run([*argv, "-vf", filters, "-f", "rawvideo", "-"])
    if len(decoded.stdout) != width * height:
        raise ValueError(last_words(decoded))
    return Sheet(width, height, decoded.stdout)


def read_cues(text: str) -> list[Cue]:
    def seconds(hours: str | None, minutes: str, rest: str, thousandths: str) -> Fraction:
        whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(rest)
        return whole + Fraction(int(thousandths), 1000)

    cues = []
    for match in _CUE.finditer(text):
        fields = match.groups()
        cues.append(Cue(seconds(*fields[:4]), seconds(*fields[4:8]), fields[8].strip()))
    return cues


def check_times(cues: list[Cue], duration: Fraction, verdict: Verdict) -> None:
    verdict.require(cues[0].start == 0, f"the first cue starts at {float(cues[0].start)} s")
    for number, (cue, following) in enumerate(zip(cues, cues[1:]), 1):
        if cue.end != following.start:
            verdict.fault(f"cue {number} ends at {float(cue.end)} s, the next starts at {float(following.start)} s")
    for number, cue in enumerate(cues, 1):
        verdict.require(cue.start < cue.end, f"cue {number} ends before it starts")
    off = abs(cues[-1].end - duration)
    message = f"the last cue ends at {float(cues[-1].end)} s, the asset at {float(duration):.3f} s"
    verdict.require(off <= ROUNDING, message)


def read_tiles(folder: Path, cues: list[Cue], shape: Fraction, verdict: Verdict) -> dict[int, bytes]:
    """The thumbnail that each cue names, by the number of the cue from 1."""
    sheets: dict[str, Sheet] = {}
    tiles = {}
    sizes = set()
    places = set()
    for number, cue in enumerate(cues, 1):
        match = _RECTANGLE.match(cue.payload)
        if not match:
            verdict.fault(f"cue {number}: '{cue.payload}' is no rectangle of a picture")
            continue
        name = urllib.parse.unquote(match[1])
        left, top, width, height = (int(value) for value in match.groups()[1:])
        try:
            sheet = sheets.get(name) or read_sheet(folder / name)
        except (OSError, ValueError) as error:
            verdict.fault(f"cue {number}: {name} is no picture: {error}")
            continue
        sheets[name] = sheet
        inside = left + width <= sheet.width and top + height <= sheet.height
        if not inside or not width or not height:
            verdict.fault(f"cue {number}: {cue.payload} is outside {sheet.width}x{sheet.height}")
            continue
        places.add((name, left, top))
        sizes.add((width, height))
        tiles[number] = sheet.thumbnail(left, top, width, height)
    verdict.require(len(sizes) <= 1, f"tiles of different sizes: {sorted(sizes)}")
    verdict.require(len(places) == len(tiles), "two cues name the same tile")
    for width, height in sizes:
        # Sizes are rounded to whole, even pixels.
        off = abs(Fraction(width, height) / shape - 1)
        verdict.require(off < Fraction(4, 100), f"a tile of {width}x{height} has another shape")
    verdict.facts.update(cues=len(cues), sheets=len(sheets))
    return tiles


def check_moments(
    cues: list[Cue], tiles: dict[int, bytes], source: SourcePictures, verdict: Verdict
) -> None:
    intervals: list[list[bytes]] = []
    for cue in cues:
        shown = [
            picture
            for time, picture in zip(source.times, source.thumbnails)
            if cue.start - ROUNDING <= time - source.origin < cue.end + ROUNDING
        ]
        intervals.append(shown or source.thumbnails[-1:])  # the last frame is held
    worst = 0.0
    for number, tile in tiles.items():
        own = min(difference(tile, picture) for picture in intervals[number - 1])
        worst = max(worst, own)
        if own > WORST_DIFFERENCE:
            verdict.fault(f"tile {number} looks like no frame of its interval (difference {own:.1f})")
            continue
        for other, shown in enumerate(intervals, 1):
            step = max(1, len(shown) // SAMPLES_OF_ANOTHER_INTERVAL)
            closest = min(difference(tile, picture) for picture in shown[::step])
            if other != number and closest < CLEARLY_CLOSER * own - NOISE:
                verdict.fault(f"tile {number} shows interval {other} ({closest:.1f} against {own:.1f})")
                break
    verdict.facts["worst_difference"] = round(worst, 2)


def check_poster(path: Path, source: SourcePictures, verdict: Verdict) -> None:
    try:
        poster = read_sheet(path)
    except (OSError, ValueError) as error:
        verdict.fault(f"poster.jpg is no picture: {error}")
        return
    level = sum(poster.luma) / len(poster.luma)
    brightest = max(sum(picture) for picture in source.thumbnails) / THUMBNAIL
    dark = level < DARKEST_POSTER <= brightest
    verdict.require(not dark, f"poster.jpg is black (level {level:.0f})")
    grey = poster.thumbnail(0, 0, poster.width, poster.height)
    closest = min(difference(grey, picture) for picture in source.thumbnails)
    verdict.require(closest <= WORST_DIFFERENCE, f"poster.jpg is no frame of the source ({closest:.1f})")
    verdict.facts["poster"] = f"{poster.width}x{poster.height}"


def check_dash(folder: Path, verdict: Verdict) -> None:
    """The sheets that the MPD names are there, and have the size that it says."""
    sets = [
        entry
        for entry in etree.parse(str(folder / "manifest.mpd")).iter(f"{MPD}AdaptationSet")
        if entry.get("contentType") == "image"
    ]
    verdict.require(len(sets) == 1, f"{len(sets)} thumbnail sets in the MPD")
    for entry in sets:
        representation = entry.find(f"{MPD}Representation")
        template = next(entry.iter(f"{MPD}SegmentTemplate"))
        size = (int(representation.get("width")), int(representation.get("height")))
        number = int(template.get("startNumber", 1))
        pattern = template.get("media").replace("$RepresentationID$", representation.get("id"))
        name = re.sub(r"\$Number(?:%0(\d+)d)?\$", lambda match: f"{number:0{match[1] or 1}d}", pattern)
        try:
            sheet = read_sheet(folder / name)
        except (OSError, ValueError) as error:
            verdict.fault(f"the MPD names {name}, which is no picture: {error}")
            continue
        found = (sheet.width, sheet.height)
        verdict.require(found == size, f"{name} is {found}, the MPD says {size}")


def judge(folder: Path, source: Path, verdict: Verdict) -> None:
    pictures, _ = renditions(folder)
    if not pictures:
        raise CannotRun(f"{folder} has no picture, so it has no storyboard")
    index = folder / "thumbs" / "storyboard.vtt"
    if not index.is_file():
        verdict.fault("there is no thumbs/storyboard.vtt")
        return
    text = index.read_text(encoding="utf-8")
    verdict.require(text.startswith("WEBVTT\n"), "the first line is not WEBVTT")
    cues = read_cues(text)
    if not cues or len(cues) != text.count(" --> "):
        verdict.fault(f"{text.count(' --> ')} cues, {len(cues)} of them can be read")
        return
    shown = source_pictures(source)
    playlist = media_playlist(folder / pictures[0].uri)
    check_times(cues, sum(segment.seconds for segment in playlist.segments), verdict)
    tiles = read_tiles(index.parent, cues, Fraction(*pictures[0].size), verdict)
    check_moments(cues, tiles, shown, verdict)
    check_poster(index.parent / "poster.jpg", shown, verdict)
    check_dash(folder, verdict)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("source", type=Path)
    given = arguments.parse_args()
    conclude("storyboard", lambda verdict: judge(given.folder, given.source, verdict))
