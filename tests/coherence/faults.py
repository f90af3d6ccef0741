"""What breaks. Each fault ends by itself; what it has broken may take a while longer to recover."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from .stage import WEB_SERVERS, Stage, ask

Fault = Callable[[Stage], None]


def redis_loses_everything(stage: Stage) -> None:
    stage.redis("FLUSHALL")


def redis_loses_some_keys(stage: Stage) -> None:
    for _ in range(50):
        if name := stage.redis("RANDOMKEY"):
            stage.redis("DEL", name)


def redis_drops_its_connections(stage: Stage) -> None:
    stage.redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def redis_hangs(stage: Stage) -> None:
    stage.redis_server.process.send_signal(signal.SIGSTOP)
    time.sleep(random.uniform(0.1, 1.5))
    stage.redis_server.process.send_signal(signal.SIGCONT)


def redis_is_slow(stage: Stage) -> None:
    for _ in range(25):
        stage.redis_server.process.send_signal(signal.SIGSTOP)
        time.sleep(random.uniform(0.01, 0.05))
        stage.redis_server.process.send_signal(signal.SIGCONT)
        time.sleep(0.01)


def redis_pauses_its_writes(stage: Stage) -> None:
    stage.redis("CLIENT", "PAUSE", random.randint(50, 800), "WRITE")
    time.sleep(0.8)


def redis_restarts_empty(stage: Stage) -> None:
    (stage.folder / "dump.rdb").unlink(missing_ok=True)
    _kill(stage.redis_server.pid, stage)
    time.sleep(random.uniform(0, 1))
    stage.start_valkey()


def redis_restarts_with_old_data(stage: Stage) -> None:
    stage.redis("SAVE")
    time.sleep(random.uniform(0.1, 0.6))
    _kill(stage.redis_server.pid, stage)
    time.sleep(random.choice([0, 0, 0.5]))
    stage.start_valkey()


def redis_is_read_only(stage: Stage) -> None:
    stage.redis("CONFIG", "SET", "min-replicas-to-write", "1")
    time.sleep(random.uniform(0.2, 1))
    stage.redis("CONFIG", "SET", "min-replicas-to-write", "0")


def redis_is_a_replica_of_nobody(stage: Stage) -> None:
    stage.redis("REPLICAOF", "127.0.0.1", "1")
    time.sleep(random.uniform(0.2, 1))
    stage.redis("REPLICAOF", "NO", "ONE")


def redis_is_replaced_by_a_replica(stage: Stage) -> None:
    """The promoted server lacks the last moments of the other, which still serves the connections that it has."""
    replica, child = stage.start_replica()
    ask(replica, "REPLICAOF", "NO", "ONE")
    time.sleep(random.uniform(0, 0.5))
    os.replace(replica.socket, stage.valkey.socket)
    time.sleep(random.choice([0, 0.5]))
    _kill(stage.redis_server.pid, stage)
    stage.redis_server = child


def redis_is_full(stage: Stage) -> None:
    stage.redis("CONFIG", "SET", "maxmemory", "1")
    time.sleep(random.uniform(0.2, 1))
    stage.redis("CONFIG", "SET", "maxmemory", "0")


def a_web_server_dies(stage: Stage) -> None:
    number = random.randrange(WEB_SERVERS)
    for child in psutil.Process(stage.web[number].pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
    stage.web[number].process.kill()
    stage.web[number].process.wait()
    stage.restart_web(number)
    time.sleep(1)


def a_web_server_freezes(stage: Stage) -> None:
    root = psutil.Process(random.choice(stage.web).pid)
    family = [root, *root.children(recursive=True)]
    for process in family:
        process.suspend()
    time.sleep(random.uniform(0.3, 2))
    for process in family:
        process.resume()


def postgresql_ends_its_connections(stage: Stage) -> None:
    stage.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' "
        "AND pid <> pg_backend_pid()"
    )


def a_backend_is_killed(stage: Stage) -> None:
    """PostgreSQL then restarts itself and recovers."""
    server = psutil.Process(int((stage.postgres.data / "postmaster.pid").read_text().split()[0]))
    backends = [process for process in server.children() if "stockroom stockroom" in " ".join(process.cmdline())]
    if backends:
        os.kill(random.choice(backends).pid, signal.SIGKILL)
    time.sleep(0.5)
    stage.wait_for_postgres()


def trust_is_taken_away(stage: Stage) -> None:
    stage.manage("audit_cache", "--forget")


FAULTS: list[Fault] = [
    value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__ and not name.startswith("_")
]


def _kill(pid: int, stage: Stage) -> None:
    os.kill(pid, signal.SIGKILL)
    stage.redis_server.process.wait()
