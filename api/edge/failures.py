"""What an error comes to that a lane cannot hand down: its effect may have happened, and Django would repeat it."""

from types import SimpleNamespace

from django.http import HttpRequest
from prometheus_client import Counter

from api.edge.asked import Answer, Asked
from api.errors import handler
from api.problems.answers import CONTENT_TYPE, encode
from inventory.context import answering

COUNT = Counter("stockroom_edge_failures_total", "Errors on the fast lane.")


def answer_to(error: Exception, asked: Asked) -> Answer:
    """The problem that Django would answer with."""
    request = HttpRequest()
    request.META = asked.environ
    with answering(asked.request_id):
        response = handler(error, {"request": SimpleNamespace(_request=request)})
    headers: dict[str, str] = {**response.headers, "Content-Type": CONTENT_TYPE}
    return Answer(response.status_code, encode(response.data), list(headers.items()))
