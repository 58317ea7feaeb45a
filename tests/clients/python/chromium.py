"""Headless Chromium, steered through its debugging port, and a page server on loopback."""

import asyncio
import functools
import http.server
import json
import shutil
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request
from pathlib import Path

import websockets

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding", "--remote-debugging-port=0",
]

START_SECONDS = 60.0


class Chromium:
    """One browser with a fresh profile."""

    async def __aenter__(self):
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        self.process = subprocess.Popen(
            ["chromium", *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        port_file = Path(self.profile, "DevToolsActivePort")
        try:
            async with asyncio.timeout(START_SECONDS):
                while not (port_file.exists() and port_file.read_text().strip()):
                    assert self.process.poll() is None, "chromium ended before it was ready"
                    await asyncio.sleep(0.05)
        except BaseException:
            await self.__aexit__()
            raise
        self.port = int(port_file.read_text().split()[0])
        return self

    async def __aexit__(self, *_):
        self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait, 10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    async def open(self, address):
        """A new tab."""
        query = urllib.parse.quote(address, safe="")
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/json/new?{query}", method="PUT"
        )
        target = json.loads(
            await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=30).read())
        )
        socket = await websockets.connect(target["webSocketDebuggerUrl"], max_size=None)
        return Tab(socket)


class Tab:
    """One page."""

    def __init__(self, socket):
        self.socket = socket
        self.calls = 0

    async def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is awaited."""
        self.calls += 1
        params = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        await self.socket.send(
            json.dumps({"id": self.calls, "method": "Runtime.evaluate", "params": params})
        )
        while (answer := json.loads(await self.socket.recv())).get("id") != self.calls:
            pass
        assert "result" in answer, f"the browser refused: {answer}"
        if details := answer["result"].get("exceptionDetails"):
            thrown = details.get("exception", {}).get("description", details["text"])
            raise AssertionError(f"the page failed: {thrown[:600]}")
        return answer["result"]["result"].get("value")

    async def until(self, what, expression, seconds=20.0):
        """Waits until an expression is truthy; gives its value."""
        try:
            async with asyncio.timeout(seconds):
                while not (value := await self.evaluate(expression)):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"the page has no {what} after {seconds:g} s") from None
        return value

    async def close(self):
        await self.socket.send(json.dumps({"id": 0, "method": "Page.close"}))
        await self.socket.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript",
    }

    def log_message(self, *_):
        pass


class Pages:
    """Serves a folder on loopback."""

    def __init__(self, folder):
        handler = functools.partial(_Quiet, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
