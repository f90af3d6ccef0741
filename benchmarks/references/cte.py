"""The limit of a write over HTTP: one prepared guarded UPDATE that inserts its ledger row, and nothing else."""

import json
from typing import Any

from benchmarks import guarded

from . import StartResponse, answer
from .sql import connection


def application(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    request = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    values = {**request["lines"][0], "reason": request["reason"], "reference": request["reference"]}
    row = connection().execute(guarded.STATEMENT, values).fetchone()
    if row is None:
        return answer(start_response, b'{"code":"insufficient_stock"}', "409 Conflict")
    return answer(start_response, b'{"balance":%d}' % row[0], "201 Created")
