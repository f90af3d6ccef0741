"""The caller: what `request.user` is once the authentication has spoken."""

import hashlib
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from rest_framework.request import Request

from inventory.context import Actor
from inventory.models import Scope

LONGEST_PRINCIPAL = 100  # what an idempotency record holds


@dataclass(frozen=True, slots=True)
class Caller:
    """An API key, the subject of a token, or a member of staff.

    `location_ids` None means every location, `rate_limit` None the service's default.
    """

    actor: Actor
    scopes: frozenset[str]
    location_ids: frozenset[UUID] | None = None
    rate_limit: int | None = None
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def principal(self) -> str:
        """A name that stays the same when the key is renamed or rotated, of at most LONGEST_PRINCIPAL characters."""
        name = f"{self.actor.kind}:{self.actor.id}"
        if len(name) <= LONGEST_PRINCIPAL:
            return name
        return f"{self.actor.kind}:{hashlib.sha256(name.encode()).hexdigest()}"

    def may(self, scope: str) -> bool:
        return scope in self.scopes or Scope.ADMIN.value in self.scopes


def caller_of(request: Request) -> Caller | None:
    """None when nobody has said who they are."""
    return cast("Caller | None", request.user)
