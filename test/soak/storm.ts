import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Versitygw } from '../contract/versitygw.js';
import { trainersBelow, type TestStack } from '../e2e/harness.js';
import type { FaultyProxy } from '../store/proxy.js';

/** What the storm did, by kind. */
export type Damage = Record<
  'trainer' | 'worker' | 'control' | 'server' | 'store' | 'checkpoint' | 'quota',
  number
>;

/** mulberry32: 32 random bits from 32 bits of state, for an order of events that a seed repeats. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Flips one bit in the newest checkpoint of a sweep, where the S3 server keeps it; false when there is none. */
function corruptNewestCheckpoint(folder: string, sweep: string): boolean {
  const trials = join(folder, 'sweeps', sweep, 'trials');
  let newest: { file: string; at: number } | undefined;
  try {
    for (const name of readdirSync(trials, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('model.safetensors')) continue;
      const file = join(trials, name);
      const at = statSync(file).mtimeMs;
      if (!newest || at > newest.at) newest = { file, at };
    }
    if (!newest) return false;
    const bytes = readFileSync(newest.file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(newest.file, bytes);
    return true;
  } catch (error) {
    // Retention removed it while we looked.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

export interface StormOptions {
  stack: TestStack;
  gateway: Versitygw;
  proxy: FaultyProxy;
  sweep: string;
  seed: number;
  /** Aborted when the sweep has ended. */
  calm: AbortSignal;
  /** Least and most seconds between two blows. */
  pause: readonly [number, number];
}

/** Kills with SIGKILL, corrupts and fills up, at random, until it is told to calm down; everything killed is started again. */
export async function storm(options: StormOptions): Promise<Damage> {
  const { stack, gateway, proxy, sweep, calm } = options;
  const random = randomNumbers(options.seed);
  const damage: Damage = { trainer: 0, worker: 0, control: 0, server: 0, store: 0, checkpoint: 0, quota: 0 };
  const kept = join(gateway.folder, gateway.bucket, 'storm');
  const wait = (seconds: number) => sleep(1000 * seconds, undefined, { signal: calm }).catch(() => undefined);
  const down = () => wait(0.5 + 2 * random());
  const blows: { kind: keyof Damage; weight: number; strike: () => Promise<boolean> }[] = [
    {
      kind: 'trainer',
      weight: 4,
      strike: async () => {
        const trainers = trainersBelow(stack.folder);
        const one = trainers[Math.floor(random() * trainers.length)];
        if (one === undefined) return false;
        process.kill(one, 'SIGKILL');
        return true;
      },
    },
    {
      kind: 'worker',
      weight: 2,
      strike: async () => {
        await stack.train.kill('SIGKILL');
        await down();
        stack.train.start();
        return true;
      },
    },
    {
      kind: 'control',
      weight: 2,
      strike: async () => {
        await stack.control.kill('SIGKILL');
        await down();
        stack.control.start();
        return true;
      },
    },
    {
      kind: 'server',
      weight: 2,
      strike: async () => {
        await stack.server.kill('SIGKILL');
        await down();
        stack.server.start();
        await stack.connect();
        return true;
      },
    },
    {
      kind: 'store',
      weight: 2,
      strike: async () => {
        await gateway.kill();
        await down();
        await gateway.restart();
        return true;
      },
    },
    { kind: 'checkpoint', weight: 2, strike: async () => corruptNewestCheckpoint(kept, sweep) },
  ];
  const fillDisk = async () => {
    proxy.fault = (method) =>
      method === 'PUT' ? { kind: 'refuse', status: 507, code: 'QuotaExceeded' } : undefined;
    await wait(6);
    proxy.fault = () => undefined;
    damage.quota++;
  };
  const weights = blows.reduce((sum, { weight }) => sum + weight, 0);
  for (let count = 1; !calm.aborted; count++) {
    const [least, most] = options.pause;
    await wait(least + (most - least) * random());
    if (calm.aborted) break;
    if (count === 4) {
      await fillDisk();
      continue;
    }
    let left = random() * weights;
    const blow = blows.find(({ weight }) => (left -= weight) < 0)!;
    const struck = await blow.strike();
    process.stderr.write(
      `${new Date().toISOString().slice(11, 19)} ${blow.kind}${struck ? '' : ' (nothing there)'}\n`,
    );
    if (struck) damage[blow.kind]++;
  }
  return damage;
}
