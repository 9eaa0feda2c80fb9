import type { SweepTask } from '../train/protocol.js';

/** Are fields of this task maps of a real number, drawn around 0, rather than images? */
export function isLatticeField(task: SweepTask): boolean {
  return task.name === 'phi4' || (task.name === 'module' && task.shape.channels === 1);
}
