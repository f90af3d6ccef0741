"""What an error on the fast lane comes to: Django's turn, unless something may have happened already."""

import logging
from types import SimpleNamespace

from django.http import HttpRequest
from prometheus_client import Counter

from api.edge.asked import Answer, Asked
from api.errors import handler
from api.problems.answers import CONTENT_TYPE, encode
from inventory.context import answering

logger = logging.getLogger("stockroom.api")

COUNT = Counter("stockroom_edge_failures_total", "Errors on the fast lane.")


def instead(error: Exception, asked: Asked) -> Answer | None:
    """None: it is Django's turn. Where that might repeat an effect, the problem that Django would answer with."""
    COUNT.inc()
    logger.exception("The fast lane failed", exc_info=error)
    if not asked.past_return:
        return None
    request = HttpRequest()
    request.META = asked.environ
    with answering(asked.request_id):
        response = handler(error, {"request": SimpleNamespace(_request=request)})
    headers: dict[str, str] = {**response.headers, "Content-Type": CONTENT_TYPE}
    return Answer(response.status_code, encode(response.data), list(headers.items()))
