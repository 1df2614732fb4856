"""The gateway, run as `serve`, in front of AWS emulators that others wrote; boto3 acts as the devices and as others."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from tests.support.aws_fleet import Fleet, backend_at, fleet_of
from tests.support.gateway_server import RunningGateway, serving_gateway
from tests.support.ministack import serving_ministack
from tests.support.moto import serving_moto
from tests.support.watched_server import Watched, watching


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture(scope="session")
def sent(ministack: str) -> Iterator[Watched]:
    """What the gateway sends to ministack."""
    with watching(ministack) as watched:
        yield watched


@pytest.fixture(scope="session")
def gateway(sent: Watched, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway over ministack, backend `fleet`."""
    with serving_gateway(tmp_path_factory.mktemp("gateway"), [backend_at(sent.url, "fleet")]) as running:
        yield running


@pytest.fixture(scope="session")
def moto_gateway(moto: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway over moto, backend `sloppy`."""
    with serving_gateway(tmp_path_factory.mktemp("moto-gateway"), [backend_at(moto, "sloppy")]) as running:
        yield running


@pytest.fixture(scope="session")
def fleet(ministack: str) -> Iterator[Fleet]:
    """boto3 at ministack, past the gateway."""
    with fleet_of(ministack) as one:
        yield one


@pytest.fixture
def next_second() -> Callable[[datetime], None]:
    """Waits until a moment's second is over: ministack's times, and generations made of them, are whole seconds."""

    def wait(moment: datetime) -> None:
        time.sleep(max(0.0, int(moment.timestamp()) + 1.01 - time.time()))

    return wait
