"""Answers of vendors, mangled: what a proxy, a new version of an API or a fault in one may make of a real answer."""

import json
import re
from collections.abc import Callable, Iterator, MutableMapping, MutableSequence
from random import Random
from typing import Any

from gateway.vendorkit.calls import VendorAnswer

_RAW = "\x01raw:"
_RAW_TEXT = re.compile(r'"\\u0001raw:(.*?)\\u0001"')
_TOKENS = ("nextToken", "NextToken", "marker", "total", "Total", "count", "page")
_STATUSES = (
    *(199, 201, 202, 204, 206, 226, 299, 300, 301, 302, 304, 307, 400, 401, 403, 404, 405, 407, 408, 409, 410, 413),
    *(418, 425, 429, 431, 451, 499, 500, 501, 502, 503, 504, 507, 511, 520, 599, 600, 999),
)
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome to the guest network</body></html>"


def _raw(text: str) -> str:
    """A value that is written as `text`, JSON or not."""
    return f"{_RAW}{text}\x01"


HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 7, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63, 2**64, 10**30, -(10**30)),
    *(0.1, 3.7, -0.0, 1e16, 1e308, -1e308, 253402300800, -62135596801, 1767323045.123456),
    *(_raw("NaN"), _raw("-Infinity"), _raw("1e999"), _raw("-1e999"), _raw("01"), _raw("1" * 5000), _raw("1e-400")),
    *(
        "",
        " ",
        "null",
        "true",
        "NaN",
        "inf",
        "-inf",
        "-1",
        "1e999",
        "1_0",
        "0x10",
        "9" * 5000,
        "٣",
        "²",
        "\x00",
        "\x7f",
    ),
    *(_raw(r"\"\ud800\""), _raw(r"\"\udc00\ud800\""), "\u202e", "\ufeff", "\U0001f4a5", "x" * 100_000),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0000-00-00T00:00:00Z", "2026-13-45T25:61:61Z"),
    *("2026-01-02", "2026-W01-1", "20260102T030405Z", "2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05", "now"),
    *(
        "SUSPENDED",
        "in_progress",
        "Completed",
        "CANCELED ",
        "<script>alert(1)</script>",
        "../..",
        "a/b:c,d.e",
        "\r\nX: y",
    ),
    *([], {}, [[]], [None], {"": None}, [{}], ["x"], {"x": "y"}, [1, "2", None, {"a": []}]),
    *(_raw("[" * 200 + "]" * 200), _raw("[" * 5000 + "]" * 5000), _raw('{\\"a\\":' * 900 + "1" + "}" * 900)),
)
_HEADERS = {
    "content-type": ("text/html", "application/xml", "application/json; charset=utf-16", "", "multipart/mixed"),
    "retry-after": ("²", "-1", "1e9", "inf", "nan", "9" * 400, "9" * 5000, "Wed, 21 Oct 2099 07:28:00 GMT", "0", "3.5"),
    "x-amz-retry-after": ("²", "9" * 5000, "9" * 400, "-1", "1500"),
    "x-amzn-errortype": ("", ":", "#", "ThrottlingException:", "a#b#c:d", "X" * 10_000, "InternalFailure", "é\xff"),
    "x-amzn-requestid": ("", "é", "r" * 10_000),
    "x-request-id": ("", "é", "r" * 10_000),
    "x-subject-token": ("", "é", "t" * 10_000, "a b"),
}


def mangled(answer: VendorAnswer, random: Random) -> VendorAnswer:
    """The answer with one to three things wrong with it."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        answer = random.choices((_body, _bytes, _status, _header), (76, 11, 8, 5))[0](answer, random)
    return answer


def scalars(body: bytes) -> Iterator[object]:
    """Every text and number that a body holds, those of members given twice included, and every member's name."""
    try:
        found = json.loads(
            body, object_pairs_hook=lambda pairs: [one for pair in pairs for one in pair], parse_int=_whole
        )
    except (ValueError, RecursionError):
        return
    waiting = [found]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif value is not None:
            yield value


def _whole(digits: str) -> float:
    return int(digits) if len(digits) < 400 else float("inf")


def _status(answer: VendorAnswer, random: Random) -> VendorAnswer:
    return VendorAnswer(status=random.choice(_STATUSES), headers=answer.headers, body=answer.body)


def _header(answer: VendorAnswer, random: Random) -> VendorAnswer:
    name = random.choice(tuple(_HEADERS))
    headers = {**answer.headers, name: random.choice(_HEADERS[name])}
    return VendorAnswer(status=answer.status, headers=headers, body=answer.body)


