"""Good output made bad, one fault at a time. Each mutation names the oracles that must notice it.

A check that cannot fail is a defect; `selftest.py` runs every oracle on what is made here.
"""

import re
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from verdict import CannotRun, last_words, run, tool

RULES, SCHEMA, DECODE, PICTURE, STORYBOARD = "rules", "schema", "decode", "picture", "storyboard"
PLAY = "play"


@dataclass(frozen=True)
class Mutation:
    name: str
    noticed_by: tuple[str, ...]
    apply: Callable[["Output"], None]


class Output:
    """A copy of an output folder that may be damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rungs = sorted((folder / "v").iterdir(), key=lambda rung: int(rung.name.rstrip("p")))
        sounds = sorted((folder / "a").iterdir())
        if len(rungs) < 2 or not sounds or len(list(rungs[0].glob("*.m4s"))) < 3:
            raise CannotRun(f"{folder} needs two rungs, sound, and three segments to be mutated")
        self.rung, self.other_rung = rungs[:2]
        self.sound = sounds[0]
        self.multivariant = folder / "index.m3u8"
        self.mpd = folder / "manifest.mpd"
        self.vtt = folder / "thumbs" / "storyboard.vtt"

    @property
    def playlist(self) -> Path:
        return self.rung / "index.m3u8"

    def segment(self, number: int) -> Path:
        return self.rung / f"{number:05}.m4s"

    def sound_segment(self, number: int) -> Path:
        return self.sound / f"{number:05}.m4s"


def change(file: Path, pattern: str, replacement: str, count: int = 1) -> None:
    """Replaces text; what is to be replaced must be there."""
    text = file.read_text(encoding="utf-8")
    changed = re.sub(pattern, replacement, text, count=count, flags=re.DOTALL)
    if changed == text:
        raise CannotRun(f"{file.name} has no {pattern}")
    file.write_text(changed, encoding="utf-8")


def scale_number(file: Path, pattern: str, factor: float) -> None:
    """Multiplies the number that the first group of the pattern's first match holds."""
    text = file.read_text(encoding="utf-8")
    match = re.search(pattern, text)
    if not match:
        raise CannotRun(f"{file.name} has no {pattern}")
    number = str(round(int(match[1]) * factor))
    file.write_text(text[: match.start(1)] + number + text[match.end(1) :], encoding="utf-8")


# ---- Boxes


def find_box(data: bytes, path: list[str], start: int = 0, end: int | None = None) -> tuple[int, int]:
    """Offset and size of the first box at a path."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if kind.decode("latin-1") == path[0]:
            if len(path) == 1:
                return start, size
            return find_box(data, path[1:], start + 8, start + size)
        start += max(size, 8)
    raise CannotRun(f"no box {'/'.join(path)}")


def edit(file: Path, path: list[str], change_box: Callable[[bytearray, int], None]) -> None:
    """Changes bytes of a box; `change_box` gets the file and the offset of the box's payload."""
    data = bytearray(file.read_bytes())
    offset, _ = find_box(data, path)
    change_box(data, offset + 8)
    file.write_bytes(data)


def shift_time(file: Path, ticks: int) -> None:
    """Moves the first fragment in time."""

    def shift(data: bytearray, payload: int) -> None:
        form = ">Q" if data[payload] == 1 else ">I"
        (time,) = struct.unpack_from(form, data, payload + 4)
        struct.pack_into(form, data, payload + 4, time + ticks)

    edit(file, ["moof", "traf", "tfdt"], shift)


def frame_ticks(output: Output) -> int:
    data = output.segment(1).read_bytes()
    offset, _ = find_box(data, ["moof", "traf", "tfhd"])
    # version and flags, track_ID, default_sample_duration
    (ticks,) = struct.unpack_from(">I", data, offset + 16)
    return ticks


def drop_edit_list(output: Output) -> None:
    def forget(data: bytearray, payload: int) -> None:
        struct.pack_into(">i", data, payload + 12, 0)

    edit(output.rung / "init.mp4", ["moov", "trak", "edts", "elst"], forget)


