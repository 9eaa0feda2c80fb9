import type { Parameters } from '../space/types.js';

interface Preset {
  /** One line for lists and help. */
  description: string;
  parameters: Parameters;
}

/** Named schedules; what is not said takes its default (src/schedule/parameters.ts). */
const known: Record<string, Preset> = {
  'standard-raw': {
    description: 'Standard diffusion: white noise, one γ(t) for all, the network predicts all of the noise',
    parameters: { basis: 'fourier', colour: 'white', kernel: 'uniform', gaussianScore: false },
  },
  standard: {
    description: 'Standard diffusion with the Gaussian score: white noise, one γ(t) for all',
    parameters: { basis: 'fourier', colour: 'white', kernel: 'uniform', gaussianScore: true },
  },
  'matched-noise': {
    description: "Noise with the data's spectrum, one γ(t) for all: every component loses its signal at once",
    parameters: { basis: 'fourier', colour: 'matched', kernel: 'uniform', gaussianScore: true },
  },
};

/** Parameters of each named schedule. */
export const presets: Record<string, Parameters> = Object.fromEntries(
  Object.entries(known).map(([name, preset]) => [name, preset.parameters]),
);

/** What each named schedule is, in one line. */
export const presetDescriptions: Record<string, string> = Object.fromEntries(
  Object.entries(known).map(([name, preset]) => [name, preset.description]),
);
