import fc from 'fast-check';
import { expect, it } from 'vitest';
import { piecesOf, spareRows } from '../../src/page/client/rowWindow.js';

const rowsOf = (pieces: ReturnType<typeof piecesOf>) =>
  pieces.flatMap((piece) => ('row' in piece ? [piece.row] : []));

it('has the rows near those that are seen, and room for the others', () => {
  expect(piecesOf(2000, 500, 517)).toEqual([
    { gap: 500 - spareRows },
    ...Array.from({ length: 17 + 2 * spareRows }, (_, at) => ({ row: 500 - spareRows + at })),
    { gap: 2000 - 517 - spareRows },
  ]);
  expect(rowsOf(piecesOf(30, 0, 20))).toEqual(Array.from({ length: 30 }, (_, row) => row));
});

it('keeps the row of the focus, with room on either side of it', () => {
  const pieces = piecesOf(2000, 500, 517, 3);
  expect(pieces.slice(0, 3)).toEqual([{ gap: 3 }, { row: 3 }, { gap: 500 - spareRows - 4 }]);
  expect(piecesOf(2000, 0, 17, 1999).at(-1)).toEqual({ row: 1999 });
});

it('stands for every row once, in order, however far one scrolls', () => {
  fc.assert(
    fc.property(
      fc.nat(3000),
      fc.nat(4000),
      fc.nat(100),
      fc.integer({ min: -1, max: 4000 }),
      (count, first, seen, kept) => {
        const pieces = piecesOf(count, first, first + seen, kept);
        let next = 0;
        for (const piece of pieces) {
          if ('row' in piece) expect(piece.row).toBe(next);
          else expect(piece.gap).toBeGreaterThan(0);
          next += 'row' in piece ? 1 : piece.gap;
        }
        expect(next).toBe(count);
        const rows = rowsOf(pieces);
        for (let row = first; row < Math.min(count, first + seen); row++) expect(rows).toContain(row);
        if (kept >= 0 && kept < count) expect(rows).toContain(kept);
        expect(rows.length).toBeLessThanOrEqual(seen + 2 * spareRows + 1);
      },
    ),
  );
});
