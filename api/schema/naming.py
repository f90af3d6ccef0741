"""Names that read well in generated clients: `list_products`, `get_stock_level`, `receive_stock_transfer`."""

import re

_CRUD = {
    "create": "create",
    "retrieve": "get",
    "update": "replace",
    "partial_update": "update",
    "destroy": "delete",
}
_SINGULAR = {"categories": "category", "deliveries": "delivery", "archive": "archived_object"}

#: Models whose serializers are called otherwise: one rule for the reader, `<What>`, `<What>Request`, `<What>Patch`.
MODELS = {
    "ApiKeyCreateRequest": "ApiKeyRequest",
    "ApiKeyRotateRequest": "RotationRequest",
    "NewReservationRequest": "ReservationRequest",
    "NewTransferRequest": "TransferRequest",
    "NothingRequest": "EmptyRequest",
    "PlanRequestRequest": "PlanRequest",
    "PolicyPatch": "LevelPatch",
    "Released": "ReleasedReservations",
    "ReservationRequestLineRequest": "ReservationLineRequest",
    "TransferRequestLineRequest": "TransferLineRequest",
}


def operation_id(path: str, method: str, action: str, *, is_list: bool) -> str:
    """`path` starts after `/api/v1/`; its variables stand in braces."""
    steps = path.strip("/").split("/")
    nouns = _nouns(steps)
    if is_list:
        return "_".join(["list", *nouns])
    if action == "list" or (method == "GET" and action not in _CRUD):
        return "_".join(["get", *nouns])
    if action in _CRUD:
        return "_".join([_CRUD[action], *nouns[:-1], singular(nouns[-1])])
    return "_".join([nouns[-1], *nouns[:-1]])


def _nouns(steps: list[str]) -> list[str]:
    """The words of the path; one that is followed by an id means one of its kind."""
    followed = [*steps[1:], ""]
    return [
        singular(step) if after.startswith("{") else step
        for step, after in zip(steps, followed, strict=True)
        if not step.startswith("{")
    ]


def singular(noun: str) -> str:
    return _SINGULAR.get(noun) or re.sub(r"s$", "", noun)


def summary_of(operation: str) -> str:
    """`list_stock_levels` → `List stock levels`."""
    return operation.replace("_", " ").capitalize().replace("api key", "API key")
