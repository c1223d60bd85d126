"""back-python: the last service of the chain. Answers /jump with a greeting. Python's standard library only."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    # Keeps connections open, as a proxy in front expects.
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; the second would wait 40 ms for the acknowledgement of the first.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        # An unread body would be taken for the next request of the connection.
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer()

    def answer(self) -> None:
        if self.path.split("?", 1)[0] == "/jump":
            self.send_json(200, {"message": "/jump - Greetings from Python!", "code": 200})
        else:
            self.send_json(404, {"message": f"{self.path} - not found", "code": 404})

    def send_json(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    address = os.environ.get("HOST", "")
    port = int(os.environ.get("PORT", "5000"))
    try:
        server = ThreadingHTTPServer((address, port), Handler)
    except OSError as error:
        sys.exit(f"back-python cannot listen on port {port}: {error.strerror}")
    print(f"back-python listens on port {server.server_port}", file=sys.stderr, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
