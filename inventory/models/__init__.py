"""The nouns: fields, constraints, and querysets that answer questions. Never a side effect."""

from .access import ApiKey, Scope
from .alerts import AlertState, Severity, StockAlert
from .catalog import INT_MAX, SKU_PATTERN, Category, Product, Status
from .events import Event
from .history import Activity, ArchivedObject, ReceiverFailure
from .idempotency import IdempotencyRecord
from .operators import OperatorProfile
from .reservations import Holding, Reservation, ReservationLine, ReservationState
from .stock import COUNTERS, Kind, Location, ProductStock, Reason, State, StockLevel, StockMovement
from .transfers import Transfer, TransferLine, TransferState

__all__ = [
    "COUNTERS",
    "INT_MAX",
    "SKU_PATTERN",
    "Activity",
    "AlertState",
    "ApiKey",
    "ArchivedObject",
    "Category",
    "Event",
    "Holding",
    "IdempotencyRecord",
    "Kind",
    "Location",
    "OperatorProfile",
    "Product",
    "ProductStock",
    "Reason",
    "ReceiverFailure",
    "Reservation",
    "ReservationLine",
    "ReservationState",
    "Scope",
    "Severity",
    "State",
    "Status",
    "StockAlert",
    "StockLevel",
    "StockMovement",
    "Transfer",
    "TransferLine",
    "TransferState",
]
