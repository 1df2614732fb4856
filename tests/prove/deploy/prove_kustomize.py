"""kustomize itself renders the overlays, and what it makes of them is valid and of one piece."""

import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest

from tests.support.deployed import DEPLOY, documents, drawn_secrets
from tests.support.manifests import OF_THE_OPERATOR, OVERLAYS, VERSIONS, objects


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_kustomize_makes_of_an_overlay_is_valid(name: str, tmp_path: Path) -> None:
    kubectl, kustomize = shutil.which("kubectl"), shutil.which("kustomize")
    if kubectl is None and kustomize is None:
        pytest.skip("neither kubectl nor kustomize is on this machine")
    shutil.copytree(DEPLOY, tmp_path / "deploy", ignore=shutil.ignore_patterns("node_modules", "supergraph"))
    done = drawn_secrets(tmp_path / "deploy/kubernetes/demo/secrets.env")
    assert done.returncode == 0, done.stderr
    command = [kustomize, "build"] if kustomize else [str(kubectl), "kustomize"]
    made = subprocess.run(
        [*command, tmp_path / "deploy/kubernetes" / name], capture_output=True, text=True, timeout=60, check=False
    )
    assert made.returncode == 0, made.stderr
    (tmp_path / "made.yaml").write_text(made.stdout)
    found = documents(tmp_path / "made.yaml")
    for one in found:
        if one["kind"] not in OF_THE_OPERATOR:
            for version in VERSIONS[::4]:
                kubernetes_validate.validate(one, version, strict=True)
    (gateway,) = [one for one in found if (one["kind"], one["metadata"]["name"]) == ("Deployment", "ota-gateway")]
    (config,) = [one for one in found if one["kind"] == "ConfigMap" and "gateway.yaml" in one["data"]]
    # Its name ends in a digest, and the pods ask for it under that name.
    assert config["metadata"]["name"] != "ota-gateway"
    volumes = {one["name"]: one for one in gateway["spec"]["template"]["spec"]["volumes"]}
    assert volumes["config"]["configMap"]["name"] == config["metadata"]["name"]
    kinds = {one["kind"] for one in found} - {"ConfigMap", "Secret"}
    assert kinds == {one["kind"] for one in objects(name)}
