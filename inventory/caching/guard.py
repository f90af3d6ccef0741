"""The guard triggers, on or off as the setting says. Migration `0006_cache_guard` explains them."""

from django.db import connections

from inventory import conf

SWITCH = "INVENTORY_CACHE_GUARD_ENABLED"


def follow_setting(using: str = "default") -> None:
    """Enable or disable the guard triggers of this database; nothing where they are not there yet, or agree already."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regprocedure('inventory_cache_guard(boolean)') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return
        cursor.execute("SELECT guarded FROM inventory_cache_trust")
        if cursor.fetchone() != (conf.is_on(SWITCH),):
            cursor.execute("SELECT inventory_cache_guard(%s)", [conf.is_on(SWITCH)])
