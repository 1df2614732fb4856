"""The image: every step of the Dockerfile carried out, and what it comes to, run by nobody on a read-only root."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from gateway.vendorkit.discovery import installed_vendors
from tests.support.child_server import child_server, free_port
from tests.support.deployed import DEPLOY, drawn_secrets, secrets_in
from tests.support.image_build import Image, built

# Nothing but what is mounted there anew may be written: not the root, not /tmp of others. Then: nobody, with no right.
CONFINED = """
mount --bind "$HOME" "$HOME"
mount -t tmpfs -o size=16m,mode=1777 none /tmp
mount -o remount,bind,ro /
exec setpriv --reuid "$RUN_AS" --regid "$RUN_IN" --clear-groups --no-new-privs --bounding-set=-all -- "$@"
"""
TASKS = "{ tasks(first: 8) { nodes { id } backends { name status } } }"


@dataclass(frozen=True, slots=True)
class Container:
    """An image that can be run. `confined` tells whether the machine lets us take everything away from it."""

    image: Image
    confined: bool

    def command(self, *arguments: str | Path) -> list[str]:
        words = [str(one) for one in arguments]
        return ["unshare", "--mount", "sh", "-euc", CONFINED, "sh", *words] if self.confined else words

    @property
    def environment(self) -> dict[str, str]:
        user, group = self.image.user
        return {**self.image.environment, "RUN_AS": str(user), "RUN_IN": str(group)}

    def run(self, *arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments), cwd=self.image.home, env={**self.environment, **environment}, check=False,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    # Not below /tmp, which each container has a new one of, nor where only root gets.
    folder = Path(tempfile.mkdtemp(prefix="ota-gateway-image-", dir="/var/tmp"))
    try:
        folder.chmod(0o755)
        image = built(DEPLOY / "Dockerfile", folder, os.environ["PATH"])
        can = os.geteuid() == 0 and shutil.which("setpriv") is not None
        yield Container(image, can and subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0)
    finally:
        shutil.rmtree(folder)


@contextmanager
def serving(container: Container, arguments: Sequence[str], url: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = container.command(*container.image.entrypoint, *arguments)
    with child_server(
        command, asking=url, log=log, folder=container.image.home, environment=container.environment
    ) as process:
        yield process


def configuration(folder: Path, endpoints: Mapping[str, str], secrets: Mapping[str, str], port: int) -> Path:
    """compose/gateway.yaml, with addresses of this machine and a ledger in the image's volume."""
    document = yaml.safe_load((DEPLOY / "compose/gateway.yaml").read_text())
    document["server"] |= {"host": "127.0.0.1", "port": port, "cursor_secret": secrets["CURSOR_SECRET"]}
    del document["cache"]
    document["ledger"] = {"url": "sqlite+aiosqlite:///ledger.db"}
    for key in document["auth"]["api_keys"]:
        key["sha256"] = secrets[f"{key['name'].upper()}_KEY_SHA256"]
    document["backends"] = [one for one in document["backends"] if one["vendor"] in endpoints]
    for backend in document["backends"]:
        backend["endpoint"] = endpoints[backend["vendor"]]
    file = folder / "gateway.yaml"
    file.write_text(yaml.safe_dump(document))
    file.chmod(0o644)
    return file


def written_since(root: Path, moment: float, but: Path) -> list[Path]:
    return [
        file
        for file in root.rglob("*")
        if not file.is_symlink() and file.is_file() and file.stat().st_mtime > moment and but not in file.parents
    ]


@pytest.mark.timeout(600)
def test_the_image_serves_as_nobody_with_a_root_that_is_read_only(
    container: Container, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    image = container.image
    assert drawn_secrets(tmp_path / "secrets.env").returncode == 0
    secrets = secrets_in(tmp_path / "secrets.env")
    began = time.time()
    with ExitStack() as running:
        endpoints = {}
        for slug in installed_vendors():
            port = free_port()
            endpoints[slug] = url = f"http://127.0.0.1:{port}"
            command = ["simulate", slug, "--port", str(port), "--no-quotas"]
            running.enter_context(serving(container, command, url, tmp_path / f"{slug}.said"))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        config = configuration(image.root, endpoints, secrets, port)
        began = max(began, config.stat().st_mtime)
        process = running.enter_context(
            serving(container, ["serve", "--config", str(config)], f"{url}/readyz", tmp_path / "gateway.log")
        )
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as http:
            assert http.post("/graphql", json={"query": TASKS}).status_code == 401
            key = {"authorization": f"Bearer {secrets['OPERATOR_KEY']}"}
            answer = http.post("/graphql", json={"query": TASKS}, headers=key).json()["data"]["tasks"]
            page = http.get("/graphql", headers={"accept": "text/html"})
        assert [one["status"] for one in answer["backends"]] == ["OK"] * len(installed_vendors())
        assert len(answer["nodes"]) == 8
        assert page.status_code == 200
        assert "assets/explorer/" in page.text
        health = container.run(*image.health, HEALTH_URL=f"{url}/readyz")
        assert health.returncode == 0, health.stderr
        assert container.run(*image.health, HEALTH_URL=f"{url}/nowhere").returncode != 0
        status = Path(f"/proc/{process.pid}/status").read_text()
        memory = int(status.partition("VmRSS:")[2].split()[0]) // 1024
        if container.confined:
            rights = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            assert rights["Uid"].split() == ["10001"] * 4
            assert int(rights["CapEff"], 16) == int(rights["CapBnd"], 16) == 0
            assert rights["NoNewPrivs"] == "1"
            for place in ("/x", "/etc/x", image.root / "opt/x", image.root / "x"):
                assert container.run("touch", place).returncode != 0
            assert container.run("touch", image.home / "x", "/tmp/x").returncode == 0  # noqa: S108
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert (image.home / "ledger.db").exists()
    assert written_since(image.root, began, but=image.home) == []
    size = sum(file.lstat().st_size for file in image.root.rglob("*")) // 2**20
    assert not list(image.root.glob("opt/*/lib/python*/site-packages/setuptools"))
    assert not list(image.root.glob("opt/*/lib/python*/site-packages/pip"))
    how = "as uid 10001 without a right, root read-only" if container.confined else "unconfined: that takes root"
    record_property(
        "figures", f"image: {image.steps} steps carried out, {size} MiB; served {how}; {memory} MiB resident"
    )
