"""Where the media of an output folder is, as the manifests say. Reads just enough to find it."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from lxml import etree

from verdict import CannotRun

MPD = "{urn:mpeg:dash:schema:mpd:2011}"
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


def attributes(line: str) -> dict[str, str]:
    """The attribute list of a tag."""
    _, _, text = line.partition(":")
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


@dataclass(frozen=True)
class Rendition:
    """One media playlist."""

    uri: str
    size: tuple[int, int] | None
    """Width and height; None for sound."""
    rate: Fraction | None
    """Frames per second, exactly."""


@dataclass(frozen=True)
class Segment:
    file: Path
    seconds: Fraction
    byte_range: tuple[int, int] | None
    """Offset and length."""


@dataclass(frozen=True)
class MediaPlaylist:
    init: Path
    segments: list[Segment]


def exact_rate(text: str) -> Fraction:
    """The rate that three decimals of FRAME-RATE mean: x/1001 where they do, else as written."""
    written = Fraction(text)
    ntsc = Fraction(round(written * 1001 / 1000) * 1000, 1001)
    return ntsc if f"{float(ntsc):.3f}" == f"{float(written):.3f}" else written


def renditions(folder: Path) -> tuple[list[Rendition], list[Rendition]]:
    """Pictures, by bandwidth as listed, and sounds of the multivariant playlist."""
    path = folder / "index.m3u8"
    if not path.is_file():
        raise CannotRun(f"{path} is not there")
    lines = path.read_text(encoding="utf-8").splitlines()
    pictures: list[Rendition] = []
    sounds: dict[str, Rendition] = {}
    for line, after in zip(lines, [*lines[1:], ""]):
        if line.startswith("#EXT-X-STREAM-INF:"):
            known = attributes(line)
            if "RESOLUTION" in known:
                width, height = known["RESOLUTION"].split("x")
                rate = exact_rate(known.get("FRAME-RATE", "25"))
                pictures.append(Rendition(after, (int(width), int(height)), rate))
            else:
                sounds[after] = Rendition(after, None, None)
        elif line.startswith("#EXT-X-MEDIA:"):
            known = attributes(line)
            if known.get("TYPE") == "AUDIO" and "URI" in known:
                sounds[known["URI"]] = Rendition(known["URI"], None, None)
    return pictures, list(sounds.values())


def media_playlist(path: Path) -> MediaPlaylist:
    init = None
    seconds = Fraction(0)
    byte_range = None
    segments = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#EXT-X-MAP:"):
            init = path.parent / attributes(line)["URI"]
        elif line.startswith("#EXTINF:"):
            seconds = Fraction(line.removeprefix("#EXTINF:").partition(",")[0])
        elif line.startswith("#EXT-X-BYTERANGE:"):
            length, _, offset = line.removeprefix("#EXT-X-BYTERANGE:").partition("@")
            byte_range = (int(offset), int(length))
        elif line and not line.startswith("#"):
            segments.append(Segment(path.parent / line, seconds, byte_range))
            byte_range = None
    if init is None:
        raise CannotRun(f"{path} has no EXT-X-MAP")
    return MediaPlaylist(init, segments)


@dataclass(frozen=True)
class Representation:
    """One Representation of the MPD, with the files that its template names."""

    name: str
    kind: str
    """`video` or `audio`."""
    size: tuple[int, int] | None
    files: list[Path]
    """Init segment first."""


def representations(folder: Path) -> list[Representation]:
    found = []
    root = etree.parse(str(folder / "manifest.mpd")).getroot()
    for adaptation_set in root.iter(f"{MPD}AdaptationSet"):
        kind = adaptation_set.get("contentType")
        if kind not in ("video", "audio"):
            continue
        for entry in adaptation_set.iterfind(f"{MPD}Representation"):
            template = entry.find(f"{MPD}SegmentTemplate")
            if template is None:
                template = adaptation_set.find(f"{MPD}SegmentTemplate")
            size = (int(entry.get("width")), int(entry.get("height"))) if kind == "video" else None
            files = [folder / name for name in _names(entry.get("id"), template)]
            found.append(Representation(entry.get("id"), kind, size, files))
    return found


def _names(identifier: str, template: etree._Element) -> list[str]:
    def filled(pattern: str, values: dict[str, int]) -> str:
        def value(match: re.Match[str]) -> str:
            width = int(match[2] or 0)
            return f"{values[match[1]]:0{width}d}"

        named = pattern.replace("$RepresentationID$", identifier)
        return re.sub(r"\$(Number|Time)(?:%0(\d+)d)?\$", value, named)

    names = [filled(template.get("initialization"), {})]
    number = int(template.get("startNumber", 1))
    time = 0
    for entry in template.iterfind(f"{MPD}SegmentTimeline/{MPD}S"):
        time = int(entry.get("t", time))
        for _ in range(int(entry.get("r", 0)) + 1):
            names.append(filled(template.get("media"), {"Number": number, "Time": time}))
            number += 1
            time += int(entry.get("d"))
    return names
