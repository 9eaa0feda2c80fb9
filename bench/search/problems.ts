import type { Parameters, SearchSpace } from '../../src/space/types.js';
import { parseSpace } from '../../src/space/parse.js';

/** A function to minimize; `minimum` is its least value, so that value − minimum is the simple regret. */
export interface Problem {
  name: string;
  space: SearchSpace;
  minimum: number;
  value(parameters: Parameters): number;
}

function box(count: number, low: number, high: number): SearchSpace {
  const parameters = Array.from({ length: count }, (_, i) => ({ name: `x${i}`, type: 'float', low, high }));
  return parseSpace({ parameters }, 'bench');
}

function vector(parameters: Parameters, count: number): number[] {
  return Array.from({ length: count }, (_, i) => parameters[`x${i}`] as number);
}

function onBox(
  name: string,
  count: number,
  low: number,
  high: number,
  minimum: number,
  f: (x: number[]) => number,
): Problem {
  return {
    name,
    space: box(count, low, high),
    minimum,
    value: (parameters) => f(vector(parameters, count)),
  };
}

const branin: Problem = {
  name: 'branin-2',
  space: parseSpace(
    { parameters: { x0: { type: 'float', low: -5, high: 10 }, x1: { type: 'float', low: 0, high: 15 } } },
    'bench',
  ),
  minimum: 0.39788735772973816,
  value: (parameters) => {
    const [x, y] = vector(parameters, 2) as [number, number];
    const a = y - (5.1 / (4 * Math.PI * Math.PI)) * x * x + (5 / Math.PI) * x - 6;
    return a * a + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
  },
};

const hartmannA = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const hartmannP = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
];
const hartmann = onBox('hartmann-6', 6, 0, 1, -3.32236801141551, (x) => {
  let sum = 0;
  [1, 1.2, 3, 3.2].forEach((alpha, i) => {
    let inner = 0;
    x.forEach((value, j) => (inner += hartmannA[i]![j]! * (value - hartmannP[i]![j]!) ** 2));
    sum -= alpha * Math.exp(-inner);
  });
  return sum;
});

const rosenbrock = onBox('rosenbrock-4', 4, -5, 10, 0, (x) => {
  let sum = 0;
  for (let i = 0; i < x.length - 1; i++) sum += 100 * (x[i + 1]! - x[i]! ** 2) ** 2 + (x[i]! - 1) ** 2;
  return sum;
});

/** Off-centre shifts: an optimum in the middle of the box flatters priors centred there. */
function shift(i: number, size: number): number {
  return size * Math.sin(2.3 * (i + 1));
}

const levy = onBox('levy-8', 8, -10, 10, 0, (raw) => {
  const x = raw.map((value, i) => value - shift(i, 5));
  const w = x.map((value) => 1 + (value - 1) / 4);
  let sum = Math.sin(Math.PI * w[0]!) ** 2;
  for (let i = 0; i < w.length - 1; i++)
    sum += (w[i]! - 1) ** 2 * (1 + 10 * Math.sin(Math.PI * w[i]! + 1) ** 2);
  const last = w[w.length - 1]!;
  return sum + (last - 1) ** 2 * (1 + Math.sin(2 * Math.PI * last) ** 2);
});

const ackley = onBox('ackley-10', 10, -32.768, 32.768, 0, (raw) => {
  const x = raw.map((value, i) => value - shift(i, 16));
  const n = x.length;
  const square = x.reduce((sum, value) => sum + value * value, 0) / n;
  const wave = x.reduce((sum, value) => sum + Math.cos(2 * Math.PI * value), 0) / n;
  return -20 * Math.exp(-0.2 * Math.sqrt(square)) - Math.exp(wave) + 20 + Math.E;
});

