import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What tests install where the machine has no NumPy. */
const packages = {
  numpy: 'numpy==2.4.6',
  safetensors: 'safetensors==0.5.3',
  pandas: 'pandas==3.1.1',
  matplotlib: 'matplotlib==3.11.2',
} as const;

/** Folder with a `python3` that can import these: the machine's own, or a virtual environment below .rgsweep/. */
export function pythonWith(...wanted: (keyof typeof packages)[]): string {
  const imports = `import ${wanted.join(', ')}, sys, os; print(os.path.dirname(sys.executable))`;
  const folder = join(root, '.rgsweep', `venv-${wanted.join('-')}`);
  const own = join(folder, 'bin');
  for (const python of [join(own, 'python3'), 'python3']) {
    if (python !== 'python3' && !existsSync(python)) continue;
    const found = spawnSync(python, ['-c', imports], { encoding: 'utf8' });
    if (found.status === 0) return found.stdout.trim();
  }
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', folder]],
    [
      join(own, 'python3'),
      ['-m', 'pip', 'install', '--quiet', '--no-input', ...wanted.map((name) => packages[name])],
    ],
  ];
  for (const [command, args] of steps) {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  }
  return own;
}
