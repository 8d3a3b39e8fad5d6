"""What a browser does when a person signs in to the local stack, without one.

    sign_in.py code ADDRESS USER PASSWORD   signs in at an authorization address: prints the code
    sign_in.py token ORIGIN USER PASSWORD   does all that a client does: prints an access token
"""

from __future__ import annotations

import base64
import hashlib
import html
import http.client
import json
import re
import secrets
import sys
from urllib.parse import parse_qs, urlencode, urlsplit

# Of the command line: a browser is sent there, but nothing listens.
CALLBACK = "http://localhost:8976/callback"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SECONDS = 60


def main() -> None:
    wanted, address, user, password = sys.argv[1:]
    ways = {"code": code, "token": token}
    print(ways[wanted](address, user, password))


def code(address: str, user: str, password: str) -> str:
    """Fills in the form at an authorization address; the code that the person is sent back with."""
    _, page = _ask("GET", address)
    fields = {
        name: html.unescape(value)
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    }
    fields |= {"username": user, "password": password}
    place = urlsplit(address)
    sent, _ = _ask("POST", f"{place.scheme}://{place.netloc}/login", urlencode(fields))
    return parse_qs(urlsplit(sent).query)["code"][0]


def token(origin: str, user: str, password: str) -> str:
    """Signs in with authorization code and PKCE."""
    origin = origin.rstrip("/")
    settings = json.loads(_ask("GET", f"{origin}/api/config")[1])
    issuer = json.loads(_ask("GET", settings["discovery"])[1])
    verifier = secrets.token_urlsafe(40)
    digest = hashlib.sha256(verifier.encode()).digest()
    client = {"client_id": settings["client_id"], "redirect_uri": CALLBACK}
    question = client | {
        "response_type": "code",
        "scope": " ".join(settings["scopes"]),
        "state": secrets.token_urlsafe(8),
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    address = f"{issuer['authorization_endpoint']}?{urlencode(question)}"
    answer = client | {
        "grant_type": "authorization_code",
        "code": code(address, user, password),
        "code_verifier": verifier,
    }
    _, text = _ask("POST", issuer["token_endpoint"], urlencode(answer))
    return str(json.loads(text)["access_token"])


def _ask(method: str, address: str, form: str | None = None) -> tuple[str, str]:
    """Where the answer leads to, which is not followed, and its text."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.netloc, timeout=_SECONDS)
    try:
        target = f"{place.path}?{place.query}" if place.query else place.path
        connection.request(method, target, form, _FORM if form else {})
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status >= 400:
        raise SystemExit(f"{method} {place.path}: {answer.status} {text}")
    return answer.getheader("Location", ""), text


if __name__ == "__main__":
    main()
