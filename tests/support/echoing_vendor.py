"""A vendor that refuses everything, in every vendor's own shape, and repeats all that it was sent; also over TLS."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        said = f"refused: {self.requestline}\n{self.headers}\n{sent}"
        shapes = {
            "message": said, "Message": said, "error_code": "IOTDA.000021", "error_msg": said, "success": False,
            "code": "iot.refused", "msg": said, "error": {"code": "401", "message": said},
        }  # fmt: skip
        body = json.dumps(shapes).encode()
        self.send_response(403)
        self.send_header("content-type", "application/json")
        self.send_header("x-amzn-errortype", "InvalidSignatureException")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - as the base class looks for them

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def echoing_vendor(tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve while the block runs; gives the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] - who ends a handshake ends it here too
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
