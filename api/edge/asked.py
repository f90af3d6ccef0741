"""A lane, a request on it, and its answer."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

from api import counters, throttling
from api.callers import Caller
from api.edge.line import Setup
from api.request_ids import request_id_for
from api.unread import READ, Environ

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Lane:
    """One route of `api/urls.py` that is answered before Django. `answer` returns None to hand the request down.

    `route` and `allow` are what Django would say: the label in the metrics, and the methods of the route.
    """

    answer: Callable[["Asked"], "Answer | None"]
    method: str
    route: str
    allow: str
    scope: str


class Answer(NamedTuple):
    """`headers`: the lane's own, in the order in which Django sends them; those of every answer come behind.

    `hits`: how many cached values it was made of.
    """

    status: int
    body: bytes
    headers: Headers
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Passport:
    """What a key and the headers that came with it come to: good for as long as the key is remembered.

    `before`, `after`: headers of every answer, before and after `Content-Length`. `setup`: where its line leads, and
    `question`: what is asked on it to count a request.
    """

    caller: Caller
    principal: str
    actor: str
    limit: int
    at_once: int
    secure: bool
    before: Headers
    after: Headers
    setup: Setup
    question: bytes


class Asked:
    """One request: the caller's key is good, has the lane's scope, and nothing about the headers is odd.

    A lane calls `enter`, sees to it that the request is counted (together with its own question, or with others), and
    answers or returns None. If it fails, Django is asked: what it does must be safe to repeat.
    """

    __slots__ = ("_body", "_decision", "environ", "lane", "passport", "path", "request_id", "started")

    def __init__(self, environ: Environ, lane: Lane, passport: Passport) -> None:
        self.started = time.perf_counter()
        self.environ, self.lane, self.passport = environ, lane, passport
        self.path: str = environ["PATH_INFO"]
        self.request_id = request_id_for(environ.get("HTTP_X_REQUEST_ID"))
        self._body: bytes | None = None
        self._decision: counters.Decision | None = None

    @property
    def caller(self) -> Caller:
        return self.passport.caller

    def enter(self) -> bool:
        """Take a place among the caller's requests that run here. False: hand down, Django says 429."""
        return throttling.enter(self.environ, self.passport.principal, self.passport.at_once)

    def decided(self, decision: counters.Decision) -> bool:
        """The request was counted; whoever answers shows this. False: hand down, Django says 429."""
        self._decision = decision
        throttling.remember(self.environ, decision)
        return decision.allowed

    @property
    def decision(self) -> counters.Decision:
        """What counting the request came to; it is counted now if nobody has."""
        if self._decision is None:
            self._decision = throttling.decide(self.environ, self.passport.caller)
        return self._decision

    def body(self) -> bytes:
        """All of the body. Look at `length` before."""
        if self._body is None:
            self._body = self.environ["wsgi.input"].read(self.length)
            self.environ[READ] = len(self._body) == self.length
        return self._body

    @property
    def length(self) -> int:
        """What `Content-Length` promises; 0 where that is no number, as Django has it."""
        text = self.environ.get("CONTENT_LENGTH") or "0"
        return int(text) if text.isascii() and text.isdigit() else 0

    def put_back(self) -> None:
        """Let Django read the body as if nobody had."""
        if self._body is not None:
            self.environ["wsgi.input"] = BytesIO(self._body)

    @property
    def seconds(self) -> float:
        """Since it was admitted."""
        return time.perf_counter() - self.started
