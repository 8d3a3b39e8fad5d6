"""A secret without a text has none, and each version of it is written once.

On AWS a secret that a template makes without a text has no version, and reading it fails. The
emulator gives it an empty text. And on AWS a version that is named in the call
(``ClientRequestToken``) is never another one: the same text again is no change, another text is
refused. The emulator overwrites it. So of two functions at once that make a key, both would think
that theirs is in the secret.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
"""

from __future__ import annotations

from typing import Any

import ministack.services.cloudformation.provisioners as provisioners
import ministack.services.secretsmanager as secretsmanager
from ministack.core.responses import error_response_json, json_response

_KIND = "AWS::SecretsManager::Secret"
_create = provisioners._RESOURCE_HANDLERS[_KIND]["create"]
_put = secretsmanager._put_secret_value


def _create_secret(logical_id: str, properties: Any, stack: str) -> Any:
    name, attributes = _create(logical_id, properties, stack)
    if not {"SecretString", "GenerateSecretString"} & set(properties):
        secretsmanager._secrets[name]["Versions"].clear()
    return name, attributes


def _put_secret_value(data: Any) -> Any:
    _, secret = secretsmanager._resolve(data.get("SecretId"))
    version = secret and secret["Versions"].get(data.get("ClientRequestToken"))
    if not version:
        return _put(data)
    written = (version["SecretString"], version["SecretBinary"])
    if (data.get("SecretString"), data.get("SecretBinary")) != written:
        return error_response_json(
            "ResourceExistsException", "A version of this name has another value.", 400
        )
    return json_response(
        {
            "ARN": secret["ARN"],
            "Name": secret["Name"],
            "VersionId": data["ClientRequestToken"],
            "VersionStages": list(version["Stages"]),
        }
    )


def apply() -> None:
    """Replaces both."""
    provisioners._RESOURCE_HANDLERS[_KIND]["create"] = _create_secret
    secretsmanager._put_secret_value = _put_secret_value
