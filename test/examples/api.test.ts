import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createSampler, createSearch, fanova, parseSpace } from '../../src/index.js';

it('the TypeScript API searches and explains', () => {
  const space = parseSpace(
    { parameters: { x: { type: 'float', low: -1, high: 1 }, y: { type: 'float', low: -1, high: 1 } } },
    'my space',
  );
  const search = createSearch({ space, sampler: createSampler('tpe'), seed: 1, trials: 40 });
  const points = [];
  for (let next = search.ask(); next; next = search.ask()) {
    const { x, y } = next.params as { x: number; y: number };
    const value = (x - 0.3) ** 2 + 0.01 * y;
    search.tell({ id: next.id, value });
    points.push({ parameters: next.params, value });
  }
  expect(Math.min(...points.map(({ value }) => value))).toBeLessThan(0.01);
  expect(fanova(space, points).main[0]!.name).toBe('x');
});

const python = ['python3', 'python'].find((name) => spawnSync(name, ['--version']).status === 0);
it.runIf(python !== undefined)('a Python program searches with training budgets over lines of JSON', () => {
  const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
  const { stdout, status } = spawnSync(
    python!,
    [path('examples/optimize.py'), process.execPath, path('dist/src/cli/main.js'), 'optimize'],
    { encoding: 'utf8', timeout: 50_000 },
  );
  expect(status).toBe(0);
  const best = JSON.parse(stdout) as { value: number; params: { kind: string } };
  expect(best.params.kind).toBe('bowl');
  expect(best.value - 1 / 9).toBeLessThan(0.1);
});
