import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { filesBelow, hashOfFiles, root, runHere, say, toolPath } from './project.mjs';

const sourceFolders = ['src', 'workflows', 'activities', 'bench', 'infra'];
const stampFile = join(root, 'dist', '.build.json');

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return { hash: '', sources: [] };
  }
}

const outputsOf = (source) =>
  source.endsWith('.ts')
    ? ['.js', '.js.map', '.d.ts'].map((ending) => join(root, 'dist', source.replace(/\.ts$/, ending)))
    : [join(root, 'dist', source)];

/** Bundles the workflows ahead of time: a worker then starts in about a second instead of several. */
async function bundleWorkflows() {
  const workflowsPath = join(root, 'dist', 'workflows', 'index.js');
  if (!existsSync(workflowsPath)) return;
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const quiet = () => {};
  const complain = (message) => say(String(message));
  const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: complain, error: complain };
  // Which failures a workflow writes in plain text is decided when it is bundled (src/temporal/codec.ts).
  const bundles = {
    'workflow-bundle.js': {},
    'workflow-bundle-encrypted.js': {
      failureConverterPath: join(root, 'dist', 'src', 'temporal', 'encryptedFailures.js'),
    },
  };
  for (const [name, options] of Object.entries(bundles)) {
    const { code } = await bundleWorkflowCode({ workflowsPath, logger, ...options });
    const target = join(root, 'dist', name);
    writeFileSync(`${target}.new`, code);
    renameSync(`${target}.new`, target);
  }
}

/**
 * Compiles into dist/ and bundles the workflows, unless dist/ was built from these very sources.
 * Dependencies must be installed. Exits the process when the compiler finds an error.
 */
export async function buildIfNeeded({ force = false } = {}) {
  const sources = sourceFolders.flatMap(filesBelow);
  const hash = hashOfFiles([
    ...sources,
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
    'package-lock.json',
  ]);
  const before = readStamp();
  if (!force && before.hash === hash) return;
  say('rgsweep: building …');
  const started = Date.now();
  // Until the new stamp is written, dist/ counts as unbuilt: an interrupted build is done again.
  rmSync(stampFile, { force: true });
  const current = new Set(sources);
  for (const source of before.sources)
    if (!current.has(source)) for (const output of outputsOf(source)) rmSync(output, { force: true });
  const compiler = toolPath('typescript', 'bin/tsc');
  const buildInfo = join('dist', '.tsbuildinfo');
  // The incremental record knows nothing of outputs that someone removed.
  if (
    sources.some(
      (source) => source.endsWith('.ts') && !source.endsWith('.d.ts') && !existsSync(outputsOf(source)[0]),
    )
  )
    rmSync(join(root, buildInfo), { force: true });
  const projects = [
    ['-p', 'tsconfig.build.json', '--incremental', '--tsBuildInfoFile', buildInfo],
    // What runs in a browser has a browser's types.
    ['-p', join('src', 'page', 'client')],
  ];
  for (const project of projects) {
    const code = await runHere(process.execPath, [compiler, ...project], { stdin: 'ignore' });
    if (code === 0) continue;
    say('rgsweep: the build failed; the compiler says why above');
    process.exit(code > 128 ? code : 1);
  }
  for (const source of sources.filter((file) => !file.endsWith('.ts'))) {
    mkdirSync(dirname(join(root, 'dist', source)), { recursive: true });
    copyFileSync(join(root, source), join(root, 'dist', source));
  }
  await bundleWorkflows();
  // Loaded here, as it takes longer than to find that nothing is to be built.
  await (await import('./bundlePage.mjs')).bundlePage();
  const entry = join(root, 'dist', 'src', 'cli', 'main.js');
  if (existsSync(entry)) chmodSync(entry, 0o755);
  writeFileSync(stampFile, JSON.stringify({ hash, sources }));
  say(`rgsweep: built in ${Math.round((Date.now() - started) / 1000)} s`);
}
