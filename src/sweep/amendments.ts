import type { SweepAmendment } from './types.js';

/**
 * A sweep's amendments with one more, once per id. Those of one run stand in the order in which it applied them, whichever was written
 * first: of several that are asked for at once a rebuild must take the same one first.
 */
export function withAmendment(
  amendments: readonly SweepAmendment[],
  added: SweepAmendment,
): readonly SweepAmendment[] {
  if (amendments.some(({ id }) => id === added.id)) return amendments;
  const { order } = added;
  const follows = (other: SweepAmendment | undefined) =>
    order !== undefined && other?.order?.run === order.run && other.order.number > order.number;
  let place = amendments.length;
  while (follows(amendments[place - 1])) place--;
  return [...amendments.slice(0, place), added, ...amendments.slice(place)];
}
