"""What must be true before the service answers: migrations, keys, demo catalogue. One Django process of its own.

    python -m config.supervisor.bootstrap DATA_DIR [--demo]

Runs before the web server at every start; what is done already costs some milliseconds. The keys come by environment
(BOOTSTRAP_API_KEY) and from the file `demo_key`, never by argument: arguments can be seen by every user.
"""

import os
import sys
from io import StringIO
from pathlib import Path

from config.supervisor.environment import kept_secret

SEEDED = "seeded"


def main(data_dir: Path, *, demo: bool) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("check", stdout=StringIO())  # complaints are raised, warnings go to stderr
    call_command("migrate", interactive=False, verbosity=0)
    _ensure_keys(data_dir)
    marker = data_dir / SEEDED
    if demo and not marker.exists():
        call_command("seed_demo")
        marker.touch()


def _ensure_keys(data_dir: Path) -> None:
    # The demo key is ensured again where it was kept: the database may be another one than last time.
    os.environ["DEMO_API_KEY"] = kept_secret(data_dir / "demo_key", lambda: _create_key("demo").splitlines()[-1])
    _create_key("demo", secret_env="DEMO_API_KEY")
    if os.environ.get("BOOTSTRAP_API_KEY"):
        _create_key("bootstrap", secret_env="BOOTSTRAP_API_KEY")


def _create_key(name: str, **options: str) -> str:
    from django.core.management import call_command

    output = StringIO()
    call_command("create_api_key", name, scopes="all", stdout=output, **options)
    return output.getvalue()


def run(*arguments: str) -> int:
    from django.core.management import CommandError
    from django.db import Error

    try:
        main(Path(arguments[0]), demo="--demo" in arguments)
    except CommandError as error:  # includes the system checks
        print(error, file=sys.stderr)
    except Error as error:
        print(f"The database refuses: {str(error).strip()}", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
