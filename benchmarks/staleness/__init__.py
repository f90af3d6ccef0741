"""How many stale reads do the usual ways of caching serve? The same traffic for each, on the same servers.

    pip install -r requirements/bench.in     (django-cacheops, django-cachalot: for this comparison only)
    python -m benchmarks.staleness [--seconds 10] [STRATEGY …]

Eight rows on two shelves; writers count a row's version up, readers ask for a row or a whole shelf through the
strategy. Windows are held open by short naps, alike for all: after a SELECT, before and after a COMMIT. `--crash 0.1`
lets one in ten commits be a writer's last deed. A read is stale if it started after a write had been answered and shows
less than that.
"""
