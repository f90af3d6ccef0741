"""An identity provider in the test: keys made on the spot, and a server on loopback that publishes them."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.test import override_settings

ISSUER, AUDIENCE = "https://login.example/", "stockroom"


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> Any:
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


@cache
def ec_key() -> Any:
    return ec.generate_private_key(ec.SECP256R1())


def jwk(key: Any, kid: str, **members: Any) -> dict[str, Any]:
    algorithm = jwt.algorithms.ECAlgorithm if hasattr(key, "curve") else jwt.algorithms.RSAAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", **members}


def token(key: Any = None, *, kid: str | None = "one", alg: str = "RS256", headers: Any = None, **claims: Any) -> str:
    """A good token, but for what is said otherwise; a claim that is None is left out."""
    now = int(time.time())
    given = {"iss": ISSUER, "aud": AUDIENCE, "sub": "shop|7", "iat": now, "exp": now + 60, "scope": "catalog:read"}
    kept = {name: value for name, value in (given | claims).items() if value is not None}
    named = {"kid": kid} if kid is not None else {}
    return jwt.encode(kept, key or rsa_key(), algorithm=alg, headers={**named, **(headers or {})})


class Provider:
    """`keys` is what it publishes; `asked` counts how often; `answer` sets another status, body and header."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.answer: tuple[int, bytes, dict[str, str]] | None = None
        self.slow_s = 0.0
        self.url = ""

    def reply(self) -> tuple[int, bytes, dict[str, str]]:
        self.asked += 1
        time.sleep(self.slow_s)
        return self.answer or (200, json.dumps({"keys": self.keys}).encode(), {})


@contextmanager
def provider(*keys: dict[str, Any], **settings: Any) -> Iterator[Provider]:
    """A provider that runs, and a service that trusts it."""
    one = Provider(*(keys or (jwk(rsa_key(), "one"),)))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(one))
    Thread(target=server.serve_forever, daemon=True).start()
    one.url = f"http://127.0.0.1:{server.server_port}/keys"
    trust = {"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": [AUDIENCE], "OIDC_JWKS_URL": one.url, **settings}
    try:
        with override_settings(**trust):
            yield one
    finally:
        server.shutdown()
        server.server_close()


def _handler(one: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = one.reply()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            return None

    return Handler
