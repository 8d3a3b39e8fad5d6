"""Serves the media bucket on loopback to whoever is on this machine, for tests and the demo.

Viewers have to show a signature at the edge, as on AWS. What judges streams has none. ``GET
/assets/…/`` is a page with a player, any other path under ``/assets/`` is the object, with byte
ranges and for every origin.
"""

from __future__ import annotations

import html
import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from .edge.media import Media
from .ports import LOOPBACK

log = logging.getLogger("player")

# Chromium, Edge and Safari play HLS by themselves. Others get the addresses.
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Millrace</title>
<style>
  :root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
  body {{ margin: 0 auto; max-width: 72rem; padding: 1rem; }}
  video {{ background: #000; border-radius: .5rem; max-height: 80vh; width: 100%; }}
  code {{ overflow-wrap: anywhere; }}
</style>
<h1>Millrace</h1>
<video controls autoplay muted playsinline poster="thumbs/poster.jpg">
  <source src="index.m3u8" type="application/vnd.apple.mpegurl">
</video>
<p>Chromium, Edge and Safari play this page. Any other player takes one of</p>
<ul>
  <li>HLS: <a href="index.m3u8"><code>{base}index.m3u8</code></a>
  <li>DASH: <a href="manifest.mpd"><code>{base}manifest.mpd</code></a>
</ul>
</html>
"""


class Player:
    """The server; ends with its process."""

    def __init__(self, media: Media) -> None:
        handler = type("Handler", (_Handler,), {"media": media})
        self._server = ThreadingHTTPServer((LOOPBACK, 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Base URL, with a slash at the end."""
        return f"http://{LOOPBACK}:{self._server.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    media: Media

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/")
        if not path.startswith("assets/"):
            self._refuse(HTTPStatus.NOT_FOUND)
        elif path.endswith("/"):
            self._page()
        else:
            self._object(path)

    def _page(self) -> None:
        base = html.escape(f"http://{self.headers.get('Host', '')}{urlsplit(self.path).path}")
        body = _PAGE.format(base=base).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _object(self, key: str) -> None:
        found = self.media.get(key, self.headers.get("Range"))
        if isinstance(found, HTTPStatus):
            self._refuse(found)
            return
        self.send_response(found.status)
        for name, value in found.headers.items():
            self.send_header(name, value)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        for piece in found.pieces():
            self.wfile.write(piece)

    def _refuse(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)
