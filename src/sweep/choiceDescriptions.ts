import type { BasisName } from '../basis/types.js';
import type { Colour, Kernel, Ordering, SimpleColour, Trajectory } from '../schedule/parameters.js';
import type { LearningRateSchedule, TimeSampling, UnetSize, Weighting } from '../train/parameters.js';

const colours: Record<SimpleColour, string> = {
  white: '1: the same for all components',
  'free-field': '1/(k̂² + m²), m² = `colourMass2`',
  'power-law': '(k̂² + m²)^(−a/2), m² = `colourMass2`, a = `colourExponent`',
  matched: 'the data’s own variance, component by component',
};

interface Choices {
  basis: Record<BasisName, string>;
  colour: Record<Colour, string>;
  kernel: Record<Kernel, string>;
  ordering: Record<Ordering, string>;
  trajectory: Record<Trajectory, string>;
  weighting: Record<Weighting, string>;
  timeSampling: Record<TimeSampling, string>;
  learningRateSchedule: Record<LearningRateSchedule, string>;
  unetSize: Record<UnetSize, string>;
}

/** What each value of a parameter that has a choice means, in one line. Ends of the interpolated colour are colours. */
export const choiceDescriptions: Choices = {
  basis: {
    pixel: 'the sites or pixels themselves',
    fourier: 'plane waves: the real Hartley basis, channel by channel',
    pca: 'eigenvectors of the data’s covariance',
    'whitened-pca':
      'the same with components divided by their standard deviation: white noise there is matched noise',
    haar: 'Haar’s orthonormal wavelets, as deep as the factors of two of the sides allow',
    daubechies4: 'Daubechies’ wavelets with four coefficients, as deep',
    'block-spin': 'Haar’s vectors, a schedule for each whole level: what one block-spin step removes',
  },
  colour: {
    ...colours,
    interpolated: 's²_from^(1−r) s²_to^r, of `colourFrom`, `colourTo`, r = `colourRatio`',
  },
  kernel: {
    uniform: 'one γ(t) for all components: standard diffusion in that colour',
    sigmoid: 'K = sigmoid((Λ − ℓ)/w)',
    erf: 'K = ½ erfc((ℓ − Λ)/w)',
    'hard-step':
      'γ rises from `gammaLow` to `gammaHigh` while Λ goes from ℓ to ℓ − w, and is constant outside',
    heat: 'K = exp(−x/Λ²), x = ℓ² + `heatMass2` (e^ℓ with the ordering `log-variance`)',
    dissipation:
      'the mean follows the heat equation at fixed noise: γ = `gammaLow` + 2 (k̂² + `heatMass2`) τ, τ to `blurWidth`²/2 (Rissanen et al., 2206.13397)',
    blurring:
      'the cosine schedule times a blur (1 − d) e^(−(k̂² + `heatMass2`) τ) + d, d = `blurFloor` (Hoogeboom and Salimans, 2209.05557)',
  },
  ordering: {
    momentum: '|k̂|, the momentum, effective where the basis has none',
    'log-variance': '−log of the data’s variance',
    'basis-order':
      'what the basis brings with it: momentum of plane waves, −log variance of PCA, level of wavelets, raster of pixels',
    level: 'the wavelet’s level',
    row: 'the row of the site',
    column: 'the column of the site',
    raster: 'row by row, reading order',
  },
  trajectory: {
    linear: 'p = t',
    exponential: 'p = (1 − e^(−ct))/(1 − e^(−c)), c = `trajectoryRate`',
    cosine: 'p = (1 − cos πt)/2',
    power: 'p = t^q, q = `trajectoryPower`',
    spline: 'monotone; its four increments are the softmax of `trajectoryKnot1` … `trajectoryKnot4`',
    'vp-linear-beta':
      'with the kernel `uniform` only: γ = log expm1(t β₀ + ½ t² (β₁ − β₀)), β₀ = `betaMin`, β₁ = `betaMax` (Song et al., 2011.13456)',
    'vp-cosine':
      'with the kernel `uniform` only: α = cos((t + s)/(1 + s) · π/2), s = `cosineOffset` (Nichol and Dhariwal, 2102.09672)',
  },
  weighting: {
    elbo: '½ γ′: the bound on the likelihood itself',
    uniform: '1',
    'min-snr': 'min(SNR, 5)/SNR (Hang et al., 2303.09556)',
    sigmoid: 'sigmoid(2 − log SNR) · ½ γ′ (Kingma and Gao, 2303.00848)',
    truncated: 'max(SNR, 1)/SNR, at most 1000 (Salimans and Ho, 2202.00512)',
  },
  timeSampling: {
    stratified: 'one uniform time in each of as many equal stretches as the batch has rows',
    uniform: 'independent uniform times',
    importance: 'stratified, more where the noise levels move; the loss’s expectation stays',
  },
  learningRateSchedule: {
    constant: '`learningRate` after the warm-up',
    cosine: 'half a cosine down to 2 % at `decaySteps`',
  },
  unetSize: {
    smoke: 'widths 16-32, one block a resolution: for tests',
    small: 'widths 32-64-64, one block',
    medium: 'widths 64-128-128, two blocks, attention at 16 pixels',
    ddpm: 'widths 128-256-256-256, two blocks, attention at 16: 36 million parameters (Ho et al., 2006.11239)',
    ddpmpp: 'the same with four blocks: 62 million parameters (Song et al., 2011.13456)',
  },
};
