"""Minimizes a function with `rgsweep optimize`, one JSON object a line: python3 examples/optimize.py [COMMAND …]"""

import json
import subprocess
import sys

command = sys.argv[1:] or ["npx", "rgsweep", "optimize"]
search = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def send(message):
    search.stdin.write(json.dumps(message) + "\n")
    search.stdin.flush()


def ask(**more):
    send({"op": "ask", **more})
    return json.loads(search.stdout.readline())


space = [
    {"name": "kind", "type": "categorical", "choices": ["line", "bowl"]},
    {"name": "x", "type": "float", "low": -1, "high": 1},
    {"name": "y", "type": "float", "low": 1e-3, "high": 10, "log": True, "when": {"kind": ["bowl"]}},
]


def loss(params, epochs):
    if params["kind"] == "line":
        return 1 + params["x"] + 1 / epochs
    return (params["x"] - 0.3) ** 2 + (params["y"] - 0.1) ** 2 + 1 / epochs


# Training budgets of 1, 3 and 9 epochs: an answer says from where to where to train.
send({"op": "space", "space": space, "seed": 1, "sampler": "tpe", "fidelity": {"min": 1, "max": 9, "eta": 3}})
best = None
for turn in range(120):
    job = ask(worker=0)
    value = loss(job["params"], job["to"])
    send({"op": "tell", "id": job["id"], "worker": 0, "step": job["to"], "value": value})
    if job["to"] == 9 and (best is None or value < best["value"]):
        best = {"value": value, "params": job["params"]}
search.stdin.close()
search.wait()
print(json.dumps(best))
