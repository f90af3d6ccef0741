"""Errors on the fast lane: Django answers in its stead, and somebody hears of it."""

import logging

from prometheus_client import Counter

logger = logging.getLogger("stockroom.api")

COUNT = Counter("stockroom_edge_failures_total", "Errors on the fast lane.")


def note(error: Exception) -> None:
    COUNT.inc()
    logger.exception("The fast lane failed", exc_info=error)
