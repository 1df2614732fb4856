import httpx
import pytest
from structlog.testing import capture_logs


async def failing(client: httpx.AsyncClient, how: str) -> tuple[httpx.Response, dict]:
    query = "query ($how: String!) { hello failing(how: $how) }"
    answer = await client.post("/graphql", json={"query": query, "variables": {"how": how}})
    return answer, answer.json()["errors"][0]


async def test_a_failed_field_leaves_the_rest_of_the_answer(client: httpx.AsyncClient) -> None:
    answer, error = await failing(client, "down")
    assert answer.status_code == 200
    assert answer.json()["data"] == {"hello": "hello you", "failing": None}
    assert error["path"] == ["failing"]


@pytest.mark.parametrize(
    ("how", "reason", "retryable"),
    [
        ("down", "BACKEND_UNAVAILABLE", True),
        ("throttled", "THROTTLED", True),
        ("rejected", "VENDOR_REJECTED", False),
    ],
)
async def test_a_backend_that_could_not_be_asked_is_named(
    client: httpx.AsyncClient, how: str, reason: str, retryable: bool
) -> None:
    _, error = await failing(client, how)
    extensions = error["extensions"]
    assert (extensions["code"], extensions["backend"]) == ("BACKEND_UNAVAILABLE", "factory")
    assert (extensions["reason"], extensions["retryable"]) == (reason, retryable)


async def test_a_throttled_backend_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    _, error = await failing(client, "throttled")
    assert error["extensions"]["retryAfterSeconds"] == 2.0


async def test_invalid_input_says_where_and_what_is_accepted(client: httpx.AsyncClient) -> None:
    _, error = await failing(client, "input")
    assert error["message"] == "This id is unusable."
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert (error["extensions"]["path"], error["extensions"]["rule"]) == (["id"], "an id")


async def test_a_denied_permission_is_forbidden(client: httpx.AsyncClient) -> None:
    _, error = await failing(client, "forbidden")
    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_what_is_unexpected_tells_the_client_a_number_and_the_log_the_rest(client: httpx.AsyncClient) -> None:
    with capture_logs() as logged:
        answer, error = await failing(client, "bug")
    assert error["message"] == "Internal error"
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert error["extensions"]["code"] == "INTERNAL"
    entry = next(entry for entry in logged if entry["event"] == "unexpected_error")
    assert entry["id"] == error["extensions"]["id"]
    assert entry["path"] == "failing"
    assert str(entry["exc_info"][1]) == "the password is hunter2"


async def test_a_null_that_may_not_be_is_internal(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ number(of: 99999999999) }"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
