import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The columns that the worker asks for, as `nvidia-smi --format=csv,noheader,nounits` prints them. */
export const twoA100 = [
  '0, GPU-11111111-aaaa-bbbb-cccc-000000000000, NVIDIA A100-SXM4-80GB, 81920, 550.54.15, Disabled',
  '1, GPU-22222222-aaaa-bbbb-cccc-000000000000, NVIDIA A100-SXM4-80GB, 81920, 550.54.15, Disabled',
].join('\n');
export const twoIds = twoA100.split('\n').map((line) => line.split(', ')[1]!);

/**
 * Puts a program `nvidia-smi` into a folder.
 * @param answers output of the query, and of `-L`; with `exit`, the code it ends with
 * @returns PATH with that folder first
 */
export function fakeNvidiaSmi(
  folder: string,
  answers: { query: string; list?: string; exit?: number },
): string {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'nvidia-smi');
  const { query, list = '', exit = 0 } = answers;
  writeFileSync(
    program,
    `#!/bin/sh\ncase "$1" in -L) cat <<'END'\n${list}\nEND\n;; *) cat <<'END'\n${query}\nEND\n;; esac\nexit ${exit}\n`,
  );
  chmodSync(program, 0o755);
  return `${folder}${delimiter}${process.env.PATH}`;
}
