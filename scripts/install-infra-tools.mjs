// Installs what checks infra/: kustomize and kubeconform by `go install`, and schemas made from Go modules. Prints their folder.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashOfFiles, root } from './lib/project.mjs';

const programs = [
  'sigs.k8s.io/kustomize/kustomize/v5@v5.7.1',
  'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
];
const modules = {
  keda: 'github.com/kedacore/keda/v2@v2.21.0',
  prometheusOperator: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
  compose: 'github.com/compose-spec/compose-go/v2@v2.16.2',
};
const sources = [
  'scripts/install-infra-tools.mjs',
  'infra/schemas/main.go',
  'infra/schemas/go.mod',
  'infra/schemas/go.sum',
];

/** Outside the repository, so that every clone of this user has it: named by what it is made from. */
export const toolsFolder = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  'rgsweep',
  `infra-${hashOfFiles(sources).slice(0, 16)}`,
);
const marker = join(toolsFolder, 'complete');

/** The folder, when everything is there already. */
export const findInfraTools = () => (existsSync(marker) ? toolsFolder : undefined);

/** @param {string[]} args @param {Record<string, string>} [environment] @returns {string} */
function go(args, environment = {}, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync('go', args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    maxBuffer: 1 << 26,
  });
  if (error) throw new Error(`Go is needed to check infra/: ${error.message}`);
  if (status !== 0)
    throw new Error(`go ${args[0]} ${args[1]}: ${stderr.trim().split('\n').slice(-3).join(' | ')}`);
  return stdout;
}

/** Two to three minutes and some hundred megabytes of Go's module cache, once. */
export function installInfraTools() {
  if (existsSync(marker)) return;
  rmSync(toolsFolder, { recursive: true, force: true });
  const [bin, schemas] = ['bin', 'schemas'].map((name) => join(toolsFolder, name));
  for (const folder of [bin, schemas]) mkdirSync(folder, { recursive: true });
  for (const program of programs) go(['install', program], { GOBIN: bin });
  const folderOf = (name) => JSON.parse(go(['mod', 'download', '-json', modules[name]])).Dir;
  const keda = folderOf('keda');
  const crdFolders = [
    join(keda, 'config', 'crd', 'bases'),
    join(folderOf('prometheusOperator'), 'example', 'prometheus-operator-crd'),
  ];
  const crds = crdFolders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  go(
    ['run', '.', '-out', schemas, ...crds.flatMap((file) => ['-crd', file])],
    {},
    join(root, 'infra', 'schemas'),
  );
  copyFileSync(
    join(keda, 'schema', 'generated', 'scalers-schema.json'),
    join(toolsFolder, 'scalers-schema.json'),
  );
  copyFileSync(
    join(folderOf('compose'), 'schema', 'compose-spec.json'),
    join(toolsFolder, 'compose-spec.json'),
  );
  writeFileSync(marker, '');
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    installInfraTools();
    console.log(toolsFolder);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
