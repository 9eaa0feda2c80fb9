import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { failureKinds } from '../../src/errors.js';
import { metricsDocument } from '../../src/metrics/document.js';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.js';
import { rungLabels, storeOperations, type MetricDefinition } from '../../src/metrics/labels.js';
import { closedLabelSets, metricTable } from '../../src/metrics/table.js';
import { scheduleFamilies } from '../../src/schedule/types.js';
import { trialStates } from '../../src/sweep/types.js';
import {
  leastProcessorTime,
  parseExposition,
  samplesOf,
  spec,
  tallyOf,
  trialOf,
  valueIn,
  viewOf,
  type Sample,
} from './support.js';

let registry: Registry;
let metrics: Metrics;
let time = 0;
beforeEach(() => {
  registry = new Registry();
  time = 1_700_000_000_000;
  metrics = createMetrics(registry, { now: () => time, version: '1.2.3' });
});

const scrape = () => samplesOf(registry);
const valueOf = (name: string, labels?: Record<string, string>) => valueIn(registry, name, labels);

const definitions: [string, MetricDefinition][] = Object.entries(metricTable);

describe('the table', () => {
  it.each(definitions)('%s follows the naming rules', (_, { name, type, unit, labels, buckets, help }) => {
    expect(name).toMatch(/^rgsweep_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (unit === 'seconds') expect(name).toMatch(/seconds(_total)?$/);
    if (unit === 'bytes') expect(name).toMatch(/bytes(_total)?$/);
    expect(name).not.toMatch(/milli|micro|minutes|hours|kilo|mega|percent/);
    expect(help).toMatch(/\.$/);
    expect(Object.keys(labels)).not.toContain('trial');
    for (const label of Object.keys(labels)) expect(label).toMatch(/^[a-z]+$/);
    expect(buckets !== undefined).toBe(type === 'histogram');
    expect([...(buckets ?? [])]).toEqual([...(buckets ?? [])].sort((a, b) => a - b));
  });

  it('names no metric twice and documents every one', () => {
    const names = definitions.map(([, { name }]) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(metricsDocument()).toContain(`\`${name}\``);
  });

  it('is what docs/metrics.md says (else run `node scripts/document-metrics.mjs`)', () => {
    expect(readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')).toBe(metricsDocument());
  });
});

describe('the page', () => {
  it('parses, and has the type of every metric of the table and no other of our prefix', async () => {
    metrics.sweep(tallyOf(viewOf(20)));
    const { types } = parseExposition(await registry.metrics());
    const ours = [...types].filter(([name]) => name.startsWith('rgsweep_')).sort();
    expect(ours).toEqual(definitions.map(([, { name, type }]) => [name, type]).sort());
    expect([...types.keys()]).toContain('process_cpu_seconds_total');
    // What promtool's check of metrics asks for, Node's own included.
    for (const [name, type] of types) expect(name.endsWith('_total'), name).toBe(type === 'counter');
  });

  it('starts every counter and histogram of closed labels at zero', async () => {
    const samples = await scrape();
    let counted = 0;
    for (const [, definition] of definitions) {
      if (definition.type === 'gauge') continue;
      for (const labels of closedLabelSets(definition)!) {
        const name = definition.type === 'histogram' ? `${definition.name}_count` : definition.name;
        const found = samples.filter(
          (sample) => sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels),
        );
        expect(found, `${name} ${JSON.stringify(labels)}`).toHaveLength(1);
        expect(found[0]!.value).toBe(0);
        counted++;
      }
    }
    expect(counted).toBeGreaterThan(
      2 * failureKinds.length + 2 * scheduleFamilies.length + 3 * rungLabels.length + storeOperations.length,
    );
  });

  it('has no series more when a sweep of 10 trials has 2,000, though every trial has a schedule of its own', async () => {
    const schedules = {
      basis: ['pixel', 'haar'],
      colour: ['white', 'matched'],
      trajectory: ['linear', 'cosine'],
    };
    const series = async (count: number): Promise<string[]> => {
      const view = viewOf(count);
      const own = view.trials.map((trial, index) => ({
        ...trial,
        // All values of each by the tenth trial; what is continuous differs from trial to trial.
        parameters: {
          ...Object.fromEntries(
            Object.entries(schedules).map(([name, values], digit) => [name, values[(index >> digit) % 2]!]),
          ),
          kernel: 'sigmoid',
          cutoffWidth: 3 + index / count,
        },
        family: scheduleFamilies[index % scheduleFamilies.length]!,
      }));
      metrics.sweep(tallyOf({ ...view, trials: own }));
      return (await scrape()).map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`).sort();
    };
    const few = await series(10);
    const many = await series(2000);
    // Of a family that none of ten trials took to the second rung there is no best result.
    const atMost = await series(4200);
    expect(many).toEqual(atMost);
    const added = many.filter((name) => !few.includes(name));
    expect(few.filter((name) => !many.includes(name))).toEqual([]);
    expect(added.filter((name) => !name.startsWith('rgsweep_best_objective'))).toEqual([]);
    expect(added.length).toBeLessThanOrEqual(scheduleFamilies.length * 2);
    expect(many.filter((name) => /trial[-_ "']?\d/.test(name))).toEqual([]);
  });

  it('takes a small part of 50 ms of a processor, of 2,000 trials as of 10', async () => {
    for (const count of [10, 2000]) {
      metrics.sweep(tallyOf(viewOf(count)));
      expect(await leastProcessorTime(10, () => registry.metrics())).toBeLessThan(50);
    }
  });

  it('of five sweeps of 2,000 trials has at most five times the series', async () => {
    metrics.sweep(tallyOf(viewOf(2000)));
    const one = (await scrape()).length;
    for (const name of ['a', 'b', 'c', 'd'])
      metrics.sweep(tallyOf({ ...viewOf(2000), spec: { ...viewOf(0).spec, name } }));
    expect((await scrape()).length).toBeLessThan(5 * one);
  });
});

describe('sweep gauges', () => {
  const view = {
    spec,
    state: 'running' as const,
    startedAt: '2026-01-01T00:00:00.000Z',
    ranSeconds: 1800,
    trials: [
      trialOf(0, [0.3, 0.2, 0.1], { baseline: 'standard', origin: 'baseline', state: 'complete' }),
      trialOf(1, [0.5, 0.15], { family: 'component-wise' }),
      trialOf(2, [0.05], { family: 'component-wise' }),
      trialOf(3, [], { family: 'coloured', state: 'failed' }),
      trialOf(4, [NaN], { family: 'coloured', state: 'failed' }),
    ],
  };

  it('count trials by state and family, with zeros', async () => {
    metrics.sweep(tallyOf(view));
    const family = (name: string) => ({ sweep: 'phi4-quick', task: 'phi4', family: name });
    expect(await valueOf('rgsweep_trials', { ...family('component-wise'), state: 'paused' })).toBe(2);
    expect(await valueOf('rgsweep_trials', { ...family('coloured'), state: 'failed' })).toBe(2);
    expect(await valueOf('rgsweep_trials', { ...family('heat'), state: 'running' })).toBe(0);
    const all = (await scrape()).filter(({ name }) => name === 'rgsweep_trials');
    expect(all).toHaveLength(trialStates.length * scheduleFamilies.length);
    expect(all.reduce((sum, { value }) => sum + value, 0)).toBe(5);
    expect(await valueOf('rgsweep_sweep_state', { state: 'running' })).toBe(1);
    expect(await valueOf('rgsweep_sweep_state', { state: 'complete' })).toBe(0);
  });

  it('have the best value of a family at each rung, and the baselines beside', async () => {
    metrics.sweep(tallyOf(view));
    const best = (family: string, rung: string) => valueOf('rgsweep_best_objective', { family, rung });
    expect(await best('component-wise', '0')).toBe(0.05);
    expect(await best('component-wise', '1')).toBe(0.15);
    expect(await best('component-wise', '2')).toBeUndefined();
    expect(await best('standard', '2')).toBe(0.1);
    expect(await best('coloured', '0')).toBeUndefined();
    expect(await valueOf('rgsweep_baseline_objective', { baseline: 'standard', rung: '1' })).toBe(0.2);
    expect(await valueOf('rgsweep_rung_trials', { family: 'component-wise', rung: '0' })).toBe(2);
    expect(await valueOf('rgsweep_rung_trials', { family: 'component-wise', rung: '1' })).toBe(1);
    // The best searched trial is the one that came furthest, not the lucky one at the first rung.
    expect(await valueOf('rgsweep_best_searched_objective')).toBe(0.15);
    expect(await valueOf('rgsweep_best_trial_figure', { figure: 'kl' })).toBe(0.15);
    expect(await valueOf('rgsweep_best_trial_figure', { figure: 'ess' })).toBe(0.6);
  });

  it('have the spread of the objective at each rung, baselines left out', async () => {
    metrics.sweep(
      tallyOf({
        ...view,
        trials: [0.1, 0.2, 0.4, 0.8].map((kl, i) => trialOf(i, [kl])).concat(view.trials[0]!),
      }),
    );
    const quantile = (of: string, rung = '0') => valueOf('rgsweep_objective_quantile', { level: of, rung });
    expect(await quantile('0')).toBe(0.1);
    // NumPy: np.quantile([0.1, 0.2, 0.4, 0.8], [0.25, 0.5, 0.75]) = [0.175, 0.3, 0.5]
    expect(await quantile('0.25')).toBeCloseTo(0.175, 12);
    expect(await quantile('0.5')).toBeCloseTo(0.3, 12);
    expect(await quantile('0.75')).toBeCloseTo(0.5, 12);
    expect(await quantile('1')).toBe(0.8);
    expect(await quantile('0', '1')).toBeUndefined();
  });

  it('compare the objective by basis, colour, width and trajectory, in closed sets', async () => {
    const searched = [
      trialOf(1, [0.5], { parameters: { kernel: 'sigmoid', cutoffWidth: 0.3, colour: 'matched' } }),
      trialOf(2, [0.3], { parameters: { kernel: 'erf', cutoffWidth: 0.49, trajectory: 'cosine' } }),
      trialOf(3, [0.1], { parameters: { kernel: 'sigmoid', cutoffWidth: 1e6, basis: 'haar' } }),
      trialOf(4, [0.7], { parameters: { kernel: 'heat' } }),
      trialOf(5, [0.9]),
    ];
    metrics.sweep(tallyOf({ ...view, trials: [view.trials[0]!, ...searched] }));
    const of = (choice: string, value: string, statistic = 'best') =>
      valueOf(`rgsweep_${choice}_objective`, { [choice]: value, statistic });
    expect(await of('width', '0.2 to 0.5')).toBe(0.3);
    expect(await of('width', '0.2 to 0.5', 'median')).toBeCloseTo(0.4, 12);
    expect(await of('width', 'above 10')).toBe(0.1);
    expect(await of('width', 'no cutoff')).toBe(0.9);
    expect(await of('colour', 'matched')).toBe(0.5);
    expect(await of('colour', 'white', 'median')).toBeCloseTo(0.5, 12);
    expect(await of('trajectory', 'cosine')).toBe(0.3);
    expect(await of('basis', 'haar')).toBe(0.1);
    metrics.sweep(
      tallyOf({
        ...view,
        spec: { ...spec, objective: { metric: 'kl', direction: 'maximize' } },
        trials: searched,
      }),
    );
    expect(await of('width', '0.2 to 0.5')).toBe(0.5);
    for (const { name, labels } of await scrape()) {
      const definition = definitions.find(([, one]) => one.name === name)?.[1];
      for (const [label, value] of Object.entries(labels)) {
        const values = definition?.labels[label];
        if (values && !('open' in values)) expect(values).toContain(value);
      }
    }
  });

  it('turn around when the objective is maximized', async () => {
    metrics.sweep(
      tallyOf({ ...view, spec: { ...spec, objective: { metric: 'ess', direction: 'maximize' } } }),
    );
    expect(await valueOf('rgsweep_best_objective', { family: 'standard', rung: '2' })).toBe(0.7);
    metrics.sweep(
      tallyOf({ ...view, spec: { ...spec, objective: { metric: 'kl', direction: 'maximize' } } }),
    );
    expect(await valueOf('rgsweep_best_objective', { family: 'component-wise', rung: '0' })).toBe(0.5);
  });

  it('sum up what was paid, and when something last happened', async () => {
    metrics.sweep(tallyOf(view));
    expect(await valueOf('rgsweep_sweep_budget_trials')).toBe(40);
    // 40 trials to 1,000 steps, 13 to 3,000, 4 to 9,000, and one baseline.
    expect(await valueOf('rgsweep_sweep_planned_steps')).toBe(40_000 + 13 * 2000 + 4 * 6000 + 9000);
    expect(await valueOf('rgsweep_sweep_reached_steps')).toBe(9000 + 3000 + 1000 + 0 + 1000);
    expect(await valueOf('rgsweep_sweep_paid_steps')).toBe(9000 + 3000 + 1000 + 0 + 1000);
    expect(await valueOf('rgsweep_sweep_trainer_seconds')).toBe(7 * 12);
    const start = Date.parse(view.startedAt) / 1000;
    expect(await valueOf('rgsweep_sweep_start_timestamp_seconds')).toBe(start);
    expect(await valueOf('rgsweep_sweep_last_result_timestamp_seconds')).toBe(start + 180);
    expect(await valueOf('rgsweep_sweep_running_seconds')).toBe(1800);
  });

  it('tell every budget the sweep has, extensions included, and the part of it that is used', async () => {
    const used = (budget: string) => valueOf('rgsweep_sweep_budget_used_ratio', { budget });
    metrics.sweep(tallyOf(view));
    expect(await used('trials')).toBe(4 / 40);
    for (const budget of ['steps', 'wallClock', 'gpuHours']) expect(await used(budget)).toBeUndefined();
    expect(await valueOf('rgsweep_sweep_budget_steps')).toBeUndefined();
    // One trial of an attempt that failed: its trainer's time is paid, though it has no result.
    const lost = trialOf(5, [], { state: 'failed', trainerSeconds: 100 });
    metrics.sweep(
      tallyOf({
        ...view,
        spec: { ...spec, budget: { ...spec.budget, steps: 10_000, wallClockSeconds: 3600, gpuHours: 0.1 } },
        trials: [...view.trials, lost, trialOf(6, [0.2], { replicateOf: 1, origin: 'replicate' })],
        amendments: [
          { id: 'a', at: view.startedAt, kind: 'extend', steps: 10_000, gpuHours: 0.1 },
          { id: 'b', at: view.startedAt, kind: 'extend', wallClockSeconds: 3600 },
        ],
      }),
    );
    expect(await valueOf('rgsweep_sweep_budget_steps')).toBe(20_000);
    expect(await valueOf('rgsweep_sweep_budget_wall_clock_seconds')).toBe(7200);
    expect(await valueOf('rgsweep_sweep_budget_trainer_seconds')).toBe(720);
    expect(await used('trials')).toBe(5 / 40);
    expect(await used('steps')).toBe(15_000 / 20_000);
    expect(await used('wallClock')).toBe(1800 / 7200);
    expect(await used('gpuHours')).toBe((8 * 12 + 100) / 720);
  });

  it('count an extension in the budget, and failures by kind', async () => {
    const at = '2026-01-01T00:00:00.000Z';
    const failures = (['crashed', 'crashed', 'diverged'] as const).map((kind) => ({
      kind,
      message: '',
      step: 1,
      at,
    }));
    metrics.sweep(
      tallyOf({
        ...view,
        trials: [trialOf(0, [], { failures })],
        amendments: [
          { id: 'a', at, kind: 'extend', trials: 5 },
          { id: 'b', at, kind: 'concurrency', concurrency: 4 },
          { id: 'c', at, kind: 'extend', trials: 2 },
        ],
      }),
    );
    expect(await valueOf('rgsweep_sweep_budget_trials')).toBe(47);
    expect(await valueOf('rgsweep_sweep_planned_steps')).toBe(47_000 + 15 * 2000 + 5 * 6000 + 9000);
    expect(await valueOf('rgsweep_sweep_failures', { kind: 'crashed' })).toBe(2);
    expect(await valueOf('rgsweep_sweep_failures', { kind: 'diverged' })).toBe(1);
    expect(await valueOf('rgsweep_sweep_failures', { kind: 'stalled' })).toBe(0);
  });

  it('are the same in a new process that reads the same store', async () => {
    metrics.sweep(tallyOf(viewOf(30)));
    metrics.sweep(tallyOf(view));
    const before = (await scrape()).filter(({ labels }) => 'sweep' in labels);
    registry = new Registry();
    createMetrics(registry).sweep(tallyOf(view));
    const after = (await scrape()).filter(({ labels }) => 'sweep' in labels);
    const sorted = (samples: Sample[]) => samples.map((sample) => JSON.stringify(sample)).sort();
    expect(sorted(after)).toEqual(sorted(before));
  });

  it('go away with the sweep, and one sweep leaves the other alone', async () => {
    metrics.sweep(tallyOf(view));
    metrics.sweep(tallyOf({ ...view, spec: { ...spec, name: 'other' } }));
    metrics.forgetSweep('phi4-quick');
    const left = (await scrape()).flatMap(({ labels }) => labels.sweep ?? []);
    expect(new Set(left)).toEqual(new Set(['other']));
    metrics.forgetSweep('other');
    metrics.forgetSweep('other');
    expect((await scrape()).filter(({ labels }) => 'sweep' in labels)).toEqual([]);
  });

  it('show hostile names as they are', async () => {
    const name = 'a"b\\c\nd<script>é';
    metrics.sweep(tallyOf({ ...view, spec: { ...spec, name } }));
    expect(await valueOf('rgsweep_sweep_budget_trials', { sweep: name })).toBe(40);
  });
});

describe('recorders', () => {
  it('count steps, samples, checkpoints and durations', async () => {
    metrics.stepsTrained({ family: 'heat', steps: 30, loss: 0.5, batch: 512, stepsPerSecond: 40 });
    metrics.stepsTrained({ family: 'heat', steps: 20, repeated: 15, loss: 0.25 });
    expect(await valueOf('rgsweep_repeated_steps_total', { family: 'heat' })).toBe(15);
    expect(await valueOf('rgsweep_training_steps_total', { family: 'heat' })).toBe(50);
    expect(await valueOf('rgsweep_training_samples_total', { family: 'heat' })).toBe(30 * 512);
    expect(await valueOf('rgsweep_training_loss', { family: 'heat' })).toBe(0.25);
    expect(await valueOf('rgsweep_training_loss', { family: 'standard' })).toBeNaN();
    expect(await valueOf('rgsweep_step_duration_seconds_sum')).toBeCloseTo(0.025, 12);
    metrics.checkpointSaved({ seconds: 0.2, bytes: 1000 });
    metrics.suggested({ seconds: 0.01 });
    expect(await valueOf('rgsweep_checkpoint_bytes_total')).toBe(1000);
    expect(await valueOf('rgsweep_checkpoint_last_saved_timestamp_seconds')).toBe(time / 1000);
    expect(await valueOf('rgsweep_suggest_duration_seconds_count')).toBe(1);
    expect(await valueOf('rgsweep_checkpoint_duration_seconds_sum')).toBe(0.2);
  });

  it('keep figures by rung, leave out what was not measured, and close the set of rungs', async () => {
    metrics.evaluated({ seconds: 3, rung: 1, metrics: { kl: 0.08, ess: 0.86, nll: NaN, phi2: 0.16 } });
    metrics.evaluated({ seconds: 3, rung: 99, metrics: { kl: 0.03 } });
    expect(await valueOf('rgsweep_evaluation_kl_nats_sum', { rung: '1' })).toBe(0.08);
    expect(await valueOf('rgsweep_evaluation_kl_nats_bucket', { rung: '1', le: '0.07' })).toBe(0);
    expect(await valueOf('rgsweep_evaluation_kl_nats_bucket', { rung: '1', le: '0.1' })).toBe(1);
    expect(await valueOf('rgsweep_evaluation_ess_ratio_count', { rung: '1' })).toBe(1);
    expect(await valueOf('rgsweep_evaluation_nll_nats_count', { rung: '1' })).toBe(0);
    expect(await valueOf('rgsweep_evaluation_kl_nats_count', { rung: '7' })).toBe(1);
    expect(await valueOf('rgsweep_evaluate_duration_seconds_count')).toBe(2);
  });

  it('tell failures from retries', async () => {
    metrics.failed({ kind: 'out-of-memory', retried: true });
    metrics.failed({ kind: 'out-of-memory' });
    expect(await valueOf('rgsweep_failures_total', { kind: 'out-of-memory' })).toBe(2);
    expect(await valueOf('rgsweep_retries_total', { kind: 'out-of-memory' })).toBe(1);
  });

  it('follow running trainers', async () => {
    metrics.slots({ total: 3 });
    const one = metrics.trainerStarted({ waitedSeconds: 7 });
    const two = metrics.trainerStarted();
    one.memory(1e6);
    two.memory(2e6);
    two.deviceMemory(3e6);
    time += 3000;
    one.kept();
    time += 2000;
    two.heard();
    expect(await valueOf('rgsweep_slots')).toBe(3);
    expect(await valueOf('rgsweep_busy_slots')).toBe(2);
    expect(await valueOf('rgsweep_trainer_memory_bytes')).toBe(3e6);
    expect(await valueOf('rgsweep_trainer_device_memory_bytes')).toBe(3e6);
    expect(await valueOf('rgsweep_unsaved_seconds')).toBe(5);
    expect(await valueOf('rgsweep_heartbeat_age_seconds')).toBe(5);
    expect(await valueOf('rgsweep_queue_wait_seconds_sum')).toBe(7);
    one.ended({ wastedSeconds: 2 });
    one.ended();
    expect(await valueOf('rgsweep_busy_slots')).toBe(1);
    expect(await valueOf('rgsweep_heartbeat_age_seconds')).toBe(0);
    two.repeated(3);
    two.kept();
    expect(await valueOf('rgsweep_unsaved_seconds')).toBe(0);
    two.ended();
    expect(await valueOf('rgsweep_trainer_paid_seconds_total')).toBe(10);
    expect(await valueOf('rgsweep_trainer_wasted_seconds_total')).toBe(5);
    expect(await valueOf('rgsweep_trainer_memory_bytes')).toBe(0);
  });
});
