import { computeStatistics, encodeStatistics } from '../basis/statistics.js';
import { dimensionOf } from '../basis/linear.js';
import type { FieldShape } from '../basis/types.js';
import { RgsweepError } from '../errors.js';
import { CounterRandom } from '../random/philox.js';
import { encodeSafetensors } from '../tensors/safetensors.js';
import { createBreather } from './breathe.js';
import { splits, type Split } from './dataset.js';
import { createDatasetFolder } from './datasetFolder.js';
import type { TaskDataset } from './taskDataset.js';

/** What is to be drawn of one split. */
export interface DrawInput {
  split: Split;
  count: number;
  /** Random numbers of this split alone: the same numbers whenever they are drawn. */
  random: CounterRandom;
  /** To be awaited now and then in long work, with the fraction of the split that is done: other work goes on meanwhile. */
  breathe: (fraction: number) => Promise<void>;
}

export interface SampledDatasetOptions<Settings> {
  shape(this: void, settings: Settings): FieldShape;
  /** Fields of each split; default 20,000, 4,000 and 4,000. */
  counts?: (settings: Settings) => Readonly<Record<Split, number>>;
  /**
   * `lattice`: the theory has the symmetries of a periodic lattice and φ → −φ, and its mean and covariance are averaged over them.
   * `none` (default): the training split's own.
   */
  symmetry?: 'lattice' | 'none';
  /** Draws `count` fields, row, column, channel (channel fastest), one after the other; of a Markov chain in its order. */
  draw(this: void, settings: Settings, input: DrawInput): Float32Array | Promise<Float32Array>;
}

const seed = 20240617;
const defaultCounts = { train: 20_000, validation: 4000, test: 4000 };

/** A task's data set of fields that a function draws, split by split, with the statistics that noise schedules are made of. */
export function sampledDataset<Settings>({
  shape: shapeOf,
  counts: countsOf,
  symmetry = 'none',
  draw,
}: SampledDatasetOptions<Settings>): TaskDataset<Settings> {
  return {
    shape: shapeOf,
    async prepare(settings, { folder, key, onProgress, signal }) {
      const { keep, finish } = await createDatasetFolder(folder);
      const shape = shapeOf(settings);
      const dimension = dimensionOf(shape);
      const counts = countsOf?.(settings) ?? defaultCounts;
      for (const [done, split] of splits.entries()) {
        const count = counts[split];
        let fraction = 0;
        const { due, breathe } = createBreather('making the data set', signal, () =>
          onProgress?.((done + fraction) / splits.length, `${split} fields`),
        );
        const random = new CounterRandom(seed, split);
        const data = await draw(settings, {
          split,
          count,
          random,
          breathe: async (now) => {
            fraction = now;
            if (due()) await breathe();
          },
        });
        checkDrawn(data, split, count, dimension);
        await keep(
          `${split}.safetensors`,
          encodeSafetensors({ samples: { shape: [count, dimension], data } }),
        );
        if (split === 'train')
          await keep(
            'statistics.safetensors',
            encodeStatistics(computeStatistics(data, count, shape, { symmetry })),
          );
      }
      return finish({ key, generator: 'module-1', warnings: [] });
    },
  };
}

function checkDrawn(data: unknown, split: Split, count: number, dimension: number): void {
  const refuse = (problem: string) =>
    new RgsweepError('bad-configuration', `the task's draw of ${split} fields ${problem}`, {
      remedy: 'it has to return a Float32Array of count · height · width · channels finite numbers',
    });
  if (!(data instanceof Float32Array)) throw refuse(`returns no Float32Array but ${typeof data}`);
  if (data.length !== count * dimension)
    throw refuse(`returns ${data.length} numbers; ${count} fields of ${dimension} are ${count * dimension}`);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw refuse(`has ${data[bad]} in field ${Math.floor(bad / dimension)}`);
}
