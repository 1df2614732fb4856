"""`ota-gateway audit export`: all entries, in order, in both forms, and nothing that a spreadsheet would run."""

import asyncio
import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.audit import Intent
from gateway.domain.errors import VendorRejected
from gateway.domain.operations import Operation
from gateway.domain.outcomes import MutationOutcome, MutationResult
from gateway.ledger import Ledger, Started

Run = Callable[..., subprocess.CompletedProcess[str]]
START = datetime(2026, 3, 1, tzinfo=UTC)
FORMULA = '=HYPERLINK("http://evil.example","click")'


def config(folder: Path, backend: str) -> str:
    (folder / "gateway.yaml").write_text(f"ledger: {{url: 'sqlite+aiosqlite:///{folder}/ledger.db'}}\n{backend}")
    return str(folder / "gateway.yaml")


async def _write(folder: Path) -> list[str]:
    moment = START
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{folder}/ledger.db", now=lambda: moment)
    ids = []
    for place, (actor, operation, backend) in enumerate(
        [
            ("alice", Operation.DELETE_TASK, "fleet"),
            ("bob", Operation.CANCEL_TASK, "fleet"),
            ("alice", Operation.DELETE_TASK, "other"),
            ("+bob", Operation.DELETE_PACKAGE, "fleet"),
        ]
    ):
        moment = START + timedelta(days=place)
        intent = Intent(actor=actor, operation=operation, backend=backend, targets=["a", "-b"], reason=FORMULA)
        started = await ledger.begin(intent)
        assert isinstance(started, Started)
        ids.append(started.entry_id)
        await ledger.note_before(started.entry_id, {"status": "QUEUED", "текст": "固件\n"})
        if place == 3:
            continue
        errors = [VendorRejected("No.", backend=backend, target="a")] if place == 1 else []
        outcome = MutationOutcome.FAILED if errors else MutationOutcome.DONE
        result = MutationResult(outcome=outcome, errors=[*errors])
        await ledger.close(started.entry_id, result, after={"status": "GONE"}, vendor_request_ids=["r-1"])
    await ledger.aclose()
    return ids


@pytest.fixture
def audited(tmp_path: Path, backend_of: Any, vendor: Any) -> tuple[str, list[str]]:
    """A configuration whose ledger holds four entries, a day apart, and their ids."""
    path = config(tmp_path, backend_of(vendor.slug, "http://127.0.0.1:1"))
    return path, asyncio.run(_write(tmp_path))


def test_every_entry_is_a_line_of_json_oldest_first(run: Run, audited: tuple[str, list[str]]) -> None:
    path, ids = audited
    done = run("audit", "export", "--config", path)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "4 entries")
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [entry["id"] for entry in entries] == ids
    assert list(entries[0]) == [
        "id", "at", "closedAt", "state", "actor", "operation", "backend", "targets", "outcome", "reason",
        "idempotencyKey", "before", "after", "vendorRequestIds", "errors",
    ]  # fmt: skip
    assert entries[1]["errors"] == [
        {"code": "VENDOR_REJECTED", "message": "No.", "target": "a", "backend": "fleet", "retryable": False}
    ]
    assert (entries[0]["before"], entries[0]["reason"]) == ({"status": "QUEUED", "текст": "固件\n"}, FORMULA)
    assert (entries[3]["state"], entries[3]["outcome"], entries[3]["closedAt"]) == ("OPEN", None, None)


def test_a_table_holds_the_same_and_no_formula(run: Run, audited: tuple[str, list[str]]) -> None:
    path, ids = audited
    done = run("audit", "export", "--config", path, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["id"] for row in rows] == ids
    assert rows[0]["reason"] == f"'{FORMULA}"
    assert rows[3]["actor"] == "'+bob"
    assert json.loads(rows[0]["targets"]) == ["a", "-b"]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize(
    ("options", "places"),
    [
        (["--actor", "alice"], [0, 2]),
        (["--backend", "fleet"], [0, 1, 3]),
        (["--backend", "fleet", "--backend", "other"], [0, 1, 2, 3]),
        (["--operation", "DELETE_TASK", "--operation", "DELETE_PACKAGE"], [0, 2, 3]),
        (["--outcome", "FAILED"], [1]),
        (["--since", "2026-03-02"], [1, 2, 3]),
        (["--since", "2026-03-02T00:00:00Z", "--until", "2026-03-03T00:00:00+00:00"], [1]),
        (["--until", "2020-01-01"], []),
    ],
)
def test_only_what_is_asked_for_is_written(
    run: Run, audited: tuple[str, list[str]], options: list[str], places: list[int]
) -> None:
    path, ids = audited
    done = run("audit", "export", "--config", path, *options)
    assert done.returncode == 0
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [ids[place] for place in places]


def test_a_file_bears_its_name_once_it_is_whole(run: Run, audited: tuple[str, list[str]], tmp_path: Path) -> None:
    path, ids = audited
    done = run("audit", "export", "--config", path, "--output", "audit.ndjson")
    assert (done.returncode, done.stdout) == (0, "")
    assert len((tmp_path / "audit.ndjson").read_text().splitlines()) == len(ids)
    assert not (tmp_path / "audit.ndjson.part").exists()
    (tmp_path / "ledger.db").write_text("no database at all " * 100)
    done = run("audit", "export", "--config", path, "--output", "second.ndjson")
    assert done.returncode == 1
    assert "ledger.db" in done.stderr
    assert not list(tmp_path.glob("second*"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--since", "yesterday"], "--since yesterday is no moment"),
        (["--operation", "EXPLODE"], "DELETE_TASK"),
        (["--outcome", "FINE"], "DONE"),
        (["--format", "xml"], "ndjson"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(
    run: Run, audited: tuple[str, list[str]], options: list[str], says: str
) -> None:
    done = run("audit", "export", "--config", audited[0], *options)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_what_cannot_be_written_or_read_is_said_in_a_sentence(
    run: Run, audited: tuple[str, list[str]], tmp_path: Path
) -> None:
    done = run("audit", "export", "--config", audited[0], "--output", "absent/audit.csv")
    assert (done.returncode, "absent/audit.csv" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
    done = run("audit", "export", "--config", str(tmp_path / "absent.yaml"))
    assert done.returncode == 1
    assert "absent.yaml" in done.stderr


def test_whoever_stops_reading_is_not_answered_with_a_traceback(audited: tuple[str, list[str]], tmp_path: Path) -> None:
    command = f"{sys.executable} -m gateway audit export --config {audited[0]} | head -n 0"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
