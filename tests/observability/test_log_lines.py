import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway.observability.logging import configure_logging


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging("INFO", stream)
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_entry_is_one_line_of_json(written: io.StringIO) -> None:
    structlog.get_logger("gateway.x").info("backend_down", backend="fleet", seconds=1.5)
    entry = json.loads(written.getvalue())
    assert (entry["event"], entry["level"], entry["logger"]) == ("backend_down", "info", "gateway.x")
    assert (entry["backend"], entry["seconds"]) == ("fleet", 1.5)
    assert entry["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "key", ["authorization", "Authorization", "secret_key", "password", "X-Subject-Token", "api_key", "Set-Cookie"]
)
def test_values_under_secret_keys_are_starred_at_any_depth(written: io.StringIO, key: str) -> None:
    structlog.get_logger().info("call", headers={"list": [{key: "hunter2"}]}, **{key: "hunter2"})
    assert "hunter2" not in written.getvalue()
    assert "***" in written.getvalue()


def test_names_of_keys_are_no_secrets(written: io.StringIO) -> None:
    structlog.get_logger().info("call", access_key_id="AKIDEXAMPLE", backend="fleet")
    assert "AKIDEXAMPLE" in written.getvalue()


def test_a_traceback_holds_no_local_variables(written: io.StringIO) -> None:
    hidden = "hunter" + str(2)
    try:
        raise RuntimeError(len(hidden))
    except RuntimeError:
        structlog.get_logger().exception("broken")
    entry = json.loads(written.getvalue())
    assert "RuntimeError: 7" in entry["exception"]
    assert "hunter2" not in written.getvalue()


def test_on_a_terminal_entries_are_text_without_local_variables(written: io.StringIO) -> None:
    terminal = Terminal()
    configure_logging("INFO", terminal)
    hidden = "hunter" + str(2)
    try:
        raise RuntimeError(len(hidden))
    except RuntimeError:
        structlog.get_logger("terminal").exception("broken", token="hunter2")
    assert "broken" in terminal.getvalue()
    assert "RuntimeError: 7" in terminal.getvalue()
    assert "hunter2" not in terminal.getvalue()


def test_other_libraries_log_the_same_way_and_addresses_stay_out(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("slow %s", "start")
    logging.getLogger("httpx").warning("GET https://vendor/?Signature=abc")
    entries = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(entry["event"], entry["level"]) for entry in entries] == [("slow start", "warning")]
