"""What the domain counts for Prometheus."""

from prometheus_client import Counter, Gauge

receiver_failures = Counter("stockroom_receiver_failures", "Rings of a guarded receiver that failed.", ["receiver"])
receiver_retries = Counter("stockroom_receiver_retries", "Rings that were tried again.", ["receiver", "outcome"])
refused_moves = Counter("stockroom_refused_moves", "Stock moves that were refused.", ["code"])
turns_given_up = Counter(
    "stockroom_turns_given_up",
    "Failed transactions of several requests, which were then served one by one.",
)
drifts = Gauge(
    "stockroom_drifts", "What did not agree when it was last looked at.", ["kind"], multiprocess_mode="mostrecent"
)
alerts_opened = Counter("stockroom_alerts_opened", "Low-stock alerts opened.", ["severity"])
