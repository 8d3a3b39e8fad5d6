"""A person who may sign in to a local stack."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

EMAIL = "demo@millrace.example"


@dataclass(frozen=True)
class Person:
    """Who, and the password."""

    email: str
    password: str
    id: str
    """The subject of the person's tokens."""


def take_passwords(cognito: Any, user_pool: str, client_id: str) -> None:
    """Lets programs on this machine sign in without a browser: the command line, tests.

    On AWS the page's client takes nothing but authorization codes.
    """
    keys = {"UserPoolId": user_pool, "ClientId": client_id}
    settings = cognito.describe_user_pool_client(**keys)["UserPoolClient"]
    # What an update leaves out goes back to its default, which is what an empty value says, too.
    known = cognito.meta.service_model.operation_model("UpdateUserPoolClient").input_shape.members
    kept = {name: value for name, value in settings.items() if name in known and value != ""}
    kept["ExplicitAuthFlows"] = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH"]
    cognito.update_user_pool_client(**kept)


def invite(cognito: Any, user_pool: str) -> Person:
    """Makes a user with a password of its own, as an operator does on AWS."""
    # With one of each kind that the pool asks for.
    password = f"{secrets.token_urlsafe(18)}-aA1"
    created = cognito.admin_create_user(
        UserPoolId=user_pool,
        Username=EMAIL,
        UserAttributes=[
            {"Name": "email", "Value": EMAIL},
            {"Name": "email_verified", "Value": "true"},
        ],
        MessageAction="SUPPRESS",
    )
    cognito.admin_set_user_password(
        UserPoolId=user_pool, Username=EMAIL, Password=password, Permanent=True
    )
    facts = {fact["Name"]: fact["Value"] for fact in created["User"]["Attributes"]}
    return Person(EMAIL, password, facts["sub"])
