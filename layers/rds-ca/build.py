#!/usr/bin/env python3
"""Writes ``rds-ca.pem`` beside this file: the authorities that sign RDS's certificates in a region.

    python3 layers/rds-ca/build.py --region eu-central-1

Takes AWS's own bundle, and of it what ``known.txt`` lists, by hash.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import ssl
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
KNOWN = HERE / "known.txt"
TARGET = HERE / "rds-ca.pem"

# Downloaded over TLS alone.
URL = "https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem"
_MAX_BYTES = 1024 * 1024
_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----"
)


class BundleError(Exception):
    """A bundle that is not packed; the text says why and what to do."""


def known_in(region: str, text: str) -> set[str]:
    """The hashes of a region's authorities in the content of ``known.txt``."""
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {fingerprint for place, _, fingerprint in rows if place == region}


def select(bundle: str, region: str, known: set[str]) -> str:
    """The certificates of the bundle that are known, as PEM.

    Raises:
        BundleError: none is, or one of those known is missing.
    """
    if not known:
        raise BundleError(f"{KNOWN} has no authority of {region}: README.md says how to add them")
    found = {}
    for pem in _CERTIFICATE.findall(bundle):
        der = ssl.PEM_cert_to_DER_cert(pem.strip())
        found[hashlib.sha256(der).hexdigest()] = ssl.DER_cert_to_PEM_cert(der)
    missing = sorted(known - found.keys())
    if missing:
        raise BundleError(
            f"the bundle has {len(found)} certificates, but not these of {region}: "
            + ", ".join(missing)
        )
    return "".join(found[fingerprint] for fingerprint in sorted(known))


def download(region: str) -> str:
    """AWS's bundle for the region."""
    try:
        with urllib.request.urlopen(URL.format(region=region), timeout=30) as response:
            return str(response.read(_MAX_BYTES), "ascii", "replace")
    except OSError as error:
        raise BundleError(f"no bundle from {URL.format(region=region)}: {error}") from error


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description="Write layers/rds-ca/rds-ca.pem for one region.")
    parser.add_argument("--region", required=True)
    parser.add_argument("--bundle", type=Path, help="a bundle that was downloaded already")
    arguments = parser.parse_args()
    region = arguments.region
    try:
        bundle = arguments.bundle.read_text() if arguments.bundle else download(region)
        known = known_in(region, KNOWN.read_text())
        TARGET.write_text(select(bundle, region, known))
    except (BundleError, OSError) as error:
        sys.exit(str(error))
    print(f"{TARGET}: {len(known)} authorities of {region}")


if __name__ == "__main__":
    main()
