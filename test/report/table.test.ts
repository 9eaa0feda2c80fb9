import { describe, expect, test } from 'vitest';
import { layoutTable, resultTable, trialTable } from '../../src/report/table.js';
import { renderMarkdown } from '../../src/report/markdown.js';
import { displayWidth } from '../../src/report/text.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { fixtureSnapshot } from './fixture.js';

describe('tables for a terminal', () => {
  test.each([30, 40, 60, 80, 100, 200])('fit into %i columns', (width) => {
    const snapshot = fixtureSnapshot();
    snapshot.trials[4]!.label = '漢字'.repeat(5000);
    snapshot.trials[5]!.label = '\u001b[31m<b>"\n\r\u202e'.repeat(100);
    for (const text of [trialTable(snapshot, snapshot.trials, width), resultTable(snapshot, width)]) {
      // eslint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
      for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  test('say number, schedule, KL with error, ESS, steps paid and state, best first', () => {
    const lines = trialTable(fixtureSnapshot(), fixtureSnapshot().trials, 140).split('\n');
    expect(lines[0]).toMatch(/trial +schedule +KL in nats +ESS +at step +steps paid +state/);
    expect(lines[2]).toMatch(
      /^ ★ 11 .*fourier · matched · sigmoid 1\.05 .* 0\.0467 ± 0\.0039 +0\.912 +3,000 +3,000 +complete$/,
    );
    expect(lines.find((line) => line.includes('standard (baseline)'))).toMatch(/0\.0718 ± 0\.0047/);
    expect(lines.at(-1)).toMatch(/– +– +– +412 +failed: diverged$/);
    expect(lines.at(-2)).toMatch(/same as trial 1$/);
  });

  test('of images have bits per dimension beside the bound, and nothing of ESS anywhere', () => {
    const fixture = fixtureSnapshot();
    const snapshot = {
      ...fixture,
      spec: {
        ...fixture.spec,
        task: { name: 'images', kind: 'dead-leaves', size: 8, channels: 1, exponent: 2, count: 1000 },
        objective: { metric: 'vlb', direction: 'minimize' },
      },
    } satisfies SweepSnapshot;
    const figures = (vlb: number) => ({ vlb, vlbError: 0.1, bpd: vlb / (64 * Math.LN2) + 7 });
    for (const trial of snapshot.trials) {
      trial.rungs.forEach((rung) => (rung.metrics = figures(rung.step / 100 + trial.trial)));
      if (trial.test) trial.test = figures(trial.trial);
    }
    const lines = trialTable(snapshot, snapshot.trials, 140).split('\n');
    expect(lines[0]).toMatch(/trial +schedule +VLB in nats +bits\/dim +at step/);
    for (const text of [
      lines.join('\n'),
      resultTable(snapshot, 140),
      renderMarkdown({ snapshot, versions: {} }),
    ])
      expect(text).not.toMatch(/\bESS\b/);
  });

  test('are aligned: every column begins or ends where its title does', () => {
    const lines = layoutTable(
      [
        { title: 'a', align: 'left', dispensable: 0 },
        { title: 'number', align: 'right', dispensable: 0 },
        { title: 'c', align: 'left', dispensable: 0 },
      ],
      [
        ['漢字', '1', 'x'],
        ['plain', '12345678', 'y'],
      ],
      80,
    );
    const place = (line: string, end: string) => displayWidth(line.slice(0, line.indexOf(end) + end.length));
    expect(place(lines[0]!, 'number')).toBe(place(lines[3]!, '12345678'));
    expect(place(lines[2]!, '1')).toBe(place(lines[3]!, '12345678'));
    expect(place(lines[2]!, 'x')).toBe(place(lines[3]!, 'y'));
  });

  test('of the result has the winner on test data beside all baselines', () => {
    const lines = resultTable(fixtureSnapshot(), 120).split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[2]).toMatch(/^★ fourier · matched .* 0\.0525 ± 0\.0041 +0\.903 +3,000 +complete$/);
    expect(lines.slice(3).every((line) => line.includes('(baseline)'))).toBe(true);
  });

  test('without trials say so', () => expect(trialTable(fixtureSnapshot(), [], 80)).toBe('no trials'));
});
