"""A loopback proxy in front of a server that writes down every call: what was sent, rather than what was meant."""

import http.client
import threading
from collections.abc import Callable, Iterator
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
    _losing: tuple[str, Callable[[], None]] | None = None

    def lose_answer(self, beginning: str, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Pass the next call that begins so on, and hang up instead of answering. `meanwhile` runs in between."""
        self._losing = (beginning, meanwhile)

    def loses(self, call: str) -> Callable[[], None] | None:
        """What to run in place of answering this call; None to answer it."""
        if self._losing is None or not call.startswith(self._losing[0]):
            return None
        meanwhile, self._losing = self._losing[1], None
        return meanwhile

    def sent(self, method: str) -> list[str]:
        """The calls of one method."""
        return [call for call in self.calls if call.startswith(f"{method} ")]


@contextmanager
def watching(upstream: str) -> Iterator[Watched]:
    """The proxy of a base URL, while the block runs."""
    address = urlsplit(upstream).netloc
    watched = Watched("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            call = f"{self.command} {self.path}"
            watched.calls.append(call)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else None
            upward = http.client.HTTPConnection(address, timeout=10)
            try:
                upward.request(self.command, self.path, body, dict(self.headers.items()))
                answer = upward.getresponse()
                content = answer.read()
            finally:
                upward.close()
            meanwhile = watched.loses(call)
            if meanwhile is not None:
                meanwhile()
                self.close_connection = True
                return
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
