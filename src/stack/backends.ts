import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, RgsweepError } from '../errors.js';
import {
  installationFormat,
  type InstallableBackend,
  type InstalledBackend,
} from '../train/nativeBackend.js';
import { signalGuardLinking, signalGuardSource } from './signalGuard.js';

/** tfjs-node's binding compiles against this TensorFlow unpatched and trains correctly on it. */
const tensorflowVersion = '2.18.1';
/** Of tensorflow_cpu-2.18.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl, as PyPI states it. */
const tensorflowHash = '810c75d7149d2da0cb2092187817b0dcabb80728ca9f9cf3a61f3f42fadd1298';
const packages = {
  tensorflow: { '@tensorflow/tfjs-node': '4.22.0', 'node-api-headers': '1.9.0' },
  webgpu: { webgpu: '0.6.2', '@tensorflow/tfjs-backend-webgpu': '4.22.0', '@tensorflow/tfjs': '4.22.0' },
} as const;

export interface InstallBackendOptions {
  name: InstallableBackend;
  /** Where it goes; replaced as a whole when the installation is done. */
  folder: string;
  /** Of `tensorflow`: on the CUDA 12 wheels, some 3 GB. */
  cuda: boolean;
  /** One line when something takes long. */
  log?: (line: string) => void;
  /** Program that is called for a name; tests take one away. */
  programs?: Partial<Record<'python3' | 'g++' | 'npm', string>>;
  /** Node's `platform-arch`. */
  platform?: string;
}

/**
 * Installs a backend from the package registries (npm, PyPI): nothing is built with node-gyp and nothing comes from elsewhere.
 *
 * `tensorflow`: tfjs-node's binding, compiled with g++ against the libraries and headers of the PyPI wheel. The folder
 * appears whole or not at all.
 * @throws RgsweepError('backend-unavailable') naming what is missing and where to get it
 */
