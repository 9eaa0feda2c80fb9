import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIfNeeded } from './lib/build.mjs';
import { countTests } from './lib/testReport.mjs';
import { installIfNeeded, requireNode, root, runHere, say, toolPath } from './lib/project.mjs';

// npm test [-- VITEST ARGUMENTS]: installs, builds, and runs every test; with CI=true also types, lint and formatting.
// The last line is `N passed, N failed` (`, N skipped`), counted from vitest's own report.
requireNode();
await installIfNeeded();
await buildIfNeeded();

const node = (args) => runHere(process.execPath, args, { stdin: 'ignore' });
const ci = Boolean(process.env.CI) && process.env.CI !== 'false';
const failures = [];

const versitygwInstaller = join(root, 'scripts', 'install-versitygw.mjs');
if (existsSync(versitygwInstaller)) {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0) {
    if ((await node([versitygwInstaller])) !== 0) {
      if (ci) failures.push('install-versitygw');
      say('rgsweep: versitygw could not be installed: the S3 contract tests cannot run');
    }
  } else if (ci) {
    failures.push('install-versitygw');
    say('rgsweep: no Go here: the S3 contract tests need it (versitygw is installed with `go install`)');
  } else
    say('rgsweep: no Go here: the S3 contract tests are skipped (versitygw is installed with `go install`)');
}

if ((await node([join(root, 'scripts', 'install-chromium.mjs')])) !== 0) {
  if (ci) failures.push('install-chromium');
  say('rgsweep: no Chromium: the tests of the page and the report in a real browser are skipped');
}

if (ci) {
  const checks = {
    types: [toolPath('typescript', 'bin/tsc'), '--noEmit', '-p', '.'],
    lint: [toolPath('eslint', 'bin/eslint.js'), '.'],
    formatting: [toolPath('prettier', 'bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  };
  for (const [name, args] of Object.entries(checks)) {
    say(`rgsweep: checking ${name} …`);
    if ((await node(args)) !== 0) failures.push(name);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'rgsweep-test-'));
const report = join(folder, 'report.json');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const code = await node([toolPath('vitest', 'vitest.mjs'), 'run', ...reporters, ...process.argv.slice(2)]);
const counted = countTests(existsSync(report) ? readFileSync(report, 'utf8') : undefined, code);
rmSync(folder, { recursive: true, force: true });

for (const problem of [...failures.map((name) => `${name} failed`), ...counted.problems])
  say(`rgsweep: ${problem}`);
const failed = counted.failed + failures.length;
const skipped = counted.skipped > 0 ? `, ${counted.skipped} skipped` : '';
process.stdout.write(`${counted.passed} passed, ${failed} failed${skipped}\n`);
process.exitCode = failed > 0 ? (code > 128 ? code : 1) : 0;
