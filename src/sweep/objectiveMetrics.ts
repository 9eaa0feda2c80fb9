import type { TaskDescription } from '../train/protocol.js';

const ofPhi4 = ['kl', 'nll', 'vlb', 'ess', 'reverseKl'] as const;
/** Of these the flow's likelihood is none: it is measured at the end alone. */
const ofImages = [
  'vlb',
  'bpd',
  'spectrumDistance',
  'slicedWasserstein',
  'patchWasserstein',
  'randomFrechet',
] as const;

/** Those that are measured at every rung of a built-in task; the first is its objective where a sweep names none. */
export const metricsOf = { phi4: ofPhi4, images: ofImages, cifar10: ofImages } as const;

/** Every metric of a built-in task that a sweep can have as its objective. */
export const objectiveMetrics = [...new Set([...ofPhi4, ...ofImages])] as [string, ...string[]];

/** Those that are measured at every rung of a task. */
export function metricsOfTask(task: TaskDescription): readonly string[] {
  return task.name === 'module' ? task.metrics : metricsOf[task.name];
}

/** What is sought of a metric where a sweep does not say: an effective sample size is the better the larger, all else is minimized. */
export function defaultDirection(metric: string): 'minimize' | 'maximize' {
  return metric === 'ess' ? 'maximize' : 'minimize';
}
