"""How one operation is described."""

from drf_spectacular.openapi import AutoSchema


class StockroomSchema(AutoSchema):
    """The description of one operation."""
