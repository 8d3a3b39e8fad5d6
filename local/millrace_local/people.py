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
