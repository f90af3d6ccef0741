"""Between fork and exec: become another user if asked to, die with the parent (Linux), then be the program.

    python -I launch.py PARENT_PID DEATH_SIGNAL UID GID PROGRAM [ARGUMENT …]

Runs by path and imports the standard library only. UID and GID are `-` to stay who we are.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: str, death_signal: str, uid: str, gid: str, *command: str) -> None:
    # The supervisor blocks or ignores some signals; a child begins with none of that.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    if uid != "-":
        os.umask(0o077)
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        # After setuid, which clears it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("The supervisor is gone.")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
