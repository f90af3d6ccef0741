"""The caller: what `request.user` is once the authentication has spoken."""

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from rest_framework.request import Request

from inventory.context import Actor
from inventory.models import Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """An API key or a member of staff. `location_ids` None means every location, `rate_limit` None the default."""

    actor: Actor
    scopes: frozenset[str]
    location_ids: frozenset[UUID] | None = None
    rate_limit: int | None = None
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def principal(self) -> str:
        """A name that stays the same when the key is renamed or rotated."""
        return f"{self.actor.kind}:{self.actor.id}"

    def may(self, scope: str) -> bool:
        return scope in self.scopes or Scope.ADMIN.value in self.scopes


def caller_of(request: Request) -> Caller | None:
    """None when nobody has said who they are."""
    return cast("Caller | None", request.user)
