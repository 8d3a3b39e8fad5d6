"""Holds the API of a local stack to its description, which it gives itself.

    described.py STACK_JSON SCHEMATHESIS REPORTS

Somebody who is made for it signs in, begins an upload, owns an asset and a webhook, so that ids are
known that lead somewhere. Then schemathesis asks for everything that the description allows and for
much that it does not, and its exit status is the verdict.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from botocore.session import Session

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cloud"))
import sign_in  # noqa: E402

_USER = "described@millrace.example"
_PASSWORD = "Somebody-with-1-description"


def main() -> None:
    description, schemathesis, reports = sys.argv[1:]
    stack = json.loads(Path(description).read_text())
    origin = stack["page"].rstrip("/")
    enrol(stack)
    token = sign_in.token(origin, _USER, _PASSWORD)
    known = things(origin, token)
    document = with_examples(ask(origin, "GET", "/api/openapi.json"), known)
    folder = Path(reports)
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "openapi.json"
    written.write_text(json.dumps(document))
    command = [schemathesis, "--config-file", str(HERE / "schemathesis.toml"), "run", str(written)]
    command += ["--url", origin, "--header", f"Authorization: Bearer {token}"]
    command += ["--checks", "all", "--continue-on-failure"]
    command += ["--warnings", "off", "--no-color"]
    sys.exit(subprocess.run(command, cwd=folder).returncode)


def enrol(stack: dict[str, Any]) -> None:
    """Makes the person, unless an earlier run did."""
    pools = Session().create_client(
        "cognito-idp",
        region_name=stack["region"],
        endpoint_url=stack["endpoint"],
        aws_access_key_id=stack["access_key_id"],
        aws_secret_access_key=stack["secret_access_key"],
    )
    who = {"UserPoolId": stack["outputs"]["UserPoolId"], "Username": _USER}
    facts = {"email": _USER, "email_verified": "true"}
    try:
        pools.admin_create_user(
            **who,
            UserAttributes=[{"Name": name, "Value": value} for name, value in facts.items()],
            MessageAction="SUPPRESS",
        )
    except pools.exceptions.UsernameExistsException:
        return
    pools.admin_set_user_password(**who, Password=_PASSWORD, Permanent=True)


def things(origin: str, token: str) -> dict[str, str]:
    """An open upload, an asset whose job has begun, and a webhook."""
    body = {"name": "a.mp4", "size": 5, "type": "video/mp4"}
    upload = ask(origin, "POST", "/api/uploads", token, body)
    whole = ask(origin, "POST", "/api/uploads", token, body)
    place = f"/api/uploads/{whole['id']}"
    (part,) = ask(origin, "POST", f"{place}/parts", token, {"parts": [{"number": 1}]})["parts"]
    put = urllib.request.Request(part["url"], b"bytes", part["headers"], method="PUT")
    urllib.request.urlopen(put).close()
    asset = ask(origin, "POST", f"{place}/complete", token)["asset"]
    wanted = {"url": "https://example.com/hook"}
    webhook = ask(origin, "POST", "/api/webhooks", token, wanted)
    ids = {"upload": upload["id"], "asset": asset, "webhook": webhook["id"]}
    return {**ids, "language": "de"}


def with_examples(document: Any, known: dict[str, str]) -> Any:
    """The description, with ids that lead somewhere."""
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    parameter["example"] = known[parameter["name"]]
    return document


def ask(origin: str, method: str, path: str, token: str = "", body: Any = None) -> Any:
    """The API's answer to a call that must succeed."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{origin}{path}", data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
