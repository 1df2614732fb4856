"""IAM tokens: POST /v3/auth/tokens, and which tokens are alive. The simulator plays IAM too, on the same host."""

import hmac
import secrets
from datetime import datetime, timedelta

import msgspec
import orjson

from gateway.vendorkit.simulation.answers import WireAnswer
from gateway.vendors.huawei_iotda.simulator.refusals import unauthenticated

LIFETIME = timedelta(hours=24)


class _Domain(msgspec.Struct):
    name: str


class _User(msgspec.Struct):
    name: str
    password: str
    domain: _Domain


class _Password(msgspec.Struct):
    user: _User


class _Identity(msgspec.Struct):
    methods: list[str]
    password: _Password


class _Project(msgspec.Struct):
    name: str | None = None
    id: str | None = None


class _Scope(msgspec.Struct):
    project: _Project


class _Auth(msgspec.Struct):
    identity: _Identity
    scope: _Scope


class _Request(msgspec.Struct):
    auth: _Auth


class TokenDesk:
    """Issues tokens for one user and remembers when each dies. A new token leaves the old ones alive."""

    def __init__(self, user: str, password: str, project_id: str) -> None:
        self._user = user
        self._password = password
        self._project_id = project_id
        self._expiries: dict[str, datetime] = {}

    def issue(self, body: bytes, now: datetime) -> WireAnswer:
        """201 with X-Subject-Token, or IAM's own 400 or 401 body. Only password and project scope are known."""
        try:
            auth = msgspec.json.decode(body, type=_Request).auth
        except msgspec.DecodeError:
            return _iam_error(400, "Bad Request", "The request body is invalid.")
        user = auth.identity.password.user
        known = hmac.compare_digest(user.name.encode(), self._user.encode())
        right = hmac.compare_digest(user.password.encode(), self._password.encode())
        if auth.identity.methods != ["password"] or not (known and right):
            return _iam_error(401, "Unauthorized", "The username or password is wrong.")
        token = secrets.token_urlsafe(96)
        self._expiries[token] = now + LIFETIME
        described = {
            "methods": ["password"],
            "issued_at": _iam_time(now),
            "expires_at": _iam_time(now + LIFETIME),
            "user": {"name": user.name, "domain": {"name": user.domain.name}},
            "project": {"id": self._project_id, "name": auth.scope.project.name},
        }
        return WireAnswer(
            status=201,
            body=orjson.dumps({"token": described}),
            headers={"content-type": "application/json; charset=UTF-8", "X-Subject-Token": token},
        )

    def check(self, token: str, now: datetime) -> None:
        """Raise Refused, 401, for a token that is unknown or past its 24 hours."""
        expiry = self._expiries.get(token)
        if expiry is None or expiry <= now:
            raise unauthenticated("The token must be updated")

    def expire(self) -> None:
        """Kill every token issued so far, as a changed password does."""
        self._expiries.clear()


def _iam_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _iam_error(status: int, title: str, message: str) -> WireAnswer:
    return WireAnswer(
        status=status,
        body=orjson.dumps({"error": {"code": status, "message": message, "title": title}}),
        headers={"content-type": "application/json; charset=UTF-8"},
    )
