import { stringify } from 'yaml';
import { isBetter } from '../../src/report/ranking.js';
import type { Parameters } from '../../src/space/types.js';
import type { SweepSnapshot, TrialRecord } from '../../src/sweep/types.js';
import { isImagesTask } from '../../src/train/protocol.js';
import type { Experiment } from './experiments.js';
import type { Effect, KeptSweep } from './kept.js';

/** The seed of the finals: none of their trainings has been seen by a search, whose seed is 11. */
const finalsSeed = 101;
/** Fresh seeds of each contender. */
const seeds = 5;
/** The rules of the finals, and of every sweep that is shown with them. */
const fresh = { sampler: { name: 'random', seed: finalsSeed }, replicates: seeds };
/** Pruned trials that are trained to the end, to learn what the rungs are worth. */
const rungTrials = 12;
/** Trials that treat scales differently, and those of coloured noise with one γ(t), that are trained to the end beside `standard`. */
const scaleTrials = 4;
const colourTrials = 2;

const schema = '# yaml-language-server: $schema=../docs/schema/sweep.schema.json\n';

/** Searched trials with a result at the rung, best first. */
function rankedAt(snapshot: SweepSnapshot, rung: number): TrialRecord[] {
  const { spec, trials } = snapshot;
  const value = (trial: TrialRecord) =>
    trial.rungs.find((result) => result.rung === rung)?.metrics[spec.objective.metric];
  return trials
    .filter((trial) => trial.baseline === undefined && trial.state !== 'failed' && value(trial) !== undefined)
    .sort((a, b) => (isBetter(snapshot, value(a)!, value(b)!) ? -1 : 1));
}

/** The highest rung that any searched trial has reached. */
function lastRung(snapshot: SweepSnapshot): number {
  const reached = snapshot.trials.flatMap(({ baseline, rungs }) =>
    baseline === undefined ? rungs.map(({ rung }) => rung) : [],
  );
  return Math.max(0, ...reached);
}

/** What a trial has beside its sweep's defaults, and constants of its space that another space would not give. */
function ownParameters({ spec }: SweepSnapshot, { parameters }: TrialRecord): Parameters {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !(name in spec.defaults)));
}

/** A sweep of contenders and baselines alone, by the rules of `like`; nothing is searched. */
function contest(
  { spec }: SweepSnapshot,
  space: string,
  change: Record<string, unknown>,
  comment: readonly string[],
): string {
  const file = {
    name: undefined,
    task: spec.task,
    space,
    objective: spec.objective,
    sampler: undefined,
    pruner: { name: 'none', rungs: spec.pruner.rungs.slice(-1) },
    budget: { trials: 0 },
    replicates: undefined,
    baselines: spec.baselines,
    contenders: undefined,
    defaults: spec.defaults,
    train: { checkpointEverySteps: spec.checkpointEverySteps },
    // The flow's likelihood of images did not converge for any schedule but two, and cost as much as the training.
    evaluation: isImagesTask(spec.task) ? { ...spec.evaluation, likelihoodImages: 0 } : spec.evaluation,
    ...change,
  };
  return `${schema}${comment.map((line) => `# ${line}\n`).join('')}${stringify(file, { lineWidth: 140 })}`;
}

const numbered = (snapshot: SweepSnapshot, name: string, trials: readonly TrialRecord[]) =>
  Object.fromEntries(trials.map((trial, index) => [`${name}-${index + 1}`, ownParameters(snapshot, trial)]));

const stepsOf = ({ spec }: SweepSnapshot, contenders: number): string =>
  (seeds * spec.pruner.rungs.at(-1)! * contenders).toLocaleString('en-US');

/**
 * The sweep file of the finals: the best of the search, the best of the equal search of standard diffusion and every baseline (where
 * the experiment is split, the first ones alone), each with five fresh seeds at the full number of steps, all measured on test data.
 */
export function finalsFile(
  { finals, split, space, finalists }: Experiment,
  search: KeptSweep,
  standard?: KeptSweep,
): string {
  const { snapshot } = search;
  const best = rankedAt(snapshot, lastRung(snapshot)).slice(0, finalists);
  const other = standard && rankedAt(standard.snapshot, lastRung(standard.snapshot))[0];
  const baselines = split?.first ?? snapshot.spec.baselines;
  const all = {
    ...numbered(snapshot, 'finalist', best),
    ...(other ? { 'standard-searched': ownParameters(standard.snapshot, other) } : {}),
    ...split?.contenders,
  };
  const steps = stepsOf(snapshot, Object.keys(all).length + baselines.length);
  const met = split ? [...baselines, ...Object.keys(split.contenders ?? {})].join(', ') : 'every baseline';
  const names = [search, ...(standard ? [standard] : [])].map((one) => one.snapshot.spec.name);
  return contest(
    snapshot,
    space,
    {
      ...fresh,
      name: finals,
      baselines,
      contenders: all,
    },
    [
      `The finals of ${names.join(' and ')}: the best ${best.length === 1 ? `of the search (trial ${best[0]!.trial})` : `${best.length} of the search (trials ${best.map(({ trial }) => trial).join(', ')}, best first on validation data)`}${other ? `, the best of\n# standard diffusion searched with the same budget (trial ${other.trial})` : ''} and ${met}, five fresh seeds each, ${steps} steps.`,
      ...(split ? [`The other baselines, by the same rules: ${split.others}.yaml.`] : []),
      'Made by `npm run bench -- results --finals` from docs/results.',
    ],
  );
}

