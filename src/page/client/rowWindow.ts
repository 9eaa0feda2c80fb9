/** What stands in the table's body: the row at a place of the list, or room for so many rows that are not there. */
export type Piece = { row: number } | { gap: number };

/** Rows beside the seen ones that are there too, so that a scroll and the Tab key find the next ones. */
export const spareRows = 20;

/**
 * Which of `count` rows stand in the table when those from `first` to before `last` are seen: these, `spareRows` on either side, and the row
 * at `kept` (that of the focus), with room for the others, so that the scroll bar says how many there are. A table of thousands of rows
 * is painted as a whole at each frame of a scroll.
 */
export function piecesOf(count: number, first: number, last: number, kept?: number): Piece[] {
  const from = Math.max(0, Math.min(first - spareRows, count));
  const to = Math.max(from, Math.min(last + spareRows, count));
  const rows = Array.from({ length: to - from }, (_, at) => from + at);
  if (kept !== undefined && kept >= 0 && kept < from) rows.unshift(kept);
  if (kept !== undefined && kept >= to && kept < count) rows.push(kept);
  const pieces: Piece[] = [];
  let next = 0;
  for (const row of rows) {
    if (row > next) pieces.push({ gap: row - next });
    pieces.push({ row });
    next = row + 1;
  }
  if (count > next) pieces.push({ gap: count - next });
  return pieces;
}
