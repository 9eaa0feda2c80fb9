/** The bundle's only entry: what is exported here are the workflow types. */
export { sweep } from './sweep.js';
export { trialSegment } from './trial.js';
