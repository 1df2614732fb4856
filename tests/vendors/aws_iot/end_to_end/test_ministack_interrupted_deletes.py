"""Deletes that come several times at once, lose their answer, or are repeated after a restart: one DELETE goes out."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.aws_fleet import Fleet, backend_at
from tests.support.gateway_server import RunningGateway, serving_gateway
from tests.support.reborn_execution import DELETED, deleted, standing, succeeded
from tests.support.watched_server import Watched


def test_deletes_of_one_execution_at_the_same_time_send_one_delete(
    gateway: RunningGateway, fleet: Fleet, sent: Watched
) -> None:
    one = succeeded(gateway, fleet)
    sent.calls.clear()

    with ThreadPoolExecutor(4) as callers:
        answers = list(
            callers.map(lambda _: gateway.change("deleteJobExecution", DELETED, id=one.id)["outcome"], range(4))
        )

    assert Counter(answers) == {"DONE": 1, "ALREADY_DELETED": 3}
    assert sent.sent("DELETE") == [f"DELETE /things/{one.thing}/jobs/{one.job}/executionNumber/1"]


def test_deletes_of_one_task_at_the_same_time_send_one_delete(
    gateway: RunningGateway, fleet: Fleet, sent: Watched
) -> None:
    job = fleet.job(fleet.thing()[1])
    query = "query ($text: String) { tasks(filter: {text: $text}) { nodes { id } } }"
    task = gateway.ask(query, text=job)["tasks"]["nodes"][0]["id"]
    sent.calls.clear()

    with ThreadPoolExecutor(4) as callers:
        answers = list(
            callers.map(lambda _: gateway.change("deleteOtaTask", DELETED, id=task, force=True)["outcome"], range(4))
        )

    assert Counter(answers) == {"DONE": 1, "ALREADY_DELETED": 3}
    assert sent.sent("DELETE") == [f"DELETE /jobs/{job}?force=true"]


def test_a_delete_whose_answer_is_lost_is_looked_after_and_not_sent_again(
    gateway: RunningGateway, fleet: Fleet, sent: Watched
) -> None:
    one = succeeded(gateway, fleet)
    sent.calls.clear()
    sent.lose_answer("DELETE ")

    answer = gateway.change("deleteJobExecution", DELETED, id=one.id)

    assert (answer["outcome"], answer["deletedId"], answer["errors"]) == ("DONE", one.id, [])
    assert len(sent.sent("DELETE")) == 1
    assert fleet.execution(one.thing, one.job) is None


@pytest.mark.parametrize("in_the_same_second", [False, True])
def test_what_is_reborn_while_the_answer_is_lost_is_told_of_and_left(
    gateway: RunningGateway,
    fleet: Fleet,
    sent: Watched,
    next_second: Callable[[datetime], None],
    in_the_same_second: bool,
) -> None:
    one = succeeded(gateway, fleet)
    if not in_the_same_second:
        next_second(one.queued_at)
    sent.calls.clear()
    sent.lose_answer("DELETE ", meanwhile=one.leave)

    answer = gateway.change("deleteJobExecution", DELETED, id=one.id)

    assert answer["outcome"] == "UNKNOWN"
    (problem,) = answer["errors"]
    assert (problem["__typename"], problem["expected"]) == ("OtaGenerationChanged", one.id)
    assert problem["found"] == standing(gateway, one.thing)["id"]
    assert len(sent.sent("DELETE")) == 1
    again = gateway.change("deleteJobExecution", DELETED, id=one.id, force=True)
    assert again["outcome"] == "ALREADY_DELETED"
    assert len(sent.sent("DELETE")) == 1
    assert fleet.execution(one.thing, one.job) is not None


def test_a_deletion_is_remembered_by_the_next_gateway_over_the_same_ledger(
    fleet: Fleet, sent: Watched, tmp_path: Path
) -> None:
    with serving_gateway(tmp_path, [backend_at(sent.url, "fleet")]) as before:
        one = deleted(before, fleet)
    one.leave()

    with serving_gateway(tmp_path, [backend_at(sent.url, "fleet")]) as after:
        sent.calls.clear()
        again = after.change("deleteJobExecution", DELETED, id=one.id)
        assert (again["outcome"], again["deletedId"]) == ("ALREADY_DELETED", one.id)
        assert sent.calls == []
        by_names = after.change("deleteJobExecution", DELETED, execution=one.native)
        assert (by_names["outcome"], by_names["errors"][0]["code"]) == ("REFUSED", "GENERATION_CHANGED")

    assert fleet.execution(one.thing, one.job) is not None
