/**
 * npm run bench -- training [--steps 30] [--backend NAME] [--workload NAME] [--python PATH]
 *
 * The φ⁴ network, a circular convolutional one and the U-Net trained by Adam on every backend that can be started here and by
 * PyTorch, one after the other in the same run, from the same weights on the same batches: the first five losses must agree to
 * 1e-4, and the table says how many times PyTorch's processor time a step takes. Processor time is what a shared machine can
 * compare. Then whole training steps of φ⁴ (batch, times and noise drawn) and what an evaluation at rung level costs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/errors.js';
import { encodeSafetensors, type TensorData } from '../src/tensors/safetensors.js';
import { startBackend, type BackendName } from '../src/train/backend.js';
import { createTraining } from '../src/train/loop.js';
import { readTrainingParameters } from '../src/train/parameters.js';
import { timed } from './training/timed.js';
import { measureWhole } from './training/whole.js';
import { batches, workloadNames, workloads, type WorkloadName } from './training/workloads.js';

/** What one backend, or PyTorch, says of one workload; times in milliseconds a step. */
interface Result {
  losses: number[];
  processor: number;
  wall: number;
  version?: string;
}

const backends: BackendName[] = ['tensorflow', 'wasm', 'webgpu'];
const here = fileURLToPath(import.meta.url);
const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '30' },
    backend: { type: 'string' },
    workload: { type: 'string' },
    python: { type: 'string' },
    /** Of a process that this one started: what to measure there. */
    part: { type: 'string' },
  },
});
const steps = Number(values.steps);

if (values.part === 'whole') await measureWhole(values.backend as BackendName, steps);
else if (values.part === 'compare')
  process.stdout.write(
    `${JSON.stringify(await train(values.backend as BackendName, values.workload as WorkloadName))}\n`,
  );
else compareAll();

function compareAll(): void {
  const chosen = values.backend === undefined ? backends : [values.backend as BackendName];
  const python = findPython();
  if (python === undefined)
    console.log(
      'no Python with PyTorch (tried --python, python3, /usr/bin/python3), so no comparison; a CPU build: `apt-get install python3-torch libopenblas0-pthread` on Debian, or pip with PyTorch’s own CPU index',
    );
  for (const name of workloadNames) {
    if (values.workload !== undefined && values.workload !== name) continue;
    const workload = workloads[name]();
    const reference = python === undefined ? undefined : runPytorch(python, name);
    console.log(
      `\n${workload.title}\n              CPU ms/step   wall ms/step   times PyTorch   first five losses`,
    );
    if (reference) printRow(`PyTorch ${reference.version}`, reference, reference);
    for (const backend of chosen) {
      const { status, stdout, stderr } = runAgain(backend, ['--part', 'compare', '--workload', name]);
      if (status === 0) printRow(backend, JSON.parse(stdout) as Result, reference);
      else console.log(`${backend.padEnd(13)} ${stderr.trim().split('\n').at(-1) ?? 'failed'}`);
    }
  }
  if (values.workload !== undefined) return;
  console.log('\nwhole φ⁴ steps  steps/s   wall ms/step   CPU ms/step   rung evaluation: wall s   CPU s');
  for (const backend of chosen) process.stdout.write(runAgain(backend, ['--part', 'whole']).stdout);
}

/** A process each: a backend cannot be taken out of a process once it is in. */
function runAgain(backend: BackendName, more: string[]) {
  return spawnSync(process.execPath, [here, '--backend', backend, '--steps', String(steps), ...more], {
    encoding: 'utf8',
  });
}

function printRow(name: string, result: Result, reference: Result | undefined): void {
  const worst =
    reference && Math.max(...reference.losses.map((loss, n) => Math.abs(result.losses[n]! / loss - 1)));
  console.log(
    [
      name.padEnd(13),
      result.processor.toFixed(1).padStart(11),
      result.wall.toFixed(1).padStart(14),
      (reference ? (result.processor / reference.processor).toFixed(2) : '–').padStart(15),
      `  ${result.losses.map((loss) => loss.toFixed(5)).join(' ')}${
        worst === undefined || result === reference
          ? ''
          : `; off by ${worst.toExponential(1)}${worst < 1e-4 ? '' : ': NOT THE SAME'}`
      }`,
    ].join(' '),
  );
  if (worst !== undefined && !(worst < 1e-4)) process.exitCode = 1;
}

function findPython(): string | undefined {
  const candidates = values.python === undefined ? ['python3', '/usr/bin/python3'] : [values.python];
  return candidates.find(
    (python) => spawnSync(python, ['-c', 'import torch, numpy'], { stdio: 'ignore' }).status === 0,
  );
}

function runPytorch(python: string, name: WorkloadName): Result {
  const folder = mkdtempSync(path.join(tmpdir(), 'rgsweep-bench-torch-'));
  try {
    const { initial, batch } = workloads[name]();
    const write = (file: string, tensors: Readonly<Record<string, TensorData>>) =>
      writeFileSync(path.join(folder, `${file}.safetensors`), encodeSafetensors(tensors));
    write(
      'initial',
      Object.fromEntries(
        Object.entries(initial).map(([key, { shape, data }]) => [key, { shape: [...shape], data }]),
      ),
    );
    for (let n = 0; n < batches; n++) write(`batch-${n}`, batch(n));
    // The script is no part of the build; from dist/bench it is two folders up.
    const script = path.resolve(path.dirname(here), '../../bench/training/pytorch.py');
    const { status, stdout, stderr } = spawnSync(python, [script, name, folder, String(steps)], {
      encoding: 'utf8',
      env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
    });
    if (status !== 0) throw new Error(`${python} ${script}: ${stderr}`);
    return JSON.parse(stdout) as Result;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function train(backend: BackendName, name: WorkloadName): Promise<Result> {
  try {
    await startBackend(backend, 1);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  }
  const { initial, batch, objective } = workloads[name]();
  const session = createTraining({
    objective: objective(),
    batch,
    initialize: () => initial,
    training: readTrainingParameters({}),
  });
  const losses: number[] = [];
  for (let n = 0; n < batches; n++) losses.push(await session.advance());
  const { wall, processor } = await timed(async () => {
    for (let n = 0; n < steps; n++) await session.advance();
  });
  session.dispose();
  return { losses, processor: processor / steps, wall: wall / steps };
}
