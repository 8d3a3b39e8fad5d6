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


def invite(cognito: Any, user_pool: str) -> Person:
    """Makes a user with a password of its own, as an operator does on AWS."""
    # With one of each kind that the pool asks for.
    person = Person(EMAIL, f"{secrets.token_urlsafe(18)}-aA1")
    cognito.admin_create_user(
        UserPoolId=user_pool,
        Username=person.email,
        UserAttributes=[
            {"Name": "email", "Value": person.email},
            {"Name": "email_verified", "Value": "true"},
        ],
        MessageAction="SUPPRESS",
    )
    cognito.admin_set_user_password(
        UserPoolId=user_pool, Username=person.email, Password=person.password, Permanent=True
    )
    return person
