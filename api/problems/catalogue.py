"""Every error code of the API, with its status, its meaning and its cure. The pages under /api/problems show this."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """One code. `cause` and `remedy` are for people; `example` shows the members that matter, as they would arrive."""

    code: str
    status: int
    title: str
    cause: str
    remedy: str
    example: dict[str, Any]


def _kind(code: str, status: int, title: str, cause: str, remedy: str, detail: str, /, **culprit: Any) -> Kind:
    example: dict[str, Any] = {"detail": detail}
    if culprit:
        example["errors"] = [{"code": culprit.pop("error", code), **culprit}]
    return Kind(code, status, title, cause, remedy, example)


_KINDS = (
    _kind(
        "validation_error", 400, "The request does not fit the schema",
        "A field of the body, a query parameter or a header has a value that the published schema does not allow.",
        "Read `errors`: each entry names the field by a JSON pointer into the body (`pointer`) or the query or header "
        "field (`parameter`). Correct it and send the request again; nothing was written.",
        "One field is not valid.", error="required", detail="This field is required.", pointer="/sku",
    ),
    _kind(
        "unknown_parameter", 400, "Unknown query parameter",
        "The query has a parameter that this operation does not know. A misspelt filter would otherwise return "
        "everything.",
        "Compare the name in `errors` with the parameters of the operation in the reference.",
        "This operation has no parameter “categry”.", detail="Did you mean “category”?", parameter="categry",
    ),
    _kind(
        "malformed_json", 400, "The body is not strict JSON",
        "The body is not UTF-8 JSON, repeats a key, holds NaN or Infinity, or nests too deeply.",
        "Send what a strict JSON encoder writes. `position` counts characters from the start of the body.",
        "Expecting ',' delimiter.", detail="Line 3, column 5.", pointer="", position=42,
    ),
    _kind(
        "invalid_cursor", 400, "The cursor is not valid",
        "The `cursor` was changed, was made for another list or another `ordering`, or comes from an older release.",
        "Follow the `next` and `previous` links exactly as they were given, or start again without `cursor`.",
        "This cursor was not issued for this list.", detail="Start again without it.", parameter="cursor",
    ),
    _kind(
        "not_authenticated", 401, "No key was sent",
        "The request carries no API key.",
        "Send `Authorization: Bearer <key>`. `python manage.py create_api_key NAME --scopes all` makes one.",
        "Send an API key: Authorization: Bearer <key>.",
    ),
    _kind(
        "authentication_failed", 401, "The key is not accepted",
        "The key is unknown, expired or revoked. Which of the three is not told. Of a token of the identity provider, "
        "`detail` tells what is wrong.",
        "Check the key for typing errors, or ask an administrator for a new one; fetch a new token.",
        "This key is not accepted.",
    ),
    _kind(
        "permission_denied", 403, "The key may not do this",
        "The key is valid, but lacks the scope that this operation needs, or is limited to other locations.",
        "`GET /api/v1/me` lists the scopes of your key. Ask for a key with the scope that `detail` names.",
        "This needs the scope “stock:write”.", detail="The key lacks it.", scope="stock:write",
    ),
    _kind(
        "not_found", 404, "There is nothing here",
        "No route has this path, or no object has this id (any more).",
        "Check the path and the id. A deleted product stands under `/api/v1/archive`.",
        "No product has this id.",
    ),
    _kind(
        "method_not_allowed", 405, "The method does not fit this path",
        "The path exists, but not with this method.",
        "Use one of the methods in the `Allow` header.",
        "Method “PUT” is not allowed here.",
    ),
    _kind(
        "not_acceptable", 406, "None of the accepted media types is offered",
        "The `Accept` header names no media type that this operation can send.",
        "Accept `application/json`, or leave the header out.",
        "This operation answers with application/json.",
    ),
    _kind(
        "payload_too_large", 413, "The body is too large",
        "The body has more bytes than the service takes.",
        "Split the request: batches take up to 1,000 items, and larger files go through `/api/v1/imports`.",
        "The body may have up to 5,242,880 bytes.", detail="Send less at once.", limit=5_242_880,
    ),
    _kind(
        "unsupported_media_type", 415, "The body has the wrong media type",
        "The `Content-Type` is not the one that this operation reads, or names a character set other than UTF-8.",
        "Send `Content-Type: application/json`.",
        "Send application/json in UTF-8.", detail="text/plain is not read here.", parameter="Content-Type",
    ),
    _kind(
        "insufficient_stock", 409, "Not enough stock",
        "At least one line asks for more than is available at its location. Nothing was changed.",
        "`errors` has one entry per short line with `available` and `requested`. Ask for less, or restock.",
        "One line asks for more than is available.",
        detail="12 requested, 5 available.", pointer="/lines/0", available=5, requested=12,
    ),
    _kind(
        "stock_changed", 409, "The stock is not what you expected",
        "`expected_on_hand` differs from the present value: somebody moved stock since you looked.",
        "Look at `current`, decide again, and send the request with the new expectation.",
        "The stock has changed since you looked.",
        detail="You expected 10, there are 9.", pointer="/lines/0/expected_on_hand", expected=10, current=9,
    ),
    _kind(
        "duplicate", 409, "There is one already",
        "Another object has the same unique value, such as the SKU (compared without regard to case).",
        "Change the value, or change the existing object instead.",
        "A product with this SKU exists.", detail="“MUG-01” is taken.", pointer="/sku",
    ),
    _kind(
        "in_use", 409, "It is still in use",
        "The object cannot go while others need it: a category with products, a product with stock or reservations.",
        "Move or finish what `detail` names, then try again.",
        "The product still has stock.", detail="3 units at MAIN.",
    ),
    _kind(
        "invalid_transition", 409, "Its state does not allow this",
        "The object is not in a state from which this step leads on: an expired reservation cannot be fulfilled.",
        "Read the object again and follow its `state`.",
        "A released reservation cannot be confirmed.",
    ),
    _kind(
        "idempotency_in_progress", 409, "The first request is still running",
        "A request with the same `Idempotency-Key` has not been answered yet.",
        "Wait for the seconds in `Retry-After` and send the same request again: you will get the first answer.",
        "A request with this Idempotency-Key is still running; ask again in a second.",
    ),
    _kind(
        "precondition_failed", 412, "It was changed since you read it",
        "`If-Match` names another version than the present one. Nothing was written.",
        "Read the object again, apply your change to it, and send its new `ETag`.",
        "The version you named is not the present one.", detail="Read it again.", parameter="If-Match",
    ),
    _kind(
        "precondition_required", 428, "Say which version you change",
        "PUT, PATCH and DELETE need `If-Match`; a count needs `expected_on_hand`. Without it, you could overwrite "
        "somebody else's change.",
        "Send the `ETag` of the object that you read in `If-Match`, or `*` if you mean any version.",
        "Send If-Match with the ETag of the version that you read.", detail="It is missing.", parameter="If-Match",
    ),
    _kind(
        "does_not_exist", 422, "The body names something that does not exist",
        "The request fits the schema, but one of its fields refers to an object that is not there.",
        "Check the value that `pointer` shows; create what it names first.",
        "One reference leads nowhere.", detail="No location has the code “NORTH”.", pointer="/lines/0/location",
    ),
    _kind(
        "idempotency_mismatch", 422, "The key was used for another request",
        "The `Idempotency-Key` was sent before with another method, path, query or body.",
        "Use a new key for each new request, and the same key only to repeat the same one.",
        "This Idempotency-Key was used for another request.",
    ),
    _kind(
        "throttled", 429, "Too many requests",
        "The key has used up its requests for this window, or has too many requests running at once.",
        "Wait for the seconds in `Retry-After`. `RateLimit` shows what is left, `RateLimit-Policy` the rule.",
        "Ask again in 12 seconds.",
    ),
    _kind(
        "internal_error", 500, "Something went wrong on our side",
        "An error that nobody foresaw. It has been logged under the request id; the request took no effect unless its "
        "answer had begun.",
        "Repeat it with the same `Idempotency-Key`. If it stays, report the `request_id`.",
        "Report this request id to the people who run this service.",
    ),
    _kind(
        "unavailable", 503, "A part of the service is away",
        "The database cannot be reached, has no free connection, or could not finish in time. The request may be sent "
        "again.",
        "Wait for the seconds in `Retry-After`, then repeat the request with the same `Idempotency-Key`.",
        "The database is not available; try again shortly.",
    ),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.code: kind for kind in _KINDS}