def _bytes(answer: VendorAnswer, random: Random) -> VendorAnswer:
    body = answer.body
    at = random.randrange(len(body) + 1)
    further = random.randrange(at, len(body) + 1)
    made: tuple[bytes, ...] = (
        b"",
        body[:at],
        body[at:],
        body[:at] + b"\xff" + body[at:],
        body[:at] + b"\xed\xa0\x80" + body[at:],
        body[:at] + bytes([random.randrange(256)]) + body[at + 1 :],
        body[:at] + body[further:],
        body + body,
        body + b"\x00",
        b"\xef\xbb\xbf" + body,
        body.decode("utf-8", "replace").encode("utf-16"),
        _PAGE,
        b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        b"null",
        b"[]",
        b"{}",
        b'"{}"',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"OK",
        b'{"message":"Forbidden"}',
        b'{"success":false}',
        b'{"success":null,"code":null}',
        b'{"code":{},"error_code":[],"message":{}}',
    )
    return VendorAnswer(status=answer.status, headers=answer.headers, body=random.choice(made))


def _body(answer: VendorAnswer, random: Random) -> VendorAnswer:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return _bytes(answer, random)
    if not isinstance(document, dict | list):
        return _bytes(answer, random)
    holder: list[Any] = [document]
    change: Callable[[list[Any], Random], str | None] = random.choices(
        (_replace, _drop, _rename, _add, _repeat, _token, _swap), (50, 12, 10, 8, 8, 6, 6)
    )[0]
    twice = change(holder, random)
    try:
        text = json.dumps(holder[0])
    except RecursionError:
        return answer
    text = _RAW_TEXT.sub(lambda match: match[1].replace('\\\\\\"', '"').replace("\\\\", "\\"), text)
    if twice is not None:
        text = text.replace(
            f"{json.dumps(twice)}:", f"{json.dumps(twice)}: {random.choice(_DOUBLES)}, {json.dumps(twice)}:", 1
        )
    return VendorAnswer(status=answer.status, headers=answer.headers, body=text.encode("utf-8", "surrogatepass"))


_DOUBLES = ("null", '"other"', "1", "[]", "{}")


def _places(value: Any, inside: Any, key: Any) -> Iterator[tuple[Any, Any]]:
    """Every value's container and its key there, the whole included."""
    yield inside, key
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, value, name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, value, index)


def _some_place(holder: list[Any], random: Random) -> tuple[Any, Any]:
    return random.choice(list(_places(holder[0], holder, 0)))


def _some_dict(holder: list[Any], random: Random) -> "MutableMapping[str, Any] | None":
    found = [at[key] for at, key in _places(holder[0], holder, 0) if isinstance(at[key], dict)]
    return random.choice(found) if found else None


def _replace(holder: list[Any], random: Random) -> None:
    inside, key = _some_place(holder, random)
    inside[key] = random.choice(HOSTILE)


def _swap(holder: list[Any], random: Random) -> None:
    """Two values of the same answer change places: the right things, said of the wrong ones."""
    (one, first), (other, second) = _some_place(holder, random), _some_place(holder, random)
    if isinstance(one[first], dict | list) or isinstance(other[second], dict | list):
        return
    one[first], other[second] = other[second], one[first]


def _drop(holder: list[Any], random: Random) -> None:
    inside, key = _some_place(holder, random)
    if inside is not holder:
        del inside[key]


def _rename(holder: list[Any], random: Random) -> None:
    found = _some_dict(holder, random)
    if not found:
        return
    name = random.choice(list(found))
    cased = (name.upper(), name.lower(), name[:1].swapcase() + name[1:], f"{name}s", f"_{name}", name[:-1])
    found[random.choice(cased)] = found.pop(name)


def _add(holder: list[Any], random: Random) -> None:
    found = _some_dict(holder, random)
    names = [str(key) for _, key in _places(holder[0], holder, 0)]
    if found is not None:
        found[random.choice((*names, "unheardOf"))] = random.choice(HOSTILE)


def _repeat(holder: list[Any], random: Random) -> str | None:
    """A row once more, or a member twice: its name is given back for who writes the text."""
    inside, key = _some_place(holder, random)
    if isinstance(inside, MutableSequence) and inside is not holder:
        inside.append(inside[key])
        return None
    return key if isinstance(key, str) else None


def _token(holder: list[Any], random: Random) -> None:
    if isinstance(holder[0], dict):
        endless = ("again", str(random.randrange(10**9)), "x" * 100_000, 10**9, -1, "10000000000", {"marker": "again"})
        holder[0][random.choice(_TOKENS)] = random.choice((*endless, *HOSTILE))
