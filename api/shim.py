"""A thin WSGI layer before Django, for requests that break Django before its first middleware.

`Content-Type: x/y; a*=BOGUS''z` is a 500 on every URL of Django 5.2: the header is parsed while the request object is
built. The same place decides over text encodings, NUL characters and bad percent signs, so nothing behind it has to.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus
from io import BytesIO
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.http import HttpRequest

from api.problems.answers import CONTENT_TYPE, encode, problem_body
from api.problems.refusals import parameter_problem
from api.request_ids import HEADER, request_id_for
from api.unread import Application, Environ, StartResponse, finishing
from inventory.context import answering
from inventory.errors import Problem

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105
_PARAMETER_NAME = r"[!#$%&'+.^_`|~0-9A-Za-z-]+"  # no `*`: extended parameters are where Django's parser breaks
_VALUE = rf"(?:{_TOKEN}|\"[\t !#-\[\]-~]*\")"
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*(?:{_PARAMETER_NAME}={_VALUE})?)*[ \t]*")
_CHARSET = re.compile(rf";[ \t]*charset=({_VALUE})", re.IGNORECASE)
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LONGEST_CONTENT_TYPE = 300


class _Unreadable(Exception):
    def __init__(self, code: str, detail: str, problem: Problem | None = None) -> None:
        self.code, self.detail, self.problems = code, detail, [problem] if problem else []


class Shim:
    """Wraps the WSGI application; answers by itself only what Django could not."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if _is_plain(environ):
            return self.application(environ, start_response)
        start_response = finishing(environ, start_response)
        try:
            _check_path(environ.get("PATH_INFO", ""))
            _check_query(environ.get("QUERY_STRING", ""))
            _check_content_type(environ.get("CONTENT_TYPE", ""))
            _take_in_chunks(environ)
        except _Unreadable as refusal:
            return _answer(refusal, environ, start_response)
        return self.application(environ, start_response)


def _is_plain(environ: Environ) -> bool:
    """Is there nothing to check?"""
    path = environ.get("PATH_INFO", "")
    return not (
        environ.get("QUERY_STRING")
        or environ.get("CONTENT_TYPE")
        or environ.get("CONTENT_LENGTH")
        or "HTTP_TRANSFER_ENCODING" in environ
        or "\x00" in path
        or not path.isascii()
    )


def _check_path(path: str) -> None:
    if "\x00" in path or not (path.isascii() or _is_utf8(path.encode("latin-1", "replace"))):
        raise _Unreadable("not_found", "There is nothing at this path.")


def _check_query(query: str) -> None:
    if query.isascii() and "%" not in query:
        return
    for part in query.split("&"):
        if _BAD_PERCENT.search(part) or not _is_clean(part):
            name = part.partition("=")[0][:100].encode("ascii", "replace").decode()
            detail = "This is not percent-encoded UTF-8 text without NUL."
            raise _Unreadable("validation_error", detail, parameter_problem(name, detail))


def _check_content_type(content_type: str) -> None:
    if not content_type:
        return
    if len(content_type) > _LONGEST_CONTENT_TYPE or not _CONTENT_TYPE.fullmatch(content_type):
        detail = "The Content-Type header cannot be read."
        raise _Unreadable("validation_error", detail, parameter_problem("Content-Type", detail))
    for charset in _CHARSET.findall(content_type):
        if charset.strip('"').lower() not in ("utf-8", "utf8"):
            detail = "Only UTF-8 is read here."
            raise _Unreadable("unsupported_media_type", detail, parameter_problem("Content-Type", detail))


def _take_in_chunks(environ: Environ) -> None:
    """Django reads as many bytes as `Content-Length` says: a chunked body, which has none, would pass for empty."""
    if environ.get("CONTENT_LENGTH") or "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = environ["wsgi.input"].read(limit + 1)
    if len(body) > limit:
        detail = f"A body without Content-Length may have up to {limit:,} bytes."
        raise _Unreadable("payload_too_large", detail)
    environ["CONTENT_LENGTH"], environ["wsgi.input"] = str(len(body)), BytesIO(body)


def _is_clean(part: str) -> bool:
    raw = unquote_to_bytes(part.encode("latin-1", "replace"))
    return b"\x00" not in raw and _is_utf8(raw)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _named(environ: Environ) -> HttpRequest:
    """A request that knows its host and nothing else: enough for the address of a problem's page."""
    request = HttpRequest()
    request.META = environ
    return request


def _answer(refusal: _Unreadable, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    request_id = request_id_for(environ.get("HTTP_X_REQUEST_ID"))
    with answering(request_id):
        body = problem_body(_named(environ), refusal.code, refusal.detail, refusal.problems)
    content = encode(body)
    status = HTTPStatus(body["status"])
    headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(content))), (HEADER, request_id)]
    start_response(f"{status.value} {status.phrase}", headers)
    return [b"" if environ.get("REQUEST_METHOD") == "HEAD" else content]
