import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { register as registerStatus } from '../../src/cli/verbs/status.js';
import { register as registerTrials } from '../../src/cli/verbs/trials.js';
import { frontOf, type FrontSummary } from '../../src/report/front.js';
import { renderReport } from '../../src/report/html.js';
import { renderMarkdown } from '../../src/report/markdown.js';
import { openFileStore } from '../../src/store/file.js';
import { updateSweepRecord, writeSpec, writeTrial } from '../../src/store/records.js';
import type { ObjectStore } from '../../src/store/types.js';
import type { SweepSnapshot } from '../../src/sweep/types.js';
import { fixtureSnapshot, fixtureSpec } from './fixture.js';
import { all, byId, parseMarkup } from './markup.js';

/** The fixture's sweep judged by kl (low) and ess (high), with an ess that is dear where kl is low. */
function twoObjectives(): SweepSnapshot {
  const snapshot = fixtureSnapshot();
  const objectives = [
    { metric: 'kl', direction: 'minimize' } as const,
    { metric: 'ess', direction: 'maximize' } as const,
  ];
  // Searched trials all reach the first rung alone, so that there is a front of several.
  const trials = snapshot.trials.map((trial) => {
    const searched = trial.baseline === undefined;
    const rungs = trial.rungs.filter(({ rung }) => !searched || rung === 0);
    return {
      ...trial,
      rungs: rungs.map((result) => {
        const kl = searched ? 0.02 * (1 + ((trial.trial * 7) % 11)) : 0.2;
        const ess = searched ? 0.3 + 2 * kl - 0.05 * (trial.trial % 3) : 0.25;
        return { ...result, metrics: { ...result.metrics, kl, klError: 0.004, ess, essError: 0.01 } };
      }),
    };
  });
  return {
    ...snapshot,
    spec: { ...fixtureSpec, objectives, pruner: { ...fixtureSpec.pruner, rungs: [1000, 3000] } },
    trials,
  };
}

describe('the Pareto front of a sweep', () => {
  const snapshot = twoObjectives();
  const front = frontOf(snapshot)!;
  const figures = snapshot.trials
    .filter(({ baseline, rungs }) => baseline === undefined && rungs.length > 0)
    .map(({ trial, rungs }) => ({ trial, kl: rungs[0]!.metrics['kl']!, ess: rungs[0]!.metrics['ess']! }));

  it('has the searched trials that none is better than in both, ordered by the first objective', () => {
    const expected = figures.filter(
      (one) =>
        !figures.some(
          (other) => other.kl <= one.kl && other.ess >= one.ess && (other.kl < one.kl || other.ess > one.ess),
        ),
    );
    expect(expected.length).toBeGreaterThan(3);
    expect(front.members.map(({ trial }) => trial.trial)).toEqual(
      expected.sort((a, b) => a.kl - b.kl).map(({ trial }) => trial),
    );
    expect(front).toMatchObject({ rung: 0, step: 1000, referenceFrom: 'baselines' });
    expect(front.members.length + front.others.length).toBe(figures.length);
  });

  it('has the volume that counting the cells between it and the baselines gives', () => {
    // Baselines: kl 0.2, ess 0.25.
    expect(front.reference).toEqual([0.2, 0.25]);
    const cells = 400;
    let inside = 0;
    for (let i = 0; i < cells; i++)
      for (let j = 0; j < cells; j++) {
        const [kl, ess] = [(0.2 * (i + 0.5)) / cells, 0.25 + (0.75 * (j + 0.5)) / cells];
        if (figures.some((one) => one.kl <= kl && one.ess >= ess)) inside++;
      }
    expect(front.hypervolume).toBeCloseTo((0.2 * 0.75 * inside) / cells ** 2, 3);
  });

  it('is measured from the worst searched trials where there is no baseline, and is none with one objective', () => {
    const alone = frontOf({
      ...snapshot,
      trials: snapshot.trials.filter(({ baseline }) => baseline === undefined),
    })!;
    expect(alone.referenceFrom).toBe('trials');
    expect(alone.reference[0]).toBe(Math.max(...figures.map(({ kl }) => kl)));
    expect(frontOf(fixtureSnapshot())).toBeUndefined();
    expect(frontOf({ ...snapshot, trials: [] })).toBeUndefined();
  });

  it('leads the report: charts, a table, the volume; and is in the Markdown', async () => {
    const input = { snapshot, versions: {}, now: new Date(Date.UTC(2026, 2, 2)) };
    const html = await renderReport(input);
    if (process.env['RGSWEEP_KEEP_REPORT']) writeFileSync(process.env['RGSWEEP_KEEP_REPORT'], html);
    const section = byId(parseMarkup(html), 'front')!;
    expect(all(section, 'svg')).toHaveLength(1);
    expect(all(section, 'tr')).toHaveLength(1 + front.members.length);
    expect(section.text).toContain('the worst of the baselines in each');
    const markdown = renderMarkdown(input);
    expect(markdown).toContain('## The Pareto front');
    expect(markdown).toMatch(/hypervolume 0\.0\d+ beyond KL 0\.200, ESS 0\.250/);
  });
});

