import type { Command } from 'commander';

export function register(program: Command): void {
  program
    .command('optimize')
    .description(
      'suggest parameters to any program: ask and tell, lines of JSON on standard input and output',
    )
    .addHelpText(
      'after',
      `
{"op":"space","space":[{"name":"x","type":"float","low":0,"high":1}],"seed":1,"sampler":"tpe"}
{"op":"ask"}                          answers {"id":0,"params":{"x":0.3}}
{"op":"tell","id":0,"value":1.5}      smaller is better; null: tried, and it has none
{"op":"fail","id":0}                  lost with its worker: it is given out again
With "fidelity":{"min":1,"max":27,"eta":3} in the first line, asks answer which steps to train.
docs/search.md has all of it.`,
    )
    .action(async () => {
      const { serveLines } = await import('../../search/serve.js');
      process.exitCode = await serveLines(process.stdin, process.stdout, process.stderr);
    });
}
