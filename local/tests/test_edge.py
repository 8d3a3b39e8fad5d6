"""The edge lets in whom CloudFront lets in."""

from __future__ import annotations

import http.client
import tempfile
import time
import unittest
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from millrace_local import template
from millrace_local.edge import Backend, Edge, page
from millrace_local.edge.media import Media
from millrace_local.edge.signed_access import Gate

from .buckets import Bucket
from .signing import as_cookies, policy, safe, signed
from .stacks import ROOT

_FILM = "/assets/a1/j1/index.m3u8"
_OBJECTS = {
    "assets/a1/j1/index.m3u8": b"#EXTM3U\n",
    "assets/a1/j1/a b+c.m4s": b"segment",
    "assets/a2/j1/index.m3u8": b"another's",
    "jobs/j1/plan.json": b"{}",
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def pem_of(key: ec.EllipticCurvePrivateKey) -> str:
    """The public half."""
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class EdgeTest(unittest.TestCase):
    """An edge with a folder of the page and some objects, and no emulator behind it."""

    edge: ClassVar[Edge]
    key: ClassVar[ec.EllipticCurvePrivateKey]
    previous: ClassVar[ec.EllipticCurvePrivateKey]

    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        web = Path(temporary.name) / "dist"
        web.mkdir()
        (web / "index.html").write_text("<!doctype html>page")
        (web / "app.js").write_text("play()")
        (web.parent / "outside").write_text("secret")
        cls.key = ec.generate_private_key(ec.SECP256R1())
        cls.previous = ec.generate_private_key(ec.SECP256R1())
        cls.edge = Edge()
        cls.addClassCleanup(cls.edge.close)
        cls.edge.lead_to(cls.backend(web))

    @classmethod
    def backend(cls, web: Path) -> Backend:
        """What is behind the edge; nothing listens where the emulator should be."""
        body = template.load(ROOT / "infra/sam/template.yaml")
        return Backend(
            endpoint="http://127.0.0.1:1",
            api="abc.execute-api.us-east-1.amazonaws.com",
            user_pool="pool",
            media=Media(Bucket(_OBJECTS), "media"),
            gate=Gate({"local": pem_of(cls.key), "local-previous": pem_of(cls.previous)}),
            page=page.Page(web),
            page_headers=page.headers(body, "http://127.0.0.1:1"),
        )

    def ask(
        self,
        target: str,
        parts: dict[str, str] | None = None,
        method: str = "GET",
        **headers: str,
    ) -> Answer:
        """What the edge answers; ``parts`` go into the query."""
        connection = http.client.HTTPConnection(urlsplit(self.edge.url).netloc, timeout=5)
        self.addCleanup(connection.close)
        query = f"?{urlencode(parts)}" if parts else ""
        connection.request(method, target + query, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())

    def folder(self, path: str = "/assets/a1/j1/*") -> str:
        """A resource of this origin."""
        return f"{self.edge.url}{path}"

    def sign(self, text: bytes) -> dict[str, str]:
        """A claim with this policy."""
        return signed(self.key, text)

    def assert_refused(self, answer: Answer, code: str = "AccessDenied") -> None:
        self.assertEqual(answer.status, 403)
        self.assertEqual(answer.headers["Content-Type"], "text/xml")
        self.assertIn(f"<Error><Code>{code}</Code><Message>".encode(), answer.body)


class SignedAccess(EdgeTest):
    def test_a_signed_query_opens_everything_below_its_folder(self) -> None:
        parts = self.sign(policy(self.folder()))
        self.assertEqual(self.ask(_FILM, parts).body, b"#EXTM3U\n")
        self.assertEqual(self.ask("/assets/a1/j1/a%20b%2Bc.m4s", parts).body, b"segment")

    def test_signed_cookies_open_it_too(self) -> None:
        cookies = as_cookies(self.sign(policy(self.folder())))
        answer = self.ask(_FILM, Cookie=f"theme=dark; {cookies}")
        self.assertEqual((answer.status, answer.body), (200, b"#EXTM3U\n"))

    def test_the_first_of_several_cookies_counts(self) -> None:
        good = as_cookies(self.sign(policy(self.folder())))
        other = as_cookies(self.sign(policy(self.folder("/assets/a2/j1/*"))))
        self.assertEqual(self.ask(_FILM, Cookie=f"{good}; {other}").status, 200)
        self.assert_refused(self.ask(_FILM, Cookie=f"{other}; {good}"))

    def test_a_query_comes_before_cookies(self) -> None:
        good = as_cookies(self.sign(policy(self.folder())))
        expired = self.sign(policy(self.folder(), until=time.time() - 1))
        self.assert_refused(self.ask(_FILM, expired, Cookie=good))

    def test_nothing_shown_is_a_missing_key(self) -> None:
        self.assert_refused(self.ask(_FILM), "MissingKey")
        self.assert_refused(self.ask(_FILM, Authorization="Bearer a.b.c"), "MissingKey")

    def test_an_expired_policy_opens_nothing(self) -> None:
        self.assert_refused(self.ask(_FILM, self.sign(policy(self.folder(), time.time() - 1))))

    def test_a_policy_opens_nothing_before_its_time(self) -> None:
        for start, status in ((-10, 200), (30, 403)):
            begin = {"AWS:EpochTime": int(time.time()) + start}
            text = policy(self.folder(), DateGreaterThan=begin)
            self.assertEqual(self.ask(_FILM, self.sign(text)).status, status, start)

    def test_another_folder_or_origin_stays_closed(self) -> None:
        for resource in (
            self.folder("/assets/a2/j1/*"),
            self.folder("/assets/a1/j1"),
            self.folder("/assets/a1/j1/index.m3u"),
            "http://films.example.com/assets/a1/j1/*",
            self.folder().replace("http://", "https://"),
        ):
            self.assert_refused(self.ask(_FILM, self.sign(policy(resource))))

    def test_wildcards_stand_for_any_characters_and_for_one(self) -> None:
        for path, status in (
            ("/assets/*", 200),
            ("/assets/a?/j1/index.m3u8", 200),
            ("/assets/a?1/j1/index.m3u8", 403),
            ("/assets/.*/j1/index.m3u8", 403),
        ):
            parts = self.sign(policy(self.folder(path)))
            self.assertEqual(self.ask(_FILM, parts).status, status, path)

    def test_a_policy_that_was_changed_is_refused(self) -> None:
        parts = self.sign(policy(self.folder(), time.time() - 1))
        longer = safe(policy(self.folder()))
        self.assert_refused(self.ask(_FILM, {**parts, "Policy": longer}))

    def test_a_signature_that_was_changed_is_refused(self) -> None:
        parts = self.sign(policy(self.folder()))
        another = self.sign(policy(self.folder("/assets/a2/j1/*")))["Signature"]
        for signature in (another, safe(b"no signature"), ""):
            self.assert_refused(self.ask(_FILM, {**parts, "Signature": signature}))

    def test_what_another_key_signed_is_refused(self) -> None:
        parts = signed(ec.generate_private_key(ec.SECP256R1()), policy(self.folder()))
        self.assert_refused(self.ask(_FILM, parts))

    def test_what_the_key_before_signed_plays_by_its_own_name_alone(self) -> None:
        text = policy(self.folder())
        parts = signed(self.previous, text, key_id="local-previous")
        self.assertEqual(self.ask(_FILM, parts).status, 200)
        self.assert_refused(self.ask(_FILM, {**parts, "Key-Pair-Id": "local"}))

    def test_an_unknown_key_is_named_as_such(self) -> None:
        parts = signed(self.key, policy(self.folder()), key_id="another")
        self.assert_refused(self.ask(_FILM, parts), "InvalidKey")

    def test_without_its_hash_algorithm_a_signature_is_taken_for_sha_1(self) -> None:
        text = policy(self.folder())
        parts = self.sign(text)
        del parts["Hash-Algorithm"]
        self.assert_refused(self.ask(_FILM, parts))
        parts["Signature"] = safe(self.key.sign(text, ec.ECDSA(hashes.SHA1())))
        self.assertEqual(self.ask(_FILM, parts).status, 200)

    def test_what_is_no_policy_is_malformed(self) -> None:
        for text in (
            b"{}",
            b"no JSON",
            b'{"Statement":[]}',
            b'{"Statement":[{"Resource":"*","Condition":{}}]}',
            policy("*", IpAddress={"AWS:SourceIp": "192.0.2.0/24"}),
            policy("*", DateEquals={"AWS:EpochTime": 1}),
        ):
            self.assert_refused(self.ask(_FILM, self.sign(text)), "MalformedPolicy")
        parts = {**self.sign(policy(self.folder())), "Policy": "not base64!"}
        self.assert_refused(self.ask(_FILM, parts), "MalformedPolicy")

    def test_a_path_leads_to_no_other_folder(self) -> None:
        parts = self.sign(policy(self.folder()))
        for path in (
            "/assets/a1/j1/../../a2/j1/index.m3u8",
            "/assets/a1/j1/%2e%2e/%2e%2e/a2/j1/index.m3u8",
            "/assets/a1/j1/..%2f..%2fa2/j1/index.m3u8",
            "/assets/a1/j1/../../../jobs/j1/plan.json",
        ):
            self.assert_refused(self.ask(path, parts))

    def test_what_is_not_there_is_forbidden(self) -> None:
        parts = self.sign(policy(self.folder()))
        self.assert_refused(self.ask("/assets/a1/j1/no.m4s", parts))


class Objects(EdgeTest):
    def parts(self) -> dict[str, str]:
        return self.sign(policy(self.folder()))

    def test_a_range_is_a_part(self) -> None:
        answer = self.ask(_FILM, self.parts(), Range="bytes=1-3")
        self.assertEqual((answer.status, answer.body), (206, b"EXT"))
        self.assertEqual(answer.headers["Content-Range"], "bytes 1-3/8")

    def test_a_head_has_no_body(self) -> None:
        answer = self.ask(_FILM, self.parts(), method="HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.headers["Content-Length"], "8")

    def test_nothing_is_written_through_the_edge(self) -> None:
        for method in ("PUT", "POST", "DELETE"):
            self.assertEqual(self.ask(_FILM, self.parts(), method=method).status, 405)


class PageTest(EdgeTest):
    def test_the_document_is_at_the_root_with_the_templates_headers(self) -> None:
        answer = self.ask("/")
        self.assertEqual(answer.body, b"<!doctype html>page")
        security = answer.headers["Content-Security-Policy"]
        self.assertIn("default-src 'self';", security)
        self.assertIn("connect-src 'self' http://127.0.0.1:1", security)
        self.assertNotIn("$", security)
        self.assertEqual(answer.headers["X-Frame-Options"], "DENY")

    def test_files_have_their_types(self) -> None:
        answer = self.ask("/app.js")
        self.assertEqual(answer.body, b"play()")
        self.assertEqual(answer.headers["Content-Type"], "text/javascript; charset=utf-8")

    def test_nothing_outside_of_the_folder_is_served(self) -> None:
        for path in ("/../outside", "/%2e%2e/outside", "//etc/passwd", "/no.js", "/%00"):
            self.assert_refused(self.ask(path))

    def test_a_page_that_is_not_built_says_so(self) -> None:
        kind, body = page.Page(Path("/nowhere")).file("/") or ("", b"")
        self.assertIn("text/html", kind)
        self.assertIn(b"not built yet", body)


class Behind(EdgeTest):
    def test_an_emulator_that_is_gone_is_a_bad_gateway(self) -> None:
        self.assertEqual(self.ask("/api/config").status, 502)

    def test_nothing_is_there_before_the_stack_is(self) -> None:
        edge = Edge()
        self.addCleanup(edge.close)
        connection = http.client.HTTPConnection(urlsplit(edge.url).netloc, timeout=5)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/config")
        self.assertEqual(connection.getresponse().status, 503)


if __name__ == "__main__":
    unittest.main()
