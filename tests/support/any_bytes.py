"""What may come to an HTTP port: requests that are none, that lie, that never end, and pieces of all of them."""

import json
import random
from collections.abc import Iterator

_BODY = json.dumps({"query": "{ __typename }"}).encode()
_JSON = b"host: 127.0.0.1\r\ncontent-type: application/json\r\n"


def post(head: bytes = b"", body: bytes = _BODY, *, length: bytes | None = None, line: bytes = b"") -> bytes:
    """A request for __typename. `length` is what it says of its body, None for the truth, b"" for nothing."""
    said = b"" if length == b"" else b"content-length: %b\r\n" % (b"%d" % len(body) if length is None else length)
    return (line or b"POST /graphql HTTP/1.1") + b"\r\n" + _JSON + said + head + b"\r\n" + body


def upgrade(
    head: bytes = b"", *, line: bytes = b"GET /graphql HTTP/1.1", key: bytes = b"dGhlIHNhbXBsZSBub25jZQ=="
) -> bytes:
    """A request to go on as a websocket."""
    return (
        line + b"\r\nhost: 127.0.0.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        b"sec-websocket-key: " + key + b"\r\nsec-websocket-protocol: graphql-transport-ws\r\n" + head + b"\r\n"
    )


CHUNKED = b"transfer-encoding: chunked\r\n"
TLS_HELLO = bytes.fromhex("16030100f8010000f40303") + bytes(range(200))
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

