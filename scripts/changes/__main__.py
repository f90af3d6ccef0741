import sys
from datetime import UTC, datetime

from scripts.changes import gate


def main(*arguments: str) -> int:
    if arguments == ("release",):
        right, said = gate.release(datetime.now(UTC).date())
    elif not arguments:
        right, said = gate.told()
    else:
        right, said = False, "python -m scripts.changes [release]"
    print(said or "The changelog tells every change since the last release.")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
