"""Optuna behind the ask/tell lines of `rgsweep optimize`, for the benchmark: same driver, same evaluations.

Every answer to `ask` carries the CPU milliseconds that the suggestion took in this process.
"""

import json
import sys
import time

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def suggest(trial, parameters):
    values = {}
    for p in parameters:
        conditions = p.get("when", {})
        if any(parent not in values or values[parent] not in wanted for parent, wanted in conditions.items()):
            continue
        name = p["name"]
        if p["type"] == "categorical":
            values[name] = trial.suggest_categorical(name, p["choices"])
        elif p["type"] == "fixed":
            values[name] = p["value"]
        elif p["type"] == "int":
            log = p.get("log", False)
            step = {} if log else {"step": p.get("step", 1)}
            values[name] = trial.suggest_int(name, p["low"], p["high"], log=log, **step)
        else:
            log = p.get("log", False)
            values[name] = trial.suggest_float(name, p["low"], p["high"], log=log, step=p.get("step"))
    return values


study, space, trials = None, None, {}
for line in sys.stdin:
    message = json.loads(line)
    if message["op"] == "space":
        space = message["space"]
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=message["seed"]))
        trials = {}
    elif message["op"] == "ask":
        started = time.process_time()
        trial = study.ask()
        params = suggest(trial, space)
        spent = (time.process_time() - started) * 1000
        trials[trial.number] = trial
        print(json.dumps({"id": trial.number, "params": params, "cpu": spent}), flush=True)
    elif message["op"] == "tell":
        trial = trials.pop(message["id"])
        if message["value"] is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, message["value"])
