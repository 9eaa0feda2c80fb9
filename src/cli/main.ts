#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { messageOf, RgsweepError } from '../errors.js';
import { cleanText } from '../report/text.js';
import { version } from '../version.js';
import { verbs } from './verbs/index.js';

function commandLine(): Command {
  const program = new Command('rgsweep')
    .description('Durable searches over the noise schedules of diffusion models.')
    .version(version)
    .showHelpAfterError('(rgsweep --help shows the verbs, rgsweep VERB --help one verb)')
    .exitOverride();
  for (const register of verbs) register(program);
  for (const command of program.commands) command.exitOverride().showHelpAfterError(true);
  return program;
}

/** One clear message for a user's mistake; a stack trace only for ours, and only when asked for. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  // Messages quote what files, trainers and servers say.
  if (error instanceof RgsweepError) {
    for (const line of cleanText(error.message).split('\n')) process.stderr.write(`rgsweep: ${line}\n`);
    if (error.remedy) process.stderr.write(`  → ${cleanText(error.remedy)}\n`);
    if (process.env.RGSWEEP_DEBUG) console.error(error);
    return error.exitCode;
  }
  process.stderr.write(
    `rgsweep: ${cleanText(messageOf(error))}\n  → set RGSWEEP_DEBUG=1 to see where, and report it\n`,
  );
  if (process.env.RGSWEEP_DEBUG) console.error(error);
  return 1;
}

/** Runs one command line; returns its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  // A reader that goes away (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await commandLine().parseAsync(args, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return explain(error);
  }
}

process.exitCode = await main(process.argv.slice(2));
// Clients keep connections open; a command that has said everything ends.
setInterval(() => {
  if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit();
}, 50).unref();
