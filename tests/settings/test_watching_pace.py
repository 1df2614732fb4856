"""How changes are found is configured in a section of its own, whose intervals agree with each other."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from gateway.settings import ConfigurationError, Settings, parse
from gateway.vendorkit.manifest import VendorManifest

Vendors = Mapping[str, VendorManifest]


def read(section: str, vendors: Vendors) -> Settings:
    text = f"watching: {{{section}}}\nbackends: [{{name: a, vendor: north-ota, region: r}}]\n"
    return parse(text, {}, vendors)


def test_it_is_read_and_survives_another_address(vendors: Vendors) -> None:
    settings = read("fastest: 500ms, slowest: 1m, share_of_budget: 0.2, most_executions: 100", vendors)
    for one in (settings, settings.listening("127.0.0.1", 1)):
        watching = one.watching
        assert (watching.fastest, watching.slowest) == (timedelta(milliseconds=500), timedelta(minutes=1))
        assert (watching.share_of_budget, watching.most_executions) == (0.2, 100)


@pytest.mark.parametrize("section", ["fastest: 1m", "slowest: 500ms", "share_of_budget: 0", "share_of_budget: 1.1"])
def test_what_cannot_be_kept_is_refused(section: str, vendors: Vendors) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(section, vendors)
    assert caught.value.problems[0].line == 1
    assert caught.value.problems[0].path.startswith("watching")
