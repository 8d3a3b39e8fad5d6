#!/usr/bin/env python3
"""Is the MPD valid by MPEG's own schema, and does its arithmetic hold?

usage: mpd_schema.py MPD-OR-FOLDER

The schema is MPEG's (`dash/`). What it cannot express is checked here: unique ids, a timeline
without hole or overlap that ends with the presentation, tiles that fill their sheet.
"""

import argparse
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from lxml import etree

from verdict import Verdict, conclude

HERE = Path(__file__).resolve().parent
MPD = "{urn:mpeg:dash:schema:mpd:2011}"
LONGEST_AUDIO_FRAME = Fraction(2048, 44100)
"""Sound ends with its last whole frame, so it may be longer than the picture by less than this."""


class LocalXlink(etree.Resolver):
    """Gives the schema's one import from this folder instead of the network."""

    def resolve(self, url, public_id, context):
        if url.endswith("xlink.xsd"):
            return self.resolve_filename(str(HERE / "dash" / "xlink.xsd"), context)
        return None


def schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(LocalXlink())
    return etree.XMLSchema(etree.parse(str(HERE / "dash" / "DASH-MPD.xsd"), parser))


def seconds(duration: str | None) -> Fraction | None:
    """An xs:duration of days and less, exactly; None where there is none."""
    form = r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
    match = re.fullmatch(form, duration or "")
    if not match or duration in ("P", "PT"):
        return None
    days, hours, minutes, rest = (Fraction(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def inherited(representation: etree._Element, name: str) -> str | None:
    """An attribute that the AdaptationSet may give for all its Representations."""
    return representation.get(name) or representation.getparent().get(name)


def template_of(representation: etree._Element) -> etree._Element | None:
    own = representation.find(f"{MPD}SegmentTemplate")
    return own if own is not None else representation.getparent().find(f"{MPD}SegmentTemplate")


def timeline(template: etree._Element, verdict: Verdict, name: str) -> Iterator[tuple[int, int]]:
    """(start, duration) of each segment in ticks."""
    time = None
    for entry in template.iterfind(f"{MPD}SegmentTimeline/{MPD}S"):
        start = int(entry.get("t", time or 0))
        if time is not None and start != time:
            verdict.fault(f"{name}: SegmentTimeline goes from {time} to t={start}: hole or overlap")
        time = start
        duration = int(entry.get("d"))
        verdict.require(duration > 0, f"{name}: a segment of {duration} ticks")
        for _ in range(int(entry.get("r", 0)) + 1):
            yield time, duration
            time += duration


def check_caption(
    representation: etree._Element, template: etree._Element | None, verdict: Verdict, name: str
) -> None:
    """One file beside the film, in a language, for a purpose."""
    file = representation.findtext(f"{MPD}BaseURL")
    verdict.require(template is None and bool(file), f"{name}: no file of its own")
    verdict.require(bool(inherited(representation, "lang")), f"{name}: no lang")
    roles = representation.getparent().findall(f"{MPD}Role")
    verdict.require(len(roles) == 1, f"{name}: {len(roles)} roles")


def check_representation(representation: etree._Element, total: Fraction, verdict: Verdict) -> None:
    name = f"Representation {representation.get('id')}"
    mime_type = inherited(representation, "mimeType") or ""
    verdict.require(bool(mime_type), f"{name}: no mimeType")
    verdict.require(int(representation.get("bandwidth", 0)) > 0, f"{name}: no bandwidth")
    template = template_of(representation)
    if mime_type == "text/vtt":
        check_caption(representation, template, verdict, name)
        return
    if template is None:
        verdict.fault(f"{name}: no SegmentTemplate")
        return
    timescale = int(template.get("timescale", 1))
    if mime_type.startswith("image/"):
        check_tiles(representation, template, total, verdict, name)
        return

    verdict.require(bool(inherited(representation, "codecs")), f"{name}: no codecs")
    verdict.require("initialization" in template.attrib, f"{name}: no initialization")
    if mime_type.startswith("video/"):
        for needed in ("width", "height", "frameRate"):
            verdict.require(bool(inherited(representation, needed)), f"{name}: no {needed}")
    segments = list(timeline(template, verdict, name))
    if not segments:
        verdict.fault(f"{name}: no SegmentTimeline")
        return
    offset = int(template.get("presentationTimeOffset", 0))
    verdict.require(segments[0][0] == offset, f"{name}: the first segment starts at {segments[0][0]}")
    end = Fraction(sum(segments[-1]) - offset, timescale)
    longer = end - total
    latest = LONGEST_AUDIO_FRAME if mime_type.startswith("audio/") else Fraction(1, 1000)
    if not -Fraction(1, 1000) <= longer < latest:
        message = f"the timeline ends at {float(end):.6f} s, the presentation at {float(total):.6f} s"
        verdict.fault(f"{name}: {message}")
    counter = re.search(r"\$(Number|Time)(%0\d+d)?\$", template.get("media", ""))
    verdict.require(counter is not None, f"{name}: media names no $Number$ or $Time$")


def check_tiles(
    representation: etree._Element,
    template: etree._Element,
    total: Fraction,
    verdict: Verdict,
    name: str,
) -> None:
    """The storyboard: sheets of tiles (DASH-IF IOP 4.3, 6.2.6)."""
    scheme = "http://dashif.org/guidelines/thumbnail_tile"
    properties = [
        entry
        for parent in (representation, representation.getparent())
        for entry in parent.iterfind(f"{MPD}EssentialProperty")
        if entry.get("schemeIdUri") == scheme
    ]
    if len(properties) != 1:
        verdict.fault(f"{name}: {len(properties)} properties {scheme}")
        return
    columns, _, rows = (properties[0].get("value") or "").partition("x")
    if not (columns.isdigit() and rows.isdigit() and int(columns) and int(rows)):
        verdict.fault(f"{name}: tiles '{properties[0].get('value')}' instead of COLUMNSxROWS")
        return
    width, height = int(representation.get("width", 0)), int(representation.get("height", 0))
    fits = width > 0 and height > 0 and width % int(columns) == 0 and height % int(rows) == 0
    verdict.require(fits, f"{name}: {columns}x{rows} tiles do not fill a sheet of {width}x{height}")
    timescale = int(template.get("timescale", 1))
    segments = list(timeline(template, verdict, name))
    if segments:
        covered = Fraction(sum(segments[-1]), timescale)
        verdict.require(covered >= total, f"{name}: the sheets end at {float(covered):.3f} s")
    else:
        verdict.require(int(template.get("duration", 0)) > 0, f"{name}: a sheet has no duration")


def judge(source: Path, verdict: Verdict) -> None:
    path = source / "manifest.mpd" if source.is_dir() else source
    try:
        document = etree.parse(str(path))
    except etree.XMLSyntaxError as error:
        verdict.fault(f"not well-formed: {error}")
        return
    rules = schema()
    if not rules.validate(document):
        for error in rules.error_log:
            verdict.fault(f"schema, line {error.line}: {error.message[:300]}")
        return

    root = document.getroot()
    verdict.require(root.get("type", "static") == "static", "the MPD is not static")
    total = seconds(root.get("mediaPresentationDuration"))
    if total is None:
        verdict.fault("no mediaPresentationDuration")
        return
    representations = list(root.iter(f"{MPD}Representation"))
    verdict.require(bool(representations), "no Representation")
    names = [entry.get("id") for entry in representations]
    for name in sorted({name for name in names if names.count(name) > 1}):
        verdict.fault(f"Representation@id {name} is not unique")
    for adaptation_set in root.iter(f"{MPD}AdaptationSet"):
        kind = adaptation_set.get("contentType")
        verdict.require(bool(kind), "an AdaptationSet has no contentType")
        roles = [role.get("value") for role in adaptation_set.iterfind(f"{MPD}Role")]
        verdict.require(kind == "image" or bool(roles), f"the AdaptationSet of {kind} has no Role")
    for representation in representations:
        check_representation(representation, total, verdict)
    verdict.facts.update(duration=float(total), representations=names)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("source", type=Path, help="an MPD, or a folder with manifest.mpd")
    parsed = arguments.parse_args()
    conclude("mpd_schema", lambda verdict: judge(parsed.source, verdict))
