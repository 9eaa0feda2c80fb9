import { CounterRandom } from '../../src/random/philox.js';
import type { SamplerName } from '../../src/samplers/types.js';
import { createSampler } from '../../src/samplers/index.js';
import { createSearch, type Segment } from '../../src/search/engine.js';
import { type CurveTable, tableEpochs, tableSeeds } from './table.js';
import { tableSpace } from './space.js';

export interface FidelityMethod {
  name: string;
  sampler: SamplerName;
  /** Promotion ASHA over the rungs 1, 3, 9, 27; else every trial is trained whole. */
  promotion: boolean;
}

export interface FidelityRun {
  /** Loss after all epochs, mean of the two seeds, of the configuration that the search would name best. */
  loss: number;
  trials: number;
  /** Trials that were trained whole. */
  whole: number;
  paid: number;
  /** Epochs that were trained a second time after a failure, and those that were without one. */
  repeatedAfterFailure: number;
  repeatedWithoutFailure: number;
}

interface Running {
  at: number;
  worker: number;
  segment: Segment;
  failsAfter: number | undefined;
}

/**
 * One search over the table in simulated time: `workers` asynchronous workers, an epoch takes between 0.5 and 1.5, a segment is
 * lost with probability `failure` after a random part of its epochs, which are paid. It ends when `budget` epochs are paid.
 */
export function simulateFidelity(
  table: CurveTable,
  { sampler, promotion }: FidelityMethod,
  run: number,
  { budget, workers, failure }: { budget: number; workers: number; failure: number },
): FidelityRun {
  const seen = tableSeeds[run % tableSeeds.length]!;
  const search = createSearch({
    space: tableSpace,
    sampler: createSampler(sampler),
    seed: run,
    ...(promotion ? { fidelity: { min: 1, max: tableEpochs, eta: 3 } } : {}),
  });
  const random = new CounterRandom(run, 'bench/fidelity/time');
  const open: Running[] = [];
  const idle = Array.from({ length: workers }, (_, worker) => worker);
  /** By trial and epoch: how often it was trained, and how often it was lost. */
  const trained = new Map<string, number>();
  const lost = new Map<string, number>();
  const add = (counts: Map<string, number>, id: number, from: number, to: number): void => {
    for (let epoch = from + 1; epoch <= to; epoch++) {
      const key = `${id} ${epoch}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  };
  let paid = 0;
  let now = 0;
  for (;;) {
    while (idle.length > 0 && paid < budget) {
      const worker = idle.shift()!;
      const asked = search.ask(worker) as Segment;
      const segment = promotion ? asked : { ...asked, from: 0, to: tableEpochs };
      const epochs = segment.to - segment.from;
      const fails = random.uniform() < failure;
      const part = Math.floor(random.uniform() * (epochs + 1));
      const done = fails ? part : epochs;
      const speed = 0.5 + random.uniform();
      if (paid + done > budget) {
        paid = budget;
        break;
      }
      paid += done;
      open.push({ at: now + done * speed, worker, segment, failsAfter: fails ? part : undefined });
    }
    if (open.length === 0) break;
    let first = 0;
    open.forEach((one, index) => {
      if (one.at < open[first]!.at) first = index;
    });
    const [{ at, worker, segment, failsAfter }] = open.splice(first, 1) as [Running];
    now = at;
    idle.push(worker);
    const { id, params, from, to } = segment;
    const reached = failsAfter === undefined ? to : from + failsAfter;
    add(trained, id, from, reached);
    if (failsAfter !== undefined) {
      add(lost, id, from, reached);
      search.fail(id, worker);
      continue;
    }
    const loss = table.loss(params, seen, to);
    search.tell({ id, value: Number.isNaN(loss) ? null : loss, ...(promotion ? { step: to } : {}) });
  }

  const rungs = Math.max(0, ...search.observations.map(({ values }) => values.length));
  let best = Infinity;
  let chosen = Infinity;
  let whole = 0;
  for (const { values, parameters, state } of search.observations) {
    if (state === 'complete') whole++;
    if (rungs === 0 || values.length < rungs) continue;
    const own = values[rungs - 1]!.objectives[0]!;
    if (own >= best) continue;
    best = own;
    chosen =
      tableSeeds.reduce((sum, seed) => sum + table.loss(parameters, seed, tableEpochs), 0) /
      tableSeeds.length;
  }
  let repeatedAfterFailure = 0;
  let repeatedWithoutFailure = 0;
  for (const [key, times] of trained) {
    const excused = Math.min(times - 1, lost.get(key) ?? 0);
    repeatedAfterFailure += excused;
    repeatedWithoutFailure += times - 1 - excused;
  }
  return {
    loss: chosen,
    trials: search.observations.length,
    whole,
    paid,
    repeatedAfterFailure,
    repeatedWithoutFailure,
  };
}
