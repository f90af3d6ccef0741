from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The front door. Its templates and static files are the pages that people see."""

    name = "api"
    verbose_name = "API"
