import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, npm, say } from './lib/project.mjs';

// npm run audit: known vulnerabilities of what is installed in production, and packages that their authors gave up. A mirror of the
// registry may serve packages and no advisories: then this says so and fails, rather than calling silence good news.

const registry = (process.env.npm_config_registry ?? 'https://registry.npmjs.org/').replace(/\/?$/, '/');
const atOnce = 8;

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
/** Versions by name; the same one may be installed in several places. */
const locked = new Map();
for (const [path, { version, dev = false }] of Object.entries(lock.packages)) {
  if (path === '') continue;
  const name = path.split('node_modules/').at(-1);
  const versions = locked.get(name) ?? new Map();
  locked.set(name, versions.set(version, dev && (versions.get(version) ?? true)));
}

/** A line for each of a package's versions that its registry calls deprecated. */
async function deprecationsOf(name, versions) {
  const response = await fetch(registry + name.replace('/', '%2f'), {
    headers: { accept: 'application/vnd.npm.install-v1+json' },
  });
  if (!response.ok) throw new Error(`${registry} answers ${response.status} for ${name}`);
  const known = (await response.json()).versions;
  return [...versions].flatMap(([version, dev]) => {
    const reason = known[version]?.deprecated;
    return reason ? [`${name}@${version}${dev ? ' (development)' : ''}: ${reason}`] : [];
  });
}

const waiting = [...locked];
const found = [];
const workers = Array.from({ length: atOnce }, async () => {
  for (let next = waiting.pop(); next; next = waiting.pop()) found.push(...(await deprecationsOf(...next)));
});
await Promise.all(workers);
for (const line of found.sort()) say(`deprecated: ${line}`);
const count = [...locked.values()].reduce((sum, versions) => sum + versions.size, 0);
say(`${count} packages, ${found.length} of them deprecated`);

const code = await npm(['audit', '--omit', 'dev']);
if (code !== 0) say('rgsweep: npm audit found something, or could not ask (its lines above say which)');
process.exitCode = code !== 0 || found.length > 0 ? 1 : 0;
