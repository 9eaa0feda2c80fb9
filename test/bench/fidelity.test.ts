import { describe, expect, it } from 'vitest';
import { learningCurve } from '../../bench/fidelity/network.js';
import { simulateFidelity } from '../../bench/fidelity/simulate.js';
import { encodeLoss, readTable, tableEpochs, tableSeeds } from '../../bench/fidelity/table.js';
import { makeTask } from '../../bench/fidelity/task.js';

describe('the table of learning curves', () => {
  // readTable throws unless the SHA-256 is the one that is written in the source.
  const table = readTable();

  it('holds at least 500 configurations × 27 epochs × 2 seeds of trainings that learn, overfit and fail', () => {
    expect(table.configurations.length).toBeGreaterThanOrEqual(500);
    expect([tableEpochs, tableSeeds.length]).toEqual([27, 2]);
    const last = table.configurations.map((one) => table.loss(one, 1, 27));
    // log 4 nats is a guess among four classes.
    expect(Math.min(...last)).toBeLessThan(0.9);
    expect(last.filter((loss) => loss > Math.log(4)).length).toBeGreaterThan(50);
    const early = table.configurations.map((one) => table.loss(one, 1, 9));
    expect(last.filter((loss, i) => loss > early[i]! + 0.1).length).toBeGreaterThan(20);
  });

  it('is made again to the last bit by the committed generator', () => {
    const task = makeTask();
    for (const row of [3, 577, 1100]) {
      const parameters = table.configurations[row]!;
      for (const seed of tableSeeds)
        learningCurve(parameters, seed, task, tableEpochs).forEach((loss, epoch) =>
          expect(encodeLoss(loss)).toBe(encodeLoss(table.loss(parameters, seed, epoch + 1))),
        );
    }
  });

  it('no epoch is trained twice without a failure, and the budget is paid, never exceeded', () => {
    for (const failure of [0, 0.1, 0.5]) {
      const found = simulateFidelity(table, { name: 'ours', sampler: 'tpe', promotion: true }, 3, {
        budget: 400,
        workers: 8,
        failure,
      });
      expect(found.repeatedWithoutFailure).toBe(0);
      expect(found.paid).toBe(400);
      expect(found.repeatedAfterFailure > 0).toBe(failure > 0);
    }
  });
});