# By name: the bytes, and the statuses that may answer the first request in them; none where it is just closed.
NAMED: dict[str, tuple[bytes, set[int]]] = {
    "a request": (post(), {200}),
    "nothing": (b"", set()),
    "empty lines": (b"\r\n" * 50, set()),
    "garbage": (bytes(range(256)) * 4, {400}),
    "a TLS hello": (TLS_HELLO, {400}),
    "the preface of HTTP/2": (HTTP2_PREFACE, {400}),
    "an upgrade to HTTP/2": (post(b"connection: upgrade\r\nupgrade: h2c\r\n"), {200, 400, 408}),
    "half a head": (b"POST /graphql HTTP/1.1\r\nhost: 127", {408}),
    "a head without its end": (post()[: -len(_BODY) - 2], {408}),
    "half a body": (post()[:-5], {408}),
    "half a body that is large": (post(length=b"500000"), {400, 408}),
    "a head of 64 KiB": (post(b"x-long: " + b"a" * 65536 + b"\r\n"), {400, 431}),
    "5,000 headers": (post(b"".join(b"x-%d: %d\r\n" % (n, n) for n in range(5000))), {400, 431}),
    "a target of 64 KiB": (post(line=b"POST /graphql?" + b"a" * 65536 + b" HTTP/1.1"), {400, 414, 431}),
    "a header without a name": (post(b": x\r\n"), {400}),
    "a header with a space in its name": (post(b"x y: z\r\n"), {400}),
    "a folded header": (post(b"x: y\r\n z\r\n"), {400, 200}),
    "a zero byte in a header": (post(b"x: \x00\r\n"), {400}),
    "no host": (b"GET /readyz HTTP/1.1\r\n\r\n", {421, 400}),
    "two hosts": (post(b"host: evil.example\r\n"), {421, 400}),
    "a length that is no number": (post(length=b"x"), {400}),
    "a negative length": (post(length=b"-1"), {400}),
    "a length with a plus": (post(length=b"+5"), {400}),
    "a length beyond all numbers": (post(length=b"9" * 40), {400}),
    "a length of an exabyte": (post(length=b"1" + b"0" * 18), {413}),
    "two lengths": (post(b"content-length: 3\r\n"), {400}),
    "a length in a list": (post(length=b"29, 29"), {400}),
    "a length and chunks": (post(CHUNKED, body=b"0\r\n\r\n", length=b"5"), {400}),
    "chunks, then a length": (post(CHUNKED + b"content-length: 5\r\n", b"0\r\n\r\n", length=b""), {400}),
    "chunks that are not last": (post(b"transfer-encoding: chunked, identity\r\n", b"0\r\n\r\n", length=b""), {400}),
    "chunks twice": (post(b"transfer-encoding: chunked, chunked\r\n", b"0\r\n\r\n", length=b""), {400}),
    "an unknown coding": (post(b"transfer-encoding: xchunked\r\n", b"0\r\n\r\n", length=b""), {400}),
    "a coding with a tab": (post(b"transfer-encoding:\tchunked\r\n", b"0\r\n\r\n", length=b""), {400}),
    "a chunk of no size": (post(CHUNKED, b"\r\n{}\r\n0\r\n\r\n", length=b""), {400}),
    "a chunk of a negative size": (post(CHUNKED, b"-5\r\n{}\r\n0\r\n\r\n", length=b""), {400}),
    "a chunk beyond all sizes": (post(CHUNKED, b"f" * 30 + b"\r\n{}", length=b""), {400}),
    "a chunk longer than it says": (post(CHUNKED, b"1\r\n{}\r\n0\r\n\r\n", length=b""), {400}),
    "chunks without end": (post(CHUNKED, b"5\r\n{\"a\":\r\n", length=b""), {408}),
    "a chunk's extension of 64 KiB": (post(CHUNKED, b"2;" + b"x" * 65536 + b"\r\n{}\r\n0\r\n\r\n", length=b""), {400}),
    "bare line feeds": (post().replace(b"\r\n", b"\n"), {400}),
    "HTTP/0.9": (b"GET /readyz\r\n\r\n", {400, 421}),
    "HTTP/9.9": (post(line=b"POST /graphql HTTP/9.9"), {400}),
    "CONNECT": (b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", {400}),
    "another method": (post(line=b"DELETE /graphql HTTP/1.1"), {405}),
    "no method": (post(line=b"FROB /graphql HTTP/1.1"), {400}),
    "a target that is none": (post(line=b"POST http://[::1 HTTP/1.1"), {400}),
    "a target in other letters": (post(line="POST /gräphql HTTP/1.1".encode()), {400, 404}),
    "a target with bad escapes": (post(line=b"POST /%ff%00%zz HTTP/1.1"), {404}),
    "a body that is not UTF-8": (post(body=b"\xff\xfe{}"), {400}),
    "a body that is no JSON": (post(body=b"{"), {400}),
    "no body": (post(body=b""), {400}),
    "a websocket by POST": (upgrade(line=b"POST /graphql HTTP/1.1"), {400}),
    "a websocket by HTTP/1.0": (upgrade(line=b"GET /graphql HTTP/1.0"), {400}),
    "a websocket elsewhere": (upgrade(line=b"GET /elsewhere HTTP/1.1"), {403}),
    "a websocket with a bad key": (upgrade(key=b"x"), {400}),
    "a websocket with two keys": (upgrade(b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), {400}),
    "a websocket with a long header": (upgrade(b"x: " + b"y" * 10_000 + b"\r\n"), {400, 431}),
    "a websocket with many headers": (upgrade(b"".join(b"x-%d: y\r\n" % n for n in range(300))), {400, 431}),
    "a websocket with a body": (upgrade(b"content-length: 5\r\n") + b"hello", {400}),
    "a websocket of another origin": (upgrade(b"origin: https://evil.example\r\n"), {403}),
    "a websocket behind a request": (post(line=b"POST /graphql HTTP/1.1") + upgrade(), {200}),
    "garbage behind a request": (post() + bytes(range(256)), {200}),
    "1,000 requests at once": (post() * 1000, {200}),
}  # fmt: skip

FRAMES = {
    "a frame with a mask that is missing": b"\x81\x05hello",
    "a reserved frame": b"\x8b\x80\x00\x00\x00\x00",
    "reserved bits": b"\xf1\x80\x00\x00\x00\x00",
    "a frame beyond all sizes": b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
    "text that is none": b"\x81\x82\x00\x00\x00\x00\xff\xfe",
    "half of a text that is none": b"\x01\x81\x00\x00\x00\x00\xff\x80\x81\x00\x00\x00\x00\xfe",
    "a message of bytes": b"\x82\x82\x00\x00\x00\x00{}",
    "a continuation of nothing": b"\x80\x80\x00\x00\x00\x00",
    "a ping that is too long": b"\x89\xfe\x00\x80\x00\x00\x00\x00" + b"x" * 128,
    "a close with half a code": b"\x88\x81\x00\x00\x00\x00\x03",
    "a message that is no JSON": b"\x81\x81\x00\x00\x00\x00{",
    "HTTP": post(),
    "garbage": bytes(range(256)),
}


def generated(number: int, seed: int) -> Iterator[bytes]:
    """Byte strings made of the named ones: changed, cut, doubled and mixed. The same seed makes the same ones."""
    draw = random.Random(seed)
    known = [sent for name, (sent, _) in NAMED.items() if len(sent) < 4000] + [
        upgrade() + one for one in FRAMES.values()
    ]
    for _ in range(number):
        sent = bytearray(draw.choice(known))
        for _ in range(draw.randint(1, 6)):
            _change(draw, sent, known)
        yield bytes(sent)


def _change(draw: random.Random, sent: bytearray, known: list[bytes]) -> None:
    place = draw.randint(0, len(sent))
    match draw.randint(0, 6):
        case 0 if sent:
            sent[place % len(sent)] = draw.randrange(256)
        case 1:
            del sent[place:]
        case 2:
            del sent[place : place + draw.randint(1, 20)]
        case 3:
            sent[place:place] = draw.randbytes(draw.randint(1, 20))
        case 4:
            sent[place:place] = draw.choice(
                (b"\r\n", b"\n", b"\r", b"\x00", b":", b" ", b"\r\n\r\n", CHUNKED, b"0\r\n\r\n")
            )
        case 5:
            sent += draw.choice(known)
        case _:
            other = draw.choice(known)
            sent[place:] = other[draw.randint(0, len(other)) :]
