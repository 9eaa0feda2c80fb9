import { RgsweepError } from '../errors.js';
import type { SweepSpec } from '../sweep/types.js';
import { priorOf, type Prior } from '../sweep/warmStart.js';
import { listTrials, readSpec } from './records.js';
import type { ObjectStore } from './types.js';

/**
 * What the sweeps named by `warmStart` give to a sweep, as they are now.
 * @throws RgsweepError('bad-configuration') naming the sweep that there is not, or that has nothing to give, and why
 */
export async function collectPrior(store: ObjectStore, spec: SweepSpec): Promise<Prior> {
  const prior: Prior = { sources: [], observations: [] };
  for (const [index, name] of (spec.warmStart ?? []).entries()) {
    const where = `warmStart.${index}: `;
    const source = await readSpec(store, name);
    if (!source)
      throw new RgsweepError('bad-configuration', `${where}${store.url} has no sweep called "${name}"`, {
        remedy: '`rgsweep list` shows the sweeps of a store; `rgsweep import` brings one from elsewhere',
      });
    const found = priorOf(spec, source, await listTrials(store, name));
    if (typeof found === 'string')
      throw new RgsweepError(
        'bad-configuration',
        `${where}sweep "${name}" has nothing to start from: ${found}`,
        {
          remedy: 'take it out of warmStart, or widen the space to what it searched',
        },
      );
    prior.sources.push(found.source);
    prior.observations.push(...found.observations);
  }
  return prior;
}
