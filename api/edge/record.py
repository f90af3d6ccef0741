"""What is written down of an answer: the line in the access log and the metrics, as for any other request."""

import logging

from api import tally
from api.edge.asked import Answer, Asked
from api.request_ids import log_answer
from api.request_ids import logger as access_log
from inventory.context import answering


def record(asked: Asked, answer: Answer) -> None:
    lane, seconds = asked.lane, asked.seconds
    tally.note((lane.method, lane.route, answer.status, seconds, answer.hits))
    if access_log.isEnabledFor(logging.INFO):
        with answering(asked.request_id):
            log_answer(lane.method, asked.path, answer.status, seconds, asked.passport.actor)
