"""What a caller may do: each operation needs one scope, and `admin` includes all of them."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from api.callers import caller_of
from api.problems.refusals import ApiRefusal
from inventory.errors import Problem


class HasScope(BasePermission):
    """Asks the view for the scope of this request (`view.scope_for(request)`). A view that names none is closed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        caller = caller_of(request)
        if caller is None:
            return False
        if not hasattr(view, str(request.method).lower()):
            return True  # let the view say 405: the method is wrong for everybody
        scope = view.scope_for(request) if hasattr(view, "scope_for") else "admin"
        if scope is None or caller.may(scope):
            return True
        detail = f"This needs the scope “{scope}”."
        raise ApiRefusal(
            "permission_denied",
            detail,
            problems=[Problem("The key lacks it.", "permission_denied", extra={"scope": scope})],
        )
