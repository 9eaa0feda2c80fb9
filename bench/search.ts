import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createSampler } from '../src/samplers/index.js';
import { measureCost, printCost } from './search/cost.js';
import { type Problem, problems } from './search/problems.js';
import { simulate, type Suggester } from './search/simulate.js';
import { quantile, varghaDelaney, worseProbability } from './search/statistics.js';
import { programSuggester, samplerSuggester } from './search/suggesters.js';

/**
 * `npm run bench -- search [--seeds 20] [--evaluations 100] [--only PATTERN]`: rgsweep's tpe against Optuna's default TPE
 * on the same problems and seeds in the same run, sequential and with 8 asynchronous workers, then CPU per suggestion.
 * Optuna is installed from PyPI into a virtual environment of its own.
 */
const optunaVersion = '5.0.0';

function option(name: string, otherwise: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at >= 0 ? (process.argv[at + 1] ?? otherwise) : otherwise;
}

/** Python of the environment that has Optuna, which is made where it is missing. */
function optunaPython(): string {
  const folder = resolve('.rgsweep/venv-optuna');
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const has = (): boolean =>
    existsSync(python) &&
    spawnSync(python, ['-c', `import optuna; assert optuna.__version__ == "${optunaVersion}"`]).status === 0;
  if (has()) return python;
  console.log(`installing optuna ${optunaVersion} into ${folder} …`);
  for (const [command, args] of [
    [process.env['PYTHON'] ?? 'python3', ['-m', 'venv', folder]],
    [python, ['-m', 'pip', 'install', '--quiet', `optuna==${optunaVersion}`]],
  ] as const)
    spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (!has())
    throw new Error(
      `optuna ${optunaVersion} could not be installed: Python 3.9 or newer and PyPI are needed (PYTHON names another python)`,
    );
  return python;
}

/** Final simple regrets of one problem over the seeds. */
async function regrets(
  problem: Problem,
  suggester: Suggester,
  seeds: number,
  evaluations: number,
  workers: number,
): Promise<number[]> {
  const finals: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const { regret } = await simulate(problem, suggester, seed, evaluations, workers);
    finals.push(regret[regret.length - 1]!);
  }
  return finals;
}

function summary(values: readonly number[]): string {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((q) => quantile(values, q).toPrecision(2));
  return `${middle} [${low}, ${high}]`.padEnd(26);
}

const seeds = Number(option('seeds', '20'));
const evaluations = Number(option('evaluations', '100'));
const only = new RegExp(option('only', ''));
const optuna = programSuggester(optunaPython(), [resolve('bench/search/optuna_server.py')]);
const ours = samplerSuggester(createSampler('tpe'));
const random = samplerSuggester(createSampler('random'));

let missed = false;
for (const workers of [1, 8]) {
  console.log(
    `\n${evaluations} evaluations, ${seeds} seeds, ${workers === 1 ? 'sequential' : `${workers} asynchronous workers`}: ` +
      'simple regret, median [quartiles]; A above ½: rgsweep is better',
  );
  console.log(
    `${'problem'.padEnd(16)}${'random'.padEnd(26)}${`optuna ${optunaVersion}`.padEnd(26)}${'rgsweep tpe'.padEnd(26)}A     p worse`,
  );
  const scores: number[] = [];
  for (const problem of problems.filter(({ name }) => only.test(name))) {
    const [them, us, chance] = [
      await regrets(problem, optuna, seeds, evaluations, workers),
      await regrets(problem, ours, seeds, evaluations, workers),
      await regrets(problem, random, seeds, evaluations, workers),
    ];
    const a = varghaDelaney(us, them);
    const p = worseProbability(us, them);
    scores.push(a);
    if (a < 0.3 && p < 0.01) missed = true;
    console.log(
      `${problem.name.padEnd(16)}${summary(chance)}${summary(them)}${summary(us)}${a.toFixed(2)}  ${p.toFixed(3)}`,
    );
  }
  const mean = scores.reduce((sum, a) => sum + a, 0) / scores.length;
  if (mean < 0.55) missed = true;
  console.log(`mean A ${mean.toFixed(3)} (target: at least 0.55)`);
}

const cost = await measureCost(optuna, createSampler('tpe'));
printCost(cost);
if (cost.some(({ ratio }) => ratio !== undefined && ratio > 0.2)) missed = true;
optuna.close();
if (missed) {
  console.log('\na target was missed');
  process.exitCode = 1;
}
