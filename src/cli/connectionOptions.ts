import type { Command } from 'commander';

/** Adds `--store`. */
export function withStoreOption(command: Command): Command {
  return command.option(
    '--store <url>',
    'file:///folder or s3://bucket/prefix (default: RGSWEEP_STORE, else the running stack’s, else .rgsweep/store)',
  );
}

/** Adds `--take-over`. */
export function withTakeOverOption(command: Command): Command {
  return command.option(
    '--take-over',
    'go on with a sweep that another Temporal server was at work on minutes ago, and that is gone for good',
  );
}

/** Adds `--address`, `--namespace` and `--store`. */
export function withConnectionOptions(command: Command): Command {
  return withStoreOption(
    command
      .option(
        '--address <host:port>',
        'Temporal server (default: TEMPORAL_ADDRESS or its profile, else the running stack’s, else 127.0.0.1:7233)',
      )
      .option('--namespace <name>', 'Temporal namespace'),
  );
}
