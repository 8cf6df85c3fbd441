"""Runs commands as whole processes, in turn, and says what each cost."""

import ctypes
import os
import signal
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

# The shell is between this process and the command for one reason: Linux counts the memory of whoever a process was
# forked from into its peak, and Python has more of it than some of the programs measured. The shell has 1 MiB. It ends
# at once, and the command, which waits for a line on its standard input before it becomes what it is to be, is
# inherited by the nearest subreaper: this process, which alone then waits for it and gets its own figures.
LAUNCH = """out=$1 err=$2; shift 2; exec 3<&0
{ read -r _ <&3; exec "$@" 3<&- </dev/null >"$out" 2>"$err"; } &
echo $!"""

PR_SET_CHILD_SUBREAPER = 36

# Far beyond what any command here takes on a machine that can be measured on at all.
LIMIT_SECONDS = 600


class Unmeasured(Exception):
    """Why a figure cannot be had."""


@dataclass
class Run:
    """What one run of a command cost."""

    user: float
    system: float
    wall: float
    peak: int

    @property
    def cpu(self):
        return self.user + self.system


class Runs:
    """Several runs of one command. A figure is their median; the least is what the machine's noise spared."""

    def __init__(self):
        self.runs = []

    def figures(self, name):
        return [getattr(run, name) for run in self.runs]

    def median(self, name):
        return statistics.median(self.figures(name))

    def least(self, name):
        return min(self.figures(name))


class Command:
    """A command, its environment, and a word that its output must hold for a run of it to count."""

    def __init__(self, words, environment=None, must_print=""):
        self.words = [str(word) for word in words]
        self.environment = environment or {}
        self.must_print = must_print


class Stopwatch:
    """Measures commands; keeps what they print in a directory of its own."""

    def __init__(self, directory: Path):
        self.out, self.err = directory / "stdout", directory / "stderr"
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "this kernel does not let a process inherit orphans")

    def run(self, command: Command) -> Run:
        """One run of a command, from the moment it may start to the moment it has ended."""
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **command.environment}
        shell = subprocess.Popen(
            ["/bin/sh", "-c", LAUNCH, "sh", self.out, self.err, *command.words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True)
        watchdog = threading.Timer(LIMIT_SECONDS, os.killpg, (shell.pid, signal.SIGKILL))
        child = None
        try:
            child = int(shell.stdout.readline())
            shell.wait()
            watchdog.start()
            began = time.monotonic()
            shell.stdin.write(b"\n")
            shell.stdin.flush()
            _, status, usage = os.wait4(child, 0)
            wall = time.monotonic() - began
            child = None
        finally:
            watchdog.cancel()
            if child is not None:
                os.killpg(shell.pid, signal.SIGKILL)
                os.waitpid(child, 0)
            shell.stdin.close()
            shell.stdout.close()
        self.accept(command, os.waitstatus_to_exitcode(status))
        return Run(usage.ru_utime, usage.ru_stime, wall, usage.ru_maxrss * 1024)

    def accept(self, command, code):
        """Refuses the figures of a run that did not do its work."""
        printed = self.out.read_text(errors="replace")
        if code != 0 or command.must_print not in printed:
            said = (self.err.read_text(errors="replace") + printed).strip()[-600:]
            lack = "" if command.must_print in printed else f", without printing {command.must_print}"
            raise Unmeasured(f"`{' '.join(command.words)}` ended with {code}{lack}: {said}")

    def in_turn(self, commands: dict, rounds: int, tell) -> dict:
        """Runs of every command, A B C A B C …, so that a machine that slows down slows all of them.

        The first round warms caches up and does not count.
        """
        measured = {name: Runs() for name in commands}
        for number in range(rounds + 1):
            tell(f"  round {number} of {rounds}" if number else f"  warming up: {', '.join(map(str, commands))}")
            for name, command in commands.items():
                run = self.run(command)
                if number > 0:
                    measured[name].runs.append(run)
        return measured
