import { describe, expect, test } from 'vitest';
import { parseFilter, sortRows } from '../../src/page/client/filter.js';
import { createToken, forbidsAction, isOurHost } from '../../src/page/guard.js';

describe('whom the page answers', () => {
  test('addresses and localhost, and names only where they were given', () => {
    for (const host of ['127.0.0.1:8244', 'localhost:8244', '[::1]:8244', '10.0.0.7'])
      expect(isOurHost(host, [])).toBe(true);
    for (const host of [
      'evil.example:8244',
      'localhost.evil.example',
      '',
      undefined,
      'a b',
      '127.0.0.1.evil.example',
    ])
      expect(isOurHost(host, [])).toBe(false);
    expect(isOurHost('sweeps.example:80', ['Sweeps.example'])).toBe(true);
  });

  test('actions only from its own page, with the token, as JSON', () => {
    const token = createToken();
    const good = {
      host: '127.0.0.1:8244',
      origin: 'http://127.0.0.1:8244',
      'content-type': 'application/json',
      'x-rgsweep-token': token,
    };
    expect(forbidsAction(good, token)).toBeUndefined();
    expect(forbidsAction({ ...good, origin: undefined }, token)).toMatch(/this page/);
    expect(forbidsAction({ ...good, origin: 'http://evil.example' }, token)).toMatch(/this page/);
    expect(forbidsAction({ ...good, origin: 'null' }, token)).toMatch(/this page/);
    expect(forbidsAction({ ...good, 'sec-fetch-site': 'cross-site' }, token)).toMatch(/this page/);
    expect(forbidsAction({ ...good, 'x-rgsweep-token': `${token}x` }, token)).toMatch(/token/);
    expect(forbidsAction({ ...good, 'x-rgsweep-token': createToken() }, token)).toMatch(/token/);
    expect(forbidsAction({ ...good, 'content-type': 'text/plain' }, token)).toMatch(/JSON/);
  });
});

describe('filter and order of the table', () => {
  const columns = [
    { id: 'trial', title: 'trial', number: true },
    { id: 'schedule', title: 'schedule', number: false },
    { id: 'kl', title: 'KL in nats', number: true },
  ];
  const row = (trial: number, name: string, kl?: number) => ({
    trial,
    state: 'complete',
    cells: [[String(trial), trial], name, kl === undefined ? '' : [String(kl), kl]] as (
      string | [string, number]
    )[],
  });
  const rows = [
    row(0, 'pixel white', 0.2),
    row(1, 'fourier matched', 0.05),
    row(2, 'fourier white'),
    row(10, 'Fourier heat', 0.1),
  ];
  const kept = (text: string) => rows.filter(parseFilter(text, columns)).map(({ trial }) => trial);

  test.each([
    ['', [0, 1, 2, 10]],
    ['fourier', [1, 2, 10]],
    ['fourier white', [2]],
    ['kl<0.1', [1]],
    ['kl<=0.1', [1, 10]],
    ['kl>=0.1 pixel', [0]],
    ['trial=10', [10]],
    ['schedule:heat', [10]],
    ['"fourier matched"', [1]],
    ['kl<nonsense', []],
  ])('%j keeps trials %j', (text, trials) => expect(kept(text)).toEqual(trials));

  test('missing values are last, whichever way', () => {
    const order = (down: boolean) => sortRows(rows, columns, { column: 2, down }).map(({ trial }) => trial);
    expect(order(false)).toEqual([1, 10, 0, 2]);
    expect(order(true)).toEqual([0, 10, 1, 2]);
  });
});
