import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HanaperError, systemCodeOf } from '../../errors.ts';
import { BoundedLog } from '../../http/listening/bounded-log.ts';
import { openTerminalLog, type ServerLog } from '../../http/listening/server-log.ts';
import { escapeUnprintable, printable } from '../../printable.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { version } from '../../version.ts';
import { awaitSignal, endBy } from '../await-signal.ts';
import { type CommandsToTry, configFor, listCommands } from '../dev/commands-to-try.ts';
import { createCredential, makePlayground, type Playground } from '../dev/playground.ts';
import type { Output } from '../output.ts';

/** Options of `hanaper dev`. */
export interface DevOptions {
  readonly port?: number;
}

interface Started {
  readonly server: RunningServer;
  readonly playground: Playground;
  readonly commands: CommandsToTry;
}

/** `hanaper dev`: a server for trying, which is gone with all that it has made once it is told to stop. */
export async function dev(output: Output, { port = 0 }: DevOptions): Promise<undefined> {
  const folder = makeFolder();
  const clear = () => rmSync(folder, { recursive: true, force: true });
  // Whatever ends the process, nothing is left; what was made so far is as secret as the rest.
  process.on('exit', clear);
  const stopped = awaitSignal(clear);
  const lines = new BoundedLog(1);
  const log = output.json ? silent : openTerminalLog(lines);
  try {
    const started = await Promise.race([start(folder, port, log), stopped]);
    if (typeof started === 'string') {
      clear();
      endBy(started);
      return undefined;
    }
    lines.write(
      output.json
        ? `${toJson(started)}\n`
        : describe(started)
            .map((line) => `${printable(line)}\n`)
            .join(''),
    );
    lines.flush();
    await stopped;
    await started.server.stop();
    if (!output.json) lines.write(`Stopped, and ${printable(folder)} is gone.\n`);
  } finally {
    clear();
    lines.flush();
  }
}

const silent: ServerLog = {
  request: () => undefined,
  event: () => undefined,
  note: () => undefined,
  failure: () => undefined,
  flush: () => undefined,
};

// Each start has a folder of its own, so that it meets nothing of an earlier one, be that killed.
function makeFolder(): string {
  const prefix = join(tmpdir(), 'hanaper-dev-');
  try {
    return mkdtempSync(prefix);
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unwritable';
    const message = `No folder can be made at ${prefix}… (${reason}). Name another place: TMPDIR=FOLDER hanaper dev`;
    throw new HanaperError('unavailable', message, { path: tmpdir(), reason }, cause);
  }
}

async function start(folder: string, port: number, log: ServerLog): Promise<Started> {
  const credential = createCredential();
  using _key = credential.key;
  const playground = await makePlayground(folder, credential);
  const { database, stateFolder } = playground;
  const server = await startServer({
    authority: { database },
    address: { kind: 'tcp', host: '127.0.0.1', port },
    stateFolder,
    credential,
    log: { ...log, event: () => undefined },
  });
  const configFile = join(folder, 'config.json');
  const config = configFor(playground, server.url);
  writeFileSync(configFile, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return { server, playground, commands: listCommands(playground, server.url, configFile) };
}

function toJson({ server, playground, commands }: Started): string {
  const { stateFolder: _, ...made } = playground;
  const document = { version, url: server.url, ...made, commands };
  return escapeUnprintable(JSON.stringify(document));
}

function describe({ server, playground, commands }: Started): readonly string[] {
  const { folder, organisation, key, identity } = playground;
  return [
    `Hanaper ${version} listens at ${server.url}, unlocked.`,
    'Ctrl-C stops it and removes all that it has made.',
    '',
    'THIS IS FOR TRYING ONLY: its keys have no passphrase, and go when it stops.',
    '',
    `  organisation  ${organisation.name}, with the signing key "${key.name}"`,
    `  a CI job      ${identity.key_file}, which may sign packages and list keys`,
    `  delegations   ${identity.proof_file}`,
    `  all in        ${folder}`,
    '',
    'In another terminal, first:',
    `  ${commands.setup}`,
    '',
    'Sign a file as that job, over HTTP; any other file will do:',
    `  ${commands.sign}`,
    '',
    'Verify it, without the server:',
    `  ${commands.verify}`,
    '',
    'Ask with curl; the job signs the header, which is good for five minutes:',
    `  ${commands.curl}`,
    '',
    'Read about every route, in a browser:',
    `  ${commands.docs}`,
    '',
    'For a server that stays: hanaper init --org NAME, then hanaper serve.',
    '',
  ];
}
