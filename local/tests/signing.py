"""Signed access as a viewer gets it."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

TO_SAFE = str.maketrans("+=/", "-_~")


def safe(data: bytes) -> str:
    """Base64 as it goes into a URL."""
    return base64.b64encode(data).decode().translate(TO_SAFE)


def policy(resource: str, until: float | None = None, **more: Any) -> bytes:
    """A custom policy; valid for a minute where nothing else is said."""
    end = int(time.time() + 60 if until is None else until)
    condition = {"DateLessThan": {"AWS:EpochTime": end}, **more}
    statement = {"Resource": resource, "Condition": condition}
    return json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()


def signed(
    key: ec.EllipticCurvePrivateKey, policy_text: bytes, key_id: str = "local"
) -> dict[str, str]:
    """The parts of a claim, by their names in a query."""
    return {
        "Policy": safe(policy_text),
        "Signature": safe(key.sign(policy_text, ec.ECDSA(hashes.SHA256()))),
        "Key-Pair-Id": key_id,
        "Hash-Algorithm": "SHA256",
    }


def as_cookies(parts: dict[str, str]) -> str:
    """The value of a Cookie header."""
    return "; ".join(f"CloudFront-{name}={value}" for name, value in parts.items())
