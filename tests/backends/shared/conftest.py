from collections.abc import Iterator

import pytest

from tests.support.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def redis_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def shared_redis(redis_of_all: RedisServer) -> RedisServer:
    """A Redis that holds nothing."""
    with redis_of_all.client() as client:
        client.flushall()
    return redis_of_all


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis that a test may kill and start again."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server
