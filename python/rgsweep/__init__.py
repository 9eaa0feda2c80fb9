"""rgsweep in Python: trainers, noise schedules, and the reading of sweeps. NumPy only."""

from .safetensors import load_file, save_file
from .schedule import Schedule

__all__ = ["Schedule", "load_file", "save_file"]
__version__ = "0.1.0"
