"""Importing this module connects every receiver. The order is that of the rings within one signal.

`docs/receivers.md` has the table; a test compares it with what is connected.
"""

from . import (  # noqa: F401
    accounts,
    alerts,
    archive,
    caching,
    events,
    history,
    notifications,
    policies,
    slugs,
    stamps,
)  # isort: skip
