#!/usr/bin/env python3
"""Is every picture its own source picture, and is the sound whole and in time?

usage: picture.py FOLDER SOURCE

Pictures: source frames are put on the output grid by the arithmetic of the plan (frame n shows the
last source frame whose time rounds to n or less). Small grey copies of them are compared with those
of every decoded frame of every rung, and with the neighbours: a frame that looks more like another
one is in the wrong place, and so is a rung that fits better when it is shifted as a whole.

Sound: source and output are cross-correlated near the start, the middle and the end; the lag must
stay under 5 ms everywhere. Every tenth of a second that is heard in the source is heard in the output.
"""

import argparse
import math
import tempfile
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from operator import mul, sub
from pathlib import Path

from manifest import Rendition, renditions
from verdict import CannotRun, Verdict, conclude, last_words, run, tool

WIDTH, HEIGHT = 32, 18
THUMBNAIL = WIDTH * HEIGHT
# Luma as it is coded, in limited range: what a scaler of colours would do to it is no matter.
SCALED = f"scale={WIDTH}:{HEIGHT}:flags=area+accurate_rnd+bitexact:out_range=tv"
GREY = f"{SCALED},format=yuv420p,extractplanes=y"

WORST_DIFFERENCE = 8.0
"""Mean difference in levels of grey that compression and scaling may make; another scene is far above."""
TYPICAL_DIFFERENCE = 2.0
"""Mean over a rung. More means that all pictures are darker, brighter or converted to other colours."""
CLEARLY_CLOSER = 0.6
"""A neighbour fits better when its difference is below this part of the frame's own…"""
NOISE = 0.25
"""…and below it by more than this many levels: between still pictures there is nothing to tell."""
SHIFTS = (-2, -1, 1, 2)

SEARCH_RATE = 4_000
SEARCH_REACH = SEARCH_RATE // 10
MOST_LAG_SECONDS = 0.005
LEVEL_RATE = 16_000
WINDOW = LEVEL_RATE // 10
AUDIBLE = 100
"""Root mean square of 16-bit samples, about -50 dB of full scale."""
DELIVERED_RATE = 48_000
SAMPLES_PER_FRAME = 1024


# ---- Pictures


@dataclass(frozen=True)
class SourcePictures:
    """Shown frames in the order of their times."""

    times: list[Fraction]
    """Seconds."""
    thumbnails: list[bytes]

    @property
    def origin(self) -> Fraction:
        return self.times[0]

    def at(self, frame: int, slots: list[int]) -> int:
        """Which source frame the grid shows as its frame `frame`."""
        return max(0, bisect_right(slots, frame) - 1)

    def slots(self, rate: Fraction) -> list[int]:
        """Output frame that each source frame begins with: its time on the grid, half rounded up."""
        half = Fraction(1, 2)
        return [math.floor((time - self.origin) * rate + half) for time in self.times]


def split(raw: bytes) -> list[bytes]:
    return [raw[start : start + THUMBNAIL] for start in range(0, len(raw), THUMBNAIL)]


def source_pictures(source: Path) -> SourcePictures:
    with tempfile.TemporaryDirectory() as folder:
        times, grey = Path(folder, "times"), Path(folder, "grey")
        argv = [tool("ffmpeg"), "-nostdin", "-v", "error", "-copyts", "-i", str(source)]
        argv += ["-map", "0:v:0", "-fps_mode", "passthrough", "-enc_time_base", "demux"]
        argv += ["-c:v", "wrapped_avframe", "-f", "framecrc", str(times)]
        argv += ["-map", "0:v:0", "-fps_mode", "passthrough", "-vf", GREY, "-f", "rawvideo", str(grey)]
        decoded = run(argv)
        if not times.is_file() or not grey.is_file():
            raise CannotRun(f"{source} cannot be decoded: {last_words(decoded)}")
        lines = times.read_text().splitlines()
        thumbnails = split(grey.read_bytes())
    (time_base,) = (Fraction(line.partition(":")[2].strip()) for line in lines if line[:3] == "#tb")
    ticks = [int(line.split(",")[2]) for line in lines if not line.startswith("#")]
    if not ticks or len(ticks) != len(thumbnails):
        raise CannotRun(f"{source}: {len(ticks)} times for {len(thumbnails)} pictures")
    ordered = sorted(zip(ticks, thumbnails), key=lambda pair: pair[0])
    return SourcePictures([tick * time_base for tick, _ in ordered], [grey for _, grey in ordered])


