import { type Command, InvalidArgumentError } from 'commander';
import type { DevOptions } from '../commands/dev.ts';
import { addBareVerb, option } from '../define.ts';
import type { Output } from '../output.ts';

/** `dev` */
export function addDevCommand(program: Command, output: Output): void {
  addBareVerb<DevOptions>(program, output, {
    usage: 'dev',
    summary: 'Try a server that is gone on Ctrl-C, with an organisation, a key and a CI job',
    example: 'hanaper dev',
    options: [
      option('--port <port>', 'the port to listen on, on this machine alone (else any that is free)', portNumber),
    ],
    act: async (into, options) => (await import('../commands/dev.ts')).dev(into, options),
  });
}

function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('It must be a port: 0 to 65535.');
}
