"""The published OpenAPI document: `document` describes operations, `components` the shared parts."""

from api.schema.operations import StockroomSchema

__all__ = ["StockroomSchema"]
