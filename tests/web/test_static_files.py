"""Files and pages as browsers get them: what they may keep, what they may run, and nothing beside the folder."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from gateway.web.static_files import StaticFolder, assets_route, page_policy, page_route
from tests.web.conftest import serving

SCRIPT = b"export const answer = 42;\n" * 100
BUILT_BEFORE = gzip.compress(SCRIPT, 1, mtime=1)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    folder = tmp_path / "page"
    (folder / "icons").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Page</title>")
    (folder / "main.js").write_bytes(SCRIPT)
    (folder / "main.0a1b2c3d.js").write_bytes(SCRIPT)
    (folder / "main.0a1b2c3d.js.gz").write_bytes(BUILT_BEFORE)
    (folder / "icons" / "stop.svg").write_text("<svg/>")
    (folder / "module.py").write_text("secret = 1")
    (tmp_path / "beside.js").write_text("secret")
    files = StaticFolder(folder)
    app = Starlette(routes=[assets_route("page", files), page_route("/", files)])
    async with (
        serving(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        client.headers["accept-encoding"] = "identity"
        yield client


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("main.js", "text/javascript; charset=utf-8"),
        ("icons/stop.svg", "image/svg+xml; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
    ],
)
async def test_a_file_has_its_media_type_and_is_not_taken_for_another(
    client: httpx.AsyncClient, name: str, media_type: str
) -> None:
    answer = await client.get(f"/assets/page/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_file_that_a_client_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/assets/page/main.js")
    assert (first.content, first.headers["cache-control"]) == (SCRIPT, "no-cache")
    for held in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        again = await client.get("/assets/page/main.js", headers={"if-none-match": held})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    changed = await client.get("/assets/page/main.js", headers={"if-none-match": '"other"'})
    assert changed.status_code == 200


async def test_a_file_that_is_named_by_its_bytes_is_kept_for_good(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/page/main.0a1b2c3d.js")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_files_are_compressed_for_who_takes_that(client: httpx.AsyncClient) -> None:
    plain = await client.get("/assets/page/main.js")
    packed = await client.get("/assets/page/main.js", headers={"accept-encoding": "br, gzip;q=0.5"})
    refused = await client.get("/assets/page/main.js", headers={"accept-encoding": "gzip;q=0, br"})
    small = await client.get("/assets/page/icons/stop.svg", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content == SCRIPT
    assert int(packed.headers["content-length"]) < len(SCRIPT) / 10
    assert packed.headers["etag"] != plain.headers["etag"]
    assert all("content-encoding" not in one.headers for one in (plain, refused, small))
    assert all(one.headers["vary"] == "Accept-Encoding" for one in (plain, packed, small))


async def test_what_was_compressed_when_it_was_built_is_sent_as_it_lies_there(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/page/main.0a1b2c3d.js", headers={"accept-encoding": "gzip"})
    assert answer.content == SCRIPT
    assert int(answer.headers["content-length"]) == len(BUILT_BEFORE)


async def test_head_tells_what_get_would(client: httpx.AsyncClient) -> None:
    for path in ("/assets/page/main.js", "/"):
        head, got = await client.head(path), await client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(got.content))


@pytest.mark.parametrize(
    "path",
    [
        "none.js",
        "../beside.js",
        "..%2fbeside.js",
        "%2e%2e/beside.js",
        "icons/../../beside.js",
        "/etc/hostname",
        "icons",
        "module.py",
        "main.0a1b2c3d.js.gz",
        "main.js%00.html",
        "",
    ],
)
async def test_nothing_but_a_page_s_files_is_served(client: httpx.AsyncClient, path: str) -> None:
    request = client.build_request("GET", "/")
    # As it stands: the client would tidy dots away.
    request.extensions["target"] = f"/assets/page/{path}".encode()
    answer = await client.send(request)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/assets/page/main.js", "/"])
async def test_files_are_only_read(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"


async def test_a_page_runs_only_files_of_its_own_origin_and_is_framed_by_nobody(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert (page.status_code, page.text) == (200, "<!doctype html><title>Page</title>")
    policy = dict(one.split(" ", 1) for one in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert (await client.get("/", headers={"if-none-match": page.headers["etag"]})).status_code == 304


def test_a_page_s_policy_is_loosened_by_single_directives() -> None:
    assert page_policy(worker_src="'self'") == f"{page_policy()}; worker-src 'self'"
    assert page_policy(style_src="'self' 'unsafe-inline'").count("style-src") == 1
