"""A server that is started for a measurement, and a visitor who asks it over one connection."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

WARM, TIMES = 3, 21
# How `wrk` asks for requests a second.
ROUNDS, SECONDS, CONNECTIONS = 7, 4, 8
# What takes seconds is asked less often: for so many seconds only, but at least so often.
LONGEST, FEWEST = 60, 5
SLOW = 2000
# Building what a process keeps of a million entries takes a while.
PATIENCE = 600


class Timing(NamedTuple):
    """What some equal requests took, in milliseconds, and how long the last answer was."""

    median: float
    least: float
    most: float
    size: int = 0

    @classmethod
    def of(cls, took, size=0):
        return cls(statistics.median(took), min(took), max(took), size)

    def __str__(self):
        return f"{self.median:.1f} ms ({self.least:.1f}–{self.most:.1f})"


class Answer(NamedTuple):
    status: int
    body: bytes
    # Milliseconds until the last byte was read; of no worth over a new connection.
    took: float
    reconnected: bool


class Visitor:
    """Asks over one connection that stays open, so that one worker answers."""

    def __init__(self, port):
        self.port, self.connection = port, None

    def get(self, address):
        """Give the Answer; where the server has closed the connection, over a new one."""
        for reconnected in (False, True):
            new = self.connection is None
            if new:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, PATIENCE)
                self.connection.connect()
            try:
                start = time.perf_counter()
                self.connection.request("GET", address)
                answer = self.connection.getresponse()
                body = answer.read()
                took = (time.perf_counter() - start) * 1000
                if answer.will_close:
                    self.close()
                return Answer(answer.status, body, took, new or reconnected)
            except (ConnectionError, http.client.BadStatusLine):
                self.close()
                if new:
                    raise
        raise ConnectionError(address)

    def close(self):
        """Hang up."""
        if self.connection:
            self.connection.close()
        self.connection = None

    def measure(self, address, before=None, times=TIMES):
        """Give the Timing of an address after some requests that warm up.

        `before` is done before every request and does not count. None where there is no such page.
        """
        took, answer, start = [], None, time.monotonic()
        for _ in range(WARM):
            answer = self.get(address)
            if answer.took > SLOW:
                break
        if answer.status == 404:
            return None
        while len(took) < times:
            if len(took) >= FEWEST and time.monotonic() - start > LONGEST:
                break
            if before:
                before()
            answer = self.get(address)
            if answer.status != 200:
                sys.exit(f"{address}: {answer.status}")
            if not answer.reconnected:
                took.append(answer.took)
        return Timing.of(took, len(answer.body))


class Server:
    """A process that serves, and the processes that it started."""

    def __init__(self, process, port):
        self.process, self.port = process, port

    def visitor(self):
        """Give somebody who asks it."""
        return Visitor(self.port)

    def workers(self):
        """Give the numbers of its worker processes; its own where it has none."""
        number = self.process.pid
        children = Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii")
        return [int(child) for child in children.split()] or [number]

    def memory(self):
        """Give (resident, proportional) memory of each worker in MB."""
        return [
            tuple(round(int(memory(worker)[name]) / 1024) for name in ("Rss", "Pss"))
            for worker in self.workers()
        ]


def taken(server, address):
    """Give (seconds, bytes) of a file that is taken from a server, and thrown away."""
    start, size = time.perf_counter(), 0
    connection = http.client.HTTPConnection("127.0.0.1", server.port, PATIENCE)
    connection.request("GET", address)
    answer = connection.getresponse()
    if answer.status != 200:
        sys.exit(f"{address}: {answer.status}")
    while piece := answer.read(1 << 20):
        size += len(piece)
    connection.close()
    return time.perf_counter() - start, size


def memory(process):
    """Give what the kernel says of the memory of a process, in kB by name."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {line.split(":")[0]: line.split()[1] for line in lines}


def free_port():
    """Give a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serving(command, ready, **environment):
    """Start a server, wait until it answers `ready`, stop it after the block.

    `command` is a list in which {port} stands for the port.
    """
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 - a command of the benchmark itself
        [word.format(port=port) for word in command],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        server = Server(process, port)
        wait(server, ready)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(server, ready):
    """Wait until a server answers."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if server.process.poll() is not None:
            sys.exit(f"The server ended: {server.process.args}")
        try:
            server.visitor().get(ready)
        except ConnectionError:
            time.sleep(0.01)
        else:
            return
    sys.exit("The server does not answer.")
