"""Kills short trainings at random instants and resumes them: the weights must come out the same.

    python3 training_kills.py VBTRAIN FEATURES [KILLS [OPTION...]]
FEATURES is a feature dataset with the splits train and validation. Also trains with 1, 2 and 3 jobs. The options go to
vbtrain, such as --precision bfloat16.
"""
import hashlib, random, signal, subprocess, sys, tempfile, time
from pathlib import Path

vbtrain, shards, kills = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 50
options = ["--epochs", "3", "--batch-size", "8", "--gradient-accumulation", "2", "--save-strategy", "steps",
           "--save-steps", "3", "--logging-steps", "1", "--learning-rate", "3e-4", *sys.argv[4:]]
work = Path(tempfile.mkdtemp())
rng = random.Random(7)


def start(out, *more):
    return subprocess.Popen([vbtrain, "--shards", shards, "--out", str(out), *options, *more],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(out, *more):
    process = start(out, *more)
    errors = process.communicate()[1].decode()
    assert process.returncode == 0, errors
    return weights(out)


def weights(out):
    return hashlib.sha256((out / "model/model.safetensors").read_bytes()).hexdigest()


begin = time.time()
expected = finish(work / "whole")
duration = time.time() - begin
print(f"undisturbed: {duration:.1f} s, weights {expected[:12]}")
for jobs in ["1", "2", "3"]:
    assert finish(work / f"jobs{jobs}", "--jobs", jobs) == expected, f"--jobs {jobs} gives other weights"
print("the same weights with 1, 2 and 3 jobs")

done = runs = 0
while done < kills:
    out, runs = work / f"run{runs}", runs + 1
    while True:
        process = start(out, "--resume")
        try:
            process.wait(timeout=rng.uniform(0, duration))
        except subprocess.TimeoutExpired:
            process.send_signal(rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM]))
            process.wait()
            done += 1
        errors = process.stderr.read().decode()
        assert process.returncode in (0, -9, -2, -15, 130, 143), (process.returncode, errors)
        if process.returncode == 0:
            break
    assert weights(out) == expected, f"{out} has other weights"
print(f"{done} kills in {runs} runs: all weights identical")
