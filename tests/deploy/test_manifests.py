"""The Kubernetes manifests: valid by Kubernetes' own schemas, of one piece, and agreeing with the settings."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest

from gateway.settings import Settings, cautions
from gateway.vendorkit.discovery import installed_vendors
from tests.support.deployed import DEPLOY, documents, gateway_settings, names_in_environment
from tests.support.manifests import (
    KUBERNETES,
    MANIFESTS,
    OF_THE_OPERATOR,
    OVERLAYS,
    PATCHES,
    SHOWN_ONLY,
    VERSIONS,
    objects,
    taken_in,
)


def _named(file: Path) -> str:
    return str(file.relative_to(DEPLOY))


def of_kind(overlay: str, kind: str) -> Iterator[dict[str, Any]]:
    return (one for one in objects(overlay) if one["kind"] == kind)


def pods(overlay: str) -> dict[str, dict[str, Any]]:
    """The pods' templates, by their deployment's name."""
    return {one["metadata"]["name"]: one["spec"]["template"] for one in of_kind(overlay, "Deployment")}


def covers(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()


def port_names(template: Mapping[str, Any]) -> dict[str, int]:
    ports = [port for container in template["spec"]["containers"] for port in container.get("ports", ())]
    return {port["name"]: port["containerPort"] for port in ports}


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings(overlay: str, drawn: Mapping[str, str]) -> Settings:
    """The gateway's configuration in an overlay, with the environment that its Secret gives it."""
    file = KUBERNETES / overlay / "gateway.yaml"
    given = dict(drawn) if overlay == "demo" else {**dict.fromkeys(secret_keys(overlay, drawn), "0" * 64)}
    return gateway_settings(file, given)


def secret_keys(overlay: str, drawn: Mapping[str, str]) -> set[str]:
    if overlay == "demo":
        return set(drawn)
    (example,) = documents(KUBERNETES / "production/secret.example.yaml")
    return set(example["stringData"])


@pytest.mark.parametrize("file", [one for one in MANIFESTS if one not in PATCHES], ids=_named)
def test_each_manifest_is_valid_by_the_schemas_of_every_version(file: Path) -> None:
    own = [one for one in documents(file) if one["kind"] not in OF_THE_OPERATOR]
    for one in own:
        for version in VERSIONS:
            kubernetes_validate.validate(one, version, strict=True)
    assert own or {one["kind"] for one in documents(file)} <= OF_THE_OPERATOR


def test_the_schemas_would_tell() -> None:
    (wrong,) = documents(KUBERNETES / "base/disruption.yaml")
    wrong["spec"]["maxUnavailabel"] = 1
    for version in VERSIONS:
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, version, strict=True)


def test_every_manifest_belongs_to_an_overlay_and_every_file_that_one_names_is_there() -> None:
    named = taken_in("production") | taken_in("demo")
    assert [file for file in named if not file.exists()] == []
    assert {file.name for file in set(MANIFESTS) - named} == SHOWN_ONLY
    assert named >= PATCHES
    assert {one["kind"] for name in OVERLAYS for one in objects(name)} == OF_THE_OPERATOR | {
        "Deployment", "HorizontalPodAutoscaler", "Ingress", "Namespace", "NetworkPolicy", "PodDisruptionBudget",
        "Service", "ServiceAccount",
    }  # fmt: skip


def test_what_selects_pods_finds_them_and_ports_go_by_names_that_are_there(overlay: str) -> None:
    templates = pods(overlay)
    labels = {name: one["metadata"]["labels"] for name, one in templates.items()}
    for one in of_kind(overlay, "Deployment"):
        name = one["metadata"]["name"]
        assert covers(one["spec"]["selector"]["matchLabels"], labels[name])
        assert len([other for other in labels.values() if covers(one["spec"]["selector"]["matchLabels"], other)]) == 1
    for service in of_kind(overlay, "Service"):
        (behind,) = [name for name, own in labels.items() if covers(service["spec"]["selector"], own)]
        known = port_names(templates[behind])
        wanted = {port["targetPort"] for port in service["spec"]["ports"]}
        assert wanted <= known.keys() | known.values(), service["metadata"]["name"]
    gateway = labels["ota-gateway"]
    for kind, where in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        (one,) = of_kind(overlay, kind)
        assert covers(one["spec"][where]["matchLabels"], gateway)
    (scaler,) = of_kind(overlay, "HorizontalPodAutoscaler")
    assert scaler["spec"]["scaleTargetRef"]["name"] in templates
    for container in templates["ota-gateway"]["spec"]["containers"]:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["port"] in port_names(templates["ota-gateway"])


