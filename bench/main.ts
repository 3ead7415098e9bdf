import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { bundleVerify } from './bundle-verify.ts';
import { hostile } from './hostile.ts';
import { inProcess } from './in-process.ts';
import { largePackage } from './large-package.ts';
import { formatLine, type Line, type Subject } from './line.ts';
import { log } from './log.ts';
import { logVerify } from './log-verify.ts';
import { logWrite } from './log-write.ts';
import { publicVerify } from './public-verify.ts';
import { serverSign } from './server-sign.ts';
import { serverStart } from './server-start.ts';
import { startUp } from './start-up.ts';
import { ucanChain } from './ucan-chain.ts';
import { ucanStore } from './ucan-store.ts';
import { ucanToken } from './ucan-token.ts';
import { unlock } from './unlock.ts';

/**
 * What Hanaper costs beside the least that could do the same, measured side by side: `npm run bench`.
 *
 * `--only NAME` measures one subject, `--json` prints one document, `--strict` ends with status 1 where a bound is not met.
 */
const subjects: readonly Subject[] = [
  largePackage,
  inProcess,
  bundleVerify,
  startUp,
  unlock,
  ucanChain,
  ucanToken,
  ucanStore,
  logVerify,
  log,
  logWrite,
  serverSign,
  publicVerify,
  serverStart,
  hostile,
];

const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'boolean' }, strict: { type: 'boolean' } },
});

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  system: `${process.platform} ${release()}`,
  node: process.version,
};
if (!values.json) console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}`);

const lines: Line[] = [];
for (const subject of chosenSubjects(values.only)) {
  if (!values.json) console.log(`\n${subject.name}: ${subject.title}`);
  const measured = await subject.measure();
  lines.push(...measured);
  if (!values.json) for (const line of measured) console.log(formatLine(line));
}
if (values.json) console.log(JSON.stringify({ machine, lines }, null, 2));
if (values.strict && lines.some(({ pass }) => pass === false)) process.exitCode = 1;

function chosenSubjects(only: string | undefined): readonly Subject[] {
  const chosen = subjects.filter(({ name }) => only === undefined || name === only);
  if (chosen.length > 0) return chosen;
  const names = subjects.map(({ name }) => name).join(', ');
  throw new Error(`there is no subject "${only}"; there are ${names}`);
}
