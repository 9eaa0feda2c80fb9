import { hostname } from 'node:os';

/** What a worker tells the server, and so everyone who lists a queue's workers, about itself. */
export interface WorkerIdentity {
  version: string;
  role: 'control' | 'train' | 'all';
  /** Train queue, where it has one of its own. */
  queue?: string;
  /** Trainers at a time. */
  slots: number;
  /** Process and machine. */
  place: string;
}

/** `rgsweep/0.1.0 train queue=gpu-a100 slots=8 4242@node-3`. */
export function formatIdentity({ version, role, queue, slots, place }: WorkerIdentity): string {
  return [`rgsweep/${version}`, role, ...(queue ? [`queue=${queue}`] : []), `slots=${slots}`, place].join(
    ' ',
  );
}

/** This process. */
export const ownPlace = (): string => `${process.pid}@${hostname()}`;

/** @returns undefined for a worker that is none of ours, or of a build that did not say */
export function parseIdentity(identity: string): WorkerIdentity | undefined {
  const match = /^rgsweep\/(\S+) (control|train|all)(?: queue=(\S+))? slots=(\d+) (\S+)$/.exec(identity);
  if (!match) return undefined;
  const [, version = '', role, queue, slots, place = ''] = match;
  return {
    version,
    role: role as WorkerIdentity['role'],
    ...(queue === undefined ? {} : { queue }),
    slots: Number(slots),
    place,
  };
}