/** The sweep file of the baselines that the finals go without, by the rules of the finals and from the same seeds. */
export function othersFile({ finals, split, space }: Experiment, { snapshot }: KeptSweep): string {
  const baselines = snapshot.spec.baselines.filter((name) => !split!.first.includes(name));
  return contest(snapshot, space, { ...fresh, name: split!.others, baselines }, [
    `The baselines that ${finals}.yaml goes without, by the same rules and from the same five seeds, ${stepsOf(snapshot, baselines.length)} steps.`,
    'Made by `npm run bench -- results --finals` from docs/results.',
  ]);
}

const without = (parameters: Parameters, ...names: string[]): Parameters =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.includes(name)));

/** The same schedule in white noise. */
const inWhite = (parameters: Parameters): Parameters => ({
  ...without(parameters, 'colourMass2', 'colourExponent'),
  colour: 'white',
});

/** The same ends and trajectory, all scales alike: γ(t) runs along the trajectory itself. */
const allAlike = (parameters: Parameters): Parameters => ({
  ...without(parameters, 'ordering', 'cutoffWidth', 'reversed'),
  kernel: 'uniform',
});

/** The sweep file that takes the winner of the search apart: without its colour, without its cutoff, and without both. */
export function ablationFile({ finals, ablation, space }: Experiment, { snapshot }: KeptSweep): string {
  const [best] = rankedAt(snapshot, lastRung(snapshot));
  const winner = ownParameters(snapshot, best!);
  const contenders = {
    'winner-in-white': inWhite(winner),
    'winner-without-cutoff': allAlike(winner),
    'winner-without-both': inWhite(allAlike(winner)),
  };
  const steps = stepsOf(snapshot, Object.keys(contenders).length);
  return contest(snapshot, space, { ...fresh, name: ablation, baselines: [], contenders }, [
    `What makes the winner of ${snapshot.spec.name}, trial ${best!.trial}: white noise in place of its colour, all scales alike in place of its cutoff, and`,
    `both, by the rules of ${finals}.yaml and from the same five seeds, ${steps} steps.`,
    'Made by `npm run bench -- results --finals` from docs/results.',
  ]);
}

/** The sweep file of the winner of another data set's search, `from`, by the rules of the finals of this one. */
export function transferFile(
  { finals, transfer, space }: Experiment,
  { snapshot }: KeptSweep,
  from: KeptSweep,
): string {
  const [best] = rankedAt(from.snapshot, lastRung(from.snapshot));
  const contenders = { [transfer!.contender]: ownParameters(from.snapshot, best!) };
  return contest(snapshot, space, { ...fresh, name: transfer!.sweep, baselines: [], contenders }, [
    `Whether what won ${transfer!.from} wins here: its winner, trial ${best!.trial}, by the rules of ${finals}.yaml and from the same five seeds, ${stepsOf(snapshot, 1)} steps.`,
    'Made by `npm run bench -- results --finals` from docs/results.',
  ]);
}

/** What a search with the same seed and rungs would have made of trials that it left behind, all trained to the end. */
function toTheEnd(
  snapshot: SweepSnapshot,
  space: string,
  { name, trials, baselines }: { name: string; trials: readonly TrialRecord[]; baselines: readonly string[] },
  comment: (steps: string) => readonly string[],
): string {
  const { sampler, pruner } = snapshot.spec;
  const steps = (trials.length + baselines.length) * pruner.rungs.at(-1)!;
  return contest(
    snapshot,
    space,
    {
      name,
      sampler: { name: 'random', seed: sampler.seed },
      pruner: { name: 'asha', reduction: pruner.reduction, rungs: pruner.rungs },
      baselines,
      contenders: Object.fromEntries(
        trials.map((trial) => [`trial-${trial.trial}`, ownParameters(snapshot, trial)]),
      ),
    },
    comment(steps.toLocaleString('en-US')),
  );
}

/**
 * The sweep file that trains the best trials that are no standard diffusion in effect to the end, beside `standard`: those that got
 * furthest, of these the best. A pruner that goes by early rungs leaves behind what starts slowly.
 */
export function scalesFile({ space, scales: name }: Experiment, { snapshot, effects }: KeptSweep): string {
  const kinds: [Effect, number][] = [
    ['by-scale', scaleTrials],
    ['one-gamma', colourTrials],
  ];
  const highestFirst = Array.from({ length: lastRung(snapshot) + 1 }, (_, i) => lastRung(snapshot) - i);
  const ranked = [...new Set(highestFirst.flatMap((rung) => rankedAt(snapshot, rung)))];
  const trials = kinds.flatMap(([kind, count]) =>
    ranked.filter(({ trial }) => effects?.get(trial) === kind).slice(0, count),
  );
  return toTheEnd(snapshot, space, { name: name!, trials, baselines: ['standard'] }, (steps) => [
    `What the search left behind: of the trials of ${snapshot.spec.name} that are no standard diffusion in effect the ${scaleTrials} best that treat scales`,
    `differently and the ${colourTrials} best of coloured noise, and \`standard\`, trained to the end with the search's own seed, ${steps} steps.`,
    'Made by `npm run bench -- results --finals` from docs/results.',
  ]);
}

/** The sweep file that trains every sixth or so of the first rung's ranking to the end: what the early rungs would have missed. */
export function rungsFile({ space, rungs: name }: Experiment, { snapshot }: KeptSweep): string {
  const ranked = rankedAt(snapshot, 0);
  const count = Math.min(rungTrials, ranked.length);
  const chosen = Array.from(
    { length: count },
    (_, index) => ranked[Math.round((index * (ranked.length - 1)) / Math.max(1, count - 1))]!,
  );
  return toTheEnd(snapshot, space, { name: name!, trials: chosen, baselines: [] }, (steps) => [
    `What the rungs are worth: ${count} trials of ${snapshot.spec.name}, evenly spaced in the ranking after its first rung, all trained to the`,
    `last one with the search's own seed, ${steps} steps. Made by \`npm run bench -- results --finals\` from docs/results.`,
  ]);
}
