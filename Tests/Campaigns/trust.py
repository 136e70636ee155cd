"""Attacks what the programs trust: encoders, features, checkpoints, manifests, addresses, options, streams.

Each case arranges something wrong, runs a command, and expects an exit code and a sentence; numbers are those of the
list in the issue "Nothing that is wrong looks right".

Usage: trust.py BIN [--only PATTERN]: the folder of vbprep and vbtrain; only cases whose "NUMBER NAME" has PATTERN, a
regular expression.
"""
import re
import shutil
import sys
import time

import trust_datasets
import trust_files
import trust_models
import trust_numbers
import trust_processes
import trust_runs
import trust_tasks
import trust_urls
from trust_support import Bench, Fault, cases

pattern = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
chosen = sorted((c for c in cases if re.search(pattern, f"{c[0]} {c[1]}", re.I)), key=lambda c: c[0])
bench = Bench(sys.argv[1])
failed, begin = [], time.monotonic()
for number, (item, name, function) in enumerate(chosen):
    bench.begin(number)
    start = time.monotonic()
    try:
        function(bench)
        verdict = "ok"
    except Fault as fault:
        verdict = f"FAILED: {fault}"
    except Exception as error:
        verdict = f"FAILED: {type(error).__name__}: {error}"
    if verdict == "ok":
        shutil.rmtree(bench.folder, ignore_errors=True)
    else:
        failed.append((item, name))
    print(f"{item:2} {name:64} {time.monotonic() - start:5.1f} s  {verdict}", flush=True)
print(f"{len(chosen)} cases, {len(failed)} failed, {time.monotonic() - begin:.0f} s")
if failed:
    sys.exit(f"failed: {', '.join(f'{item} {name}' for item, name in failed)}; see {bench.work}")
shutil.rmtree(bench.work)
