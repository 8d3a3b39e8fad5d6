"""Objects of the media bucket, whole or in ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

_PIECE = 256 * 1024
_FORWARDED = {
    "ContentType": "Content-Type",
    "ContentLength": "Content-Length",
    "ContentRange": "Content-Range",
    "CacheControl": "Cache-Control",
    "ETag": "ETag",
}


@dataclass(frozen=True)
class Found:
    """An object, or the range of it that was asked for."""

    status: HTTPStatus
    headers: dict[str, str]
    body: Any

    def pieces(self) -> Iterator[bytes]:
        """The bytes."""
        pieces: Iterator[bytes] = self.body.iter_chunks(_PIECE)
        return pieces


class Media:
    """A bucket whose objects viewers may have, if somebody lets them."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def get(self, key: str, wanted: str | None) -> Found | HTTPStatus:
        """The object; only ``wanted`` of it, a Range header. The status if there is no such."""
        part = {"Range": wanted} if wanted else {}
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key, **part)
        except ClientError as error:
            return HTTPStatus(error.response["ResponseMetadata"]["HTTPStatusCode"])
        partial = "ContentRange" in answer
        headers = {
            header: str(answer[field]) for field, header in _FORWARDED.items() if field in answer
        }
        return Found(
            HTTPStatus.PARTIAL_CONTENT if partial else HTTPStatus.OK,
            headers | {"Accept-Ranges": "bytes"},
            answer["Body"],
        )
