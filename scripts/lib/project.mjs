import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

// These scripts run before `npm ci`: only Node's own modules here.

/** The project's root folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/[/\\]$/, '');

/** One plain line on standard error, where progress belongs. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Ends the process with a clear message when Node is older than package.json's `engines` asks. */
export function requireNode() {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.replace('>=', '');
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  say(`rgsweep: this is Node ${process.versions.node}; rgsweep needs Node ${wanted} or newer`);
  say('  → install a newer Node (https://nodejs.org, or a version manager) and run the same command again');
  process.exit(1);
}

/**
 * Runs a command in the project's root with this terminal, and waits for it.
 * @returns {Promise<number>} its exit code; 128 + the signal's number when a signal ended it, 127 when it cannot start
 */
export function runHere(command, args, { env = process.env, stdin = 'inherit' } = {}) {
  return new Promise((resolve) => {
    // The terminal sends Ctrl-C to the whole group: the child has it already, and this process waits for its end.
    const ignore = () => {};
    const forward = () => child.kill('SIGTERM');
    process.on('SIGINT', ignore);
    process.on('SIGTERM', forward);
    const child = spawn(command, args, { cwd: root, env, stdio: [stdin, 'inherit', 'inherit'] });
    const end = (code) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', forward);
      resolve(code);
    };
    child.on('error', (error) => {
      say(`${command}: ${error.message}`);
      end(127);
    });
    child.on('exit', (code, signal) =>
      end(code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 137)),
    );
  });
}

/** Path of a tool's script inside node_modules, to be run by this Node. */
export function toolPath(packageName, file) {
  return join(root, 'node_modules', ...packageName.split('/'), file);
}

/** Runs npm: the one that started this script, when there is one. */
export function npm(args, options = {}) {
  const script = process.env.npm_execpath;
  return script && /npm-cli\.[cm]?js$/.test(script)
    ? runHere(process.execPath, [script, ...args], options)
    : runHere('npm', args, options);
}

function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Installs the locked dependencies unless node_modules was made from this very lock file. Exits on failure. */
export async function installIfNeeded() {
  const lockFile = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules', '.rgsweep-lock-sha256');
  const wanted = sha256(readFileSync(lockFile));
  if (existsSync(stamp)) {
    if (readFileSync(stamp, 'utf8') === wanted) return;
  } else {
    // Installed by hand: npm writes this file last, so a newer one means a finished install of this lock file.
    const installed = join(root, 'node_modules', '.package-lock.json');
    if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockFile).mtimeMs) {
      writeFileSync(stamp, wanted);
      return;
    }
  }
  say('rgsweep: installing the locked dependencies (npm ci); the first time takes a minute or two …');
  const started = Date.now();
  const code = await npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdin: 'ignore',
  });
  if (code !== 0) {
    say(`rgsweep: npm ci failed with exit code ${code}`);
    say('  → its own message is above; `npm ci` in this folder repeats it alone');
    process.exit(code > 128 ? code : 1);
  }
  writeFileSync(stamp, wanted);
  say(`rgsweep: installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** Every file below a folder of the project, as paths relative to the root with `/`, sorted. */
export function filesBelow(folder) {
  const full = join(root, folder);
  if (!existsSync(full)) return [];
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      relative(root, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    )
    .sort();
}

/** Hash over names and contents of files. */
export function hashOfFiles(files) {
  return sha256(...files.flatMap((file) => [file, '\0', readFileSync(join(root, file)), '\0']));
}
