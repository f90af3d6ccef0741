"""Two sets of facts: what is different, and what of it breaks a client that was right before."""

import re
from typing import NamedTuple

from scripts.changes.facts import ANSWERED, BOUNDS, SENT, Fact, Facts

Subject = tuple[str, str]  # direction and name


class Change(NamedTuple):
    subject: str
    what: str
    breaking: bool

    def __str__(self) -> str:
        return f"* `{self.subject}`: {self.what}."


def changes_between(old: Facts, new: Facts) -> list[Change]:
    """One change for what is new or gone as a whole, one for each other fact that differs."""
    before, after = _subjects(old), _subjects(new)
    found = {_whole(subject, old, new) for subject in before ^ after if not _told_above(subject, before, after)} - {
        None
    }
    for fact in old.keys() | new.keys():
        if fact[:2] in before & after and old.get(fact) != new.get(fact):
            found.add(Change(fact.subject, _told(fact, old.get(fact), new.get(fact)), _breaks(fact, old, new)))
    return sorted(change for change in found if change is not None)


def _subjects(facts: Facts) -> set[Subject]:
    return {fact[:2] for fact in facts}


def _told_above(subject: Subject, before: set[Subject], after: set[Subject]) -> bool:
    """Is the model, operation or member to which it belongs itself new or gone?"""
    direction, name = subject
    above = re.sub(r"(\.[^.\[{]+|\[\]|\{\})$", "", name)
    return above != name and ((direction, above) in before) != ((direction, above) in after)


def _whole(subject: Subject, old: Facts, new: Facts) -> Change | None:
    """A new or gone operation or member. Of a model, whatever refers to it tells."""
    direction, name = subject
    facts = new if Fact(direction, name, "is") in new else old
    if facts[Fact(direction, name, "is")] == "model":
        return None
    if facts is old:
        return Change(name, "removed", True)
    must = Fact(direction, name, "required") in new and direction == SENT
    return Change(name, "added, and required" if must else "added", must)


def _breaks(fact: Fact, old: Facts, new: Facts) -> bool:
    was, now = old.get(fact), new.get(fact)
    added, removed, sent = was is None, now is None, fact.direction == SENT
    kind = fact.aspect.split()[0]
    if kind in BOUNDS:
        return _allows_more(fact.aspect, was, now) != sent
    if kind in ("status", "header"):
        return not added
    if kind == "value":
        return removed
    if kind == "type":
        return removed if sent else added
    if kind == "required":
        return added if sent else removed
    return kind != "deprecated"


def _allows_more(keyword: str, was: str | None, now: str | None) -> bool:
    if was is None or now is None:
        return now is None
    return (float(now) - float(was)) * BOUNDS[keyword] > 0


def _told(fact: Fact, was: str | None, now: str | None) -> str:
    where = "in answers, " if fact.direction == ANSWERED else ""
    if was is None or now is None:
        value = now if was is None else was
        aspect = fact.aspect if value == "yes" else f"{fact.aspect} {value}"
        return f"{where}{aspect} {'added' if was is None else 'removed'}"
    return f"{where}{fact.aspect} changed from {was} to {now}"
