"""The origin on loopback: what a distribution of CloudFront is on AWS.

One address for the page, the API and media. Page and media come with what the distribution adds and
asks for; the API, and the emulator's own sign-in, are passed through.
"""

from __future__ import annotations

from .server import Backend, Edge

__all__ = ["Backend", "Edge"]
