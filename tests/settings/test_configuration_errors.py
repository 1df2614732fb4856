from collections.abc import Mapping

import pytest

from gateway.settings import ConfigurationError, parse
from gateway.vendorkit.manifest import VendorManifest

Vendors = Mapping[str, VendorManifest]

BACKENDS = "backends: [{name: a, vendor: north-ota, region: r}]\n"


def problems(text: str, vendors: Vendors, **env: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        parse(text, env, vendors)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("server: {prt: 1}", "line 1, server.prt: unknown key; did you mean port?"),
        ("sever: {port: 1}", "line 1, sever: unknown key; did you mean server?"),
        ("defaults:\n  timout: 5s", "line 2, defaults.timout: unknown key; did you mean timeout?"),
        ("defaults:\n  timeout: 5", "line 2, defaults.timeout: expected a duration such as 5s, 300ms, 2m or 1h"),
        ("defaults: {timeout: 5d}", "line 1, defaults.timeout: expected a duration such as 5s, 300ms, 2m or 1h"),
        (
            'cache: {url: "redis://user:secret@:6379"}',
            "line 1, cache.url: expected memory:// or redis://USER:PASSWORD@HOST:PORT/DATABASE",
        ),
        (
            "cache: {url: 'memcached://x'}",
            "line 1, cache.url: expected memory:// or redis://USER:PASSWORD@HOST:PORT/DATABASE",
        ),
        (
            "ledger: {url: 'mysql://x'}",
            "line 1, ledger.url: expected sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE",
        ),
        ("auth: {mode: open}", "line 1, auth.mode: expected none, or one or several of jwt, api_keys, router"),
        (
            "server:\n  host: 0.0.0.0",
            "line 2, server.host: without authentication (auth.mode: none) only loopback may be bound; use 127.0.0.1",
        ),
        ("server: {cursor_secret: short}", "line 1, server.cursor_secret: expected at least 16 characters"),
        ("server:\n  port: 1\n  port: 2", "line 3, server: the key port stands twice; first in line 2"),
        ("server: {host: !host x}", "line 1, server.host: tags (!) are not used in this file"),
        ("server: 5", "line 1, server: expected keys and values here"),
        (
            "server: {cursor_secret: '${env.SECRET}'}",
            "line 1, server.cursor_secret: the environment variable SECRET is not set",
        ),
        (
            "server: {cursor_secret: '${env.EMPTY}'}",
            "line 1, server.cursor_secret: the environment variable EMPTY is empty",
        ),
        (
            "server: {cursor_secret: '${env.A-B}'}",
            "line 1, server.cursor_secret: a reference to the environment is written ${env.NAME}",
        ),
    ],
)
def test_a_fault_in_a_section_is_told_with_line_and_path(text: str, expected: str, vendors: Vendors) -> None:
    assert problems(f"{text}\n{BACKENDS}", vendors, EMPTY="") == [expected]


@pytest.mark.parametrize("text", ["", "[]", "hello", "1"])
def test_a_file_without_sections_says_what_is_needed(text: str, vendors: Vendors) -> None:
    assert problems(text, vendors)[0].endswith("the file must hold sections, and at least backends")


@pytest.mark.parametrize("text", ["backends: []", "backends:", "backends: {name: a}", "server: {port: 1}"])
def test_at_least_one_backend_is_needed(text: str, vendors: Vendors) -> None:
    assert problems(text, vendors)[0].endswith("at least one backend is needed, as a list of name and vendor")


def test_an_unknown_vendor_is_told_with_the_nearest(vendors: Vendors) -> None:
    text = "backends:\n  - name: a\n    vendor: noth-ota\n  - {name: b, vendor: acme}\n  - {name: c}\n  - just text\n"
    assert problems(text, vendors) == [
        "line 3, backends[0].vendor: unknown vendor; did you mean north-ota?",
        "line 4, backends[1].vendor: unknown vendor; known are north-ota, south-ota",
        "line 5, backends[2].vendor: is missing; known are north-ota, south-ota",
        "line 6, backends[3]: a backend is a mapping with at least name and vendor",
    ]


