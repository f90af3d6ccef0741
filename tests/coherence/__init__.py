"""Is every read as new as the last answered write, over HTTP, while everything that can break is being broken?

    python -m tests.coherence [--seconds 120] [--reads 1000000] [--seed 1]      (make coherence ARGS="--reads 1000000")

Two web servers share one PostgreSQL and one Valkey, all started here. Writers edit, move and stock a few products;
readers ask for them by id, by SKU and by listing; every other second something fails. `oracle` judges each answer
while the run goes on, and keeps no read that it has judged.
"""