export async function installBackend(options: InstallBackendOptions): Promise<InstalledBackend> {
  const { name, folder, cuda, log = () => undefined } = options;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    writeFileSync(
      join(partial, 'package.json'),
      JSON.stringify({ name: `rgsweep-backend-${name}`, private: true, dependencies: packages[name] }),
    );
    const npm = options.programs?.npm ?? 'npm';
    const fetchPackages = () =>
      run(npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'], partial, {
        what: 'npm',
        remedy: 'npm comes with Node; it needs the npm registry',
      });
    let installed: InstalledBackend = {
      format: installationFormat,
      cuda: false,
      versions: { ...packages[name] },
    };
    if (name === 'tensorflow') {
      const platform = options.platform ?? `${process.platform}-${process.arch}`;
      if (platform !== 'linux-x64')
        throw missing(
          `TensorFlow ${tensorflowVersion}'s wheels that fit tfjs-node are for linux-x64; this is ${platform}`,
          'use the backend wasm, or an installed @tensorflow/tfjs-node, which is used as it is',
        );
      const python = options.programs?.python3 ?? 'python3';
      const compiler = options.programs?.['g++'] ?? 'g++';
      await run(compiler, ['--version'], partial, {
        what: 'g++',
        remedy: 'install a C++ compiler (Debian, Ubuntu: apt-get install g++)',
      });
      await run(python, ['-m', 'pip', '--version'], partial, {
        what: 'pip',
        remedy: 'install Python 3 with pip (Debian, Ubuntu: apt-get install python3-pip)',
      });
      log(
        `fetching TensorFlow ${tensorflowVersion} ${cuda ? 'for CUDA 12 (3 GB) ' : '(230 MB) '}and tfjs-node …`,
      );
      await Promise.all([fetchPackages(), fetchTensorflow(python, partial, cuda)]);
      log('compiling the binding …');
      await compileBinding(compiler, partial);
      installed = { ...installed, cuda, versions: { tensorflow: tensorflowVersion, ...installed.versions } };
    } else {
      if (cuda) throw missing('--cuda belongs to tensorflow', 'leave it out: webgpu needs no CUDA');
      log('fetching webgpu …');
      await fetchPackages();
    }
    writeFileSync(join(partial, 'installed.json'), `${JSON.stringify(installed, null, 1)}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    return installed;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Removes a backend. @returns false when nothing was there */
export function uninstallBackend(folder: string): boolean {
  const there = statSync(folder, { throwIfNoEntry: false }) !== undefined;
  rmSync(folder, { recursive: true, force: true });
  return there;
}

const wheelTarget = [
  '--only-binary=:all:',
  ...['--python-version', '311', '--implementation', 'cp', '--abi', 'cp311'],
  ...['--platform', 'manylinux2014_x86_64', '--platform', 'manylinux_2_17_x86_64'],
];

/** Of the wheel: two libraries and the headers they need; the rest is Python's. */
const unpackProgram = `
import sys, zipfile
wanted = tuple('tensorflow/include/' + part for part in ('tensorflow/c/', 'tensorflow/core/platform/', 'tsl/', 'xla/'))
libraries = ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2')
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name in libraries or name.startswith(wanted):
            wheel.extract(name, sys.argv[2])
`;

/** Puts TensorFlow's libraries and headers into `<folder>/python/tensorflow`. */
async function fetchTensorflow(python: string, folder: string, cuda: boolean): Promise<void> {
  const needs = { what: 'pip', remedy: 'pip needs PyPI or a mirror of it (PIP_INDEX_URL)' };
  const target = join(folder, 'python');
  const quiet = ['-m', 'pip', '--disable-pip-version-check', '--quiet'];
  if (cuda) {
    // The NVIDIA libraries lie beside tensorflow, where its libraries' own search path expects them.
    const wanted = `tensorflow[and-cuda]==${tensorflowVersion}`;
    await run(python, [...quiet, 'install', ...wheelTarget, '--target', target, wanted], folder, needs);
    return;
  }
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, `tensorflow-cpu==${tensorflowVersion} --hash=sha256:${tensorflowHash}\n`);
  const wheels = join(folder, 'wheels');
  await run(
    python,
    [
      ...quiet,
      'download',
      '--no-deps',
      '--require-hashes',
      ...wheelTarget,
      '--dest',
      wheels,
      '-r',
      requirements,
    ],
    folder,
    needs,
  );
  const wheel = readdirSync(wheels).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw missing('pip downloaded no wheel of tensorflow-cpu', needs.remedy);
  await run(python, ['-c', unpackProgram, join(wheels, wheel), target], folder, {
    what: 'python3',
    remedy: 'make room on the disk: the libraries take 0.7 GB',
  });
  rmSync(wheels, { recursive: true });
}

async function compileBinding(compiler: string, folder: string): Promise<void> {
  const binding = join(folder, 'node_modules', '@tensorflow', 'tfjs-node');
  const tensorflow = join(folder, 'python', 'tensorflow');
  const output = join(binding, 'lib', 'napi-v8');
  mkdirSync(output, { recursive: true });
  const sources = readdirSync(join(binding, 'binding')).filter((name) => name.endsWith('.cc'));
  const guard = join(folder, 'signal-guard.cc');
  writeFileSync(guard, signalGuardSource);
  await run(
    compiler,
    [
      ...['-shared', '-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8'],
      ...[
        join(folder, 'node_modules', 'node-api-headers', 'include'),
        binding,
        join(tensorflow, 'include'),
      ].map((include) => `-I${include}`),
      ...sources.map((name) => join(binding, 'binding', name)),
      guard,
      ...['-o', join(output, 'tfjs_binding.node'), `-L${tensorflow}`],
      ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2', signalGuardLinking],
      // Relative to the binding, so that the folder may move.
      '-Wl,-rpath,$ORIGIN/../../../../../python/tensorflow',
    ],
    folder,
    { what: 'g++', remedy: 'the compiler must know C++17: g++ 8 or newer' },
  );
}

function missing(what: string, remedy: string): RgsweepError {
  return new RgsweepError('backend-unavailable', what, { remedy });
}

/** Runs a program to its end, never through a shell; a failure names it and its last words. */
function run(
  program: string,
  args: readonly string[],
  cwd: string,
  { what, remedy }: { what: string; remedy: string },
): Promise<void> {
  return new Promise((resolve, reject) =>
    execFile(
      program,
      [...args],
      { cwd, timeout: 1_800_000, encoding: 'utf8', maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (!error) return resolve();
        if (error.code === 'ENOENT') return reject(missing(`there is no ${what} here`, remedy));
        const said = (stderr.trim() || stdout.trim()).split('\n').slice(-3).join('; ');
        reject(missing(`${what} failed: ${said || messageOf(error).split('\n')[0]}`, remedy));
      },
    ),
  );
}
