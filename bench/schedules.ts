/**
 * npm run bench -- schedules [--steps 3000] [--seeds 2] [--only NAME]
 *
 * What the schedule does to learning, on test data: matched noise in the Fourier basis, ordered by −log Var, sigmoid cutoff
 * of width 1/a (reversed where a is negative), a cosine rate to 2 %. Exit code 1 when a bound of the 3,000-step recipe is
 * missed, or when the effective sample size does not peak near a = 1.
 */
import { parseArgs } from 'node:util';
import { evaluatePhi4 } from '../src/eval/phi4.js';
import { createPhi4Residual } from '../src/model/phi4Residual.js';
import { createProcess } from '../src/schedule/process.js';
import type { Parameters } from '../src/space/types.js';
import { startBackend } from '../src/train/backend.js';
import { createPhi4Training } from '../src/tasks/phi4Loss.js';
import { readTrainingParameters } from '../src/train/parameters.js';
import { benchData, referenceTask, type BenchData } from './phi4/data.js';

interface Case {
  name: string;
  parameters: Parameters;
  /** An independent implementation's figures at 3,000 steps. */
  reference: { kl: number; ess: number };
  /** 1/width, negative where the order is reversed; absent: not a point of the curve in a. */
  steepness?: number;
  /** What must hold at 3,000 steps. */
  holds?: (figures: { kl: number; ess: number }) => boolean;
}

const matched = { basis: 'fourier', colour: 'matched' };
const cutoff = (steepness: number): Parameters => ({
  ...matched,
  ...{ kernel: 'sigmoid', ordering: 'log-variance', cutoffWidth: 1 / Math.abs(steepness) },
  ...(steepness < 0 ? { reversed: true } : {}),
});
const cases: Case[] = [
  {
    name: 'white-raw',
    parameters: { basis: 'fourier', colour: 'white', gaussianScore: false },
    reference: { kl: 0.077, ess: 0.863 },
  },
  {
    name: 'white',
    parameters: { basis: 'fourier', colour: 'white' },
    reference: { kl: 0.072, ess: 0.872 },
  },
  {
    name: 'a=-1',
    steepness: -1,
    parameters: cutoff(-1),
    reference: { kl: 0.48, ess: 0.36 },
    holds: ({ kl }) => kl > 0.3,
  },
  { name: 'a=0', steepness: 0, parameters: matched, reference: { kl: 0.15, ess: 0.74 } },
  { name: 'a=0.5', steepness: 0.5, parameters: cutoff(0.5), reference: { kl: 0.084, ess: 0.855 } },
  {
    name: 'a=1',
    steepness: 1,
    parameters: cutoff(1),
    reference: { kl: 0.076, ess: 0.868 },
    holds: ({ kl, ess }) => kl <= 0.09 && ess >= 0.84,
  },
  {
    name: 'a=2',
    steepness: 2,
    parameters: cutoff(2),
    reference: { kl: 0.14, ess: 0.77 },
    // The reference's network has no linear kernels and pays more for a steep cutoff; that a = 1 is still better is checked
    // on the curve.
    holds: ({ kl, ess }) => kl < 0.2 && ess > 0.68,
  },
  { name: 'a=4', steepness: 4, parameters: cutoff(4), reference: { kl: 0.28, ess: 0.6 } },
];

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '3000' },
    seeds: { type: 'string', default: '2' },
    only: { type: 'string', multiple: true },
  },
});
const steps = Number(values.steps);
const only = values.only;
await startBackend('auto', 1);
const data = await benchData();

console.log(`${steps} steps, test data; nats; "reference": an independent implementation, 3,000 steps\n`);
console.log('schedule   seed      KL   error     ESS   reference KL, ESS   ms/step   evaluation s');
const missed: string[] = [];
const curve = new Map<number, number[]>();
for (const one of cases.filter(({ name }) => only === undefined || only.includes(name)))
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const figures = await learn(one, seed, data);
    const { kl = NaN, klError = NaN, ess = NaN } = figures.metrics;
    console.log(
      [
        one.name.padEnd(10),
        String(seed).padStart(4),
        kl.toFixed(3).padStart(7),
        klError.toFixed(3).padStart(7),
        ess.toFixed(3).padStart(7),
        `${one.reference.kl.toFixed(3)}, ${one.reference.ess.toFixed(3)}`.padStart(19),
        figures.stepMilliseconds.toFixed(1).padStart(9),
        figures.evaluationSeconds.toFixed(1).padStart(14),
      ].join(' '),
    );
    if (one.steepness !== undefined) curve.set(one.steepness, [...(curve.get(one.steepness) ?? []), ess]);
    if (steps === 3000 && one.holds && !one.holds({ kl, ess })) missed.push(`${one.name}, seed ${seed}`);
  }
if (only === undefined) {
  console.log('\n     a   mean ESS over seeds');
  const means = [...curve].map(([a, all]) => ({ a, ess: all.reduce((sum, x) => sum + x, 0) / all.length }));
  for (const { a, ess } of means) console.log(`${String(a).padStart(6)}   ${ess.toFixed(3)}`);
  // a = ½ and a = 1 are close to each other; what falls is everything beyond them.
  const at = (a: number) => means.find((one) => one.a === a)!.ess;
  const order = [at(-1), at(0), Math.max(at(0.5), at(1)), at(2), at(4)];
  const peaked =
    order[0]! < order[1]! && order[1]! < order[2]! && order[2]! > order[3]! && order[3]! > order[4]!;
  if (steps === 3000 && !peaked) missed.push('the curve does not peak at a = ½ or 1');
}
if (missed.length > 0) console.log(`\nout of bounds: ${missed.join('; ')}`);
process.exitCode = missed.length > 0 ? 1 : 0;

async function learn({ parameters }: Case, seed: number, { statistics, train, test }: BenchData) {
  const training = readTrainingParameters({
    learningRateSchedule: 'cosine',
    decaySteps: steps,
    ...parameters,
  });
  const diffusion = createProcess(parameters, statistics);
  const session = createPhi4Training({ process: diffusion, training, configurations: train, seed });
  const begun = performance.now();
  while (session.step < steps) await session.advance();
  const trained = performance.now();
  session.dispose();
  const model = createPhi4Residual(diffusion, session.state.ema, training);
  const { metrics } = await evaluatePhi4({
    process: diffusion,
    model,
    task: referenceTask,
    configurations: test,
    samples: 4096,
    level: 'final',
    seed: 1000 + seed,
  });
  model.dispose();
  return {
    metrics,
    stepMilliseconds: (trained - begun) / steps,
    evaluationSeconds: (performance.now() - trained) / 1000,
  };
}
