import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { RgsweepError } from '../../src/errors.js';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.js';
import { observedStore } from '../../src/metrics/store.js';
import type { ObjectStore } from '../../src/store/types.js';
import { valueIn } from './support.js';

describe('observedStore', () => {
  let registry: Registry;
  let metrics: Metrics;
  beforeEach(() => {
    registry = new Registry();
    metrics = createMetrics(registry, { now: () => 1_700_000_000_000, version: '1.2.3' });
  });
  const valueOf = (name: string, labels: Record<string, string>) => valueIn(registry, name, labels);
  const keys = ['a/1', 'a/2', 'a/3'];
  const store = {
    url: 'file:///nowhere',
    get: async (key: string) => ({ body: new Uint8Array([key.length]), tag: 't' }),
    put: async () => {
      throw new RgsweepError('store-unavailable', 'full');
    },
    list: async function* (prefix: string) {
      for (const key of keys) yield { key, bytes: 1 };
      if (prefix === 'broken') throw new RgsweepError('store-unavailable', 'gone');
    },
  } as unknown as ObjectStore;

  it('passes results and errors on, and counts both', async () => {
    const observed = observedStore(store, metrics);
    expect(await observed.get('four')).toEqual({ body: new Uint8Array([4]), tag: 't' });
    await expect(observed.put('a', new Uint8Array())).rejects.toThrow('full');
    expect(await valueOf('rgsweep_store_errors_total', { operation: 'put' })).toBe(1);
    expect(await valueOf('rgsweep_store_errors_total', { operation: 'get' })).toBe(0);
    expect(await valueOf('rgsweep_store_duration_seconds_count', { operation: 'get' })).toBe(1);
    expect(await valueOf('rgsweep_store_duration_seconds_count', { operation: 'put' })).toBe(1);
  });

  it('counts a listing once, whether it is read to the end, left early, or breaks', async () => {
    const observed = observedStore(store, metrics);
    const read = async (prefix: string, most: number): Promise<string[]> => {
      const found: string[] = [];
      for await (const { key } of observed.list(prefix)) {
        found.push(key);
        if (found.length === most) break;
      }
      return found;
    };
    expect(await read('a/', 10)).toEqual(keys);
    expect(await read('a/', 1)).toEqual(['a/1']);
    expect(await valueOf('rgsweep_store_errors_total', { operation: 'list' })).toBe(0);
    await expect(read('broken', 10)).rejects.toThrow('gone');
    expect(await valueOf('rgsweep_store_errors_total', { operation: 'list' })).toBe(1);
    expect(await valueOf('rgsweep_store_duration_seconds_count', { operation: 'list' })).toBe(3);
  });
});
