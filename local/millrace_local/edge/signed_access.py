"""Who may have a media object: what CloudFront asks of a signed query or of signed cookies.

A *custom policy* names a resource, by URL with wildcards, and until when it may be had. Its text,
its signature and the key's name travel as query parameters or as cookies; a query comes first.

Left out are canned policies (``Expires``) and conditions on addresses: nothing here makes them, and
what has them is refused.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_COOKIE_PREFIX = "CloudFront-"
# What is not safe in a URL or a cookie, and what stands for it.
_FROM_SAFE = str.maketrans("-_~", "+=/")
_CONDITIONS = {"DateLessThan", "DateGreaterThan"}


class Refused(Exception):
    """No access, in CloudFront's words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    def body(self) -> bytes:
        """What CloudFront answers with."""
        text = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def access_denied() -> Refused:
    """For whoever has a policy that does not let him in."""
    return Refused("AccessDenied", "Access denied")


@dataclass(frozen=True)
class Claim:
    """What a viewer shows."""

    policy: str
    signature: str
    key_id: str
    hash_algorithm: str

    @classmethod
    def of(cls, query: Mapping[str, str], cookies: Mapping[str, str]) -> Claim:
        """The viewer's claim, of a query if that has one, else of cookies.

        Raises:
            Refused: there is none.
        """
        prefix, shown = ("", query) if "Signature" in query else (_COOKIE_PREFIX, cookies)
        parts = {
            name: shown.get(f"{prefix}{name}", "")
            for name in ("Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
        }
        if not parts["Key-Pair-Id"]:
            raise Refused("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
        if not (parts["Policy"] and parts["Signature"]):
            raise access_denied()
        return cls(
            parts["Policy"], parts["Signature"], parts["Key-Pair-Id"], parts["Hash-Algorithm"]
        )


class Gate:
    """Lets viewers in whose policy one of the keys has signed."""

    def __init__(self, public_keys: Mapping[str, str]) -> None:
        """Trusts these keys, each by its name."""
        self._keys = {name: _public_key(text) for name, text in public_keys.items()}

    def check(self, claim: Claim, url: str, now: float) -> None:
        """Returns if the claim opens ``url``, which has no signed parameters, at ``now``.

        Raises:
            Refused: it does not.
        """
        key = self._keys.get(claim.key_id)
        if key is None:
            raise Refused("InvalidKey", "Unknown Key")
        policy = _decoded(claim.policy)
        # CloudFront takes SHA-1 where nothing else is said. No signature of ours is one.
        known = claim.hash_algorithm == "SHA256"
        algorithm = hashes.SHA256() if known else hashes.SHA1()
        try:
            key.verify(_decoded(claim.signature), policy, ec.ECDSA(algorithm))
        except InvalidSignature:
            raise access_denied() from None
        resource, condition = _statement(policy)
        if not _matches(resource, url) or not _holds(condition, now):
            raise access_denied()


def _public_key(text: str) -> ec.EllipticCurvePublicKey:
    key = load_pem_public_key(text.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("the signing key is no key of an elliptic curve")
    return key


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.translate(_FROM_SAFE), validate=True)
    except binascii.Error:
        raise _malformed() from None


def _statement(policy: bytes) -> tuple[str, dict[str, Any]]:
    try:
        (statement,) = json.loads(policy)["Statement"]
        resource, condition = statement["Resource"], statement["Condition"]
        understood = {"DateLessThan"} <= set(condition) <= _CONDITIONS
    except (KeyError, TypeError, ValueError):
        raise _malformed() from None
    if not understood:
        raise _malformed()
    return str(resource), condition


def _matches(resource: str, url: str) -> bool:
    """``*`` stands for any characters, ``?`` for one."""
    pattern = re.escape(resource).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, url, re.DOTALL) is not None


def _holds(condition: dict[str, Any], now: float) -> bool:
    try:
        limits = {name: int(limit["AWS:EpochTime"]) for name, limit in condition.items()}
    except (KeyError, TypeError, ValueError):
        raise _malformed() from None
    return limits.get("DateGreaterThan", 0) < now < limits["DateLessThan"]


def _malformed() -> Refused:
    return Refused("MalformedPolicy", "Malformed Policy")
