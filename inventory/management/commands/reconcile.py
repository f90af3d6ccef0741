"""`manage.py reconcile`: do counters, ledger, totals, policies and promises agree? And bring them together."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import Progress

from inventory.context import Actor
from inventory.operations import reconcile
from inventory.operations.reconcile import Finding

ACTOR = Actor("system", name="reconcile")


class Command(BaseCommand):
    help = "Compare every level with its ledger, its product's totals, policies, transfers and reservations."

    def add_arguments(self, parser: CommandParser) -> None:
        deed = parser.add_mutually_exclusive_group()
        deed.add_argument(
            "--check", action="store_true", help="only look (the default); exit code 1 when something drifted"
        )
        deed.add_argument(
            "--fix", action="store_true", help="repair by compensating ledger rows; 1 when something is left"
        )
        parser.add_argument("--batch", type=int, default=reconcile.BATCH, help="products looked at together")

    def handle(self, *args: Any, **options: Any) -> None:
        found = left = 0
        with Progress(console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("products", total=None)
            findings = reconcile.reconcile(
                fix=options["fix"],
                actor=ACTOR,
                batch=max(1, options["batch"]),
                progress=lambda done, total: bars.update(task, completed=done, total=total),
            )
            for finding in findings:
                found, left = found + 1, left + (not finding.repaired)
                self.stdout.write(told(finding))
        self.stdout.write(
            "Everything agrees." if not found else f"{found} drifted, {found - left} repaired, {left} left."
        )
        if left:
            raise SystemExit(1)


def told(finding: Finding) -> str:
    """One line for people: what, where, the figures, and what became of it."""
    drift = finding.drift
    place = f"{drift.sku or drift.product} at {drift.code}" if drift.location else drift.sku or str(drift.product)
    figures = ", ".join(
        f"{name} is {drift.found[name]}, not {drift.expected[name]}"
        for name in drift.expected
        if drift.found.get(name) != drift.expected[name]
    )
    end = "repaired" if finding.repaired else finding.why or "left as it is"
    return f"{drift.kind}: {place}: {figures} ({end})"
