"""The program under test as a process, with strace between it and the kernel where that is asked."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path

START_SECONDS = 30.0
END_SECONDS = 30.0

LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+)")


class Server:
    """A headless server that records."""

    def __init__(self, process, tracer):
        self.process = process
        self.tracer = tracer
        """Whether the process is strace, and the server its child."""
        self.log = []
        self.port = None
        self.news = asyncio.Condition()
        self.reading = asyncio.create_task(self._read())

    @property
    def pid(self):
        if not self.tracer:
            return self.process.pid
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    async def listens(self):
        """Waits until it accepts connections: then the recording has been confirmed."""
        await self.says(LISTENING.pattern)
        return self.port

    async def says(self, pattern, seconds=START_SECONDS):
        """Waits for a line of its log."""
        is_said = lambda: self.said(pattern) or self.reading.done()
        async with self.news:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait_for(is_said), seconds)
        assert self.said(pattern), f"the log has no {pattern!r}: {self.log[-5:]}"

    def said(self, pattern):
        return any(re.search(pattern, line) for line in self.log)

    async def stop(self):
        """Asks it to end, and gives its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), END_SECONDS)

    def kill(self):
        """Kills it; gives the moment by which it was dead to the world."""
        os.kill(self.pid, signal.SIGKILL)
        return time.time()

    async def end(self):
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, IndexError, FileNotFoundError):
                os.kill(self.pid, signal.SIGKILL)
        await self.process.wait()
        await self.reading

    async def _read(self):
        while line := await self.process.stderr.readline():
            line = line.decode(errors="replace").rstrip()
            async with self.news:
                self.log.append(line)
                if found := LISTENING.search(line):
                    self.port = int(found[1])
                self.news.notify_all()
        async with self.news:
            self.news.notify_all()


@contextlib.asynccontextmanager
async def server(binary, file, *arguments, trace=(), user=None):
    """Starts a server that records into a file; `trace` are strace's arguments."""
    command = [
        binary, "--headless", "--ip", "127.0.0.1", "--port", "0", "--record", file,
        "--limits", "none", "--fps", "5", "--subject", "w1=w1,w2=w2", *arguments,
    ]
    if trace:
        command = ["strace", "-f", "--seccomp-bpf", *trace, *command]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("VRLOBBY_")
    }
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE, user=user, env=environment,
    )
    running = Server(process, bool(trace))
    try:
        yield running
    finally:
        await running.end()


@contextlib.contextmanager
def folder(in_memory=True):
    """An empty folder; in memory, if the machine can, where no other user of the disk is felt."""
    memory = Path("/dev/shm")
    where = memory if in_memory and os.access(memory, os.W_OK) else None
    path = Path(tempfile.mkdtemp(prefix="vrlobby-faults-", dir=where))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Heartbeat:
    """Notes when this machine stands still: a thread that sleeps 5 ms again and again, too long."""

    PERIOD = 0.005

    def __init__(self):
        self.gaps = []
        self.running = True
        self.thread = threading.Thread(target=self._beat, daemon=True)
        self.thread.start()

    def worst(self, begin, end):
        """The longest standstill, in seconds, that touched a time between two (of time.time())."""
        gaps = list(self.gaps)
        return max((gap for at, gap in gaps if at >= begin and at - gap <= end), default=0.0)

    def stop(self):
        self.running = False
        self.thread.join()

    def _beat(self):
        last = time.time()
        while self.running:
            time.sleep(self.PERIOD)
            now = time.time()
            if now - last > 2 * self.PERIOD:
                self.gaps.append((now, now - last - self.PERIOD))
            last = now
