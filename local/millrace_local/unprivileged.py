"""Runs a program that dies with its parent and, for root, as another user.

``python unprivileged.py SIGNAL PROGRAM ARGUMENT...``, started as a process of its own: what it
does to itself must happen between fork and exec, where Python's ``preexec_fn`` is not safe in a
process with threads. It imports nothing else of this package, to start fast.

PostgreSQL refuses to run as root, but root in a container is where a stack often runs. The
other user, ``nobody``, may not enter private folders on the way to the server's files (a
checkout below ``/root``, say). Opening those folders to everybody would be wrong, so the
process keeps one capability: to read and enter folders regardless of their mode.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522

USER = "nobody"


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Data(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def drop_root(libc: ctypes.CDLL) -> None:
    """Becomes ``nobody`` and keeps, where the kernel lets it, the right to read and enter."""
    user = pwd.getpwnam(USER)
    libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    header, data = _Header(_CAPABILITY_VERSION_3, 0), (_Data * 2)()
    libc.capget(ctypes.byref(header), data)
    # A container's root often has the second only.
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        bit = 1 << capability
        if data[0].permitted & bit:
            kept = (_Data * 2)(_Data(bit, bit, bit), _Data(0, 0, 0))
            libc.capset(ctypes.byref(header), kept)
            libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)
            return


def main(argv: list[str]) -> None:
    """Prepares this process and becomes the program."""
    number, program, arguments = int(argv[0]), argv[1], argv[1:]
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        drop_root(libc)
    # After the change of user, which clears it.
    libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent process has gone")
    # The supervisor blocks signals that it waits for; a mask is inherited through exec.
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    os.execv(program, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
