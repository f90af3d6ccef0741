"""What a ring was told, as JSON that can be kept and told again."""

from typing import Any

from django.apps import apps
from django.db import models
from django.db.models.signals import post_delete, pre_delete

from inventory.models.base import Versioned
from inventory.signals import RowChange, StockChange


def kept(sender: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a ring as plain values. Rows are kept by their keys; a deleted one by its values."""
    told: dict[str, Any] = {"sender": sender._meta.label}
    instance = kwargs.get("instance")
    if isinstance(instance, models.Model):
        told |= {"pk": str(instance.pk), "created": kwargs.get("created")}
        if kwargs.get("signal") in (pre_delete, post_delete):
            told["deleted"] = _values(instance)
    if kwargs.get("update_fields") is not None:
        told["update_fields"] = sorted(kwargs["update_fields"])
    if "changes" in kwargs:
        told["changes"] = [change.as_dict() for change in kwargs["changes"] if isinstance(change, StockChange)]
        told["pks"] = [str(change.pk) for change in kwargs["changes"] if not isinstance(change, StockChange)]
    if "alerts" in kwargs:
        told["alerts"] = [str(alert.pk) for alert in kwargs["alerts"]]
    return told


def revived(told: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments again, with the rows as they are now; None when the row has been deleted since."""
    model: type[models.Model] = apps.get_model(told["sender"])
    kwargs: dict[str, Any] = {"sender": model, "using": "default"}
    if "pk" in told:
        instance = _rebuilt(model, told["deleted"]) if "deleted" in told else _present(model, told["pk"])
        if instance is None:
            return None
        update_fields = frozenset(told["update_fields"]) if "update_fields" in told else None
        kwargs |= {"instance": instance, "created": told["created"], "update_fields": update_fields}
    if "changes" in told:
        rows = model._base_manager.filter(pk__in=told["pks"]).values() if told["pks"] else []
        kwargs["changes"] = [StockChange(**change) for change in told["changes"]]
        kwargs["changes"] += [RowChange(row["id"], row, row) for row in rows]
    if "alerts" in told:
        kwargs["alerts"] = list(model._base_manager.filter(pk__in=told["alerts"]))
    return kwargs


def _values(instance: models.Model) -> dict[str, Any]:
    if isinstance(instance, Versioned):
        return instance.loaded
    return {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


def _present(model: type[models.Model], pk: str) -> models.Model | None:
    return model._base_manager.filter(pk=pk).first()


def _rebuilt(model: type[models.Model], values: dict[str, Any]) -> models.Model:
    fields = {field.attname: field for field in model._meta.concrete_fields if not field.generated}
    instance = model(**{name: fields[name].to_python(value) for name, value in values.items() if name in fields})
    if isinstance(instance, Versioned):
        instance.remember()
    return instance
