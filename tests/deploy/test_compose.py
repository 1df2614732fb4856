"""compose.yaml and what it mounts: bounded services that find each other, with the secrets that secrets.sh draws."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from gateway.auth.api_keys import looks_like_a_key
from gateway.settings import Settings
from gateway.vendorkit.discovery import installed_vendors
from tests.support.deployed import DEPLOY, documents, gateway_settings, names_in_environment

(COMPOSE,) = documents(DEPLOY / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
GATEWAY = DEPLOY / "compose/gateway.yaml"
# Of https://github.com/compose-spec/compose-spec, what is used here.
KNOWN = {
    "build", "cap_drop", "command", "depends_on", "deploy", "entrypoint", "environment", "healthcheck", "image",
    "networks", "ports", "read_only", "restart", "security_opt", "stop_grace_period", "tmpfs", "user", "volumes",
}  # fmt: skip


def networks_of(service: str) -> set[str]:
    return set(SERVICES[service]["networks"])


@pytest.fixture(scope="module")
def settings(drawn: Mapping[str, str]) -> Settings:
    return gateway_settings(GATEWAY, drawn)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded_and_says_how_it_is(name: str) -> None:
    service = SERVICES[name]
    assert service.keys() <= KNOWN
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert service["image"] == "ota-gateway" or re.fullmatch(r"[a-z/-]+:v?\d+\.?[\w.]*(-alpine)?", service["image"])
    # The image of the gateway brings its own.
    assert "healthcheck" in service or name == "gateway"
    assert service["networks"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_what_is_named_is_declared_and_what_is_mounted_is_there() -> None:
    networks = {one for service in SERVICES.values() for one in service["networks"]}
    assert networks == set(COMPOSE["networks"])
    mounts = [mount.split(":") for service in SERVICES.values() for mount in service.get("volumes", ())]
    files = [(source, mode) for source, _, *mode in mounts if source.startswith(".")]
    assert len(files) >= 7
    assert [source for source, _ in files if not (DEPLOY / source).is_file()] == []
    assert {tuple(mode) for _, mode in files} == {("ro",)}
    assert {source for source, *_ in mounts if not source.startswith(".")} == set(COMPOSE["volumes"])
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in SERVICES[other] or other == "gateway"
    assert COMPOSE["services"]["gateway"]["deploy"]["replicas"] == 3


def test_only_networks_with_a_way_out_publish_ports() -> None:
    inside = {name for name, one in COMPOSE["networks"].items() if (one or {}).get("internal")}
    for name, service in SERVICES.items():
        assert bool(service.get("ports")) is bool(networks_of(name) - inside), name


def test_secrets_are_drawn_and_reach_who_reads_them(drawn: Mapping[str, str]) -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    wanted = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    assert wanted <= set(drawn)
    assert len(set(drawn.values())) == len(drawn) >= 8
    assert all(len(value) >= 43 for value in drawn.values())
    for caller in ("OPERATOR", "PROMETHEUS"):
        key = drawn[f"{caller}_KEY"]
        assert looks_like_a_key(key)
        assert drawn[f"{caller}_KEY_SHA256"] == hashlib.sha256(key.encode()).hexdigest()
    given = SERVICES["gateway"]["environment"]
    assert set(given) == names_in_environment(GATEWAY)
    # The gateways hold no key of a caller, only what it is known by.
    assert not {"OPERATOR_KEY", "PROMETHEUS_KEY"} & set(given)


def test_the_gateways_find_their_vendors_their_cache_and_their_ledger(settings: Settings) -> None:
    simulated = {}
    for backend in settings.backends:
        url = urlsplit(backend.endpoint or "")
        host = str(url.hostname)
        command = SERVICES[host]["command"]
        simulated[command[1]] = backend.vendor
        assert command[:2] == ["simulate", backend.vendor]
        assert str(url.port) == command[command.index("--port") + 1]
        assert networks_of(host) & networks_of("gateway")
    assert set(simulated) == set(installed_vendors())
    cache, ledger = urlsplit(settings.cache.url), urlsplit(settings.ledger.url)
    assert (cache.hostname, ledger.hostname) == ("valkey", "postgres")
    postgres = SERVICES["postgres"]["environment"]
    assert (ledger.username, ledger.path) == (postgres["POSTGRES_USER"], f"/{postgres['POSTGRES_DB']}")
    for other in ("valkey", "postgres"):
        assert networks_of(other) & networks_of("gateway")


def test_a_gateway_is_given_the_time_that_it_takes_to_go_down(settings: Settings) -> None:
    grace = int(SERVICES["gateway"]["stop_grace_period"].removesuffix("s"))
    assert 0 < grace - settings.server.shutdown_timeout.total_seconds() <= 10


def test_the_balancer_and_those_who_watch_find_the_gateways(settings: Settings) -> None:
    where = f"gateway:{settings.server.port}"
    nginx = (DEPLOY / "compose/nginx.conf").read_text()
    assert f"server {where} " in nginx
    (published,) = SERVICES["balancer"]["ports"]
    assert f"listen {published.rpartition(':')[2]};" in nginx
    (prometheus,) = documents(DEPLOY / "compose/prometheus.yml")
    (job,) = prometheus["scrape_configs"]
    (by_name,) = job["dns_sd_configs"]
    assert (by_name["names"], by_name["port"]) == (["gateway"], settings.server.port)
    key = job["authorization"]["credentials_file"]
    assert f"> {key}\n" in SERVICES["prometheus"]["command"][0]
    assert any(one.startswith(f"{Path(key).parent}:") for one in SERVICES["prometheus"]["tmpfs"])
    role = next(one.roles for one in settings.auth.api_keys if one.name == "prometheus")
    assert all(rule.metrics for rule in settings.auth.policies[role[0]])
    for one, other in (("balancer", "gateway"), ("prometheus", "gateway"), ("grafana", "prometheus")):
        assert networks_of(one) & networks_of(other)


def test_grafana_is_given_its_data_and_its_dashboard() -> None:
    mounts = [mount.split(":") for mount in SERVICES["grafana"]["volumes"]]
    targets = {target: source for source, target, *_ in mounts}
    datasources = yaml.safe_load((DEPLOY / "compose/grafana-datasources.yaml").read_text())["datasources"]
    assert [urlsplit(one["url"]).hostname for one in datasources] == ["prometheus"]
    providers = yaml.safe_load((DEPLOY / "compose/grafana-dashboards.yaml").read_text())["providers"]
    folder = providers[0]["options"]["path"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert str(Path(home).parent) == folder
    assert targets[home] == "./monitoring/dashboard.json"
