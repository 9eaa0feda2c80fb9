import { CounterRandom } from '../../src/random/philox.js';

/** Labelled points, row after row. */
export interface Points {
  count: number;
  inputs: Float64Array;
  labels: Uint8Array;
}

export const dimensions = 8;
export const classes = 4;
const trainingCount = 256;
const validationCount = 512;
/** Share of the labels that are drawn at random. */
const labelNoise = 0.08;

function spread(random: CounterRandom): number {
  return 2 * random.uniform() - 1;
}

/**
 * A classification task that is neither linear nor solved by memory: the class of a point of [−1, 1]⁸ is the largest of
 * four random quadratic forms. Additions and multiplications only, so that it is the same to the last bit everywhere.
 */
export function makeTask(): { training: Points; validation: Points } {
  const teacher = new CounterRandom(2026, 'bench/fidelity/teacher');
  const size = dimensions * dimensions;
  const forms = Array.from({ length: classes }, () => ({
    linear: Float64Array.from({ length: dimensions }, () => 0.6 * spread(teacher)),
    quadratic: Float64Array.from({ length: size }, () => spread(teacher)),
  }));
  const draw = (count: number, stream: string): Points => {
    const random = new CounterRandom(2026, stream);
    const inputs = Float64Array.from({ length: count * dimensions }, () => spread(random));
    const labels = new Uint8Array(count);
    for (let row = 0; row < count; row++) {
      const x = inputs.subarray(row * dimensions, (row + 1) * dimensions);
      let best = -Infinity;
      forms.forEach(({ linear, quadratic }, label) => {
        let value = 0;
        for (let i = 0; i < dimensions; i++) {
          value += linear[i]! * x[i]!;
          for (let j = 0; j < dimensions; j++) value += quadratic[i * dimensions + j]! * x[i]! * x[j]!;
        }
        if (value > best) [best, labels[row]] = [value, label];
      });
      if (random.uniform() < labelNoise) labels[row] = random.integer(classes);
    }
    return { count, inputs, labels };
  };
  return {
    training: draw(trainingCount, 'bench/fidelity/training'),
    validation: draw(validationCount, 'bench/fidelity/validation'),
  };
}
