"""What the cache counts."""

from prometheus_client import Counter, Histogram

_reads = Counter("stockroom_cache_reads_total", "Cached reads by outcome.", ["status"])
HITS = _reads.labels("hit")
MISSES = _reads.labels("miss")
BYPASSES = _reads.labels("bypass")
FILLS = Counter("stockroom_cache_fills_total", "Values stored.")
FILLS_REFUSED = Counter(
    "stockroom_cache_fills_refused_total", "Values not stored: a writer or another reader was busy."
)
REDIS_ERRORS = Counter("stockroom_cache_redis_errors_total", "Redis commands that failed or came too late.")
TRUST_TAKEN = Counter("stockroom_cache_trust_taken_total", "Times that this process took trust away from Redis.")
TRUST_GIVEN = Counter("stockroom_cache_trust_given_total", "Times that this process gave trust back to Redis.")
AUDITED = Counter("stockroom_cache_audited_total", "Cached entries that were compared with the database.")
STALE = Counter("stockroom_cache_stale_total", "Cached entries that were wrong. Has to stay 0.")
STALE_AGE = Histogram(
    "stockroom_cache_stale_age_seconds",
    "For how long a wrong entry had been cached, at most.",
    buckets=(0.1, 1, 5, 15, 60, 120, 300),
)
