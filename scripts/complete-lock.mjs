import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, say } from './lib/project.mjs';

// Run after `npm install PACKAGE`: docs/decisions/lock-file.md says why.
// npm leaves out of the lock file what its registry does not serve, such as builds for other systems, and `npm ci`
// then refuses that file everywhere. This adds the optional packages that are missing, by name and exact version.

const file = join(root, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const packages = lock.packages;
const added = [];

/** System, processor and C library as such packages carry them in their names: `…-linux-arm64-musl`. */
function platformOf(name) {
  const match =
    /(android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-([^-]+)(?:-([^-]+))?$/.exec(name);
  if (!match) return undefined;
  const [, system, processor, abi] = match;
  const libc = system === 'linux' && abi ? { libc: [abi.startsWith('musl') ? 'musl' : 'glibc'] } : {};
  return { cpu: [processor], ...libc, os: [system] };
}

for (const [path, entry] of Object.entries(packages))
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (path === '' || packages[`node_modules/${name}`] || packages[`${path}/node_modules/${name}`]) continue;
    const platform = platformOf(name);
    if (!platform || !/^\d+\.\d+\.\d+$/.test(version)) {
      say(`not added: ${name}@${version}: no platform in its name, or no exact version`);
      process.exitCode = 1;
      continue;
    }
    const { dev } = entry;
    packages[`node_modules/${name}`] = { version, ...platform, ...(dev ? { dev } : {}), optional: true };
    added.push(`${name}@${version}`);
  }
if (added.length > 0) {
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}
say(
  added.length > 0 ? `added to package-lock.json:\n  ${added.join('\n  ')}` : 'package-lock.json is complete',
);
