"""The two ages of kept answers: the hard one follows the soft one unless it is set, and is never the shorter."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from gateway.settings import ConfigurationError, parse
from gateway.vendorkit.manifest import VendorManifest

Vendors = Mapping[str, VendorManifest]


def hard(defaults: str, backend: str, vendors: Vendors) -> timedelta:
    text = f"defaults: {{{defaults}}}\nbackends: [{{name: a, vendor: north-ota, region: r{backend}}}]\n"
    return parse(text, {}, vendors).backends[0].hard_ttl


def test_the_hard_age_is_twice_the_soft_one_in_effect_unless_it_is_set(vendors: Vendors) -> None:
    assert hard("", "", vendors) == timedelta(seconds=10)
    assert hard("cache_ttl: 3s", "", vendors) == timedelta(seconds=6)
    assert hard("cache_ttl: 3s", ", cache_ttl: 1m", vendors) == timedelta(minutes=2)
    assert hard("cache_hard_ttl: 1m", "", vendors) == timedelta(minutes=1)
    assert hard("cache_hard_ttl: 5s", "", vendors) == timedelta(seconds=5)
    assert hard("cache_ttl: 0s", "", vendors) == timedelta(0)


@pytest.mark.parametrize(("defaults", "backend"), [("cache_hard_ttl: 4s", ""), ("", ", cache_hard_ttl: 4999ms")])
def test_a_hard_age_below_the_soft_one_is_refused_with_its_line(defaults: str, backend: str, vendors: Vendors) -> None:
    with pytest.raises(ConfigurationError) as caught:
        hard(defaults, backend, vendors)
    problem = caught.value.problems[0]
    assert (problem.line, problem.path.endswith("cache_hard_ttl")) == (1 if defaults else 2, True)
    assert "at least the cache_ttl" in problem.message


def test_a_backend_with_a_longer_soft_age_than_the_shared_hard_one_is_refused(vendors: Vendors) -> None:
    with pytest.raises(ConfigurationError, match="at least the cache_ttl that applies here"):
        hard("cache_hard_ttl: 8s", ", cache_ttl: 9s", vendors)
