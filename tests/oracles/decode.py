#!/usr/bin/env python3
"""Does ffmpeg, as a client of the manifests, decode every rung to exactly the planned frames?

usage: decode.py FOLDER [--frames N] [--duration SECONDS]

HLS: every rendition is read through its media playlist. Packets: decoding times rise, every picture
is one frame after the one before it, a keyframe stands at every segment boundary. Decoded: as many
frames and samples as the grid has, without gap, from time 0, and not a word on standard error.
Every range of an I-frame playlist decodes to one picture. DASH: the files that the MPD names decode
to the same numbers.

The grid comes from the multivariant playlist (FRAME-RATE) and the media playlists (EXTINF), unless
the number of frames is given.
"""

import argparse
import math
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from manifest import MediaPlaylist, Rendition, media_playlist, renditions, representations
from verdict import CannotRun, Verdict, conclude, last_words, run, tool

SAMPLES_PER_FRAME = 1024
MOST_IFRAMES_DECODED = 40
"""Per rung; of a long asset, so many are picked evenly."""


@dataclass(frozen=True)
class Packet:
    """Times in ticks of its track; `duration` may be 0 where the container names none."""

    pts: int
    dts: int
    duration: int
    is_keyframe: bool


@dataclass(frozen=True)
class Decoded:
    """What came out of a decoder: (time, duration) of each frame in ticks of `time_base`."""

    time_base: Fraction
    frames: list[tuple[int, int]]

    def gaps(self) -> int:
        """How often a frame does not begin where the one before it ends."""
        pairs = zip(self.frames, self.frames[1:])
        return sum(start + length != following for (start, length), (following, _) in pairs)

    def span(self) -> Fraction:
        """Seconds from the first frame's start to the last frame's end."""
        if not self.frames:
            return Fraction(0)
        return (sum(self.frames[-1]) - self.frames[0][0]) * self.time_base


def packets(playlist: Path) -> tuple[Fraction, list[Packet]]:
    """Every packet as the demuxer delivers it, with the time base."""
    entries = "stream=time_base:packet=pts,dts,duration,flags"
    argv = [tool("ffprobe"), "-v", "error", "-show_entries", entries, "-of", "compact"]
    probed = run([*argv, str(playlist)])
    time_base = None
    found = []
    for line in probed.stdout.decode().splitlines():
        kind, *fields = line.split("|")
        known = dict(field.split("=", 1) for field in fields if "=" in field)
        if kind == "stream":
            time_base = Fraction(known["time_base"])
        elif kind == "packet":
            times = [known.get(name, "N/A") for name in ("pts", "dts", "duration")]
            pts, dts, duration = (0 if time == "N/A" else int(time) for time in times)
            found.append(Packet(pts, dts, duration, "K" in known["flags"]))
    if time_base is None:
        raise CannotRun(f"ffprobe reads nothing from {playlist}: {last_words(probed)}")
    return time_base, found


def decode(source: str, selector: str, verdict: Verdict, name: str) -> Decoded:
    """Decodes one track to its end."""
    # framecrc prints each frame with its time; a picture is passed by reference, not written out.
    argv = [tool("ffmpeg"), "-nostdin", "-v", "error", "-i", source, "-map", selector]
    argv += ["-fps_mode", "passthrough", "-c:v", "wrapped_avframe", "-f", "framecrc", "-"]
    decoded = run(argv)
    silent = decoded.returncode == 0 and not decoded.stderr.strip()
    verdict.require(silent, f"{name}: ffmpeg says: {last_words(decoded)}")
    time_base = Fraction(1)
    frames = []
    for line in decoded.stdout.decode().splitlines():
        if line.startswith("#tb"):
            time_base = Fraction(line.partition(":")[2].strip())
        elif not line.startswith("#"):
            _, _, pts, duration, *_ = (field.strip() for field in line.split(","))
            frames.append((int(pts), int(duration)))
    return Decoded(time_base, frames)


def check_picture(
    folder: Path, rendition: Rendition, grid: int, verdict: Verdict
) -> MediaPlaylist | None:
    name = rendition.uri
    path = folder / rendition.uri
    playlist = media_playlist(path)
    time_base, all_packets = packets(path)
    step = 1 / (rendition.rate * time_base)
    verdict.require(len(all_packets) == grid, f"{name}: {len(all_packets)} packets, expected {grid}")
    falls = sum(b.dts <= a.dts for a, b in zip(all_packets, all_packets[1:]))
    verdict.require(falls == 0, f"{name}: decoding times do not rise, {falls} times")
    shown = sorted(packet.pts for packet in all_packets)
    verdict.require(shown[:1] == [0], f"{name}: the first frame is shown at {shown[:1]}, not at 0")
    uneven = [time for time, following in zip(shown, shown[1:]) if following - time != step]
    seconds = [float(time * time_base) for time in uneven[:1]]
    verdict.require(not uneven, f"{name}: {len(uneven)} frames of another length, first at {seconds}")

    keyframes = {packet.pts for packet in all_packets if packet.is_keyframe}
    boundary = Fraction(0)
    for segment in playlist.segments:
        near = [time for time in keyframes if abs(time * time_base - boundary) < step * time_base / 2]
        verdict.require(bool(near), f"{name}: no keyframe at {float(boundary):.3f} s, {segment.file.name}")
        boundary += segment.seconds

    decoded = decode(str(path), "0:v:0", verdict, name)
    frames = len(decoded.frames)
    verdict.require(frames == grid, f"{name}: {frames} frames decoded, expected {grid}")
    verdict.require(decoded.gaps() == 0, f"{name}: {decoded.gaps()} gaps between decoded frames")
    check_iframes(path.parent / "iframes.m3u8", verdict)
    return playlist


