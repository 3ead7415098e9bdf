import { createInterface } from 'node:readline/promises';
import { HanaperError } from '../errors.ts';

/**
 * Asks on the terminal whether to go on.
 *
 * @throws HanaperError `usage` without a terminal, or where the answer is not yes
 */
export async function requireConfirmed(question: string): Promise<void> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) throw unconfirmed('Nothing was done: there is no terminal to ask on. Give --yes.');
  using lines = createInterface({ input: stdin, output: stderr });
  const answer = (await lines.question(`${question} Type "yes": `)).trim().toLowerCase();
  if (answer !== 'yes') throw unconfirmed('Nothing was done: the answer was not "yes".');
}

function unconfirmed(message: string): HanaperError {
  return new HanaperError('usage', message, { option: '--yes' });
}
