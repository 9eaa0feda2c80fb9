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
  'linear-gamma': {
    description: 'Standard diffusion with γ linear from −13.3 to 5 (Kingma et al., 2107.00630)',
    parameters: { basis: 'fourier', colour: 'white', kernel: 'uniform', gammaLow: -13.3, gammaHigh: 5 },
  },
  'vp-linear-beta': {
    description: 'Standard diffusion, variance preserving, β linear from 0.1 to 20 (Song et al., 2011.13456)',
    parameters: {
      basis: 'fourier',
      colour: 'white',
      kernel: 'uniform',
      trajectory: 'vp-linear-beta',
      gammaLow: -13.3,
      gammaHigh: 12,
    },
  },
  'vp-cosine': {
    description: 'Standard diffusion with the cosine schedule (Nichol and Dhariwal, 2102.09672)',
    parameters: {
      basis: 'fourier',
      colour: 'white',
      kernel: 'uniform',
      trajectory: 'vp-cosine',
      gammaLow: -13.3,
      gammaHigh: 10,
    },
  },
  'gud-soft': {
    description:
      'Soft conditioning: matched noise, a sigmoid cutoff in |k̂| of softness 1/2 (Gerdes et al., 2410.02667)',
    parameters: {
      basis: 'fourier',
      colour: 'matched',
      kernel: 'sigmoid',
      ordering: 'momentum',
      cutoffWidth: 0.5,
      gammaLow: -7,
      gammaHigh: 3,
    },
  },
  'gud-variance-adjusted': {
    description:
      'Soft conditioning by −log Var for white noise, shifted by each component’s variance, softness 1/2',
    parameters: {
      basis: 'fourier',
      colour: 'white',
      kernel: 'sigmoid',
      ordering: 'log-variance',
      varianceAdjusted: true,
      cutoffWidth: 0.5,
      gammaLow: -7,
      gammaHigh: 3,
    },
  },
  'gud-rows': {
    description: 'Sequential by rows of pixels: one row after the other, row 0 noised first',
    parameters: {
      basis: 'pixel',
      colour: 'white',
      kernel: 'hard-step',
      ordering: 'row',
      reversed: true,
      cutoffWidth: 1,
    },
  },
  'gud-columns': {
    description: 'Sequential by columns of pixels: one column after the other, column 0 noised first',
    parameters: {
      basis: 'pixel',
      colour: 'white',
      kernel: 'hard-step',
      ordering: 'column',
      reversed: true,
      cutoffWidth: 1,
    },
  },
  'polchinski-heat': {
    description: "Matched noise under Polchinski's cutoff exp(−(k̂² + m²)/Λ²), Λ falling exponentially",
    parameters: {
      basis: 'fourier',
      colour: 'matched',
      kernel: 'heat',
      ordering: 'momentum',
      trajectory: 'exponential',
      trajectoryRate: 4,
    },
  },
  'heat-dissipation': {
    description: 'Blur by the heat equation at fixed small noise (Rissanen et al., 2206.13397)',
    parameters: { basis: 'fourier', colour: 'white', kernel: 'dissipation', blurWidth: 20, gammaLow: -9.2 },
  },
  blurring: {
    description: 'Blur and variance-preserving noise together (Hoogeboom and Salimans, 2209.05557)',
    parameters: {
      basis: 'fourier',
      colour: 'white',
      kernel: 'blurring',
      blurWidth: 20,
      gammaLow: -10,
      gammaHigh: 10,
    },
  },
  'wavelet-hard': {
    description: 'Hard conditioning: Haar levels one after the other, fine to coarse (as WSGM, 2208.05003)',
    parameters: { basis: 'haar', colour: 'matched', kernel: 'hard-step', ordering: 'level', cutoffWidth: 1 },
  },
  autoregressive: {
    description: 'The autoregressive limit: one pixel after the other, generated in reading order',
    parameters: { basis: 'pixel', colour: 'white', kernel: 'hard-step', ordering: 'raster', cutoffWidth: 1 },
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