describe('the command line of a sweep with several objectives', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rgsweep-front-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const snapshot = twoObjectives();
  const front = frontOf(snapshot)!;
  const numbers = front.members.map(({ trial }) => trial.trial);
  let store: ObjectStore;
  beforeAll(async () => {
    store = await openFileStore(join(folder, 'store'));
    await writeSpec(store, snapshot.spec);
    await updateSweepRecord(store, snapshot.spec.name, () => ({
      state: 'complete',
      startedAt: snapshot.startedAt,
    }));
    for (const trial of snapshot.trials) await writeTrial(store, snapshot.spec.name, trial);
  });

  async function run(...args: string[]): Promise<string> {
    const program = new Command().exitOverride();
    registerStatus(program);
    registerTrials(program);
    let printed = '';
    const keep = (text: unknown) => ((printed += String(text)), true);
    const spies = [
      vi.spyOn(process.stdout, 'write').mockImplementation(keep),
      vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
    ];
    try {
      await program.parseAsync([...args, '--store', store.url], { from: 'user' });
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    return printed;
  }
  const { name } = snapshot.spec;

  it('best: the whole front with every objective, and its volume', async () => {
    const text = await run('best', name);
    expect(text).toContain(`${numbers.length} trials on the Pareto front of KL and ESS after 1,000 steps`);
    expect(text).toMatch(
      /hypervolume 0\.0\d+ beyond KL 0\.200, ESS 0\.250 \(the worst of the baselines in each\)/,
    );
    const { trial, front: summary } = JSON.parse(await run('best', name, '--json')) as {
      trial: number;
      front: FrontSummary;
    };
    expect(trial).toBe(numbers[0]);
    expect(summary.trials.map((one) => one.trial)).toEqual(numbers);
    expect(summary.hypervolume).toBeCloseTo(front.hypervolume, 12);
    expect(summary.reference).toEqual({ kl: 0.2, ess: 0.25 });
  });

  it('trials: a column for each objective, the front marked', async () => {
    const text = await run('trials', name);
    expect(text.split('\n')[0]).toMatch(/KL in nats +ESS/);
    expect(text.match(/◆/g)).toHaveLength(numbers.length - 1);
    expect(text.match(/★/g)).toHaveLength(1);
  });

  it('status, without a server: front and volume', async () => {
    const nowhere = ['--address', '127.0.0.1:1'];
    const text = await run('status', name, ...nowhere);
    expect(text).toMatch(
      new RegExp(`Pareto front +${numbers.length} trials +${numbers.join(', ')} · hypervolume`),
    );
    const { front: summary } = JSON.parse(await run('status', name, '--json', ...nowhere)) as {
      front: FrontSummary;
    };
    expect(summary.trials.map((one) => one.trial)).toEqual(numbers);
  }, 60_000);
});
