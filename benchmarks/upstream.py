"""The upstream: nginx, answering as AWS IoT from files, on four ports of loopback."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fleet import BACKENDS, fleet

_CONFIGURATION = """\
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  server_tokens off;
  default_type application/json;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  open_file_cache max=8192 inactive=600s;
  open_file_cache_valid 600s;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  add_header x-amzn-RequestId 2c4f1d6e-6a53-4b6e-9f0a-0d6c0e6a7b11;
{servers}}}
"""
_SERVER = """\
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    root {root};
    location = /jobs {{ try_files /jobs.json =404; }}
    location ~ ^/jobs/([^/]+)$ {{ try_files /described/$1.json =404; }}
    location ~ ^/jobs/([^/]+)/things$ {{ try_files /executions/$1.json =404; }}
  }}
"""


class Missing(Exception):
    """Something must be installed first; the message says how."""


def where_nginx_is() -> str:
    """Its path. Raises Missing."""
    # Debian puts it where only root looks by default.
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Missing("nginx is missing. On Debian and Ubuntu: apt-get install nginx-light")
    return found


@contextmanager
def upstream(folder: Path, jobs: int) -> Iterator[Sequence[str]]:
    """Nginx over four backends of that many jobs each: their base URLs, in the order of `fleet.BACKENDS`.

    Everything it writes goes into `folder`. Raises Missing without nginx.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ports = free_ports(len(BACKENDS))
    servers = []
    for number, port in enumerate(ports):
        root = folder / BACKENDS[number]
        _write(root, number, jobs)
        servers.append(_SERVER.format(port=port, root=root))
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, servers="".join(servers)), encoding="utf-8")
    process = subprocess.Popen([where_nginx_is(), "-p", folder, "-c", configuration, "-e", folder / "error.log"])
    try:
        for port in ports:
            wait_for(port, process)
        yield [f"http://127.0.0.1:{port}" for port in ports]
    finally:
        process.terminate()
        process.wait(timeout=10)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nothing listens on."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def wait_for(port: int, process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    """Until the port is listened on. Raises RuntimeError when the process ends before, TimeoutError in the end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"{process.args!r} does not listen on port {port}.")


def _write(root: Path, number: int, jobs: int) -> None:
    held = fleet(number, jobs)
    for name in ("described", "executions"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "jobs.json").write_bytes(_compact({"jobs": held.jobs}))
    for job_id, described in held.described.items():
        (root / "described" / f"{job_id}.json").write_bytes(_compact(described))
    for job_id, rows in held.executions.items():
        (root / "executions" / f"{job_id}.json").write_bytes(_compact({"executionSummaries": rows}))


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
