import { alive } from './alive.js';
import { createPrepareData } from './dataset.js';
import type { Dependencies } from './dependencies.js';
import { createEvaluate } from './evaluate.js';
import { createNotify } from './notify.js';
import { createClosedSegments } from './reconcile.js';
import { createRecorders } from './record.js';
import { createSuggest } from './suggest.js';
import { createTrain } from './train.js';
import type { Activities } from './types.js';

export type { Activities } from './types.js';
export type { Dependencies } from './dependencies.js';

/** All activities over one set of dependencies. Which of them a worker serves follows from its task queue. */
export function createActivities(dependencies: Dependencies): Activities {
  return {
    prepareData: createPrepareData(dependencies),
    train: createTrain(dependencies),
    evaluate: createEvaluate(dependencies),
    ...createNotify(),
    ...alive({
      ...createSuggest(dependencies),
      closedSegments: createClosedSegments(dependencies),
      ...createRecorders(dependencies),
    }),
  };
}
