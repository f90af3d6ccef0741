"""Is every read as new as the last answered write, over HTTP, while everything that can break is being broken?

    python -m tests.coherence [--seconds 120] [--seed 1]          (make coherence ARGS="--seconds 600")

Two web servers share one PostgreSQL and one Valkey, all started here. Writers edit, move and stock products; readers
ask for them by id, by SKU and by listing; every second or so something fails. `oracle` judges the log afterwards.
"""
