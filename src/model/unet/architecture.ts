import { RgsweepError } from '../../errors.js';
import type { FieldShape } from '../../basis/types.js';
import type { UnetSize } from '../../train/parameters.js';

export interface UnetArchitecture {
  shape: FieldShape;
  /** Channels at each resolution, the finest first; each is half as wide as the one before. */
  widths: readonly number[];
  /** Residual blocks at each resolution on the way down; one more on the way up. */
  blocks: number;
  /** Resolutions (pixels a side) with self-attention; the lowest has it always. */
  attention: readonly number[];
}

/**
 * Sizes by name, with their parameters on 32 × 32 colour images. `smoke` runs in tests; `ddpm` is of the class of Ho et al.
 * 2020 (arXiv 2006.11239: 128 channels, 1-2-2-2, attention at 16, 36 million) and `ddpmpp` of Song et al. 2021 (arXiv 2011.13456:
 * four blocks a resolution, 62 million).
 */
const sizes: Record<UnetSize, { widths: number[]; blocks: number; attention: number[] }> = {
  smoke: { widths: [16, 32], blocks: 1, attention: [] },
  small: { widths: [32, 64, 64], blocks: 1, attention: [] },
  medium: { widths: [64, 128, 128], blocks: 2, attention: [16] },
  ddpm: { widths: [128, 256, 256, 256], blocks: 2, attention: [16] },
  ddpmpp: { widths: [128, 256, 256, 256], blocks: 4, attention: [16] },
};

/**
 * @throws RgsweepError('bad-configuration') when the image cannot be halved as often as the size wants
 */
export function unetArchitecture(size: UnetSize, shape: FieldShape): UnetArchitecture {
  const { widths, blocks, attention } = sizes[size];
  const factor = 2 ** (widths.length - 1);
  if (shape.height % factor !== 0 || shape.width % factor !== 0)
    throw new RgsweepError(
      'bad-configuration',
      `unetSize is "${size}", which halves the image ${widths.length - 1} times; ${shape.height} × ${shape.width} is no multiple of ${factor}`,
      { remedy: 'take a smaller unetSize or another image size' },
    );
  return { shape, widths, blocks, attention };
}

/** Groups of a normalization over so many channels: at most 32, of at least four channels. */
export function groupsOf(channels: number): number {
  let groups = Math.min(32, Math.max(1, Math.floor(channels / 4)));
  while (channels % groups !== 0) groups--;
  return groups;
}

/** One residual block: where it is, what goes in and out. */
export interface BlockPlan {
  name: string;
  /** How often the image has been halved where it works. */
  level: number;
  input: number;
  output: number;
  attention: boolean;
}

/** The network as a list of blocks, in the order in which they run. */
export interface UnetPlan {
  down: BlockPlan[][];
  middle: BlockPlan[];
  /** From the coarsest resolution to the finest; each takes one kept image of the way down. */
  up: BlockPlan[][];
  embedding: number;
}

/** Lays the blocks out; `initialize` and `applyUnet` follow it. */
export function unetPlan({ shape, widths, blocks, attention }: UnetArchitecture): UnetPlan {
  const attends = (level: number) =>
    level === widths.length - 1 || attention.includes(shape.height / 2 ** level);
  let channels = widths[0]!;
  const kept = [channels];
  const down = widths.map((width, level) => {
    // The halved image is kept too.
    if (level > 0) kept.push(channels);
    return Array.from({ length: blocks }, (_, n): BlockPlan => {
      const block = {
        name: `down.${level}.${n}`,
        level,
        input: channels,
        output: width,
        attention: attends(level),
      };
      channels = width;
      kept.push(channels);
      return block;
    });
  });
  const deepest = widths.length - 1;
  const middle = [0, 1].map((n): BlockPlan => ({
    name: `middle.${n}`,
    level: deepest,
    input: channels,
    output: channels,
    attention: n === 0,
  }));
  const up = [...widths.keys()].reverse().map((level) =>
    Array.from({ length: blocks + 1 }, (_, n): BlockPlan => {
      const block = {
        name: `up.${level}.${n}`,
        level,
        input: channels + kept.pop()!,
        output: widths[level]!,
        attention: attends(level) && level !== deepest,
      };
      channels = widths[level]!;
      return block;
    }),
  );
  return { down, middle, up, embedding: 4 * widths[0]! };
}