def test_two_backends_of_one_name_are_told_with_both_lines(vendors: Vendors) -> None:
    text = """backends:
  - {name: a, vendor: north-ota, region: r}
  - {name: b, vendor: north-ota, region: r}
  - {name: a, vendor: north-ota, region: r}
"""
    assert problems(text, vendors) == ["line 4, backends[2].name: another backend has this name already, in line 2"]


def test_a_missing_secret_is_told(vendors: Vendors) -> None:
    text = """backends:
  - name: a
    vendor: south-ota
    project_id: abcd
    credentials:
      access_key: k
"""
    assert problems(text, vendors) == ["line 5, backends[0].credentials.secret_key: is missing"]


def test_of_a_choice_of_shapes_only_the_nearest_is_explained(vendors: Vendors) -> None:
    text = """backends:
  - name: a
    vendor: south-ota
    project_id: abcd
    credentials: {domain: d, user: u, pasword: p}
"""
    assert problems(text, vendors) == [
        "line 5, backends[0].credentials.password: is missing",
        "line 5, backends[0].credentials.pasword: unknown key; did you mean password?",
    ]


def test_all_problems_are_told_at_once_in_the_order_of_lines(vendors: Vendors) -> None:
    text = """server: {host: 192.168.1.1, prt: 1}
defaults: {timeout: soon}
backends:
  - {name: "a b", vendor: north-ota, region: 7, colour: red}
  - {name: b, vendor: south-ota, project_id: abcd, signing: plane, credentials: {access_key: k, secret_key: s}}
"""
    assert [problem.split(":")[0] for problem in problems(text, vendors)] == [
        "line 1, server.prt",
        "line 2, defaults.timeout",
        "line 4, backends[0].colour",
        "line 4, backends[0].name",
        "line 4, backends[0].region",
        "line 5, backends[1].signing",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "server: {cursor_secret: hunter2}",
        "ledger: {url: hunter2}",
        "cache: {url: hunter2}",
        "auth: {mode: hunter2}",
        "defaults: {timeout: hunter2, single_flight: hunter2, calls_per_second: hunter2}",
        "server: {port: hunter2, cors_origins: [hunter2]}",
        "server: {cursor_secret:hunter2}",
        "server: {hunter2}",
        "hunter2:",
        "server: *hunter2",
        "server: !hunter2 x",
        "server: {cursor_secret: 'hunter2}",
        'server: {cursor_secret: "\\hunter2"}',
        "server: {cursor_secret: @hunter2}",
        "server: {cursor_secret: '${env.LEAK}'}",
        "backends: [{name: a, vendor: hunter2}]",
        "backends: [{name: a, vendor: south-ota, project_id: hunter2, signing: hunter2, credentials: hunter2}]",
        "backends: [{name: a, vendor: south-ota, project_id: abcd, credentials: {access_key: k, secret_key:hunter2}}]",
        "backends: [{name: a, vendor: south-ota, project_id: abcd, extra_params: {Token: [hunter2]}}]",
        "backends: [{name: hunter2 , vendor: north-ota}, {name: hunter2 , vendor: north-ota}]",
    ],
)
def test_no_value_is_ever_echoed(text: str, vendors: Vendors) -> None:
    assert "hunter2" not in "\n".join(problems(text, vendors, LEAK="hunter2"))


@pytest.mark.parametrize(
    ("text", "line"),
    [("server: [", 1), ("a: b\n: c: d", 2), ("server:\n\tport: 1", 2), ("a: 1\n---\nb: 2", 2), ("a: 1\n\x00", 2)],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str, line: int, vendors: Vendors) -> None:
    (problem,) = problems(text, vendors)
    assert problem.startswith(f"line {line}: ")


@pytest.mark.parametrize("text", ["server: &a [*a]", "server: &a {port: *a}", "[" * 50_000])
def test_a_document_that_holds_itself_or_never_ends_is_refused(text: str, vendors: Vendors) -> None:
    assert problems(text, vendors)


def test_a_document_that_grows_by_aliases_is_refused(vendors: Vendors) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "more than 20000 values" in problems("\n".join(lines), vendors)[0]
