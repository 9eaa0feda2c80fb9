import type { Basis } from '../basis/types.js';
import { RgsweepError } from '../errors.js';
import { orderingVariable } from '../schedule/ordering.js';
import { readScheduleParameters } from '../schedule/parameters.js';
import type { DiffusionProcess } from '../schedule/types.js';

/**
 * The components of each scale, coarse to fine: those of one place ℓ in the order that the basis brings with it (Fourier
 * |k̂|, PCA −log Var, wavelets and block spins level, pixels raster).
 */
export function scalesOf(process: DiffusionProcess): number[][] {
  const { basis } = process;
  const variances = process.dataVariance.map((value, i) => value * process.scale[i]! ** 2);
  const places = orderingVariable(
    basis,
    variances,
    readScheduleParameters({ basis: basis.name, ordering: 'basis-order' }),
  );
  const order = basis.components.map(({ index }) => index).sort((a, b) => places[a]! - places[b]! || a - b);
  const scales: number[][] = [];
  let before = -Infinity;
  for (const i of order) {
    if (places[i]! - before > 1e-9 * (1 + Math.abs(places[i]!))) scales.push([]);
    scales.at(-1)!.push(i);
    before = places[i]!;
  }
  return scales;
}

/**
 * The components that `low:K` names: those of the K coarsest scales.
 * @throws RgsweepError('usage') for any other text, or when nothing or everything would be given
 */
export function componentsGiven(process: DiffusionProcess, text: string): number[] {
  const found = /^low:(\d+)$/.exec(text);
  const scales = scalesOf(process);
  const count = Number(found?.[1] ?? 0);
  if (!found || count < 1 || count >= scales.length)
    throw new RgsweepError('usage', `--given is "${text}"; it must be low:1 to low:${scales.length - 1}`, {
      remedy: `low:K gives the K coarsest of the ${scales.length} scales of the basis ${process.basis.name}`,
    });
  return scales.slice(0, count).flat();
}

/** At most `most` groups of scales, coarse to fine, each with about as many scales. */
export function bandsOf(scales: readonly number[][], most: number): { from: number; components: number[] }[] {
  const count = Math.min(most, scales.length);
  return Array.from({ length: count }, (_, band) => {
    const from = Math.floor((band * scales.length) / count);
    const to = Math.floor(((band + 1) * scales.length) / count);
    return { from, components: scales.slice(from, to).flat() };
  });
}

/** The part of fields that lies in some components: φ ↦ U P Uᵀ(φ − μ). */
export function bandOfFields(
  basis: Basis,
  mean: Float64Array,
  fields: Float64Array,
  components: readonly number[],
): Float64Array {
  const count = fields.length / basis.dimension;
  const encoded = basis.encode(
    fields.map((value, n) => value - mean[n % basis.dimension]!),
    count,
  );
  const kept = new Set(components);
  return basis.decode(
    encoded.map((value, n) => (kept.has(n % basis.dimension) ? value : 0)),
    count,
  );
}