def test_what_comes_in_from_outside_comes_to_the_gateways_but_not_to_their_metrics() -> None:
    (ingress,) = of_kind("production", "Ingress")
    services = {one["metadata"]["name"]: one for one in of_kind("production", "Service")}
    (rule,) = ingress["spec"]["rules"]
    for path in rule["http"]["paths"]:
        target = path["backend"]["service"]
        assert target["port"]["name"] in {port["name"] for port in services[target["name"]]["spec"]["ports"]}
    assert {path["path"] for path in rule["http"]["paths"]} == {"/", "/graphql", "/assets"}
    (monitor,) = of_kind("production", "ServiceMonitor")
    service = services["ota-gateway"]
    assert covers(monitor["spec"]["selector"]["matchLabels"], service["metadata"]["labels"])
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert endpoint["authorization"]["credentials"]["key"] in secret_keys("production", {})


def test_every_pod_is_restricted_as_its_namespace_demands(overlay: str) -> None:
    (namespace,) = of_kind(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for name, template in pods(overlay).items():
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            }  # fmt: skip
            assert container["resources"]["requests"].keys() >= {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


def test_a_gateway_is_given_the_time_that_it_takes_to_go_down(overlay: str, settings: Settings) -> None:
    spec = pods(overlay)["ota-gateway"]["spec"]
    probe = spec["containers"][0]["readinessProbe"]
    server = settings.server
    assert server.host == "0.0.0.0"  # noqa: S104
    assert server.port == spec["containers"][0]["ports"][0]["containerPort"]
    assert probe["periodSeconds"] * probe["failureThreshold"] < server.shutdown_delay.total_seconds()
    assert 0 < spec["terminationGracePeriodSeconds"] - server.shutdown_timeout.total_seconds() <= 10


def test_the_secret_holds_what_the_configuration_reads(
    overlay: str, settings: Settings, drawn: Mapping[str, str]
) -> None:
    wanted = names_in_environment(KUBERNETES / overlay / "gateway.yaml")
    assert wanted <= secret_keys(overlay, drawn)
    assert {one.vendor for one in settings.backends} == set(installed_vendors())
    assert settings.cache.is_shared
    assert settings.ledger.url.startswith("postgresql")
    assert settings.server.cursor_secret is not None
    keys = [
        one["secretKeyRef"]["key"]
        for template in pods(overlay).values()
        for container in template["spec"]["containers"]
        for one in (entry.get("valueFrom") or {} for entry in container.get("env", ()))
        if one
    ]
    assert set(keys) <= secret_keys(overlay, drawn)


def test_production_speaks_in_clear_to_nobody_but_the_ingress_before_it(drawn: Mapping[str, str]) -> None:
    given = dict.fromkeys(secret_keys("production", drawn), "0" * 64)
    told = list(cautions(gateway_settings(KUBERNETES / "production/gateway.yaml", given)))
    assert [one.partition(":")[0] for one in told] == ["server.tls"]


def test_the_network_lets_the_gateways_out_to_their_vendors_and_in_from_few() -> None:
    (base,) = documents(KUBERNETES / "base/network.yaml")
    (patch,) = documents(KUBERNETES / "production/network.yaml")
    for policy in (base, patch):
        (vendors,) = [
            rule
            for rule in policy["spec"]["egress"]
            for peer in rule["to"]
            if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
        ]
        ports = {port["port"] for port in vendors["ports"]}
        (block,) = [peer["ipBlock"] for peer in vendors["to"]]
        kept_out = [ip_network(one) for one in block["except"]]
        assert all(any(ip_address(one) in net for net in kept_out) for one in ("169.254.169.254", "10.1.2.3"))
        settings = documents(KUBERNETES / "production/gateway.yaml")[0]
        endpoints = [urlsplit(one["endpoint"]) for one in settings["backends"] if "endpoint" in one]
        assert {url.port or 443 for url in endpoints} <= ports
    assert base["spec"]["policyTypes"] == ["Ingress", "Egress"]
    (way_in,) = base["spec"]["ingress"]
    assert all(peer.keys() == {"namespaceSelector"} for peer in way_in["from"])
