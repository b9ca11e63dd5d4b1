"""A page about a run, for the browsers of this computer alone."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from boards.watching.state import Watcher
from catgrad.errors import CatgradError

HOST = "127.0.0.1"
PORT = 8017
"""Where the page is, unless said otherwise."""

TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
PAGES = {
    "/": "page.html",
    "/page.js": "page.js",
    "/charts.js": "charts.js",
    "/page.css": "page.css",
}

POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"
"""Nothing of the page comes from elsewhere."""

LINGER_S = 2.0
"""How long a server that ends waits for pages that do not know the end yet."""


class QuietServer(ThreadingHTTPServer):
    """A server that leaves the terminal to the run, whatever becomes of a request."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that goes away in the middle of an answer is no error."""


class Server:
    """Serves a page about a run at `url`, until `close`; it answers this computer only.

    A page asks for `/state`, which is JSON: that of `State`, how many seconds the run has been
    silent, and where they are new the parameters as pictures, `weights`.

    CatgradError if another program has the port; port 0 stands for one that is free.
    """

    def __init__(self, watcher: Watcher, port: int = PORT) -> None:
        self.watcher = watcher
        self._asked_s, self._knows_end = 0.0, False
        server = self

        class Handler(BaseHTTPRequestHandler):
            """Answers one request."""

            def do_GET(self) -> None:
                server._answer(self)

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing: what is on the terminal is the run's."""

        try:
            self._http = QuietServer((HOST, port), Handler)
        except (OSError, OverflowError) as error:
            raise CatgradError(
                f"The page cannot be served at port {port} ({error}); name another, or 0 for one "
                f"that is free."
            ) from error
        self._http.daemon_threads = True
        self.url = f"http://{HOST}:{self._http.server_port}/"
        self._thread = Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it, once the pages that are open have heard of the end of the run."""
        until = time.monotonic() + LINGER_S
        while time.monotonic() < until and not self._knows_end:
            if time.monotonic() - self._asked_s > LINGER_S:
                break
            time.sleep(0.05)
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer with a file of the page, or with the state."""
        try:
            path = urlsplit(request.path)
            name = urlsplit(f"//{request.headers.get('Host', '')}").hostname
        except ValueError:
            self._send(request, 400, "text/plain", b"This is no address of a page; see /.\n")
            return
        if name not in (HOST, "localhost"):  # A page of elsewhere, under a name of its own.
            self._send(request, 403, "text/plain", b"This page is for this computer only.\n")
        elif path.path == "/state":
            known = parse_qs(path.query).get("weights", ["-1"])[0]
            try:
                body = self._state(number(known))
            except CatgradError as error:
                body = {"error": str(error)}
            self._send(request, 200, "application/json", json.dumps(body).encode())
            self._knows_end = body.get("end") is not None
        elif path.path in PAGES:
            file = PAGES[path.path]
            content = files("boards.watching").joinpath("page", file).read_bytes()
            self._send(request, 200, TYPES[file.rpartition(".")[2]], content)
        else:
            self._send(request, 404, "text/plain", b"There is no such page; see /.\n")

    def _state(self, known: int) -> dict[str, object]:
        state = self.watcher.state()
        self._asked_s = time.monotonic()
        body = state.to_json()
        body["silent"] = round(self.watcher.silent_s, 1)
        body["weights"] = self.watcher.weights(state, known)
        return body

    def _send(self, request: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
        """Send an answer, which nobody keeps."""
        request.send_response(status)
        request.send_header("Content-Type", f"{kind}; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Cache-Control", "no-store")
        request.send_header("Content-Security-Policy", POLICY)
        request.end_headers()
        request.wfile.write(body)


def number(text: str) -> int:
    """The integer that a text is; -1 if it is none.

    >>> number("12"), number("²"), number("9" * 5000)
    (12, -1, -1)
    """
    try:
        return int(text)
    except ValueError:
        return -1
