import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Parameters } from '../../src/space/types.js';
import { allConfigurations, configurationKey } from './space.js';

/** Epochs of a curve, and the seeds that every configuration was trained with. */
export const tableEpochs = 27;
export const tableSeeds = [1, 2] as const;

/** Losses are kept as whole multiples of this, up to `highest`; one code above stands for a training that diverged. */
const resolution = 1 / 8192;
const highest = 65_534;

/** SHA-256 of the codes (not of the file: compressors differ). `npm run bench -- learning-curves` makes them again. */
export const tableHash = 'd37d98f1e01909606060bfbd17014ea34572459aaf94eaa20261f3a845f83ea4';

const file = resolve('bench/fidelity/curves.bin.gz');

/** What is kept of a loss. */
export function encodeLoss(loss: number): number {
  return Number.isFinite(loss) ? Math.min(highest, Math.round(loss / resolution)) : highest + 1;
}

function decodeLoss(code: number): number {
  return code > highest ? NaN : code * resolution;
}

/** Learning curves of every configuration, measured once and committed. */
export interface CurveTable {
  configurations: readonly Parameters[];
  /** Validation loss of a configuration after `epoch` epochs (from 1); NaN where the training diverged. */
  loss(parameters: Parameters, seed: number, epoch: number): number;
}

/** SHA-256 of a table's codes. */
export function hashOfCodes(codes: Uint8Array): string {
  return createHash('sha256').update(codes).digest('hex');
}

/** Reads the table. @throws Error when the file is missing or is not the one whose hash is written here */
export function readTable(): CurveTable {
  if (!existsSync(file)) throw new Error(`${file} is missing: run this from the project's folder`);
  const bytes = gunzipSync(readFileSync(file));
  if (hashOfCodes(bytes) !== tableHash)
    throw new Error(`${file} is not the table of this version: its SHA-256 is ${hashOfCodes(bytes)}`);
  const codes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const configurations = allConfigurations();
  const rowOf = new Map(configurations.map((one, row) => [configurationKey(one), row]));
  return {
    configurations,
    loss(parameters, seed, epoch) {
      const row = rowOf.get(configurationKey(parameters));
      const column = tableSeeds.findIndex((known) => known === seed);
      if (row === undefined || column < 0 || epoch < 1 || epoch > tableEpochs)
        throw new Error(`the table has no ${JSON.stringify(parameters)}, seed ${seed}, epoch ${epoch}`);
      return decodeLoss(
        codes.getUint16(2 * ((row * tableSeeds.length + column) * tableEpochs + epoch - 1), true),
      );
    },
  };
}
