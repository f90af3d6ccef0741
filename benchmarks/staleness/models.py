from django.db import models


class Thing(models.Model):
    shelf = models.IntegerField()
    version = models.IntegerField()

    class Meta:
        app_label = "staleness"

    def __str__(self) -> str:
        return f"{self.pk} v{self.version}"
