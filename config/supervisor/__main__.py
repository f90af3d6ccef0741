"""`make run`: everything in order, until somebody says stop.

    python -m config.supervisor [--stop-with-parent]

`--stop-with-parent` is what the Makefile says: when `make` is killed, so are we.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from config.probe import answers
from config.supervisor import environment
from config.supervisor.child import Program
from config.supervisor.environment import Options
from config.supervisor.failures import Failure, StopAsked
from config.supervisor.postgres import Postgres
from config.supervisor.processes import Keeper
from config.supervisor.valkey import Valkey

WEB, WORKER = "web server", "worker"
BOOTSTRAP_S, READY_S = 600.0, 120.0
# A web server that dies so often before it has ever been ready will not recover.
HOPELESS = 3
WORKER_CONCURRENCY = 4
# Connections that each web process may open (DATABASE_POOL_MAX), and some for the cache's own.
POOL = 20


def main(*arguments: str) -> int:
    try:
        options = environment.read(os.environ)
        environment.make_data_dir(options.data_dir)
        lock = environment.lock(options.data_dir)
        port = environment.free_port(options.host, options.port)
    except Failure as failure:
        return _complain(failure)
    keeper = Keeper(inherit=(lock,))
    keeper.obey(stop_with_parent="--stop-with-parent" in arguments)
    # Sockets live here: the path of one may have 100 bytes, and DATA_DIR may be longer.
    run_dir = Path(tempfile.mkdtemp(prefix="stockroom-", dir="/tmp"))
    run_dir.chmod(0o711)
    keeper.clean_up_later(run_dir)
    try:
        Service(options, port, run_dir, keeper).run()
    except StopAsked:
        _say("Stopping.")
        return 0
    except Failure as failure:
        return _complain(failure)
    finally:
        keeper.stop((WEB, WORKER), ("Valkey",), ("PostgreSQL",))
        shutil.rmtree(run_dir, ignore_errors=True)
    return 0


class Service:
    """One start, step by step. Every step raises `StopAsked` as soon as somebody asks to stop."""

    def __init__(self, options: Options, port: int, run_dir: Path, keeper: Keeper) -> None:
        self.options, self.port, self.run_dir, self.keeper = options, port, run_dir, keeper
        self.environment = dict(os.environ) | {"PYTHONUNBUFFERED": "1", "DATA_DIR": str(options.data_dir)}

    def run(self) -> None:
        started = time.monotonic()
        self._start_servers()
        self._prepare()
        self._start_web_server()
        # After the first answer: while it starts, the worker would only take the processor away.
        self.keeper.start(Program(WORKER, worker_command(), self.environment))
        _say(self._welcome(time.monotonic() - started))
        while True:
            self.keeper.tend(_say)
            self.keeper.pause(0.2)

    def _start_servers(self) -> None:
        options, keeper = self.options, self.keeper
        variables = {
            "DATABASE_URL": options.database_url,
            "REDIS_URL": options.redis_url,
            "SECRET_KEY": os.environ.get("SECRET_KEY") or environment.kept_secret(options.data_dir / "secret_key"),
        }
        if not options.database_url:
            postgres = Postgres(options.data_dir, self.run_dir, connections=40 + options.web_workers * POOL)
            _say(f"PostgreSQL: {postgres.data}")
            postgres.start(keeper)
            variables["DATABASE_URL"] = postgres.url
        if not options.redis_url:
            valkey = Valkey(options.data_dir, self.run_dir)
            valkey.start(keeper)
            variables["REDIS_URL"] = valkey.url()
        environment.publish(options.data_dir, variables)
        self.environment |= variables
        self.environment["ALLOWED_HOSTS"] = os.environ.get("ALLOWED_HOSTS") or ",".join(self._hosts())

    def _prepare(self) -> None:
        _say("Migrations, keys and demo catalogue")
        command = [sys.executable, "-m", "config.supervisor.bootstrap", str(self.options.data_dir)]
        program = Program("bootstrap", command + ["--demo"] * self.options.demo, self.environment)
        if self.keeper.run(program, BOOTSTRAP_S) != 0:
            raise Failure("The service could not be prepared; the reason stands above.")

    def _start_web_server(self) -> None:
        self.environment |= {
            "HOST": self.options.host,
            "PORT": str(self.port),
            "WEB_WORKERS": str(self.options.web_workers),
            "PROMETHEUS_MULTIPROC_DIR": str(self.run_dir / "metrics"),
        }
        # Only the steps before this one needed it.
        self.environment.pop("BOOTSTRAP_API_KEY", None)
        self.keeper.start(Program(WEB, [sys.executable, "-m", "config.serve"], self.environment))

        def ready() -> bool:
            self.keeper.tend(_say)
            if self.keeper.deaths(WEB) >= HOPELESS:
                raise Failure("The web server keeps dying; the reason stands above.")
            return answers(self.options.url(self.port) + "/health/ready")

        if not self.keeper.wait_until(ready, READY_S):
            raise Failure(f"The service did not become ready within {READY_S:.0f} s.")

    def _hosts(self) -> list[str]:
        """Names by which the service may be called: this machine's, and HOST where it names one."""
        return ["localhost", "127.0.0.1", "[::1]", *environment.names_for(self.options.host)]

    def _welcome(self, seconds: float) -> str:
        url = self.options.url(self.port)
        key = environment.kept_secret(self.options.data_dir / "demo_key")
        return f"""
Stockroom is ready after {seconds:.1f} s. Ctrl-C stops everything.

    Start page   {url}/
    API docs     {url}/api/docs
    Admin        {url}/admin/   (first: python manage.py createsuperuser)
    Demo key     {key}

    curl -H "Authorization: Bearer {key}" {url}/api/v1/products
"""


def worker_command() -> list[str]:
    timeouts = [f"--concurrency={WORKER_CONCURRENCY}", "--shutdown-graceful-timeout=8"]
    return [sys.executable, "manage.py", "procrastinate", "worker", *timeouts]


def _say(text: str) -> None:
    print(text, flush=True)


def _complain(failure: Failure) -> int:
    print(failure, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
