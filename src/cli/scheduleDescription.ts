import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import type { DataStatistics } from '../basis/types.js';
import { messageOf, RgsweepError } from '../errors.js';
import { createDiagonalProcess, tabulatedDynamics } from '../schedule/general.js';
import { scheduleLabel } from '../schedule/label.js';
import { readScheduleParameters, scheduleParameterNames } from '../schedule/parameters.js';
import { presets } from '../schedule/presets.js';
import { basisWithVariances, createProcess } from '../schedule/process.js';
import type { DiffusionProcess } from '../schedule/types.js';
import type { Parameters } from '../space/types.js';
import { checkTrialParameters } from '../sweep/parameters.js';

/** A schedule as parameters, or as a process given as data. */
export interface Description {
  parameters?: Parameters;
  process?: Record<string, unknown>;
}

/**
 * Reads what `rgsweep schedule` is about: a preset’s name, a file of parameters, a trial’s record, or a process.
 *
 * @param more parameters in place of the file's or the preset's
 * @throws RgsweepError('usage') when there is no such preset or file, 'bad-configuration' for what it holds
 */
export async function readDescription(file: string, more: Parameters = {}): Promise<Description> {
  const withMore = (parameters: Parameters, where: string): Description => {
    const all = { ...parameters, ...more };
    checkTrialParameters(all, where);
    return { parameters: all };
  };
  if (Object.hasOwn(presets, file)) return withMore(presets[file]!, file);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new RgsweepError(
      'usage',
      `${file}: neither a preset nor a file that can be read (${messageOf(error)})`,
      {
        remedy: `presets: ${Object.keys(presets).join(', ')}`,
        cause: error,
      },
    );
  });
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new RgsweepError('bad-configuration', `${file}: ${messageOf(error)}`, { cause: error });
  }
  if (!isRecord(value)) throw new RgsweepError('bad-configuration', `${file}: holds no map of parameters`);
  if (isRecord(value['process'])) return { process: value['process'] };
  const parameters = isRecord(value['parameters']) ? value['parameters'] : value;
  return withMore(parameters as Parameters, file);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The described schedule on the data, and its name. @throws RgsweepError('bad-configuration') */
export function describedProcess(
  described: Description,
  statistics: DataStatistics,
  file: string,
): { label: string; process: DiffusionProcess } {
  if (described.parameters)
    return {
      label: scheduleLabel(described.parameters),
      process: createProcess(described.parameters, statistics),
    };
  const { times, drift, diffusion, initialGamma = -8, ...rest } = described.process ?? {};
  const unknown = Object.keys(rest).find((name) => !scheduleParameterNames.includes(name));
  if (unknown !== undefined)
    throw new RgsweepError('bad-configuration', `${file}: process.${unknown} is not known`, {
      remedy: 'known: times, drift, diffusion, initialGamma, basis, colour and what belongs to the colour',
    });
  for (const [name, value] of Object.entries({ times, drift, diffusion }))
    if (!Array.isArray(value))
      throw new RgsweepError(
        'bad-configuration',
        `${file}: process.${name} is ${JSON.stringify(value)}; it must be a list`,
      );
  if (typeof initialGamma !== 'number' || !Number.isFinite(initialGamma))
    throw new RgsweepError(
      'bad-configuration',
      `${file}: process.initialGamma is ${JSON.stringify(initialGamma)}; it must be a number`,
    );
  const read = readScheduleParameters(rest as Parameters);
  const { basis, variances } = basisWithVariances(read.basis, statistics);
  const { scale } = createProcess({ ...(rest as Parameters), kernel: 'uniform' }, statistics);
  return {
    label: `${basis.name} · ${read.colour} · given A(t), B(t)`,
    process: createDiagonalProcess({
      basis,
      mean: statistics.mean,
      variances,
      scale,
      initialNoise: scale.map((s) => s * Math.exp(initialGamma / 2)),
      dynamics: tabulatedDynamics(
        times as number[],
        drift as (number | number[])[],
        diffusion as (number | number[])[],
        basis.dimension,
      ),
    }),
  };
}
