"""A loopback proxy in front of a server that writes down every call: what was sent, rather than what was meant."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_NOT_PASSED_ON = frozenset({"connection", "transfer-encoding", "content-length", "date", "server", "keep-alive"})


@dataclass
class Watched:
    """`url` leads through the proxy; `calls` are `METHOD /path?query`, in order."""

    url: str
    calls: list[str] = field(default_factory=list)

    def during(self) -> "Watched":
        """The same proxy with an empty record from here on."""
        self.calls.clear()
        return self


@contextmanager
def watching(upstream: str) -> Iterator[Watched]:
    """The proxy of a base URL, while the block runs."""
    address = urlsplit(upstream).netloc
    watched = Watched("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            watched.calls.append(f"{self.command} {self.path}")
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else None
            upward = http.client.HTTPConnection(address, timeout=10)
            try:
                upward.request(self.command, self.path, body, dict(self.headers.items()))
                answer = upward.getresponse()
                content = answer.read()
            finally:
                upward.close()
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in _NOT_PASSED_ON:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - the names are http.server's

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature is http.server's
            """Nothing is printed."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        watched.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield watched
        finally:
            server.shutdown()
            thread.join()
