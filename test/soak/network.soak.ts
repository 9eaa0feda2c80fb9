import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { versitygwOrExplain } from '../contract/versitygw.js';
import { uninterrupted } from '../e2e/fixtureFigures.js';
import { until } from '../e2e/harness.js';
import { NetworkStack, steps } from '../e2e/networkScenario.js';

const program = await versitygwOrExplain('links cut for half a minute');

describe.skipIf(program === undefined)('links cut for 30 s', () => {
  const network = new NetworkStack();
  beforeAll(() => network.start(program!), 180_000);
  afterAll(() => network.stop());

  it.each(['server', 'store'] as const)(
    'to the %s: the sweep goes on',
    async (which) => {
      const link = which === 'server' ? network.toServer : network.toStore;
      const before = network.trained().length;
      await network.launch(which);
      await until('steps', () => network.trained().length > before + 10);
      await network.cut(link, 30);
      const { trials } = await network.ended(which, 300);
      for (const trial of trials) {
        expect(trial.state).toBe('complete');
        expect(trial.rungs.map(({ metrics }) => metrics.kl)).toEqual([uninterrupted(trial, steps)]);
      }
      const trained = network.trained().slice(before);
      const kinds = trials.flatMap(({ failures }) => failures.map(({ kind }) => kind));
      console.log(
        `link to the ${which} cut for 30 s: ${trained.length - new Set(trained).size} of ${trained.length} steps repeated, failures: ${kinds.join(', ') || 'none'}`,
      );
    },
    500_000,
  );
});
