import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeStatistics } from '../../basis/statistics.js';
import { readFileSync } from 'node:fs';
import { prepareDataset } from '../../data/dataset.js';
import type { Parameters } from '../../space/types.js';
import { encodeSchedule } from '../../train/scheduleFile.js';
import type { Phi4Task } from '../../train/protocol.js';
import { trainerCommand } from '../trainerCommand.js';
import { checkTrainer, type CheckResult } from './check.js';

export interface TrainerCheckOptions {
  /** Without it: the built-in trainer. */
  command?: readonly string[];
  parameters: Parameters;
  steps: number;
  limitSeconds: number;
  graceSeconds: number;
  onResult: (result: CheckResult) => void;
}

/** The smallest φ⁴ lattice, whose data set takes a moment. */
const lattice: Phi4Task = { name: 'phi4', size: 2, mass2: -4, coupling: 6.975 };
const counts = { train: 400, validation: 300, test: 300 };

/** Runs the conformance suite in a folder of its own, on a small φ⁴ data set that is made for it. */
export async function runTrainerCheck(options: TrainerCheckOptions): Promise<CheckResult[]> {
  const { parameters, steps, limitSeconds, graceSeconds, onResult } = options;
  const folder = await mkdtemp(join(tmpdir(), 'rgsweep-trainer-check-'));
  try {
    const dataFolder = join(folder, 'data');
    await mkdir(dataFolder);
    await prepareDataset({ task: lattice, recipe: { seed: 1, counts, perChain: 100 }, folder: dataFolder });
    const statistics = decodeStatistics(readFileSync(join(dataFolder, 'statistics.safetensors')));
    const scheduleFile = join(folder, 'schedule.safetensors');
    await writeFile(scheduleFile, encodeSchedule(parameters, statistics));
    const command = options.command ?? trainerCommand();
    return await checkTrainer({
      command,
      folder: process.cwd(),
      environment: { OMP_NUM_THREADS: '1' },
      limitSeconds,
      graceSeconds,
      workFolder: folder,
      steps,
      onResult,
      task: {
        protocol: 1,
        mode: 'train',
        sweep: 'trainer-check',
        trial: 0,
        task: options.command
          ? { name: 'command', command: [...options.command], folder: process.cwd(), data: lattice }
          : lattice,
        parameters,
        seed: 5,
        fromStep: 0,
        toStep: steps,
        resumeFrom: null,
        outputFolder: join(folder, 'output'),
        dataFolder,
        scheduleFile,
        checkpointEverySteps: 1,
        backend: 'auto',
        threads: 1,
        evaluation: { split: 'validation', samples: 256, level: 'rung' },
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