/** Two levels: what is searched under one branch does not exist under the other; the second branch is the better. */
const branches: Problem = {
  name: 'branches',
  space: parseSpace(
    {
      parameters: {
        kind: { type: 'categorical', choices: ['linear', 'kernel', 'trees'] },
        rate: { type: 'float', low: 1e-5, high: 1, log: true },
        penalty: { type: 'float', low: 1e-6, high: 10, log: true, when: { kind: ['linear'] } },
        width: { type: 'float', low: 1e-3, high: 1e3, log: true, when: { kind: ['kernel'] } },
        softness: { type: 'float', low: 0, high: 1, when: { kind: ['kernel'] } },
        depth: { type: 'int', low: 1, high: 16, when: { kind: ['trees'] } },
        leaf: { type: 'int', low: 1, high: 256, log: true, when: { kind: ['trees'] } },
      },
    },
    'bench',
  ),
  minimum: 0,
  value: (p) => {
    const rate = Math.log10(p['rate'] as number);
    if (p['kind'] === 'linear')
      return 0.6 + 0.05 * (rate + 2) ** 2 + 0.03 * (Math.log10(p['penalty'] as number) + 3) ** 2;
    if (p['kind'] === 'kernel') {
      const width = Math.log10(p['width'] as number);
      return (
        0.3 * (rate + 3.2) ** 2 +
        0.5 * (width - 0.4 - 0.5 * (rate + 3.2)) ** 2 +
        ((p['softness'] as number) - 0.7) ** 2
      );
    }
    return (
      0.25 +
      0.1 * (rate + 1.5) ** 2 +
      0.01 * ((p['depth'] as number) - 6) ** 2 +
      0.04 * (Math.log2(p['leaf'] as number) - 3) ** 2
    );
  },
};

/** Three levels of conditions with integers and steps, shaped like choosing a noise schedule. */
const schedule: Problem = {
  name: 'schedule-tree',
  space: parseSpace(
    {
      parameters: {
        basis: { type: 'categorical', choices: ['pixel', 'fourier', 'wavelet'] },
        colour: {
          type: 'categorical',
          choices: ['white', 'power', 'matched'],
          when: { basis: ['fourier', 'wavelet'] },
        },
        exponent: { type: 'float', low: 0, high: 4, when: { colour: ['power'] } },
        level: { type: 'int', low: 1, high: 5, when: { basis: ['wavelet'] } },
        ordering: {
          type: 'categorical',
          choices: ['none', 'up', 'down'],
          when: { colour: ['power', 'matched'] },
        },
        steepness: { type: 'float', low: 0.1, high: 10, log: true, when: { ordering: ['up', 'down'] } },
        gammaLow: { type: 'float', low: -14, high: -2 },
        gammaHigh: { type: 'float', low: 1, high: 9 },
        curve: { type: 'float', low: 0.25, high: 4, log: true },
        batch: { type: 'int', low: 32, high: 1024, log: true },
      },
    },
    'bench',
  ),
  minimum: 0.02,
  value: (p) => {
    const ends =
      0.01 * ((p['gammaLow'] as number) + 8.3) ** 2 +
      0.03 * ((p['gammaHigh'] as number) - 3.6 - 0.1 * ((p['gammaLow'] as number) + 8.3)) ** 2;
    const rest =
      0.15 * Math.log(p['curve'] as number) ** 2 + 0.02 * Math.log2((p['batch'] as number) / 300) ** 2;
    let loss = ends + rest + 0.02;
    if (p['basis'] === 'pixel') return loss + 0.12;
    if (p['basis'] === 'wavelet') loss += 0.02 * Math.abs((p['level'] as number) - 3) + 0.02;
    if (p['colour'] === 'white') return loss + 0.1;
    if (p['colour'] === 'power') loss += 0.04 + 0.05 * ((p['exponent'] as number) - 1.8) ** 2;
    if (p['ordering'] === 'none') return loss + (p['colour'] === 'matched' ? 0.2 : 0.08);
    const steepness = Math.log(p['steepness'] as number);
    return loss + (p['ordering'] === 'up' ? 0.1 * (steepness - 0.1) ** 2 : 0.3 + 0.2 * (steepness + 1) ** 2);
  },
};

