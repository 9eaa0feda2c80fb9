import type { DensityEvaluation } from '../eval/density.js';
import { encodeSafetensors } from '../tensors/safetensors.js';

/** What reports and comparisons read of an evaluation: the model's samples, and −log q of each configuration. */
export function densityFiles(
  { samples, nll }: Pick<DensityEvaluation, 'samples' | 'nll'>,
  dimension: number,
): Record<string, Uint8Array | string> {
  if (samples.length === 0) return {};
  return {
    'samples.safetensors': encodeSafetensors({
      samples: { shape: [samples.length / dimension, dimension], data: samples },
    }),
    // Kept so that two models are compared configuration by configuration, where what is common cancels.
    'likelihood.safetensors': encodeSafetensors({ nll: { shape: [nll.length], data: nll } }),
  };
}
