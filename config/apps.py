from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The meter cupboard: system checks and nothing else."""

    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401 - registers the checks