/** The problems of the acceptance list. */
export const problems: readonly Problem[] = [branin, hartmann, rosenbrock, levy, ackley, branches, schedule];

/** More of our own, for tuning: none of them is in the acceptance list. */
export const tuningProblems: readonly Problem[] = [
  onBox('styblinski-5', 5, -5, 5, -39.16616570377142 * 5, (x) =>
    x.reduce((sum, v) => sum + 0.5 * (v ** 4 - 16 * v * v + 5 * v), 0),
  ),
  onBox('ellipsoid-6', 6, -1, 1, 0, (raw) => {
    const x = raw.map((value, i) => value - shift(i, 0.6));
    // Rotated in consecutive planes: the axes say nothing of the valley.
    for (let i = 0; i < x.length - 1; i++) {
      const [a, b] = [x[i]!, x[i + 1]!];
      x[i] = 0.8 * a - 0.6 * b;
      x[i + 1] = 0.6 * a + 0.8 * b;
    }
    return x.reduce((sum, v, i) => sum + 10 ** ((3 * i) / 5) * v * v, 0);
  }),
  onBox('griewank-4', 4, -600, 600, 0, (raw) => {
    const x = raw.map((value, i) => value - shift(i, 300));
    let product = 1;
    x.forEach((value, i) => (product *= Math.cos(value / Math.sqrt(i + 1))));
    return x.reduce((sum, v) => sum + (v * v) / 4000, 0) - product + 1;
  }),
  onBox('michalewicz-3', 3, 0, Math.PI, -2.760394679, (x) =>
    x.reduce((sum, v, i) => sum - Math.sin(v) * Math.sin(((i + 1) * v * v) / Math.PI) ** 20, 0),
  ),
  onBox('sphere-3', 3, -1, 1, 0, (x) => x.reduce((sum, v, i) => sum + (v - shift(i, 0.7)) ** 2, 0)),
  {
    name: 'training-8',
    space: parseSpace(
      {
        parameters: {
          learningRate: { type: 'float', low: 1e-6, high: 1, log: true },
          batch: { type: 'int', low: 8, high: 512, log: true },
          layers: { type: 'int', low: 1, high: 8 },
          units: { type: 'int', low: 16, high: 1024, step: 16 },
          dropout: { type: 'float', low: 0, high: 0.8, step: 0.05 },
          activation: { type: 'categorical', choices: ['relu', 'tanh', 'gelu', 'silu'] },
          optimizer: { type: 'categorical', choices: ['adam', 'sgd', 'adamw'] },
          decay: { type: 'float', low: 1e-8, high: 1e-1, log: true },
        },
      },
      'bench',
    ),
    minimum: 0,
    value: (p) => {
      const rate = Math.log10(p['learningRate'] as number);
      const batch = Math.log2(p['batch'] as number);
      const best = p['optimizer'] === 'sgd' ? -1.3 : -3;
      const drift = rate - best - 0.15 * (batch - 6);
      const edge = drift > 1 ? 2 : 0;
      const size = Math.log2(((p['layers'] as number) * (p['units'] as number)) / 1200);
      const activation = { relu: 0.02, tanh: 0.1, gelu: 0, silu: 0.01 }[p['activation'] as string]!;
      const optimizer = { adam: 0.01, sgd: 0.04, adamw: 0 }[p['optimizer'] as string]!;
      return (
        edge +
        0.15 * drift ** 2 +
        0.03 * size ** 2 +
        0.6 * ((p['dropout'] as number) - 0.2) ** 2 +
        0.01 * ((p['layers'] as number) - 4) ** 2 +
        activation +
        optimizer +
        0.01 * (Math.log10(p['decay'] as number) + 3) ** 2
      );
    },
  },
];
