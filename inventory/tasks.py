"""Background and periodic work: one line each, calling a verb. Queued in PostgreSQL by Procrastinate.

Every task may run twice (a worker can die between the deed and its mark), so each is idempotent or harmless.
"""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from inventory.context import SYSTEM
from inventory.operations import alerts, auditing, events, idempotency, notifications, reconcile, reservations
from inventory.receivers import guards

MAIL_RETRY = RetryStrategy(max_attempts=8, exponential_wait=4)


@app.task(name="inventory.tasks.mail_alert", retry=MAIL_RETRY)
def mail_alert(alert: str) -> None:
    """Tell people that stock is low."""
    notifications.send_mail(UUID(alert))


@app.periodic(cron="* * * * *")
@app.task(name="inventory.tasks.retry_receivers")
def retry_receivers(timestamp: int) -> None:
    """Ring again what failed."""
    guards.retry_due()


@app.periodic(cron="* * * * *")
@app.task(name="inventory.tasks.wake_alerts")
def wake_alerts(timestamp: int) -> None:
    """Reopen alerts whose snooze is over."""
    alerts.wake(actor=SYSTEM)


@app.periodic(cron="* * * * *")
@app.task(name="inventory.tasks.sweep_reservations")
def sweep_reservations(timestamp: int) -> None:
    """Tidy up after holds that are over."""
    while reservations.sweep(actor=SYSTEM):
        pass


@app.periodic(cron="* * * * *")
@app.task(name="inventory.tasks.number_events")
def number_events(timestamp: int) -> None:
    """Number what nobody has asked for yet."""
    while events.number():
        pass


@app.periodic(cron="17 * * * *")
@app.task(name="inventory.tasks.prune_idempotency")
def prune_idempotency(timestamp: int) -> None:
    """Forget idempotency records that are older than two days."""
    idempotency.prune()


@app.periodic(cron="* * * * *")
@app.task(name="inventory.tasks.rescue_stalled_jobs")
async def rescue_stalled_jobs(timestamp: int) -> None:
    """Give the jobs of dead workers to living ones. Carries no lock: its own stall would stop every rescue."""
    for job in await app.job_manager.get_stalled_jobs():
        await app.job_manager.retry_job(job)


@app.periodic(cron="* * * * *")
@app.task(name="inventory.tasks.audit_cache")
def audit_cache(timestamp: int) -> None:
    """Compare some cached entries with the database; the log and `stockroom_cache_stale_total` say if one is wrong."""
    auditing.audit_sample()


@app.periodic(cron="23 4 * * *")
@app.task(name="inventory.tasks.check_stock")
def check_stock(timestamp: int) -> None:
    """Look whether counters and ledger agree; the log and `stockroom_drifts` say where not."""
    reconcile.check(actor=SYSTEM)


@app.periodic(cron="3 3 * * *")
@app.task(name="inventory.tasks.delete_old_jobs")
async def delete_old_jobs(timestamp: int) -> None:
    """Forget jobs that ended more than a week ago."""
    await app.job_manager.delete_old_jobs(nb_hours=168, include_failed=True)
