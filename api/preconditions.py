"""Lost updates and needless transfers: strong entity tags, `If-Match`, `If-None-Match` (RFC 9110, section 13).

A tag is `"<version>"`, or `"<version>-<digest>"` where a body shows more than its version counts. `If-Match` compares
versions; `If-None-Match` compares whole tags. A header that is not a list of entity tags is 400; tags that are weak or
of another shape match nothing, so they end in 412.
"""

import hashlib
import re

from rest_framework.request import Request

from api.problems.refusals import ApiRefusal, parameter_problem
from inventory.errors import PreconditionRequired, VersionMismatch

_TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'
_LIST = re.compile(rf"[ \t]*{_TAG}(?:[ \t]*,[ \t]*{_TAG})*[ \t]*")
_VERSION = re.compile(r'"([1-9][0-9]{0,9})(?:-[0-9A-Za-z_-]+)?"')
_EACH_TAG = re.compile(_TAG)
_LONGEST = 8_000


def etag_for(version: int, body: bytes | None = None) -> str:
    """The entity tag of a version; with `body`, also of what it shows beyond the version."""
    if body is None:
        return f'"{version}"'
    return f'"{version}-{hashlib.sha256(body).hexdigest()[:16]}"'


def expected_version(request: Request, current: int | None = None) -> int | None:
    """The version that the caller means to change; None for `*`. Raises 428, 412 and 400 as the module says.

    Of a list, the entry that equals `current` counts.
    """
    header = request.META.get("HTTP_IF_MATCH", "").strip()
    if not header:
        detail = "Send If-Match with the ETag of the version that you read, or * for any."
        raise PreconditionRequired(detail, problems=[parameter_problem("If-Match", "It is missing.", "required")])
    if header == "*":
        return None
    versions = [int(match[1]) for tag in _tags(header, "If-Match") if (match := _VERSION.fullmatch(tag))]
    if not versions or (current is not None and current not in versions):
        problem = parameter_problem("If-Match", "Read it again and use its ETag.", "precondition_failed")
        raise VersionMismatch("If-Match names another version than the present one.", problems=[problem])
    return current if current is not None else versions[0]


def is_unchanged(request: Request, etag: str) -> bool:
    """Does `If-None-Match` say that the caller has this very answer?"""
    return names(request.META.get("HTTP_IF_NONE_MATCH", ""), etag)


def names(header: str, etag: str) -> bool:
    """Does this `If-None-Match` name the tag? Compared weakly, because proxies weaken tags."""
    header = header.strip()
    if not header or len(header) > _LONGEST:
        return False
    return header == "*" or etag in {tag.removeprefix("W/") for tag in _EACH_TAG.findall(header)}


def _tags(header: str, name: str) -> list[str]:
    if len(header) > _LONGEST or not _LIST.fullmatch(header):
        detail = 'This is not a list of entity tags, such as "3".'
        raise ApiRefusal("validation_error", detail, problems=[parameter_problem(name, detail)])
    return _EACH_TAG.findall(header)
