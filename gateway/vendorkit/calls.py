"""A vendor call before it leaves and after it came back, and what takes it there."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

_WITH_A_BODY = frozenset({"POST", "PUT", "PATCH"})


class SignedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A request ready for the wire. `target` is path and query, percent-encoded, sent exactly as it stands.

    `Host`, so written, replaces the one of the base URL.
    """

    method: str
    target: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None

    def __repr__(self) -> str:
        """Without headers, parameters and body, by which it proves who asks."""
        return f"SignedCall({self.method} {self.target.partition('?')[0]})"

    def all_headers(self, host: str) -> list[tuple[str, str]]:
        """The headers as they are sent to `host`, in order: what a client would add of its own is left out."""
        headers = [("Accept-Encoding", "gzip, deflate"), ("User-Agent", "ota-gateway"), *self.headers.items()]
        if "Host" not in self.headers:
            headers.insert(0, ("Host", host))
        if self.body or self.method in _WITH_A_BODY:
            headers.append(("Content-Length", str(len(self.body or b""))))
        return headers


def with_more(call: SignedCall, headers: Mapping[str, str]) -> SignedCall:
    """The call with headers that its signature does not speak of."""
    return msgspec.structs.replace(call, headers={**call.headers, **headers})


class VendorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, decompressed. Header names are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Without headers and body: some answers are credentials."""
        return f"VendorAnswer({self.status}, {len(self.body)} bytes)"

    @property
    def ok(self) -> bool:
        """Whether the status is one of success; some vendors still say no inside."""
        return 200 <= self.status < 300


@runtime_checkable
class Carrier(Protocol):
    """What takes calls to vendors."""

    async def carry(self, base_url: str, call: SignedCall) -> VendorAnswer:
        """Send one call, once, and read its whole answer. Raises httpx's exceptions."""
        ...
