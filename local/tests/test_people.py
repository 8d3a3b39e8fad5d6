"""What people do at a stack's address: they sign in, call the API, and play what they may."""

from __future__ import annotations

import base64
import hashlib
import html
import http.client
import json
import re
import secrets
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .signing import as_cookies, policy, signed
from .stacks import ROOT, Running, with_binaries
from .support import Cloud

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    text: str

    def header(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each.lower() == name.lower()]


class People(unittest.TestCase):
    """One stack with the real signing-key; the API's functions answer with what they were asked."""

    stack: ClassVar[dict[str, Any]]
    cloud: ClassVar[Cloud]

    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        folder = with_binaries(Path(temporary.name))
        signing_key = folder / "bin/signing-key"
        signing_key.unlink()
        signing_key.symlink_to(ROOT / "target/debug/signing-key")
        # The key was renewed, so there is one before it.
        running = Running(folder, "people", "SigningKeyGeneration=2")
        cls.addClassCleanup(running.close)
        stack = cls.stack = running.wait_until_ready()
        cls.cloud = Cloud(stack["endpoint"], stack["access_key_id"], stack["secret_access_key"])

    def ask(self, method: str, target: str, body: str | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.stack["page"]).netloc, timeout=30)
        self.addCleanup(connection.close)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body, named)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read().decode())

    def config(self) -> dict[str, str]:
        """What the function that answers ``/api/config`` is told."""
        function = self.stack["outputs"]["PlayApiFunction"]
        return dict(self.cloud.invoke(function, {"do": "environment"}))

    def sign_in(self, password: str) -> tuple[str, Answer]:
        """Signs in up to the code; returns the verifier and where the browser is sent."""
        verifier = secrets.token_urlsafe(40)
        digest = hashlib.sha256(verifier.encode()).digest()
        question = {
            "client_id": self.config()["MILLRACE_OIDC_CLIENT"],
            "redirect_uri": self.stack["page"],
            "response_type": "code",
            "scope": "openid email profile",
            "state": "s",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        form = self.ask("GET", f"/oauth2/authorize?{urlencode(question)}").text
        fields = {
            name: html.unescape(value)
            for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
        }
        fields |= {"username": self.stack["user"], "password": password}
        return verifier, self.ask("POST", "/login", urlencode(fields), Content_Type=_FORM)

    def tokens(self) -> dict[str, str]:
        """What a person who signed in gets for the code."""
        verifier, sent = self.sign_in(self.stack["password"])
        (place,) = sent.header("Location")
        self.assertTrue(place.startswith(f"{self.stack['page']}?code="), place)
        return dict(json.loads(self.redeem(parse_qs(urlsplit(place).query)["code"][0], verifier).text))

    def redeem(self, code: str, verifier: str) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "client_id": self.config()["MILLRACE_OIDC_CLIENT"],
            "code": code,
            "redirect_uri": self.stack["page"],
            "code_verifier": verifier,
        }
        return self.ask("POST", "/oauth2/token", urlencode(form), Content_Type=_FORM)

    def test_a_person_signs_in_and_the_api_knows_who_it_is(self) -> None:
        token = self.tokens()["access_token"]
        answer = self.ask("GET", "/api/assets?q=a&q=b", Authorization=f"Bearer {token}")
        self.assertEqual(answer.status, 200)
        asked = json.loads(answer.text)
        claims = asked["requestContext"]["authorizer"]["jwt"]["claims"]
        (user,) = self.cloud.client("cognito-idp").list_users(
            UserPoolId=self.stack["outputs"]["UserPoolId"]
        )["Users"]
        self.assertEqual(claims["sub"], user["Username"])
        self.assertEqual(claims["iss"], self.config()["MILLRACE_OIDC_ISSUER"])
        self.assertEqual((asked["rawPath"], asked["rawQueryString"]), ("/api/assets", "q=a&q=b"))
        host = self.stack["outputs"]["ApiUrl"].removeprefix("https://")
        self.assertEqual(asked["headers"]["host"], host)
        # Each cookie arrives by itself.
        self.assertEqual(answer.header("Set-Cookie"), ["a=1; Path=/", "b=2"])

    def test_a_wrong_password_or_verifier_gets_no_token(self) -> None:
        _, refused = self.sign_in("another-Password-1")
        self.assertEqual(refused.header("Location"), [])
        verifier, sent = self.sign_in(self.stack["password"])
        code = parse_qs(urlsplit(sent.header("Location")[0]).query)["code"][0]
        self.assertEqual(self.redeem(code, verifier[::-1]).status, 400)

    def test_the_discovery_document_leads_to_this_origin(self) -> None:
        place = urlsplit(self.config()["MILLRACE_OIDC_DISCOVERY"])
        self.assertEqual(f"{place.scheme}://{place.netloc}/", self.stack["page"])
        document = json.loads(self.ask("GET", place.path).text)
        self.assertEqual(document["issuer"], self.config()["MILLRACE_OIDC_ISSUER"])
        for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            self.assertTrue(document[endpoint].startswith(self.stack["page"]), endpoint)
        keys = self.ask("GET", urlsplit(document["jwks_uri"]).path)
        self.assertTrue(json.loads(keys.text)["keys"])

    def test_owners_paths_want_a_token_and_others_do_not(self) -> None:
        token = self.tokens()["access_token"]
        forged = f"{token[:-8]}{'A' * 8}"
        for name in ("uploads", "uploads/u1/parts", "assets", "assets/a1", "webhooks", "webhooks/w"):
            path = f"/api/{name}"
            self.assertEqual(self.ask("GET", path).status, 401, path)
            self.assertEqual(self.ask("GET", path, Authorization=f"Bearer {forged}").status, 401)
            self.assertEqual(self.ask("GET", path, Authorization=f"Bearer {token}").status, 200)
        for name in ("config", "openapi.json", "public/assets", "public/assets/a1/playback"):
            self.assertEqual(self.ask("POST", f"/api/{name}", "{}").status, 200, name)
        self.assertEqual(self.ask("GET", "/api/others").status, 404)

    def test_each_path_is_answered_by_its_function(self) -> None:
        arguments = {"Authorization": f"Bearer {self.tokens()['access_token']}"}
        functions = self.stack["outputs"]
        for path, name in (("/api/uploads/u1", "UploadApi"), ("/api/assets/a1", "PlayApi")):
            answer = self.ask("DELETE", path, **arguments)
            self.assertEqual(answer.header("X-Function"), [functions[f"{name}Function"]])

    def key(self, generation: str) -> ec.EllipticCurvePrivateKey:
        """The private key of a generation as the stack's secret has it."""
        secret = self.config()["MILLRACE_SIGNING_SECRET"]
        found = self.cloud.client("secretsmanager").get_secret_value(
            SecretId=secret, VersionId=f"millrace-signing-key-generation-{generation:>04}"
        )
        key = load_pem_private_key(found["SecretString"].encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key

    def test_what_the_key_before_signed_plays_too(self) -> None:
        bucket = self.stack["outputs"]["MediaBucket"]
        path = "assets/a3/j1/index.m3u8"
        self.cloud.client("s3").put_object(Bucket=bucket, Key=path, Body=b"#EXTM3U\n")
        text = policy(f"{self.config()['MILLRACE_ORIGIN']}/assets/a3/j1/*")
        parts = signed(self.key("1"), text, key_id="local-previous")
        self.assertEqual(self.ask("GET", f"/{path}?{urlencode(parts)}").status, 200)

    def test_what_the_stacks_key_signed_plays_and_nothing_else(self) -> None:
        bucket = self.stack["outputs"]["MediaBucket"]
        path = "assets/a1/j1/index.m3u8"
        self.cloud.client("s3").put_object(Bucket=bucket, Key=path, Body=b"#EXTM3U\n")
        origin = self.config()["MILLRACE_ORIGIN"]
        generation = self.config()["MILLRACE_SIGNING_KEY_GENERATION"]
        self.assertEqual(generation, "2")
        parts = signed(self.key(generation), policy(f"{origin}/assets/a1/j1/*"))
        self.assertEqual(self.ask("GET", f"/{path}?{urlencode(parts)}").text, "#EXTM3U\n")
        part = self.ask("GET", f"/{path}", Cookie=as_cookies(parts), Range="bytes=1-3")
        self.assertEqual((part.status, part.text), (206, "EXT"))
        self.assertEqual(self.ask("GET", f"/{path}").status, 403)
        self.assertEqual(self.ask("GET", f"/assets/a2/j1/a?{urlencode(parts)}").status, 403)


if __name__ == "__main__":
    unittest.main()
