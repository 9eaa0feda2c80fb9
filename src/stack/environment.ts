import { join } from 'node:path';

/**
 * The environment of the embedded stack's processes: without the user's own Temporal settings (a cloud profile's
 * TLS or API key would be used against the local server), and with no profile file either.
 */
export function embeddedEnvironment(folder: string, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(env)) if (!name.startsWith('TEMPORAL_')) own[name] = value;
  // A file that is not there counts as an empty one.
  own.TEMPORAL_CONFIG_FILE = join(folder, 'no-temporal-profile.toml');
  return own;
}
