"""What parameters, answers and shared models are, in words, where the code that declares them says nothing."""

#: Query and path parameters by name; `operation.name` where one operation means something else.
PARAMETERS: dict[str, str] = {
    "action": "What was done, such as `updated`.",
    "actor": "Who did it, as the rows name them.",
    "available_max": "At most this many pieces available.",
    "available_min": "At least this many pieces available.",
    "code": "One or more codes: repeat it.",
    "from_location": "The code of the location that the goods leave.",
    "id": "The object's id.",
    "is_active": "Only those in use, or only those that are not.",
    "key": "Only events of this product or object.",
    "kind": "What kind of booking it was.",
    "object_id": "The id of the object.",
    "object_type": "What kind of object, such as `product`.",
    "owner": "For whom the pieces are held.",
    "price_max": "At most this price.",
    "price_min": "At least this price.",
    "reason": "Why the stock was adjusted.",
    "reference": "The caller's own document number, exactly.",
    "request_id": "The `X-Request-ID` of the request that did it.",
    "restored": "Only what was restored, or only what was not.",
    "severity": "How bad it is.",
    "since": "From this instant on (RFC 3339 with offset).",
    "sku": "One or more SKUs: repeat it.",
    "state": "Only those in this state.",
    "status": "Only those with this status.",
    "to_location": "The code of the location that the goods go to.",
    "until": "Up to this instant (RFC 3339 with offset).",
    "updated_since": "Changed at or after this instant (RFC 3339 with offset).",
}
PRODUCT_ID = "The product's id, or `sku:<SKU>`."

#: Successful answers by status; of a read, by whether it is a page.
ANSWERS: dict[str, str] = {"201": "Created.", "204": "Gone.", "304": "You have it already."}
PAGE, READ, CHANGED = "One page, and where to go on.", "As it is now.", "As it is after this request."

MODELS: dict[str, str] = {
    "AlertState": "Where an alert stands.",
    "Balance": "What a booking left at its level, in pieces.",
    "CountMode": "Whether a page tells the total as well.",
    "Deltas": "What a booking changed at its level, in pieces.",
    "MovementKind": "What kind of booking wrote a ledger row.",
    "MovementReason": "Why stock was adjusted.",
    "PlannedLine": "Where the pieces of one line would come from.",
    "ProductStatus": "Where a product stands in its life.",
    "ReservationLine": "Pieces of one product, held at one location.",
    "ReservationState": "Where a reservation stands.",
    "Scope": "What a key may do.",
    "Severity": "How bad an alert is.",
    "Share": "What one location gives to a planned line.",
    "StockState": "Whether there is enough.",
    "Strategy": "How lines without a location are planned over the locations.",
    "TransferLine": "One product of a transfer.",
    "TransferState": "Where a transfer stands.",
}
