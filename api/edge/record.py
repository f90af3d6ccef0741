"""What is written down of an answer: the line in the access log and the metrics, as for any other request."""

from api import metrics
from api.edge.asked import Asked
from api.request_ids import log_answer
from inventory.context import answering


def record(asked: Asked, status: int) -> None:
    seconds = asked.seconds
    metrics.count_on(asked.lane.method, asked.lane.route, status, seconds)
    with answering(asked.request_id):
        log_answer(asked.lane.method, asked.path, status, seconds, str(asked.caller.actor))