def rung_pictures(playlist: Path) -> list[bytes]:
    argv = [tool("ffmpeg"), "-nostdin", "-v", "error", "-i", str(playlist), "-map", "0:v:0"]
    decoded = run([*argv, "-fps_mode", "passthrough", "-vf", GREY, "-f", "rawvideo", "-"])
    return split(decoded.stdout)


def difference(one: bytes, other: bytes) -> float:
    """Mean difference in levels of grey."""
    return sum(map(abs, map(sub, one, other))) / THUMBNAIL


def check_rung(folder: Path, rung: Rendition, source: SourcePictures, verdict: Verdict) -> None:
    slots = source.slots(rung.rate)
    shown = rung_pictures(folder / rung.uri)
    if not shown:
        verdict.fault(f"{rung.uri}: no picture")
        return
    last = len(source.thumbnails) - 1
    totals = dict.fromkeys((0, *SHIFTS), 0.0)
    wrong: list[str] = []
    worst = 0.0
    for frame, picture in enumerate(shown):
        own = source.at(frame, slots)
        fits = {}
        for shift in totals:
            candidate = min(max(own + shift, 0), last)
            fits[shift] = difference(picture, source.thumbnails[candidate])
            totals[shift] += fits[shift]
        worst = max(worst, fits[0])
        best = min(fits, key=fits.__getitem__)
        if fits[0] > WORST_DIFFERENCE:
            wrong.append(f"frame {frame} is not source frame {own} (difference {fits[0]:.1f})")
        elif fits[best] < CLEARLY_CLOSER * fits[0] - NOISE:
            values = f"{fits[best]:.2f} against {fits[0]:.2f}"
            wrong.append(f"frame {frame} shows source frame {own + best} instead of {own} ({values})")
    if wrong:
        verdict.fault(f"{rung.uri}: {len(wrong)} frames in the wrong place: {wrong[0]}")
    best = min(totals, key=totals.__getitem__)
    if best and totals[best] < 0.9 * totals[0]:
        verdict.fault(f"{rung.uri}: the picture as a whole is {best:+} source frames off")
    mean = totals[0] / len(shown)
    verdict.require(mean <= TYPICAL_DIFFERENCE, f"{rung.uri}: the levels have changed ({mean:.2f})")
    verdict.facts[rung.uri] = {
        "frames": len(shown),
        "mean_difference": round(mean, 2),
        "worst_difference": round(worst, 2),
    }


# ---- Sound


