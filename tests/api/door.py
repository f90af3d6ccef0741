"""The front door as a server sees it: the WSGI application, shim included, called with bytes."""

import io
import itertools
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from config.wsgi import application
from tests.api.contract import assert_as_published

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json()["code"]

    def culprit(self, field: str = "pointer") -> list[str]:
        """Where the problem lies: all pointers, or all parameters."""
        return [error[field] for error in self.json()["errors"] if field in error]


class Door:
    """A caller with one key. Paths are below /api/v1 unless they start with a slash."""

    def __init__(self, secret: str | None = None) -> None:
        self.secret = secret

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        checked: bool = True,
        **headers: str | None,
    ) -> Answer:
        """`headers` in Python spelling (`if_match="*"`). Every answer is held against the published schema."""
        address, _, query = path.partition("?")
        address = address if address.startswith("/") else f"/api/v1/{address}"
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent: dict[str, str | None] = {"accept": "application/json", **headers}
        if content and "content_type" not in sent:
            sent["content_type"] = "application/json"
        if self.secret and "authorization" not in sent:
            sent["authorization"] = f"Bearer {self.secret}"
        answer = knock(method, address, query, content, {k: v for k, v in sent.items() if v is not None})
        if checked:
            assert_as_published(method, address, answer)
        return answer

    def get(self, path: str, **more: Any) -> Answer:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.call("POST", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.call("PUT", path, body, **{"if_match": "*", **more})

    def patch(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.call("PATCH", path, body, **{"if_match": "*", **more})

    def delete(self, path: str, **more: Any) -> Answer:
        return self.call("DELETE", path, **{"if_match": "*", **more})


def knock(
    method: str, address: str, query: str = "", body: bytes = b"", headers: dict[str, str] | None = None
) -> Answer:
    """One request as bytes. `address` may be percent-encoded; it is decoded as a server does it."""
    status, given, content = collect(application, environ_of(method, address, query, body, headers))
    return Answer(int(status.split()[0]), {name.lower(): value for name, value in given}, content)


def environ_of(
    method: str, address: str, query: str = "", body: bytes = b"", headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """What a server makes of the request."""
    if any(ord(letter) > 255 for letter in query):  # WSGI knows bytes only, one per letter
        query = query.encode().decode("latin-1")
    path = address.encode("utf-8", "surrogateescape") if "%" not in address else unquote_to_bytes(address)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)) if body or method in ("POST", "PUT", "PATCH") else "",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in {"host": "127.0.0.1", **(headers or {})}.items():
        key = name.upper().replace("-", "_")
        if key == "TRANSFER_ENCODING":
            environ["CONTENT_LENGTH"] = ""
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def collect(application: Any, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status line, headers and body, as the application gives them to its server."""
    started: list[Any] = []
    chunks = application(environ, lambda status, headers, exc_info=None: started.extend([status, headers]))
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = started
    return status, headers, body


def fresh(prefix: str) -> str:
    """A name that no other test has."""
    return f"{prefix}-{next(_numbers)}"


def product(door: Door, **values: Any) -> dict[str, Any]:
    """A product, made through the front door."""
    sku = fresh("SKU")
    answer = door.post("products", {"sku": sku, "name": sku, **values})
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json()
    return made


def sku_path(sku: str) -> str:
    return "products/sku:" + quote(sku, safe="")
