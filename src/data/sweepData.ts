import type { FieldShape } from '../basis/types.js';
import { dataTaskOf, type SweepTask } from '../train/protocol.js';
import { taskDatasetKey, taskShape } from './taskDataset.js';

/** The name in the store of the data set that a sweep uses; undefined where it uses none. */
export function sweepDatasetKey(task: SweepTask): string | undefined {
  const data = dataTaskOf(task);
  return data && taskDatasetKey(data);
}

/** The shape of one field of a sweep's data; undefined where it has none. */
export function sweepShape(task: SweepTask): FieldShape | undefined {
  const data = dataTaskOf(task);
  return data && taskShape(data);
}