def check_iframes(path: Path, verdict: Verdict) -> None:
    if not path.is_file():
        verdict.fault(f"{path.parent.name}: no iframes.m3u8")
        return
    playlist = media_playlist(path)
    init = playlist.init.read_bytes()
    step = max(1, math.ceil(len(playlist.segments) / MOST_IFRAMES_DECODED))
    for index, segment in list(enumerate(playlist.segments))[::step]:
        offset, length = segment.byte_range or (0, 0)
        if not segment.file.is_file():
            verdict.fault(f"{path.parent.name}/{path.name}: {segment.file.name} is missing")
            continue
        with segment.file.open("rb") as file:
            file.seek(offset)
            picture = init + file.read(length)
        argv = [tool("ffmpeg"), "-v", "error", "-i", "-", "-fps_mode", "passthrough"]
        argv += ["-c:v", "wrapped_avframe", "-f", "framecrc", "-"]
        decoded = subprocess.run(argv, input=picture, capture_output=True, timeout=60)
        frames = sum(not line.startswith(b"#") for line in decoded.stdout.splitlines())
        # ffmpeg complains that the samples after the I-frame are missing: that is the point.
        where = f"{path.parent.name}/{path.name} entry {index + 1}"
        verdict.require(frames == 1, f"{where}: {frames} pictures, {last_words(decoded)}")


def check_sound(folder: Path, rendition: Rendition, picture_end: Fraction | None, verdict: Verdict) -> None:
    name = rendition.uri
    path = folder / rendition.uri
    playlist = media_playlist(path)
    decoded = decode(str(path), "0:a:0", verdict, name)
    check_samples(decoded, name, verdict)
    told = sum(segment.seconds for segment in playlist.segments)
    off = abs(decoded.span() - told)
    message = f"{float(decoded.span()):.6f} s decoded, {float(told):.6f} s declared"
    verdict.require(off < Fraction(1, 10_000), f"{name}: {message}")
    if picture_end is not None:
        frame = SAMPLES_PER_FRAME * decoded.time_base
        samples = (decoded.span() - picture_end) / decoded.time_base
        message = f"sound ends {float(samples):.1f} samples after the picture"
        verdict.require(0 <= samples * decoded.time_base < frame, f"{name}: {message}")


def check_samples(decoded: Decoded, name: str, verdict: Verdict) -> None:
    if not decoded.frames:
        verdict.fault(f"{name}: no sound decoded")
        return
    verdict.require(decoded.frames[0][0] == 0, f"{name}: sound starts at {decoded.frames[0][0]}")
    verdict.require(decoded.gaps() == 0, f"{name}: {decoded.gaps()} gaps between decoded frames")


def check_dash(folder: Path, grid: int, sizes: Iterable[tuple[int, int]], verdict: Verdict) -> None:
    """The files that the MPD names, one after the other: what a DASH client gives its decoder."""
    found = representations(folder)
    pictures = {entry.size for entry in found if entry.kind == "video"}
    verdict.require(pictures == set(sizes), f"manifest.mpd: pictures of {pictures}")
    for entry in found:
        name = f"manifest.mpd {entry.name}"
        missing = [file.name for file in entry.files if not file.is_file()]
        if missing:
            verdict.fault(f"{name}: {missing[0]} is missing")
            continue
        source = "concat:" + "|".join(str(file) for file in entry.files)
        decoded = decode(source, f"0:{entry.kind[0]}:0", verdict, name)
        verdict.require(decoded.gaps() == 0, f"{name}: {decoded.gaps()} gaps between decoded frames")
        if entry.kind == "video":
            frames = len(decoded.frames)
            verdict.require(frames == grid, f"{name}: {frames} frames decoded, expected {grid}")
        else:
            check_samples(decoded, name, verdict)


def judge(folder: Path, frames: int | None, duration: Fraction | None, verdict: Verdict) -> None:
    pictures, sounds = renditions(folder)
    grid = frames or 0
    end = None
    for rendition in pictures:
        length = sum(segment.seconds for segment in media_playlist(folder / rendition.uri).segments)
        if frames is None:
            grid = round(length * rendition.rate)
        end = grid / rendition.rate
        off = abs(length - end)
        message = f"{float(length)} s declared, {grid} frames are {float(end)} s"
        verdict.require(off < Fraction(1, 1000), f"{rendition.uri}: {message}")
        check_picture(folder, rendition, grid, verdict)
    if duration is not None and end is not None:
        verdict.require(abs(duration - end) < Fraction(1, 1000), f"{float(end)} s, expected {float(duration)}")
    for rendition in sounds:
        check_sound(folder, rendition, end, verdict)
    check_dash(folder, grid, [rendition.size for rendition in pictures], verdict)
    verdict.facts.update(frames=grid, pictures=len(pictures), sounds=len(sounds))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--frames", type=int, help="frames of the output grid")
    arguments.add_argument("--duration", type=Fraction, help="seconds")
    given = arguments.parse_args()
    conclude("decode", lambda verdict: judge(given.folder, given.frames, given.duration, verdict))
