import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
  problems: string[];
}

async function countTests(report: unknown, exitCode: number): Promise<TestCounts> {
  const module = (await import(pathToFileURL(join(root, 'scripts/lib/testReport.mjs')).href)) as {
    countTests: (json: string | undefined, exitCode: number) => TestCounts;
  };
  return module.countTests(report === undefined ? undefined : JSON.stringify(report), exitCode);
}

const file = (status: string, ...tests: string[]): object => ({
  name: 'a.test.ts',
  status,
  assertionResults: tests.map((one) => ({ status: one })),
});

describe('the closing line of npm test', () => {
  it('counts every test once', async () => {
    const report = {
      testResults: [file('passed', 'passed', 'passed', 'pending'), file('passed', 'passed', 'todo')],
    };
    expect(await countTests(report, 0)).toEqual({ passed: 3, failed: 0, skipped: 2, problems: [] });
  });

  it('counts a failed test once, not its file again', async () => {
    const counts = await countTests({ testResults: [file('failed', 'passed', 'failed')] }, 1);
    expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0, problems: [] });
  });

  it.each([
    ['a file that does not load', { testResults: [file('passed', 'passed'), file('failed')] }, 1],
    ['a hook that fails after its tests', { testResults: [file('failed', 'passed')] }, 1],
    ['an error outside any test', { testResults: [file('passed', 'passed')] }, 1],
    ['no report', undefined, 137],
    ['no test at all', { testResults: [] }, 0],
  ])('never says 0 failed after %s', async (_, report, exitCode) => {
    const counts = await countTests(report, exitCode);
    expect(counts.failed).toBe(1);
    expect(counts.problems).toHaveLength(1);
  });
});

describe('npm run bench', () => {
  it('says which benchmarks there are when it does not know one', () => {
    let said = '';
    try {
      execFileSync(process.execPath, [join(root, 'scripts/bench.mjs'), 'nothing'], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: string };
      said = `${status} ${stderr}`;
    }
    expect(said).toMatch(/^2 rgsweep: there is no benchmark called "nothing"\nusage: npm run bench -- NAME/);
  });
});
