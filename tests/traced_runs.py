# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs run where there is no network, with every connection they try and every file they write noted.

On Linux `unshare` takes the network away and `strace` notes system calls, so that nothing escapes, be it Python's or
Blender's own. Elsewhere AUDIT, code to run first in a Python, notes what Python itself does.
"""

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_FILE_CALLS = (
    "open", "openat", "openat2", "creat", "mkdir", "mkdirat", "mknod", "mknodat", "rename", "renameat", "renameat2",
    "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "rmdir", "truncate", "chmod", "fchmodat",
    "fchmodat2", "utime", "utimes", "utimensat",
)  # fmt: skip
_NETWORK_CALLS = ("connect", "sendto", "sendmsg", "sendmmsg")
_STARTING_CALLS = ("execve", "chroot")
_CALL = re.compile(r"^\d+ +(\w+)\((.*)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_FAILED = re.compile(r"= -1 E(NOENT|EXIST|NOTDIR)\b")


@dataclass(frozen=True)
class Run:
    """What a program did: exit status, output, attempts to reach a network, paths it wrote, made, moved or removed."""

    status: int
    output: str
    connections: tuple[str, ...]
    written: tuple[Path, ...]

    def written_outside(self, *allowed: Path) -> list[Path]:
        """What was written, /dev aside, that is neither one of `allowed` nor below one of them."""
        places = (Path("/dev"), *allowed)
        return [path for path in self.written if not any(path.is_relative_to(place) for place in places)]


@functools.cache
def why_not() -> str:
    """Say why programs cannot be traced here; empty when they can."""
    for name in ("strace", "unshare"):
        if shutil.which(name) is None:
            return f"no {name} here (Debian: apt install strace util-linux): nothing was traced"
    if _isolated() is None:
        return "unshare may not take the network away here: nothing was traced"
    done = subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True, text=True)
    return f"strace does not work here ({done.stderr.strip()[:100]}): nothing was traced" if done.returncode else ""


@functools.cache
def _isolated() -> tuple[str, ...] | None:
    """The command that starts another without a network; None where neither root nor a user may."""
    ways = (("unshare", "-n"), ("unshare", "-rn"))
    return next((way for way in ways if subprocess.run([*way, "true"], capture_output=True).returncode == 0), None)


def run(command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str], program: str = "") -> Run:
    """Run a command to its end without a network, and note what it did (on Linux, where why_not() is empty).

    With `program`, what a script does before it starts the program of that name does not count.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "calls"
        # ?: not every machine has them all
        calls = ",".join(f"?{name}" for name in (*_FILE_CALLS, *_NETWORK_CALLS, *_STARTING_CALLS))
        strace = ["strace", "-f", "-qq", "--seccomp-bpf", "-y", "-e", "signal=none", "-e", f"trace={calls}"]
        full = [*_isolated(), *strace, "-o", log, *command]
        done = subprocess.run(full, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
        connections, written = read_calls(log.read_text(errors="replace").splitlines(), cwd, program)
    return Run(done.returncode, done.stdout + done.stderr, connections, written)


def read_calls(lines: Sequence[str], cwd: Path, program: str = "") -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Read strace's lines: attempts to reach a network, and paths that were changed; sockets of this machine and
    attempts on what is not there do not count."""
    connections, written, top = [], {}, ""
    for line in lines:
        if (found := _CALL.match(line)) is None:
            continue  # the second half of a call that was interrupted: its arguments are on the first
        name, rest = found.groups()
        if name == "chroot":
            top = _QUOTED.search(rest)[1]  # strace names open folders as they are outside of it
        elif name == "execve":
            if program and Path(_QUOTED.search(rest)[1]).name == program:
                connections, written = [], {}
        elif name in _NETWORK_CALLS:
            if "AF_INET" in rest:  # or AF_INET6; what names no address goes where a connect before it did
                connections.append(line)
        elif not _FAILED.search(rest) and (not name.startswith("open") or _opens_to_write(rest)):
            written.update(dict.fromkeys(_paths(rest, cwd, top)))
    return tuple(connections), tuple(written)


def _opens_to_write(rest: str) -> bool:
    if "O_TMPFILE" in rest:  # has no name, and is gone when it is closed
        return False
    return any(flag in rest for flag in ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"))


def _paths(rest: str, cwd: Path, top: str) -> list[Path]:
    """The paths among a call's arguments: each after the open folder (`4</home/me>`) it starts from, if any."""
    arguments = rest.rpartition(") = ")[0] or rest
    found = []
    for match in _QUOTED.finditer(arguments):
        before = re.search(r"<([^<>]*)>, $", arguments[: match.start()])
        folder = Path(before[1].removeprefix(top)) if before else cwd
        found.append(Path(os.path.normpath(folder / match[1])))
    return found


# --- without strace ---------------------------------------------------------------------------------------------

# What Python itself tries, as a dictionary `noted`; Blender's own C code passes this by.
AUDIT = """
import os, sys
noted = {"connections": [], "written": []}
# making a socket and binding it reach nobody: urllib3, in Blender 5.2, asks in this way whether there is an IPv6
reaching = {"socket." + name for name in ("connect", "sendto", "sendmsg", "getaddrinfo", "gethostbyname",
                                          "gethostbyaddr", "getnameinfo")}
def _note(event, arguments):
    if event in reaching or event.startswith(("urllib.", "http.", "ftplib.", "smtplib.")):
        noted["connections"].append(f"{event} {arguments}")
    elif event == "open":
        path, mode, flags = arguments
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and not flags & getattr(os, "O_TEMPORARY", 0):
            noted["written"].append(str(path))
    elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink", "os.truncate"):
        noted["written"] += [str(each) for each in arguments if isinstance(each, str | os.PathLike)]
    elif event in ("subprocess.Popen", "os.system"):
        noted["connections"].append(f"{event} {arguments}")
sys.addaudithook(_note)
"""