def unmark_sync_sample(output: Output) -> None:
    def unmark(data: bytearray, payload: int) -> None:
        flags = int.from_bytes(data[payload + 1 : payload + 4], "big")
        # version and flags, sample_count, data_offset; then the first sample's fields in order.
        first = payload + 12
        if flags & 0x4:
            struct.pack_into(">I", data, first, 0x01010000)
            return
        skipped = 4 * bool(flags & 0x100) + 4 * bool(flags & 0x200)
        struct.pack_into(">I", data, first + skipped, 0x01010000)

    edit(output.segment(2), ["moof", "traf", "trun"], unmark)


def corrupt(output: Output) -> None:
    file = output.segment(2)
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    for offset in range(middle, middle + min(4000, len(data) // 8)):
        data[offset] ^= 0xA5
    file.write_bytes(data)


def truncate(output: Output) -> None:
    file = output.segment(2)
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


# ---- Content that decodes well and is wrong


def encode_again(folder: Path, *filters: str) -> None:
    """Replaces a rendition by its own content, filtered: a clean track with the wrong content."""
    made = folder / "made"
    made.mkdir()
    argv = [tool("ffmpeg"), "-nostdin", "-v", "error", "-i", str(folder / "index.m3u8"), *filters]
    argv += ["-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"]
    argv += ["-hls_fmp4_init_filename", "init.mp4", "-hls_segment_filename", str(made / "%05d.m4s")]
    encoded = run([*argv, str(made / "index.m3u8")])
    if encoded.returncode:
        raise CannotRun(f"the content cannot be changed: {last_words(encoded)}")
    for file in folder.iterdir():
        if file.is_file():
            file.unlink()
    for file in made.iterdir():
        shutil.move(str(file), str(folder / file.name))
    made.rmdir()


def filter_picture(filters: str) -> Callable[[Output], None]:
    encoder = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "16", "-bf", "0")
    return lambda output: encode_again(output.rung, "-vf", filters, *encoder)


def filter_sound(filters: str) -> Callable[[Output], None]:
    return lambda output: encode_again(output.sound, "-af", filters, "-c:a", "flac", "-strict", "-2")


def blacken_poster(output: Output) -> None:
    argv = [tool("ffmpeg"), "-y", "-v", "error", "-f", "lavfi", "-i", "color=black:s=320x180"]
    run([*argv, "-frames:v", "1", "-update", "1", str(output.folder / "thumbs" / "poster.jpg")])


def swap_tiles(output: Output) -> None:
    """The first and the last tile in each other's place."""
    text = output.vtt.read_text(encoding="utf-8")
    payloads = re.findall(r"\n([^\n]+#xywh=[^\n]+)", text)
    first, last = payloads[0], payloads[-1]
    text = text.replace(first, "@").replace(last, first).replace("@", last)
    output.vtt.write_text(text, encoding="utf-8")


def delete_sheet(output: Output) -> None:
    (output.folder / "thumbs" / "storyboard-001.jpg").unlink()


MUTATIONS = [
    # Files
    Mutation("segment deleted", (RULES, DECODE, PLAY), lambda o: o.segment(2).unlink()),
    Mutation("sound segment deleted", (RULES, DECODE, PLAY), lambda o: o.sound_segment(2).unlink()),
    Mutation("segments swapped", (RULES, DECODE, PICTURE), lambda o: swap(o.segment(2), o.segment(3))),
    Mutation(
        "segment repeated",
        (RULES, DECODE, PICTURE),
        lambda o: shutil.copy(o.segment(1), o.segment(2)),
    ),
    Mutation("segment truncated", (RULES, DECODE), truncate),
    Mutation("segment corrupt", (DECODE,), corrupt),
    Mutation(
        "init segment of another rung",
        (RULES, DECODE, PLAY),
        lambda o: shutil.copy(o.other_rung / "init.mp4", o.rung / "init.mp4"),
    ),
    Mutation(
        "file that nothing names",
        (RULES,),
        lambda o: shutil.copy(o.segment(1), o.segment(99999)),
    ),
    Mutation("I-frame playlist deleted", (RULES, DECODE), lambda o: (o.rung / "iframes.m3u8").unlink()),
    # Boxes
    Mutation(
        "a segment one frame late",
        (RULES, DECODE),
        lambda o: shift_time(o.segment(2), frame_ticks(o)),
    ),
    Mutation(
        "a segment one tick late",
        (RULES, DECODE),
        lambda o: shift_time(o.segment(2), 1),
    ),
    Mutation(
        "a sound segment one frame late",
        (RULES, DECODE),
        lambda o: shift_time(o.sound_segment(2), 1024),
    ),
    Mutation("no edit", (RULES, DECODE), drop_edit_list),
    Mutation("segment without a sync sample", (RULES,), unmark_sync_sample),
    # Multivariant playlist
    Mutation("wrong CODECS", (RULES,), lambda o: change(o.multivariant, r"avc1\.64", "avc1.4d")),
    Mutation(
        "CODECS without sound",
        (RULES,),
        lambda o: change(o.multivariant, r',mp4a\.40\.2"', '"'),
    ),
    Mutation(
        "low BANDWIDTH",
        (RULES,),
        lambda o: scale_number(o.multivariant, r"STREAM-INF:(?:[^\n]*,)?BANDWIDTH=(\d+)", 0.97),
    ),
    Mutation(
        "high BANDWIDTH",
        (RULES,),
        lambda o: scale_number(o.multivariant, r"STREAM-INF:(?:[^\n]*,)?BANDWIDTH=(\d+)", 1.2),
    ),
    Mutation(
        "low AVERAGE-BANDWIDTH",
        (RULES,),
        lambda o: scale_number(o.multivariant, r"AVERAGE-BANDWIDTH=(\d+)", 0.8),
    ),
    Mutation(
        "wrong RESOLUTION",
        (RULES, DECODE, PLAY),
        lambda o: scale_number(o.multivariant, r"STREAM-INF:[^\n]*RESOLUTION=(\d+)x", 1.1),
    ),
    Mutation(
        "wrong FRAME-RATE",
        (RULES, DECODE),
        lambda o: change(o.multivariant, r"FRAME-RATE=[\d.]+", "FRAME-RATE=48.000"),
    ),
    Mutation(
        "no DEFAULT sound",
        (RULES,),
        lambda o: change(o.multivariant, "DEFAULT=YES", "DEFAULT=NO"),
    ),
    Mutation(
        "no EXT-X-INDEPENDENT-SEGMENTS",
        (RULES,),
        lambda o: change(o.multivariant, "#EXT-X-INDEPENDENT-SEGMENTS\n", ""),
    ),
    Mutation(
        "no I-frame stream",
        (RULES,),
        lambda o: change(o.multivariant, r"#EXT-X-I-FRAME-STREAM-INF[^\n]*\n", ""),
    ),
    # Media playlists
    Mutation("no EXT-X-ENDLIST", (RULES,), lambda o: change(o.playlist, "#EXT-X-ENDLIST\n", "")),
    Mutation("not VOD", (RULES,), lambda o: change(o.playlist, "#EXT-X-PLAYLIST-TYPE:VOD\n", "")),
    Mutation(
        "TARGETDURATION too small",
        (RULES,),
        lambda o: change(o.playlist, r"TARGETDURATION:\d+", "TARGETDURATION:3"),
    ),
    Mutation(
        "EXT-X-VERSION too low",
        (RULES,),
        lambda o: change(o.playlist, r"EXT-X-VERSION:\d+", "EXT-X-VERSION:3"),
    ),
    Mutation("no EXT-X-MAP", (RULES,), lambda o: change(o.playlist, r"#EXT-X-MAP[^\n]*\n", "")),
    Mutation(
        "EXTINF a millisecond off",
        (RULES,),
        lambda o: change(o.playlist, r"#EXTINF:(\d+\.\d\d)\d+,", r"#EXTINF:\g<1>9,"),
    ),
    Mutation(
        "segment not listed",
        (RULES, DECODE),
        lambda o: change(o.playlist, r"#EXTINF:[^\n]*\n00002\.m4s\n", ""),
    ),
    Mutation(
        "I-frame range one byte off",
        (RULES, DECODE),
        lambda o: change(o.rung / "iframes.m3u8", r"BYTERANGE:(\d+)@24\n", r"BYTERANGE:\g<1>@25\n"),
    ),
    Mutation(
        "I-frame range too short",
        (RULES,),
        lambda o: scale_number(o.rung / "iframes.m3u8", r"BYTERANGE:(\d+)@", 0.9),
    ),
    # MPD
    Mutation("MPD against the schema", (SCHEMA,), lambda o: change(o.mpd, "<Period", "<Periods/><Period")),
    Mutation("MPD without minBufferTime", (SCHEMA,), lambda o: change(o.mpd, r' minBufferTime="[^"]*"', "")),
    Mutation(
        "MPD that lasts longer",
        (SCHEMA, RULES, PLAY),
        lambda o: change(o.mpd, r'mediaPresentationDuration="PT[^"]*"', 'mediaPresentationDuration="PT99S"'),
    ),
    Mutation(
        "MPD with a hole",
        (SCHEMA,),
        lambda o: change(o.mpd, r"<S ([^/]*)/>", r'<S \1/><S t="1" d="1"/>'),
    ),
    Mutation(
        "MPD segment too long",
        (SCHEMA, RULES),
        lambda o: scale_number(o.mpd, r'<S [^/]*\bd="(\d+)"', 1.1),
    ),
    Mutation("MPD with wrong codecs", (RULES,), lambda o: change(o.mpd, r"avc1\.64", "avc1.4d")),
    Mutation(
        "MPD with low bandwidth",
        (RULES,),
        lambda o: scale_number(o.mpd, r'bandwidth="(\d+)"', 0.9),
    ),
    Mutation(
        "MPD with wrong size",
        (RULES, DECODE),
        lambda o: scale_number(o.mpd, r'<Representation[^>]*\bheight="(\d+)"', 1.1),
    ),
    Mutation(
        "MPD without a rung",
        (RULES, DECODE),
        lambda o: change(o.mpd, r"<Representation\b[^>]*?(/>|(?<!/)>.*?</Representation>)", ""),
    ),
    Mutation(
        "MPD with the same id twice",
        (SCHEMA,),
        lambda o: change(o.mpd, rf'id="{o.other_rung.name}"', f'id="{o.rung.name}"'),
    ),
    # Storyboard
    Mutation("tiles swapped", (STORYBOARD,), swap_tiles),
    Mutation("sheet deleted", (STORYBOARD,), delete_sheet),
    Mutation(
        "tile outside its sheet",
        (STORYBOARD,),
        lambda o: change(o.vtt, r"#xywh=\d+,", "#xywh=9000,"),
    ),
    Mutation(
        "gap between cues",
        (STORYBOARD,),
        lambda o: change(o.vtt, r"(-->.*?\n00:00:\d\d)\.\d{3} -->", r"\1.999 -->"),
    ),
    Mutation(
        "last cue missing",
        (STORYBOARD,),
        lambda o: change(o.vtt, r"\n[^\n]* --> [^\n]*\n[^\n]*\n*\Z", "\n"),
    ),
    Mutation("black poster", (STORYBOARD,), blacken_poster),
    Mutation(
        "image playlist deleted",
        (RULES,),
        lambda o: (o.folder / "thumbs" / "images.m3u8").unlink(),
    ),
    Mutation(
        "image playlist too short",
        (RULES,),
        lambda o: change(o.folder / "thumbs" / "images.m3u8", r"#EXTINF:\d+", "#EXTINF:1"),
    ),
    Mutation(
        "sheet that is no JPEG",
        (RULES, STORYBOARD),
        lambda o: (o.folder / "thumbs" / "storyboard-001.jpg").write_text("no JPEG"),
    ),
    # Content
    Mutation(
        "pictures one frame early",
        (PICTURE,),
        filter_picture("trim=start_frame=1,setpts=PTS-STARTPTS,tpad=stop=1:stop_mode=clone"),
    ),
    Mutation(
        "one frame shown twice",
        (PICTURE,),
        filter_picture("split[a][b];[a][b]freezeframes=first=40:last=40:replace=39"),
    ),
    Mutation("picture brighter", (PICTURE,), filter_picture("lutyuv=y=val+4")),
    Mutation("sound 6 ms late", (PICTURE,), filter_sound("adelay=6:all=1")),
    Mutation(
        "sound that drifts",
        (PICTURE,),
        filter_sound("asetrate=48000*1.001,aresample=48000"),
    ),
    Mutation("a hole in the sound", (PICTURE,), filter_sound("volume=0:enable='between(t,3,3.25)'")),
]
