"""python main.py WANTED SERVER_BINARY FOLDER

Records a session with the real program, exports it to every format as the README says, reads each
export back with readers that nobody here wrote, and compares them with what the clients sent,
number for number. WANTED is a part of the checks' names, FOLDER where the files may be made.
"""

import asyncio
import os
import sys
from pathlib import Path

# Rerun's library warns of a space in a topic.
os.environ.setdefault("RUST_LOG", "error")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

import motion
import session
import streams
import tables
from checks import report


async def main(wanted, binary, folder):
    files = Path(folder).resolve() / "exports"
    files.mkdir()
    recorded = session.Session(Path(binary).resolve(), files)
    failed = 0
    if not await report("exports/a_session_is_recorded", recorded.record(), 90):
        return 1
    for module in (tables, streams, motion):
        for check in module.CHECKS:
            name = f"exports/{check.__name__}"
            if wanted in name:
                failed += not await report(name, asyncio.to_thread(check, recorded), 120)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
