"""Fields that take exactly what their schema says: no numbers in strings, no booleans as integers, no NUL."""

import re
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from inventory.models import INT_MAX, SKU_PATTERN

MONEY_PATTERN = r"^(0|[1-9][0-9]{0,9})(\.[0-9]{1,2})?$"
CODE_PATTERN = r"^[A-Za-z0-9._\-]{1,64}$"
# One character that is neither blank nor a control. Spelt out, because engines disagree on what `\S` means.
VISIBLE = r"[^\s\u0000-\u001f\u007f-\u009f\ufeff]"
CURRENCY_PATTERN = r"^[A-Z]{3}$"


def _schema_pattern(pattern: str) -> str:
    return pattern.replace(r"\Z", "$")


class Text(serializers.CharField):
    """A JSON string as it is: not trimmed, no other type turned into one."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Name(Text):
    """Text with something to see in it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        super().__init__(**kwargs)
        self.validators.append(RegexValidator(VISIBLE, "This must not be blank."))


class Pattern(Text):
    """Text of one pattern; the schema shows it."""

    def __init__(self, pattern: str, message: str, **kwargs: Any) -> None:
        self.pattern, self.message = pattern, message
        super().__init__(**kwargs)
        self.validators.append(RegexValidator(re.compile(pattern.replace("$", r"\Z"), re.ASCII), message))


@extend_schema_field({"type": "string", "pattern": _schema_pattern(SKU_PATTERN), "examples": ["MUG-RED"]})
class SKU(Pattern):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(SKU_PATTERN, "Use 1 to 64 letters, digits, '.', '_', '-' or '/'.", **kwargs)


@extend_schema_field({"type": "string", "pattern": CODE_PATTERN, "examples": ["MAIN"]})
class LocationCode(Pattern):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(CODE_PATTERN, "Use 1 to 64 letters, digits, '.', '_' or '-'.", **kwargs)


@extend_schema_field({"type": "string", "pattern": CURRENCY_PATTERN, "examples": ["EUR"]})
class Currency(Pattern):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(CURRENCY_PATTERN, "Use three capital letters (ISO 4217), such as EUR.", **kwargs)


@extend_schema_field({"type": "string", "pattern": MONEY_PATTERN, "examples": ["12.50"]})
class Money(serializers.DecimalField):
    """An amount as a decimal string with at most two decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=12, decimal_places=2, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not re.fullmatch(MONEY_PATTERN.replace("$", r"\Z"), data):
            raise serializers.ValidationError('Use a decimal string such as "12.50".', code="invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A JSON integer within ±2,147,483,647."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", -INT_MAX)
        kwargs.setdefault("max_value", INT_MAX)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        # In JSON Schema 5.0 is an integer; for Python it is a float.
        if isinstance(data, float) and data.is_integer():
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class Quantity(Whole):
    """Pieces: a whole number from 0 (or `min_value`) to 2,147,483,647."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        super().__init__(**kwargs)


@extend_schema_field(
    {"type": "integer", "minimum": -INT_MAX, "maximum": INT_MAX, "not": {"const": 0}, "examples": [-3]}
)
class Delta(Whole):
    """A change in pieces; zero moves nothing and is refused."""

    def to_internal_value(self, data: Any) -> int:
        value = super().to_internal_value(data)
        if value == 0:
            raise serializers.ValidationError("Must not be zero.", code="zero")
        return value


class Flag(serializers.BooleanField):
    """true or false, nothing that only looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Id(serializers.UUIDField):
    """An id as a string in its usual form."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or len(data) != 36:
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


@extend_schema_field({"type": "object", "additionalProperties": True, "maxProperties": 100})
class FreeObject(serializers.DictField):
    """A JSON object of the caller's own: at most 100 members, 16 KiB."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_a_dict", input_type=type(data).__name__)
        if len(data) > 100:
            raise serializers.ValidationError("At most 100 members.", code="max_length")
        return data


class Moment(serializers.DateTimeField):
    """RFC 3339 with an offset."""

    RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str) or not self.RFC_3339.fullmatch(value):
            raise serializers.ValidationError("Use RFC 3339 with an offset: 2026-11-23T09:00:00Z.", code="invalid")
        return super().to_internal_value(value)


class StrictSerializer(serializers.Serializer):
    """Refuses members that it does not know or that only the service writes: a typing error is no change."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            unknown = [name for name in data if name not in writable]
            if unknown:
                raise serializers.ValidationError({name: [self._stranger(name)] for name in unknown[:20]})
        return super().to_internal_value(data)

    def _stranger(self, name: str) -> serializers.ErrorDetail:
        if name in self.fields:
            return serializers.ErrorDetail("This is set by the service and cannot be written.", code="read_only")
        return serializers.ErrorDetail("There is no such field.", code="unknown_field")
