/** The bundle's only entry: what is exported here are the workflow types. */
export { notification } from './notify.js';
export { sweep } from './sweep.js';
export { trialSegment } from './trial.js';
