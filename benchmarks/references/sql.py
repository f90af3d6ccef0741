"""One connection per thread, autocommit, every statement prepared."""

import os
import threading

import psycopg

local = threading.local()


def connection() -> psycopg.Connection:
    if not hasattr(local, "connection"):
        local.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, prepare_threshold=0)
    return local.connection
