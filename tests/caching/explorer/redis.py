"""What Redis does with each command, our scripts included. Leases carry the process that took them."""

from typing import Any

from inventory.caching import slots

from .world import World

Outcome = tuple[World, Any]


def execute(world: World, who: int, operation: str, *arguments: Any) -> Outcome:
    """The world after the command, and the reply."""
    if operation == "eval":
        script, _, name, *rest = arguments
        return SCRIPTS[script](world, who, name, *rest)
    return globals()[f"_{operation}"](world, who, *arguments)


def _seen(stored: Any) -> bytes | None:
    """What a client sees: it cannot tell leases apart."""
    return b"lease:somebody's" if isinstance(stored, tuple) else stored


def _get(world: World, who: int, name: str) -> Outcome:
    return world, _seen(world.stored(name))


def _mget(world: World, who: int, names: list[str]) -> Outcome:
    return world, tuple(_seen(world.stored(name)) for name in names)


def _hget(world: World, who: int, name: str, field: str) -> Outcome:
    return world, _seen(_fields(world, name).get(field))


def _set(world: World, who: int, name: str, lease: bytes) -> Outcome:
    if world.stored(name) is not None:
        return world, None
    return world.storing(name, ("lease", who)), True


def _unlink(world: World, who: int, name: str) -> Outcome:
    return world.storing(name, None), 1


def _overwrite(world: World, who: int, name: str, value: bytes) -> Outcome:
    """Only the weakened variants store without comparing."""
    return world.storing(name, value), 1


def _fill(world: World, who: int, name: str, lease: bytes, value: bytes, *_: Any) -> Outcome:
    return (world.storing(name, value), 1) if world.stored(name) == ("lease", who) else (world, 0)


def _release(world: World, who: int, name: str, lease: bytes) -> Outcome:
    return (world.storing(name, None), 1) if world.stored(name) == ("lease", who) else (world, 0)


def _page_lease(world: World, who: int, name: str, field: str, *_: Any) -> Outcome:
    fields = _fields(world, name)
    if f"lease:{field}" in fields:
        return world, 0
    return _with_fields(world, name, fields | {f"lease:{field}": ("lease", who)}), 1


def _page_fill(world: World, who: int, name: str, field: str, lease: bytes, value: bytes, *_: Any) -> Outcome:
    fields = _fields(world, name)
    if fields.pop(f"lease:{field}", None) != ("lease", who):
        return world, 0
    return _with_fields(world, name, fields | {f"page:{field}": value}), 1


def _page_release(world: World, who: int, name: str, field: str, lease: bytes) -> Outcome:
    fields = _fields(world, name)
    if fields.pop(f"lease:{field}", None) != ("lease", who):
        return world, 0
    return _with_fields(world, name, fields), 1


def _fields(world: World, name: str) -> dict[str, Any]:
    return dict(world.stored(name) or ())


def _with_fields(world: World, name: str, fields: dict[str, Any]) -> World:
    return world.storing(name, tuple(sorted(fields.items())) or None)


SCRIPTS = {
    slots._FILL: _fill,
    slots._RELEASE: _release,
    slots._PAGE_LEASE: _page_lease,
    slots._PAGE_FILL: _page_fill,
    slots._PAGE_RELEASE: _page_release,
}