def samples(source: Path, rate: int, filters: str = "anull") -> array:
    """Mono samples of 16 bits. More than two channels are mixed to two first, as the encoder does."""
    graph = f"{filters},aformat=channel_layouts=stereo|mono"
    argv = [tool("ffmpeg"), "-nostdin", "-v", "error", "-copyts", "-i", str(source), "-map", "0:a:0"]
    decoded = run([*argv, "-af", graph, "-ac", "1", "-ar", str(rate), "-f", "s16le", "-"])
    heard = array("h")
    heard.frombytes(decoded.stdout[: len(decoded.stdout) // 2 * 2])
    return heard


def source_samples(source: Path, rate: int, origin: Fraction | None) -> array:
    """The source's sound from the picture's first frame on; from its own start without a picture."""
    if origin is None:
        return samples(source, rate)
    shift = f"asetpts=PTS-({origin.numerator}/{origin.denominator})/TB"
    return samples(source, rate, f"{shift},aresample=async=1:first_pts=0:min_hard_comp=0.1")


def dot(one: array, other: array) -> int:
    return sum(map(mul, one, other))


def correlation(one: array, other: array) -> float:
    size = math.sqrt(dot(one, one) * dot(other, other))
    return dot(one, other) / size if size else 0.0


def loudness(heard: array) -> float:
    return math.sqrt(dot(heard, heard) / len(heard)) if heard else 0.0


def lag_at(source: array, output: array, start: int, length: int) -> tuple[float, float] | None:
    """Seconds by which the output is late around `start`, and how well it fits; None in silence.

    A tone fits again after each period: of the lags that fit (nearly) best, the smallest counts.
    """
    window = source[start : start + length]
    if loudness(window) < AUDIBLE:
        return None
    fits = {
        lag: correlation(window, output[start + lag : start + lag + length])
        for lag in range(-SEARCH_REACH, SEARCH_REACH + 1)
    }
    best = max(fits.values())
    lag = min((lag for lag, fit in fits.items() if fit >= 0.98 * best), key=abs)
    return lag / SEARCH_RATE, best


def check_sound(
    folder: Path, sound: Rendition, source: Path, origin: Fraction | None, verdict: Verdict
) -> None:
    expected = source_samples(source, SEARCH_RATE, origin)
    output = samples(folder / sound.uri, SEARCH_RATE)
    common = min(len(expected), len(output))
    length = min(2 * SEARCH_RATE, common - 2 * SEARCH_REACH)
    if length < SEARCH_RATE // 5:
        verdict.facts[sound.uri] = "too short to compare"
        return
    places = {
        "start": SEARCH_REACH,
        "middle": (common - length) // 2,
        "end": common - length - SEARCH_REACH,
    }
    lags = {name: lag_at(expected, output, start, length) for name, start in places.items()}
    for name, found in lags.items():
        if found is None:
            continue
        lag, fit = found
        message = f"{sound.uri}: at the {name} the sound is {1000 * lag:+.2f} ms off (fit {fit:.2f})"
        verdict.require(abs(lag) < MOST_LAG_SECONDS, message)
        verdict.require(fit > 0.5, f"{sound.uri}: at the {name} it is another sound (fit {fit:.2f})")

    lost = lost_windows(folder, sound, source, origin)
    moments = ", ".join(f"{index * WINDOW / LEVEL_RATE:.1f} s" for index in lost[:5])
    verdict.require(not lost, f"{sound.uri}: sound is missing or another at {moments}")
    if origin is None:
        check_length(folder, sound, source, verdict)
    verdict.facts[sound.uri] = {
        "lag_ms": {name: found and round(1000 * found[0], 2) for name, found in lags.items()}
    }


def lost_windows(folder: Path, sound: Rendition, source: Path, origin: Fraction | None) -> list[int]:
    """Tenths of a second that are heard in the source, and in the output are not, or are others."""
    expected = source_samples(source, LEVEL_RATE, origin)
    output = samples(folder / sound.uri, LEVEL_RATE)
    lost = []
    for index in range(len(expected) // WINDOW):
        span = slice(index * WINDOW, (index + 1) * WINDOW)
        wanted, got = expected[span], output[span]
        if loudness(wanted) < AUDIBLE or (len(got) < WINDOW and origin is not None):
            continue  # with a picture, sound ends where the picture does
        if loudness(got) < loudness(wanted) / 4 or correlation(wanted[: len(got)], got) < 0.5:
            lost.append(index)
    return lost


def check_length(folder: Path, sound: Rendition, source: Path, verdict: Verdict) -> None:
    """Without a picture the sound is as long as the source's, filled up to a whole AAC frame."""
    more = len(samples(folder / sound.uri, DELIVERED_RATE)) - len(samples(source, DELIVERED_RATE))
    whole = -2 <= more < SAMPLES_PER_FRAME + 2
    verdict.require(whole, f"{sound.uri}: {more} samples more than the source")


def judge(folder: Path, source: Path, verdict: Verdict) -> None:
    pictures, sounds = renditions(folder)
    origin = None
    if pictures:
        shown = source_pictures(source)
        origin = shown.origin
        for rung in pictures:
            check_rung(folder, rung, shown, verdict)
    for sound in sounds:
        check_sound(folder, sound, source, origin, verdict)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("source", type=Path)
    given = arguments.parse_args()
    conclude("picture", lambda verdict: judge(given.folder, given.source, verdict))
