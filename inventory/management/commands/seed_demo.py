"""`manage.py seed_demo`: a plausible shop to look at."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress, TaskID

from inventory.bulk import demo


class Command(BaseCommand):
    help = "Fill an empty service with a demo shop; a service that has products is left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--products", type=int, default=600, help="how many products (default 600)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["products"] <= 100_000:
            raise CommandError("--products must be between 1 and 100000.")
        with Progress(console=Console(stderr=True)) as bars:
            tasks: dict[str, TaskID] = {}

            def show(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bars.add_task(what, total=total)
                bars.update(tasks[what], completed=done)

            made = demo.seed(options["products"], show)
        self.stdout.write(f"{made} products made." if made else "There are products already; nothing was changed.")
