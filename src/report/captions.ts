import type { SweepSnapshot } from '../sweep/types.js';
import { formatCount, metricWords } from './figures.js';

/** What stands below each chart, in plain text: the same in a report and on the page. */
export const captions = {
  standings: ({ spec }: SweepSnapshot) =>
    `${
      (spec.replicates ?? 1) > 1
        ? 'Dots are means over seeds, bars ± 2 standard errors: those of the evaluation and what differs between seeds.'
        : 'Dots are measured values, bars ± 2 standard errors of the evaluation. What a second training would change is not in the bars.'
    } Two whose bars overlap may still be clearly apart: the table’s differences tell.`,
  overSteps:
    'Every result of the search as a dot, the best so far at each rung as a line, against the training steps that the whole sweep had done by then. Dashed: the baselines’ last results. All on validation data.',
  overTime: 'The same against the clock.',
  rungs: (snapshot: SweepSnapshot) =>
    `${metricWords(snapshot.spec.objective.metric).name} of each trial at the rungs it was judged at. A line that ends early was not promoted; crossing lines are changes of rank.`,
  loss: (loss: { drawn: number; of: number } | undefined) =>
    `Training loss, averaged over short stretches of steps${
      loss && loss.drawn < loss.of ? `; ${loss.drawn} of ${formatCount(loss.of)} trials are drawn` : ''
    }. Losses of different schedules weigh noise levels differently: they show whether a training is healthy, not which schedule is better.`,
  timeline:
    'When each segment was trained and evaluated, by rung, packed into as few lanes as its overlaps need: full lanes are busy trainers, gaps are waiting, restarts and other work. A cross is a failure.',
  slices:
    'Each dot is one trial at one rung, on one vertical scale. The ring is the best trial, the dashed line standard diffusion. Other parameters vary from dot to dot, so a pattern here is an association, not an effect.',
  parallel:
    'One line a trial, from parameter to parameter to the result; strongly coloured lines are good ones. Where a parameter does not exist for a trial, its line passes below the axis.',
  contour:
    'Two parameters at once: each dot is a trial at its highest rung, strongly coloured ones are good, the ring is the best. Contours: the mean rank of the trials around, strong where it is good, nothing where none is near. Trials gather where the search found good ones.',
  importance:
    'Grey: the share of the objective’s variance over the whole space that each parameter explains alone (fANOVA). Blue: its share in what makes a trial one of the best (PED-ANOVA), faint where it may be chance. Bars are ± 2 standard errors.',
  front:
    'Two figures of every trial at the highest rung that any searched one has reached. Large, with bars of ± 2 standard errors: the Pareto front, which no searched trial there beats in both. Diamonds: baselines.',
  gamma:
    'γᵢ(t), the negative log signal-to-noise ratio of the process, for one component of each momentum shell. One line: all components are noised together. Lines apart: one scale after the other.',
  noise:
    'nᵢ(t) = sᵢ exp(γᵢ/2), the noise in absolute units that stands against the data at time t. Only this path matters: schedules with equal nᵢ(t) are the same process, whatever their parameters say.',
  cutoff:
    'The cutoff K over momentum at times t = 0 (data, first colour), 0.2, 0.4, 0.6, 0.8 and 1 (noise, last colour): the part of each component’s variance that is still there. Flat lines: all scales fade together. A moving edge: small scales go first.',
} as const;
