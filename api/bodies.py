"""The body of a request, checked against its shape."""

import threading
from typing import Any, cast

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.serializers import Serializer

# Fields belong to one serializer, and errors to one body; so threads do not share them, and refusals are made afresh.
_readers = threading.local()


def checked(serializer_class: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body of the request as the serializer understands it; 400 with pointers otherwise."""
    try:
        values: dict[str, Any] = _reader(serializer_class).run_validation(request.data)
    except ValidationError:
        serializer = serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
    return values


def _reader(serializer_class: type[Serializer[Any]]) -> Serializer[Any]:
    """This thread's serializer of the class: to copy all of its fields costs more than to check a body."""
    readers: dict[Any, Any] = _readers.__dict__
    if serializer_class not in readers:
        readers[serializer_class] = serializer_class()
    return cast("Serializer[Any]", readers[serializer_class])
