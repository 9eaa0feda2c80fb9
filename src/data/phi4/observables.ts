import { RgsweepError } from '../../errors.js';
import { createLattice, phi4Action, type Phi4Couplings } from './action.js';

/** An estimate with the standard error of its mean. */
export interface Estimate {
  value: number;
  error: number;
}

/** One momentum shell: the momenta (2π/L)(a, b) that the symmetries of the square lattice map into each other. */
export interface MomentumShell {
  /** 0 ≤ a ≤ b ≤ L/2, as in `0,1`. */
  label: string;
  /** k̂² = Σ_μ (2 − 2 cos k_μ). */
  khat2: number;
  /** Indices row · L + column of the momenta (or displacements) of the shell. */
  members: number[];
}

/** All shells of an L × L lattice, by a and then b. The same orbits serve as distance classes of G(x). */
export function momentumShells(size: number): MomentumShell[] {
  const shells = new Map<string, MomentumShell>();
  for (let low = 0; low <= size / 2; low++)
    for (let high = low; high <= size / 2; high++)
      shells.set(`${low},${high}`, {
        label: `${low},${high}`,
        khat2: shellMomentum(low, high, size),
        members: [],
      });
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const a = Math.min(row, size - row);
      const b = Math.min(column, size - column);
      shells.get(`${Math.min(a, b)},${Math.max(a, b)}`)!.members.push(row * size + column);
    }
  return [...shells.values()];
}

function shellMomentum(a: number, b: number, size: number): number {
  const angle = (2 * Math.PI) / size;
  return 4 - 2 * Math.cos(angle * a) - 2 * Math.cos(angle * b);
}

/** Real and imaginary parts of φ̃(k) = Σ_x φ(x) e^{−ikx}, by a sum over columns and then one over rows. */
function fourierPower(
  samples: Float32Array | Float64Array,
  offset: number,
  size: number,
  cosine: Float64Array,
  sine: Float64Array,
  work: Float64Array,
  out: Float64Array,
): void {
  const volume = size * size;
  for (let row = 0; row < size; row++)
    for (let k = 0; k < size; k++) {
      let real = 0;
      let imaginary = 0;
      for (let column = 0; column < size; column++) {
        const value = samples[offset + row * size + column]!;
        real += value * cosine[k * size + column]!;
        imaginary -= value * sine[k * size + column]!;
      }
      work[row * size + k] = real;
      work[volume + row * size + k] = imaginary;
    }
  // |φ̃(−k)| = |φ̃(k)| for real fields: half of the columns is enough.
  for (let k = 0; k <= size / 2; k++)
    for (let q = 0; q < size; q++) {
      let real = 0;
      let imaginary = 0;
      for (let row = 0; row < size; row++) {
        const c = cosine[q * size + row]!;
        const s = sine[q * size + row]!;
        const x = work[row * size + k]!;
        const y = work[volume + row * size + k]!;
        real += x * c + y * s;
        imaginary += y * c - x * s;
      }
      const power = (real * real + imaginary * imaginary) / volume;
      out[q * size + k] = power;
      out[((size - q) % size) * size + ((size - k) % size)] = power;
    }
}

/** Columns of the table of block sums: the plain averages that every observable is a function of. */
interface BlockMeans {
  absM: number;
  M2: number;
  M4: number;
  phi2: number;
  phi4: number;
  action: number;
  /** ⟨|φ̃_k|²⟩/V by shell. */
  Gk: Float64Array;
}

/**
 * Lattice observables of φ⁴ configurations with standard errors, over M = (1/V) Σ_x φ(x):
 *
 * `absM` ⟨|M|⟩, `M2` ⟨M²⟩, `M4` ⟨M⁴⟩, `phi2` ⟨φ²⟩ and `phi4` ⟨φ⁴⟩ per site, `actionPerSite` ⟨S⟩/V (only when
 * `couplings` are given), `susceptibility` V⟨M²⟩, `susceptibilityConnected` V(⟨M²⟩ − ⟨|M|⟩²),
 * `binder` 1 − ⟨M⁴⟩/(3⟨M²⟩²), `correlationLength` ξ = √((G(0)/G(k₁) − 1)/k̂₁²) (second moment, k₁ = 2π/L; 0 where the
 * root is imaginary; absent on size 1), `G(k) a,b` = ⟨|φ̃_k|²⟩/V averaged over each momentum shell, and
 * `G(x) a,b` = ⟨φ(y)φ(y+x)⟩ averaged over y and over displacements equal by symmetry.
 *
 * The mean is not subtracted: ⟨φ⟩ = 0 by symmetry.
 *
 * Errors are by jackknife over at most 200 contiguous blocks, so they hold for consecutive configurations of Markov
 * chains as long as a block is longer than the autocorrelation, and for independent samples always. With fewer than two
 * configurations they are NaN.
 * @param samples `count` configurations of size² numbers, one after the other
 * @throws RgsweepError('bad-configuration') when the array's length is not count · size², or count is not positive
 */
