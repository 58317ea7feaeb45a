"""Runs the Autobahn cases (PyPI's kosoku carries them for Python 3) against the echo server.

    cases.py FILTER PORT

Says `ok autobahn/CASE` or `FAIL autobahn/CASE: why` for each case. OK and INFORMATIONAL pass; of
the UTF-8 group, 6.*, only OK does.
"""

import asyncio
import sys

from kosoku import FailureError, run_fuzzingclient
from kosoku.cases import CASES

# Compression is not negotiated.
LEFT_OUT = ("12.", "13.")

SECONDS_FOR_ALL = 170
AT_ONCE = 16


def name(case):
    return f"autobahn/{case}"


def verdict(result):
    behavior, close = result.behavior.value, result.behavior_close.value
    passes = {"OK"} if result.case_id.startswith("6.") else {"OK", "INFORMATIONAL"}
    if behavior in passes and close in {"OK", "INFORMATIONAL"}:
        return f"ok {name(result.case_id)}"
    why = f"{behavior} ({result.result}), close {close} ({result.result_close})"
    return f"FAIL {name(result.case_id)}: {' '.join(why.split())}"


async def main(wanted, port):
    cases = [case for case in CASES if wanted in name(case) and not case.startswith(LEFT_OUT)]
    if not cases:
        return
    try:
        results = await asyncio.wait_for(
            run_fuzzingclient(f"127.0.0.1:{port}", cases, concurrency=AT_ONCE), SECONDS_FOR_ALL
        )
    except FailureError as failure:
        results = failure.results
    seen = {result.case_id for result in results}
    for result in results:
        print(verdict(result), flush=True)
    for case in cases:
        if case not in seen:
            print(f"FAIL {name(case)}: no result", flush=True)


asyncio.run(main(sys.argv[1], sys.argv[2]))
