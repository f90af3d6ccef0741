"""The fast lane: answers plain requests before Django, and hands everything else down to it untouched.

Django with REST framework spends most of a cached read on itself. A lane answers only what it surely can, with the
bytes that Django would send; whatever is odd, missing, refused or broken goes down, and nobody can tell the difference
but by the clock. `API_FAST_LANE=false` leaves it out.
"""

from collections.abc import Iterable

from api import throttling
from api.edge import admission, failures, frame
from api.edge.journal import record
from api.edge.routes import lane_for
from api.unread import Application, Environ, StartResponse

#: In the environ of a request that a lane has answered.
ANSWERED = "stockroom.edge"


class Edge:
    """Wraps Django's WSGI application."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        lane = lane_for(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        asked = None if lane is None else admission.admit(environ, lane)
        if lane is None or asked is None:
            return self.application(environ, start_response)
        try:
            try:
                answer = lane.answer(asked)
            except Exception as error:
                failures.note(error)
                answer = None  # Django's turn: a lane has effects only where repeating them is safe
            if answer is None:
                asked.put_back()
                return self.application(environ, start_response)
            environ[ANSWERED] = True
            start_response(frame.status_line(answer.status), frame.headers(asked, answer))
            record(asked, answer)
            return [answer.body]
        finally:
            throttling.give_place_back(environ)
