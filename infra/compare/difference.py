"""What differs between two systems, in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from .templates import System

Json = Any


def differences(sam: System, cdk: System) -> list[str]:
    """A line for each difference, with the place where it is."""
    resources = _between(
        "",
        {name: asdict(each) for name, each in sam.resources.items()},
        {name: asdict(each) for name, each in cdk.resources.items()},
    )
    return [*resources, *_between("Outputs", sam.outputs, cdk.outputs)]


def _between(place: str, sam: Json, cdk: Json) -> Iterator[str]:
    if sam == cdk:
        return
    if isinstance(sam, Mapping) and isinstance(cdk, Mapping):
        for key in sorted({*sam, *cdk}):
            inner = f"{place}.{key}" if place else key
            if key not in cdk:
                yield f"{inner}: only in SAM: {_short(sam[key])}"
            elif key not in sam:
                yield f"{inner}: only in CDK: {_short(cdk[key])}"
            else:
                yield from _between(inner, sam[key], cdk[key])
    elif _are_lines(sam) and _are_lines(cdk) and set(sam) != set(cdk):
        yield from (f"{place}: only in SAM: {line}" for line in sam if line not in cdk)
        yield from (f"{place}: only in CDK: {line}" for line in cdk if line not in sam)
    else:
        yield f"{place}: SAM has {_short(sam)}, CDK has {_short(cdk)}"


def _are_lines(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _short(value: Json) -> str:
    text = str(value)
    return text if len(text) < 300 else f"{text[:300]}…"
