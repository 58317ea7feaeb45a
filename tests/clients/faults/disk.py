"""A disk that forgets what was not synced, filled with the system calls that strace has seen."""

import re
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,"
    "fdatasync,sync_file_range,unlink,unlinkat,rename,renameat,renameat2,link,linkat"
)

SECTOR = 512
"""What a disk writes at once or not at all, in bytes."""

LINE = re.compile(r"(\d+\.\d+) (\w+)\((.*)\) += (-?\d+|\?)([^\"]*)$")
FILE = r"\d+<((?:\\x[0-9a-f]{2})*)>(?:\(deleted\))?"
TEXT = r'"((?:\\x[0-9a-f]{2})*)"'

UNKNOWN = {"writev", "pwritev", "pwritev2", "truncate", "sync_file_range", "link", "linkat"}
"""Calls that would change a file in a way that is not followed here."""


@dataclass
class Call:
    """Something that happened to a file or a folder."""

    kind: str
    path: str
    begin: float
    end: float
    offset: int = 0
    data: bytes = b""
    to: str = ""


def arguments(folder, output):
    """What strace needs to know. It writes a file for each thread, so that no call is split."""
    return [
        "-ff", "-ttt", "--syscall-times=us", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}",
        "-e", "signal=none", "-o", output,
    ]


def read(outputs, folder):
    """All that happened to the files of a folder, in the order in which it was done."""
    calls = []
    for output in outputs:
        for line in Path(output).read_text().splitlines():
            if found := LINE.match(line):
                calls += of_line(found, str(folder))
    calls.sort(key=lambda call: call.end)
    return calls


def of_line(found, folder):
    moment, name, text, result, rest = found.groups()
    took = re.search(r"<(\d+\.\d+)>$", rest)
    begin = float(moment)
    end = begin + (float(took[1]) if took else 0.0)
    if result == "?" or int(result) < 0:
        return []

    def call(kind, path, **more):
        path = decode(path).decode()
        is_ours = path == folder or path.startswith(f"{folder}/")
        assert not (is_ours and name in UNKNOWN), f"{name} of {path} is not known here"
        return [Call(kind, path, begin, end, **more)] if is_ours else []

    if name in ("openat", "open", "creat"):
        opened = re.match(r"<((?:\\x[0-9a-f]{2})*)>", rest)
        return call("create", opened[1]) if opened and "O_CREAT" in text else []
    if match := re.match(FILE + f", {TEXT}, (\\d+), (\\d+)$", text):
        assert name == "pwrite64", name
        return call("write", match[1], offset=int(match[4]), data=decode(match[2])[: int(result)])
    if name == "write" and (match := re.match(FILE + f", {TEXT}, (\\d+)$", text)):
        return call("append", match[1], data=decode(match[2])[: int(result)])
    if name == "ftruncate" and (match := re.match(FILE + r", (\d+)$", text)):
        return call("truncate", match[1], offset=int(match[2]))
    if name in ("fsync", "fdatasync") and (match := re.match(FILE + "$", text)):
        return call("sync", match[1])
    if name in ("unlink", "unlinkat"):
        return call("unlink", re.search(TEXT, text)[1])
    if name in ("rename", "renameat", "renameat2"):
        old, new = re.findall(TEXT, text)
        return call("rename", old, to=decode(new).decode())
    if match := re.match(FILE, text):
        return call(name, match[1]) if name in UNKNOWN else []
    return []


def decode(text):
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass
class Inode:
    """A file's content: what is on the platter, and what is not there for sure."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list = field(default_factory=list)
    length: int = 0
    """With everything that is pending; where a write without an offset goes."""


class Disk:
    """Files and names, up to a moment."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.names = {}
        """All names, as a program sees them."""
        self.durable_names = {}
        self.pending_names = []

    def do(self, call):
        """Carries out a call that has returned."""
        if call.path == self.folder:
            if call.kind == "sync":
                done = [change for end, change in self.pending_names if end <= call.begin]
                self.pending_names = self.pending_names[len(done) :]
                for change in done:
                    change(self.durable_names)
        elif call.kind == "create":
            if call.path not in self.names:
                inode = Inode()
                self._name(call.end, lambda names: names.update({call.path: inode}))
        elif call.kind == "unlink":
            self._name(call.end, lambda names: names.pop(call.path, None))
        elif call.kind == "rename":
            self._name(call.end, lambda names: rename(names, call.path, call.to))
        elif inode := self.names.get(call.path):
            if call.kind == "sync":
                for pending in inode.pending:
                    assert pending.end <= call.begin, "a write beside a sync is not known here"
                    apply(inode.durable, pending)
                inode.pending.clear()
            else:
                if call.kind == "append":
                    call = Call("write", call.path, call.begin, call.end, inode.length, call.data)
                inode.pending.append(call)
                is_write = call.kind == "write"
                end = call.offset + len(call.data)
                inode.length = max(inode.length, end) if is_write else call.offset

    def after_cut(self):
        """The files after the power came back: nothing that was not synced is there."""
        return {path: bytes(inode.durable) for path, inode in self.durable_names.items()}

    def after_cut_by_chance(self, chance, under_way):
        """The same where the disk had got to some of the rest, in any order, sector by sector."""
        names = dict(self.durable_names)
        # File systems keep the order of names.
        for _, change in self.pending_names[: chance.randint(0, len(self.pending_names))]:
            change(names)
        share = chance.choice((0.1, 0.5, 0.9, 1.0))
        files = {}
        for path, inode in names.items():
            content = bytearray(inode.durable)
            late = [call for call in under_way if call.path == path and call.kind != "append"]
            for pending in inode.pending + late:
                apply(content, pending, lambda: chance.random() < share)
            files[path] = bytes(content)
        return files

    def _name(self, end, change):
        change(self.names)
        self.pending_names.append((end, change))


def rename(names, old, new):
    if old in names:
        names[new] = names.pop(old)


def apply(content, call, is_done=lambda: True):
    """Writes to a file's content, or only those sectors of it that `is_done` is true for."""
    if call.kind == "truncate":
        if is_done():
            del content[call.offset :]
            content.extend(bytes(call.offset - len(content)))
        return
    assert call.kind == "write", call.kind
    begin, end = call.offset, call.offset + len(call.data)
    while begin < end:
        stop = min(end, (begin // SECTOR + 1) * SECTOR)
        if is_done():
            content.extend(bytes(max(0, stop - len(content))))
            content[begin:stop] = call.data[begin - call.offset : stop - call.offset]
        begin = stop


def cuts(calls, moments, folder, ignored=lambda call: False):
    """The disk at each of these moments, in order, with the writes that were under way then;
    `ignored` calls are as if they had never been made."""
    disk, done = Disk(folder), 0
    for moment in sorted(moments):
        while done < len(calls) and calls[done].end <= moment:
            if not ignored(calls[done]):
                disk.do(calls[done])
            done += 1
        # One thread writes at a time, so that it can only be the next few.
        yield moment, disk, [
            call for call in calls[done : done + 8]
            if call.begin < moment and call.kind in ("write", "append", "truncate")
        ]
