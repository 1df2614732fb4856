"""Pages for browsers, and the files they are made of, out of a folder of this package.

`assets_route("board", folder)` serves a folder under /assets/board/, `page_route("/", folder)` its index.html as page.
Each file is read, hashed and compressed when it is first asked for, and kept. A folder that is changed under a running
gateway shows only after its next start.

A page loads nothing but what its own origin serves, and runs no script or style of its own text: scripts and styles are
files beside it. It says so itself, by its Content-Security-Policy. `page_policy` loosens single directives.
"""

import gzip
import re
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.domain.answer_codes import AnswerCode
from gateway.web.responses import refusal

_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".graphql": "application/graphql; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_COMPRESSED_ALREADY: Final = frozenset((".ico", ".png", ".woff2"))
_ALLOW: Final = "GET, HEAD"
# As `explorer/` names what it builds: main.0a1b2c3d.js. Such a name never holds other bytes.
_NAMED_BY_ITS_BYTES: Final = re.compile(r"\.[0-9a-f]{8,}\.[a-z0-9]+$")
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
# Kept, but asked for again each time: answered by 304 as long as it is the same.
_ASKED_AGAIN: Final = "no-cache"
_OF_ALL_FILES: Final = {
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_OF_PAGES: Final = {
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
}
# 'self' is the page's own websocket too. `manifest-src` and `media-src` have no use and stay closed.
_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


def page_policy(**directives: str) -> str:
    """A Content-Security-Policy; `directives` set or add some: `page_policy(worker_src="'self'")`."""
    policy = _POLICY | {name.replace("_", "-"): sources for name, sources in directives.items()}
    return "; ".join(f"{name} {sources}" for name, sources in policy.items())


class StaticFile:
    """One file, as it is sent: plain, and compressed where that makes it smaller."""

    def __init__(self, path: Path) -> None:
        self._body = path.read_bytes()
        self._gzipped = _gzipped(path, self._body)
        self._etag = sha256(self._body).hexdigest()[:32]
        self._media_type = _MEDIA_TYPES[path.suffix]
        self._cache_control = _IMMUTABLE if _NAMED_BY_ITS_BYTES.search(path.name) else _ASKED_AGAIN

    def response(
        self, scope: Scope, headers: Mapping[str, str] | None = None, vary: str = "Accept-Encoding"
    ) -> Response:
        """The answer to a GET or a HEAD: the file, or 304 to who has it."""
        asked = Headers(scope=scope)
        body, etag = self._body, f'"{self._etag}"'
        told = {
            "cache-control": self._cache_control,
            "content-type": self._media_type,
            "vary": vary,
            **_OF_ALL_FILES,
            **(headers or {}),
        }
        if self._gzipped is not None and _takes_gzip(asked.get("accept-encoding", "")):
            body, etag = self._gzipped, f'"{self._etag}-gzip"'
            told["content-encoding"] = "gzip"
        told["etag"] = etag
        if _has(asked.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=told)
        return Response(body, headers=told)


class StaticFolder:
    """The files of a folder and those below it, by their names: `main.js`, `icons/stop.svg`.

    What is asked for is looked up among the names that are there, so that no name leads out of the folder. Files of
    other kinds than pages are made of are not served.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, StaticFile] = {}

    @cached_property
    def _paths(self) -> dict[str, Path]:
        return {
            path.relative_to(self._folder).as_posix(): path
            for path in self._folder.rglob("*")
            if path.suffix in _MEDIA_TYPES and path.is_file()
        }

    def file(self, name: str) -> StaticFile | None:
        """The file of that name; None where there is none."""
        path = self._paths.get(name)
        if path is None:
            return None
        found = self._files.get(name)
        if found is None:
            found = self._files[name] = StaticFile(path)
        return found


def assets_route(name: str, folder: StaticFolder) -> Route:
    """The files of a folder, under /assets/<name>/."""
    return Route(f"/assets/{name}/{{path:path}}", _Assets(folder))


def page_route(path: str, folder: StaticFolder, page: str = "index.html", policy: str | None = None) -> Route:
    """A page of a folder. `policy` is its Content-Security-Policy, `page_policy()` where none is given."""
    return Route(path, _Page(folder, page, policy or page_policy()))


def page_response(file: StaticFile, scope: Scope, policy: str, vary: str = "Accept-Encoding") -> Response:
    """A page, under its Content-Security-Policy. No other page may frame it: who clicks here changes fleets."""
    return file.response(scope, {**_OF_PAGES, "content-security-policy": policy}, vary)


class _Assets:
    def __init__(self, folder: StaticFolder) -> None:
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            response = _not_so()
        else:
            file = self._folder.file(scope["path_params"]["path"])
            response = _not_here() if file is None else file.response(scope)
        await response(scope, receive, send)


class _Page:
    def __init__(self, folder: StaticFolder, name: str, policy: str) -> None:
        self._folder = folder
        self._name = name
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            response = _not_so()
        else:
            file = self._folder.file(self._name)
            response = _not_here() if file is None else page_response(file, scope, self._policy)
        await response(scope, receive, send)


def _not_so() -> Response:
    return refusal(405, "Files are read with GET or HEAD.", AnswerCode.METHOD_NOT_ALLOWED, headers={"allow": _ALLOW})


def _not_here() -> Response:
    return refusal(404, "There is no such file. GraphQL is at /graphql.", AnswerCode.NOT_FOUND)


def _gzipped(path: Path, body: bytes) -> bytes | None:
    """The bytes compressed: as they lie beside the file, or else here and now; None where that gains nothing."""
    if path.suffix in _COMPRESSED_ALREADY:
        return None
    beside = path.with_name(f"{path.name}.gz")
    gzipped = beside.read_bytes() if beside.is_file() else gzip.compress(body, mtime=0)
    return gzipped if len(gzipped) < len(body) else None


def _takes_gzip(accept_encoding: str) -> bool:
    for entry in accept_encoding.lower().split(","):
        coding, _, quality = entry.partition(";")
        if coding.strip() == "gzip":
            return re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", quality) is None
    return False


def _has(if_none_match: str, etag: str) -> bool:
    """Whether a client holds what has this tag; the comparison of a GET is weak."""
    return any(held.strip().removeprefix("W/") in (etag, "*") for held in if_none_match.split(","))
