import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { computeStatistics } from '../../src/basis/statistics.js';
import { CounterRandom } from '../../src/random/philox.js';
import { presets } from '../../src/schedule/presets.js';
import { createProcess } from '../../src/schedule/process.js';
import type { Parameters } from '../../src/space/types.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/tensors/safetensors.js';
import { encodeSchedule, scheduleTimes } from '../../src/train/scheduleFile.js';
import { pythonWith } from '../e2e/python.js';

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-schedule-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shape = { height: 4, width: 4, channels: 1 };
const count = 300;
const random = new CounterRandom(3, 'fields', 0);
const fields = Float32Array.from({ length: count * 16 }, (_, i) => (1 + (i % 16) / 8) * random.normal());
const statistics = computeStatistics(fields, count, shape, { symmetry: 'lattice' });

const schedules: Record<string, Parameters> = {
  ...presets,
  erf: { kernel: 'erf', trajectory: 'spline', trajectoryKnot1: 0.7, trajectoryKnot3: -1.2, cutoffWidth: 0.6 },
  power: { kernel: 'sigmoid', trajectory: 'power', trajectoryPower: 0.6, cutoffWidth: 2 },
  cosine: { kernel: 'heat', ordering: 'log-variance', trajectory: 'cosine' },
  reversed: {
    kernel: 'sigmoid',
    reversed: true,
    ordering: 'momentum',
    trajectory: 'exponential',
    trajectoryRate: -2,
  },
  levels: { basis: 'haar', kernel: 'hard-step', ordering: 'level', cutoffWidth: 0.3 },
};

/** Away from the file's grid. */
const times = Float64Array.from({ length: 57 }, (_, j) => (j + 0.37) / 57.2);

it('γ, its derivative and the components in Python equal ours to 1e-9, for every kernel and trajectory', () => {
  for (const [name, parameters] of Object.entries(schedules)) {
    const process = createProcess(parameters, statistics);
    const { dimension } = process;
    const row = () => new Float64Array(dimension);
    const evaluate = (write: (t: number, out: Float64Array) => void) =>
      Float64Array.from(
        [...times].flatMap((t) => {
          const out = row();
          write(t, out);
          return [...out];
        }),
      );
    const table = [times.length, dimension];
    const chi = process.basis.encode(
      fields.slice(0, 2 * dimension).map((value, i) => value - process.mean[i % dimension]!),
      2,
    );
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'schedule.safetensors'), encodeSchedule(parameters, statistics));
    writeFileSync(
      join(folder, name, 'expected.safetensors'),
      encodeSafetensors({
        times: { shape: [times.length], data: times },
        gamma: { shape: table, data: evaluate((t, out) => process.gamma(t, out)) },
        derivative: { shape: table, data: evaluate((t, out) => process.gammaDerivative(t, out)) },
        fields: { shape: [2, dimension], data: fields.slice(0, 2 * dimension) },
        chi: {
          shape: [2, dimension],
          data: chi.slice(0, 2 * dimension).map((value, i) => value / process.scale[i % dimension]!),
        },
      }),
    );
  }
  const script = `
import json, pathlib, sys
sys.path.insert(0, ${JSON.stringify(fileURLToPath(new URL('../../python', import.meta.url)))})
import numpy as np
from rgsweep import Schedule, load_file, save_file
worst = {}
for folder in pathlib.Path(${JSON.stringify(folder)}).iterdir():
    schedule = Schedule.load(folder / "schedule.safetensors")
    expected = load_file(folder / "expected.safetensors")
    slopes = expected["derivative"]
    worst[folder.name] = [
        float(np.abs(schedule.gamma(expected["times"]) - expected["gamma"]).max()),
        float(np.abs(schedule.gamma(schedule.times) - schedule.table).max()),
        float((np.abs(schedule.gamma_derivative(expected["times"]) - slopes) / (1 + np.abs(slopes))).max()),
        float(np.abs(schedule.encode(expected["fields"]) - expected["chi"]).max()),
        float(np.abs(schedule.decode(expected["chi"]) - expected["fields"]).max()),
    ]
    save_file({"gamma": expected["gamma"], "b": np.arange(3, dtype=np.int32)}, folder / "again.safetensors", {"note": "γ"})
print(json.dumps(worst))
`;
  const { stdout, stderr } = spawnSync(join(pythonWith('numpy'), 'python3'), ['-c', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const worst = JSON.parse(stdout) as Record<string, number[]>;
  expect(Object.keys(worst).sort()).toEqual(Object.keys(schedules).sort());
  for (const [name, errors] of Object.entries(worst)) {
    for (const error of errors.slice(0, 3)) expect(error, name).toBeLessThan(1e-9);
    // Fields are float32.
    for (const error of errors.slice(3)) expect(error, name).toBeLessThan(1e-5);
  }
});

it('has the labels, the grid and the parameters, and is the same bytes for the same schedule', () => {
  const bytes = encodeSchedule({ kernel: 'sigmoid' }, statistics);
  expect(encodeSchedule({ kernel: 'sigmoid' }, statistics)).toEqual(bytes);
  const { tensors, metadata } = decodeSafetensors(bytes);
  expect(tensors.gamma!.shape).toEqual([scheduleTimes, 16]);
  expect(tensors.basis!.shape).toEqual([16, 16]);
  expect([...(tensors.times!.data as Float64Array)].at(-1)).toBe(1);
  expect(metadata).toMatchObject({ format: '1', basis: 'fourier', shape: '4,4,1' });
  expect(JSON.parse(metadata.parameters!)).toMatchObject({ kernel: 'sigmoid', trajectory: 'linear' });
});
