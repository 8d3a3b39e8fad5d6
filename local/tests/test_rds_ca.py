"""The layer of RDS's authorities is made of those that are known, and of no others."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import ssl
import tempfile
import unittest
from pathlib import Path
from types import ModuleType

from millrace_local import rds_certificate

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "layers/rds-ca"


def script() -> ModuleType:
    """``build.py``, which is in no package."""
    spec = importlib.util.spec_from_file_location("rds_ca_build", FOLDER / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class RdsCa(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.build = script()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            cls.authorities = []
            for each in ("one", "two"):
                rds_certificate.server_context(folder / "ca", folder / each)
                cls.authorities.append((folder / "ca").read_text())

    def fingerprint(self, pem: str) -> str:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    def test_an_unknown_authority_is_left_out(self) -> None:
        one, two = self.authorities
        chosen = self.build.select(one + two, "r", {self.fingerprint(two)})
        self.assertEqual(ssl.PEM_cert_to_DER_cert(chosen), ssl.PEM_cert_to_DER_cert(two))

    def test_what_is_written_is_what_clients_trust(self) -> None:
        known = {self.fingerprint(each) for each in self.authorities}
        chosen = self.build.select("".join(self.authorities), "r", known)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=chosen)
        self.assertEqual(context.cert_store_stats()["x509_ca"], 2)

    def test_a_bundle_that_lacks_an_authority_is_refused(self) -> None:
        one, two = self.authorities
        with self.assertRaisesRegex(self.build.BundleError, self.fingerprint(two)):
            self.build.select(one, "r", {self.fingerprint(one), self.fingerprint(two)})

    def test_a_region_that_nobody_compared_is_refused(self) -> None:
        known = self.build.known_in("mars-north-1", (FOLDER / "known.txt").read_text())
        with self.assertRaisesRegex(self.build.BundleError, "no authority of mars-north-1"):
            self.build.select("".join(self.authorities), "mars-north-1", known)

    def test_a_known_region_has_an_authority_for_each_kind_of_key(self) -> None:
        regions: dict[str, list[str]] = {}
        for line in (FOLDER / "known.txt").read_text().splitlines()[1:]:
            region, algorithm, fingerprint = line.split()
            self.assertRegex(fingerprint, re.compile("^[0-9a-f]{64}$"))
            regions.setdefault(region, []).append(algorithm)
        self.assertIn("eu-central-1", regions)
        for region, algorithms in regions.items():
            self.assertEqual(algorithms, ["rsa2048", "rsa4096", "ecc384"], region)