export function phi4Observables(
  samples: Float32Array | Float64Array,
  count: number,
  size: number,
  couplings?: Phi4Couplings,
): Record<string, Estimate> {
  const lattice = createLattice(size);
  const { volume } = lattice;
  if (!Number.isInteger(count) || count < 1 || samples.length !== count * volume)
    throw new RgsweepError(
      'bad-configuration',
      `observables of ${count} configurations of ${size} × ${size} sites need ${count * volume} numbers, and there are ${samples.length}`,
    );
  const shells = momentumShells(size);
  const columns = 6 + shells.length;
  const blocks = Math.min(200, count);
  const sums = new Float64Array(blocks * columns);
  const counts = new Float64Array(blocks);

  const cosine = new Float64Array(volume);
  const sine = new Float64Array(volume);
  for (let k = 0; k < size; k++)
    for (let x = 0; x < size; x++) {
      cosine[k * size + x] = Math.cos((2 * Math.PI * ((k * x) % size)) / size);
      sine[k * size + x] = Math.sin((2 * Math.PI * ((k * x) % size)) / size);
    }
  const work = new Float64Array(2 * volume);
  const power = new Float64Array(volume);

  for (let block = 0; block < blocks; block++) {
    const first = Math.floor((block * count) / blocks);
    const end = Math.floor(((block + 1) * count) / blocks);
    const base = block * columns;
    counts[block] = end - first;
    for (let sample = first; sample < end; sample++) {
      const offset = sample * volume;
      let sum = 0;
      let square = 0;
      let quartic = 0;
      for (let site = 0; site < volume; site++) {
        const value = samples[offset + site]!;
        sum += value;
        square += value * value;
        quartic += value * value * value * value;
      }
      const magnetization = sum / volume;
      sums[base]! += Math.abs(magnetization);
      sums[base + 1]! += magnetization ** 2;
      sums[base + 2]! += magnetization ** 4;
      sums[base + 3]! += square / volume;
      sums[base + 4]! += quartic / volume;
      if (couplings) sums[base + 5]! += phi4Action(samples, offset, lattice, couplings) / volume;
      fourierPower(samples, offset, size, cosine, sine, work, power);
      for (let shell = 0; shell < shells.length; shell++) {
        let total = 0;
        for (const member of shells[shell]!.members) total += power[member]!;
        sums[base + 6 + shell]! += total / shells[shell]!.members.length;
      }
    }
  }

  const means = (from: Float64Array, weight: number): BlockMeans => ({
    absM: from[0]! / weight,
    M2: from[1]! / weight,
    M4: from[2]! / weight,
    phi2: from[3]! / weight,
    phi4: from[4]! / weight,
    action: from[5]! / weight,
    Gk: from.slice(6).map((value) => value / weight),
  });
  const derive = (mean: BlockMeans): Record<string, number> =>
    derivedObservables(mean, size, shells, couplings !== undefined);

  const totals = new Float64Array(columns);
  for (let i = 0; i < sums.length; i++) totals[i % columns]! += sums[i]!;
  const values = derive(means(totals, count));
  const left = new Float64Array(columns);
  const replicas: Record<string, number>[] = [];
  if (blocks > 1)
    for (let block = 0; block < blocks; block++) {
      for (let i = 0; i < columns; i++) left[i] = totals[i]! - sums[block * columns + i]!;
      replicas.push(derive(means(left, count - counts[block]!)));
    }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      { value, error: jackknifeError(replicas.map((replica) => replica[name]!)) },
    ]),
  );
}

/** √((B−1)/B Σ_b (θ_b − θ̄)²) of the B leave-one-block-out values; NaN for fewer than two. */
export function jackknifeError(replicas: readonly number[]): number {
  const blocks = replicas.length;
  if (blocks < 2) return NaN;
  const mean = replicas.reduce((sum, value) => sum + value, 0) / blocks;
  const squares = replicas.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(((blocks - 1) / blocks) * squares);
}

function derivedObservables(
  mean: BlockMeans,
  size: number,
  shells: readonly MomentumShell[],
  withAction: boolean,
): Record<string, number> {
  const volume = size * size;
  const values: Record<string, number> = {
    absM: mean.absM,
    M2: mean.M2,
    M4: mean.M4,
    phi2: mean.phi2,
    phi4: mean.phi4,
    ...(withAction ? { actionPerSite: mean.action } : {}),
    susceptibility: volume * mean.M2,
    susceptibilityConnected: volume * (mean.M2 - mean.absM ** 2),
    binder: 1 - mean.M4 / (3 * mean.M2 ** 2),
  };
  const lowest = shells.findIndex((shell) => shell.label === '0,1');
  if (lowest >= 0) {
    const ratio = mean.Gk[0]! / mean.Gk[lowest]! - 1;
    values.correlationLength = Math.sqrt(Math.max(0, ratio / shells[lowest]!.khat2));
  }
  shells.forEach((shell, index) => {
    values[`G(k) ${shell.label}`] = mean.Gk[index]!;
  });
  for (const displacement of shells) {
    // G(x) = (1/V) Σ_k G(k) cos(kx): linear in G(k), so each shell enters with its number of momenta.
    const x = displacement.members[0]!;
    let sum = 0;
    shells.forEach((shell, index) => {
      let phase = 0;
      for (const k of shell.members)
        phase += Math.cos(
          (2 * Math.PI * (Math.floor(k / size) * Math.floor(x / size) + (k % size) * (x % size))) / size,
        );
      sum += mean.Gk[index]! * phase;
    });
    values[`G(x) ${displacement.label}`] = sum / volume;
  }
  return values;
}
