"""The page's files, with the headers that the template gives them."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from typing import Any

_NOT_BUILT = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Millrace</title>
<h1>Millrace</h1>
<p>The page is not built yet. The API is there: <a href="/api/config">/api/config</a>.
</html>
"""
_POLICY = "ContentSecurityPolicy"


class Page:
    """One document and its files, in a folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder else None

    def file(self, path: str) -> tuple[str, bytes] | None:
        """Type and content of the file at a URL's path; the document at ``/``."""
        name = path.lstrip("/") or "index.html"
        found = self._inside(name)
        if found is None:
            return ("text/html; charset=utf-8", _NOT_BUILT) if name == "index.html" else None
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        if kind.startswith("text/") or kind.endswith(("javascript", "json")):
            kind = f"{kind}; charset=utf-8"
        return kind, found.read_bytes()

    def _inside(self, name: str) -> Path | None:
        if self._folder is None or "\0" in name:
            return None
        path = (self._folder / name).resolve()
        return path if path.is_file() and path.is_relative_to(self._folder) else None


def headers(template: dict[str, Any], uploads: str) -> dict[str, str]:
    """What the distribution adds to the page. Parts go to ``uploads``; sign-in is on this origin."""
    config = template["Resources"]["PageHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    policy, _ = security[_POLICY][_POLICY]["Fn::Sub"]
    # Without HSTS: it would have browsers ask this machine by HTTPS from now on.
    return {
        "Content-Security-Policy": _filled_in(policy, {"Uploads": uploads, "Identity": ""}),
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "X-Content-Type-Options": "nosniff",
    }


def _filled_in(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], text)
