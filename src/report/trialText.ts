import type { ParameterValue } from '../space/types.js';
import type { StoredCheckpoint } from '../store/inventory.js';
import type { CurvePoint, SweepSpec, TrialRecord } from '../sweep/types.js';
import { formatMemory } from '../train/memory.js';
import {
  companionMetric,
  formatBytes,
  formatCount,
  formatFigure,
  metricFigure,
  metricTitle,
} from './figures.js';
import { rowName } from './names.js';
import { layoutTable, type Column } from './table.js';
import { fitLine } from './text.js';

const levels = '▁▂▃▄▅▆▇█';

/** A curve as one line of at most `width` block characters: means over equal stretches, on a logarithmic scale. */
export function sparkline(values: readonly number[], width: number): string {
  const positive = values.filter((value) => Number.isFinite(value) && value > 0).map(Math.log);
  if (positive.length === 0) return '';
  const columns = Math.min(width, positive.length);
  const means = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * positive.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * positive.length) / columns));
    return positive.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const range = high - low || 1;
  return means.map((mean) => levels[Math.min(7, Math.floor((8 * (mean - low)) / range))]).join('');
}

const right = (title: string): Column => ({ title, align: 'right', dispensable: 0 });
const left = (title: string, flexible?: number): Column => ({
  title,
  align: 'left',
  dispensable: 0,
  ...(flexible === undefined ? {} : { flexible }),
});

/** `cutoffWidth: 0.8`; programs of one's own may call parameters, and set them to, anything. */
export function parameterLine(name: string, value: ParameterValue): string {
  return `${fitLine(name, 80)}: ${typeof value === 'string' ? fitLine(value, 400) : value}`;
}

/** All that is known of one trial: parameters, results by rung, learning curve, checkpoints, failures and warnings. */
export function trialText(
  input: {
    spec: SweepSpec;
    trial: TrialRecord;
    curve: readonly CurvePoint[];
    checkpoints: readonly StoredCheckpoint[];
  },
  width = 100,
): string {
  const { spec, trial, curve, checkpoints } = input;
  const { metric } = spec.objective;
  const lines: string[] = [];
  const section = (title: string, body: readonly string[]) => {
    if (body.length > 0) lines.push('', title, ...body.map((line) => `  ${line}`));
  };
  const name = rowName(trial);
  lines.push(fitLine(`${spec.name}, trial ${trial.trial}: ${name}`, width));
  const state = [
    trial.equals === undefined ? trial.state : `same as trial ${trial.equals}, not trained again`,
    `${formatCount(trial.stepsPaid)} steps paid`,
    ...(trial.backend ? [fitLine(trial.backend, 40)] : []),
    `seed ${trial.seed}`,
    `from ${trial.origin}`,
  ];
  lines.push(state.join(' · '));
  if (trial.memory) {
    const { neededBytes, availableBytes, device } = trial.memory;
    const has = availableBytes === undefined ? '' : `; ${device} has ${formatMemory(availableBytes)}`;
    lines.push(`memory: about ${formatMemory(neededBytes)} of tensors in a step${has}`);
  }
  section(
    'parameters',
    Object.entries(trial.parameters).map(([key, value]) => parameterLine(key, value)),
  );
  const others = companionMetric(spec);
  const figure = (metrics: Record<string, number>, which: string) => {
    const found = metricFigure(metrics, which);
    return found ? formatFigure(found) : '–';
  };
  if (trial.rungs.length > 0)
    section(
      'results',
      layoutTable(
        [
          right('at step'),
          right(metricTitle(metric)),
          right(metricTitle(others)),
          right('training s'),
          left('finished'),
        ],
        [
          ...trial.rungs.map((rung) => [
            formatCount(rung.step),
            figure(rung.metrics, metric),
            figure(rung.metrics, others),
            rung.trainSeconds.toFixed(1),
            rung.finishedAt,
          ]),
          ...(trial.test
            ? [['test data', figure(trial.test, metric), figure(trial.test, others), '', '']]
            : []),
        ],
        width - 2,
      ),
    );
  const last = curve.at(-1);
  if (last)
    section('learning curve (loss, logarithmic)', [
      sparkline(
        curve.map(({ loss }) => loss),
        Math.max(10, width - 4),
      ),
      `steps ${formatCount(curve[0]!.step)} to ${formatCount(last.step)}, loss ${curve[0]!.loss.toPrecision(4)} to ${last.loss.toPrecision(4)}`,
    ]);
  if (checkpoints.length > 0)
    section(
      'checkpoints',
      layoutTable(
        [right('step'), right('size'), right('loss'), left('written'), left('state', 12)],
        checkpoints.map((checkpoint) => [
          `step-${checkpoint.step}`,
          formatBytes(checkpoint.bytes),
          checkpoint.loss?.toPrecision(4) ?? '–',
          checkpoint.createdAt ?? '–',
          checkpoint.problem === undefined ? checkpoint.state : `${checkpoint.state}: ${checkpoint.problem}`,
        ]),
        width - 2,
      ),
    );
  section(
    `failures (${trial.failures.length})`,
    trial.failures.map(
      ({ at, kind, step, message }) =>
        `${at}  ${kind} at step ${formatCount(step)}: ${fitLine(message, 500)}`,
    ),
  );
  section(
    'warnings',
    (trial.warnings ?? []).map(({ at, message }) => `${at}  ${fitLine(message, 500)}`),
  );
  return lines.join('\n');
}
