"""What is left of a body that nobody read: the refusal of a POST is often written before its body has arrived.

The server hangs up on a connection whose request was not read to its end, without telling: the next request of a client
that keeps its connections would fail. So a little is read here, and where more is left the answer says that it closes.

Whoever promises a body and sends none holds a thread, with or without a key, here as with chunked bodies. Where
strangers reach the service, a proxy that buffers requests belongs before it.
"""

from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

#: In the environ of a request of whose body as many bytes were read as its Content-Length says.
READ = "stockroom.read"

_PIECE = 16 * 1024
_MOST = 64 * 1024


def finishing(environ: Environ, start_response: StartResponse) -> StartResponse:
    """`start_response`, which first reads what the application has left of the request's body."""
    if not _has_body(environ):
        return start_response

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        read = environ.get(READ) or _read_to_its_end(environ["wsgi.input"])
        closing = [] if read else [("Connection", "close")]
        return start_response(status, [*headers, *closing], *rest)

    return start


def _has_body(environ: Environ) -> bool:
    return environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ


def _read_to_its_end(body: Any) -> bool:
    for _ in range(_MOST // _PIECE):
        if not body.read(_PIECE):
            return True
    return not body.read(1)
