"""A caller of the API, as short as curl: `api.post("products", {...})`, `api.patch(path, {...}, version=1)`.

Every answer is held against the published schema.
"""

from typing import Any

from rest_framework.test import APIClient

from tests.api.contract import assert_as_published
from tests.api.door import Answer

ROOT = "/api/v1/"


class Api(APIClient):
    """Paths are below `/api/v1/`. `version` becomes `If-Match`; other keywords are headers, `request_id="r"`."""

    HEADERS = {"request_id": "X-Request-ID", "idempotency_key": "Idempotency-Key", "if_match": "If-Match"}

    def __init__(self, key: str | None = None, **options: Any) -> None:
        super().__init__(raise_request_exception=False, **options)
        if key is not None:
            self.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        headers = dict(kwargs.pop("headers", None) or {})
        version = kwargs.pop("version", None)
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        for name, header in self.HEADERS.items():
            if name in kwargs:
                headers[header] = kwargs.pop(name)
        path = path if path.startswith("/") else ROOT + path
        response = super().generic(method, path, *args, headers=headers or None, **kwargs)
        given = {name.lower(): value for name, value in response.items()}
        assert_as_published(method, path.partition("?")[0], Answer(response.status_code, given, response.content))
        return response
