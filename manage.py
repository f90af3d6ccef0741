#!/usr/bin/env python
"""Django's command line for Stockroom: `python manage.py help` lists the commands."""

import os
import sys

from config.supervisor.environment import adopt


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    adopt(os.environ)  # while `make run` runs, its databases are meant unless others are named
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
