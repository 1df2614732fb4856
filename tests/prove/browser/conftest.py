"""One browser for the proofs of a file, one demo, and one fleet of which a backend is gone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.board_fleet import Fleet, fleet_of
from tests.support.browser import chromium
from tests.support.running_demo import running_demo

# Two files of proofs are run at once, on machines that may be busy.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_demo(tmp_path_factory.mktemp("demo")) as origin:
        yield origin


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet_of(tmp_path_factory.mktemp("fleet"), ["aws-iot", "huawei-iotda", "tuya"], gone=True) as fleet:
        yield fleet
