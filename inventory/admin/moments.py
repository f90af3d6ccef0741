"""Time as a range of primary keys: UUIDv7 begins with its milliseconds, so the key is the index on time."""

from datetime import datetime
from uuid import UUID


def first_id(moment: datetime) -> UUID:
    """The smallest UUIDv7 that can have been made at `moment` or later."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
