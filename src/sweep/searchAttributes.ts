/** Custom search attributes that make sweeps findable in Temporal's own UI; registered with the server at start. */
export const searchAttributes = {
  RgsweepSweep: 'Keyword',
  RgsweepTask: 'Keyword',
  RgsweepState: 'Keyword',
  RgsweepBest: 'Double',
  RgsweepFamily: 'Keyword',
} as const satisfies Record<string, 'Keyword' | 'Double' | 'Int'>;
