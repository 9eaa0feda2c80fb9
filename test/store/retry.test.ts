import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mapLimited } from '../../src/store/limits.js';
import { withRetries } from '../../src/store/retry.js';

describe('withRetries', () => {
  it('tries again until it works, waiting longer each time, and tells', async () => {
    const delays: number[] = [];
    const result = await withRetries(
      async (attempt) => {
        if (attempt < 4) throw new Error('busy');
        return attempt;
      },
      () => true,
      { patienceSeconds: 10, onRetry: (_error, delay) => delays.push(delay) },
    );
    expect(result).toBe(4);
    expect(delays).toHaveLength(3);
    for (const [index, delay] of delays.entries()) {
      expect(delay).toBeGreaterThanOrEqual(50 * 2 ** index);
      expect(delay).toBeLessThanOrEqual(100 * 2 ** index);
    }
  });

  it('throws a final error at once, and a passing one when the patience ends', async () => {
    let tries = 0;
    const failing = async () => {
      tries++;
      throw new Error('no');
    };
    await expect(withRetries(failing, () => false, { patienceSeconds: 10 })).rejects.toThrow('no');
    expect(tries).toBe(1);
    await expect(withRetries(failing, () => true, { patienceSeconds: 0 })).rejects.toThrow('no');
    expect(tries).toBe(2);
    const begun = performance.now();
    await expect(withRetries(failing, () => true, { patienceSeconds: 0.5 })).rejects.toThrow('no');
    expect(performance.now() - begun).toBeLessThan(520);
    expect(tries).toBeGreaterThan(3);
  });
});

describe('mapLimited', () => {
  it('keeps the order and the width', async () => {
    let running = 0;
    let most = 0;
    const items = Array.from({ length: 40 }, (_, index) => index);
    const doubled = await mapLimited(items, 5, async (item) => {
      most = Math.max(most, ++running);
      await sleep((item * 7) % 4);
      running--;
      return 2 * item;
    });
    expect(doubled).toEqual(items.map((item) => 2 * item));
    expect(most).toBe(5);
    expect(await mapLimited([], 5, async () => 1)).toEqual([]);
  });

  it('throws the failure after all that had begun has ended', async () => {
    let running = 0;
    let begun = 0;
    const mapping = mapLimited([0, 1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      begun++;
      running++;
      await sleep(item === 0 ? 5 : 20);
      running--;
      if (item === 0) throw new Error('first');
    });
    await expect(mapping).rejects.toThrow('first');
    expect(running).toBe(0);
    expect(begun).toBeLessThan(5);
  });
});
