"""
A finished sweep in pandas, cell by cell: python3 docs/read_a_sweep.py STORE SWEEP [FIGURE.png]

Needs pandas and matplotlib (`pip install pandas matplotlib`); the cells can be pasted into a notebook.
"""

# %% The sweep: a store is a folder.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from rgsweep.sweeps import open_sweep  # noqa: E402

store, name = sys.argv[1:3]
picture = sys.argv[3] if len(sys.argv) > 3 else f"{name}.png"
sweep = open_sweep(store, name)
metric = sweep.spec["objective"]["metric"]
ascending = sweep.spec["objective"]["direction"] == "minimize"

# %% One row for each trial at each rung.
table = sweep.frame()
last = table.loc[table.groupby("trial")["step"].idxmax()]
print(last.sort_values(metric, ascending=ascending)[["trial", "label", "step", metric]].to_string(index=False))

# %% Learning curves, and the objective at each rung with its error.
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for trial, rows in table.groupby("trial"):
    baseline = rows["baseline"].iloc[0]
    named = isinstance(baseline, str)
    style = {"color": "black" if named else None, "label": baseline if named else f"trial {trial}"}
    curve = sweep.curve(trial)
    left.plot(curve["step"], curve["loss"], **style)
    errors = rows.get(f"{metric}Error")
    right.errorbar(rows["step"], rows[metric], yerr=errors, marker="o", capsize=2, **style)
left.set(xlabel="training step", ylabel="smoothed training loss")
right.set(xlabel="training step", ylabel=metric)
right.legend(fontsize="small")
figure.savefig(picture, dpi=120)
print(picture)
