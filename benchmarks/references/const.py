"""The limit of HTTP in Python: the bytes of a file in BODIES, read once."""

import os
from pathlib import Path
from typing import Any

from . import StartResponse, answer

BODIES = {f"/{file.name}": file.read_bytes() for file in Path(os.environ["BODIES"]).iterdir()}


def application(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    return answer(start_response, BODIES[environ["PATH_INFO"]])
