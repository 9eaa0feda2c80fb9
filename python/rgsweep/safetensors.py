"""The safetensors format: a header of JSON with names, types, shapes and places, then the values in little-endian order."""

import json
import struct
from pathlib import Path

import numpy as np

_types = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
_names = {np.dtype(code): name for name, code in _types.items()}


def load_file(path, with_metadata=False):
    """Tensors of a file by name; with `with_metadata` also its texts, as (tensors, metadata)."""
    content = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        if entry["dtype"] not in _types:
            raise ValueError(f"{path}: tensor {name} is of type {entry['dtype']}, which NumPy does not have")
        values = np.frombuffer(content[begin:end], dtype=_types[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).copy()
    return (tensors, metadata) if with_metadata else tensors


def save_file(tensors, path, metadata=None):
    """Writes arrays by name. Equal content gives equal bytes, whatever the order of the names."""
    arrays = {name: np.asarray(values) for name, values in tensors.items()}
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    parts = []
    end = 0
    for name in order:
        array = arrays[name]
        kind = _names.get(array.dtype.newbyteorder("<"))
        if kind is None:
            raise ValueError(f"tensor {name} is of type {array.dtype}; safetensors has {', '.join(_types)}")
        parts.append(array.astype(_types[kind], order="C").tobytes())
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [end, end + len(parts[-1])]}
        end += len(parts[-1])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))
