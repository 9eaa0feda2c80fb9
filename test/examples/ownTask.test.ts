import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { checkDataset, readSamples } from '../../src/data/dataset.js';

const file = fileURLToPath(new URL('../../examples/own-task/task.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rgsweep-own-task-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const interacting = { size: 5, mass2: -2, coupling: 1 };
const free = [0.3, 2].map((mass2) => ({ size: 7, mass2, coupling: 1e-9 }));
const h = 1e-4;
const beside = (['mass2', 'coupling'] as const).flatMap((name) =>
  [-h, h].map((by) => ({ ...interacting, [name]: interacting[name] + by })),
);
/** log Z of these settings, and the data of `interacting` in the folder, by the example itself as Node imports it. */
const program = `
import task, { logZ } from ${JSON.stringify(file)};
await task.dataset.prepare(${JSON.stringify(interacting)}, { folder: ${JSON.stringify(folder)}, key: 'example' });
console.log(JSON.stringify(${JSON.stringify([...free, ...beside])}.map(logZ)));
`;

describe('the example of a task of one’s own', () => {
  it('is below 100 lines', () => {
    expect(readFileSync(file, 'utf8').trimEnd().split('\n').length).toBeLessThan(100);
  });

  it('has the free field’s log Z, ½ Σ_k log(π/(k̂² + m²)), and draws by its density: ⟨Σφ²⟩ = −∂ log Z/∂m², ⟨Σφ⁴⟩ = −∂ log Z/∂g', async () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const logZ = JSON.parse(stdout) as number[];
    free.forEach(({ size, mass2 }, n) => {
      let exact = 0;
      for (let k = 0; k < size; k++)
        exact += 0.5 * Math.log(Math.PI / (2 - 2 * Math.cos((2 * Math.PI * k) / size) + mass2));
      expect(logZ[n]).toBeCloseTo(exact, 6);
    });
    expect((await checkDataset(folder)).key).toBe('example');
    const fields = readSamples(folder, 'train');
    const mean = (power: number) => fields.reduce((sum, phi) => sum + phi ** power, 0) / (fields.length / 5);
    const [mass2Below, mass2Above, couplingBelow, couplingAbove] = logZ.slice(2);
    // 20,000 independent fields: errors of about 0.02 and 0.05, four of them allowed.
    expect(Math.abs(mean(2) - (mass2Below! - mass2Above!) / (2 * h))).toBeLessThan(0.08);
    expect(Math.abs(mean(4) - (couplingBelow! - couplingAbove!) / (2 * h))).toBeLessThan(0.2);
  });
});
