"""The Kubernetes manifests of deploy/, and what each overlay takes in, as kustomize would."""

from functools import cache
from pathlib import Path
from typing import Any

from tests.support.deployed import DEPLOY, documents

KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = ("production", "demo")
VERSIONS = tuple(f"1.{minor}" for minor in range(29, 38))
# Written for those who run the operator; Kubernetes' own schemas hold only its own kinds.
OF_THE_OPERATOR = {"ServiceMonitor", "PrometheusRule"}
SHOWN_ONLY = {"secret.example.yaml"}
NO_MANIFESTS = {"kustomization.yaml", "gateway.yaml", "alerts.yml"}
MANIFESTS = sorted(
    file
    for folder in (KUBERNETES, DEPLOY / "monitoring")
    for file in folder.rglob("*.y*ml")
    if file.name not in NO_MANIFESTS
)
PATCHES = {KUBERNETES / "production/network.yaml", KUBERNETES / "demo/gateway-patch.yaml"}


def _kustomized(folder: Path, seen: set[Path]) -> None:
    """Every file that a kustomization takes in, itself and those it builds on included."""
    (own,) = documents(folder / "kustomization.yaml")
    seen.add(folder / "kustomization.yaml")
    for reference in [*own.get("resources", ()), *own.get("components", ())]:
        target = (folder / reference).resolve()
        if target.is_dir():
            _kustomized(target, seen)
        else:
            seen.add(target)
    for patch in own.get("patches", ()):
        seen.add(folder / patch["path"])
    for generator in own.get("configMapGenerator", ()):
        seen |= {folder / name for name in generator["files"]}


@cache
def taken_in(overlay: str) -> frozenset[Path]:
    seen: set[Path] = set()
    _kustomized(KUBERNETES / overlay, seen)
    return frozenset(seen)


@cache
def objects(overlay: str) -> tuple[dict[str, Any], ...]:
    """What an overlay consists of, patches and what it generates left out."""
    files = [file for file in sorted(taken_in(overlay)) if file in MANIFESTS and file not in PATCHES]
    return tuple(one for file in files for one in documents(file))
