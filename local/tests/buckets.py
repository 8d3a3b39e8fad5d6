"""Twins of S3 clients."""

from __future__ import annotations

import io
import posixpath
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody


class Bucket:
    """As much of an S3 client as reads the objects of the bucket ``media``.

    It takes dot segments out of a key, as HTTP clients do with a URL's path.
    """

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def get_object(self, *, Bucket: str, Key: str, Range: str | None = None) -> dict[str, Any]:
        key = posixpath.normpath(Key)
        if Bucket != "media" or key not in self._objects:
            response = {"Error": {"Code": "NoSuchKey"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
            raise ClientError(response, "GetObject")  # type: ignore[arg-type]
        body = self._objects[key]
        answer: dict[str, Any] = {"ContentType": "application/vnd.apple.mpegurl"}
        if Range is not None:
            first, last = (int(part) for part in Range.removeprefix("bytes=").split("-"))
            answer["ContentRange"] = f"bytes {first}-{last}/{len(body)}"
            body = body[first : last + 1]
        answer["ContentLength"] = len(body)
        answer["Body"] = StreamingBody(io.BytesIO(body), len(body))
        return answer
