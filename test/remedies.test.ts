import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explain, remedyOf } from '../src/cli/remedies.ts';
import { refusalOf } from '../src/client/problem.ts';
import { HanaperError, isRemedy, type Remedy, remedies } from '../src/errors.ts';
import { describeProblem } from '../src/http/request/problems.ts';

const errorWith = (remedy: Remedy) => new HanaperError('not_found', 'It is not there.', { remedy });
const documented = readFileSync('docs/errors.md', 'utf8').split('## Remedies')[1] ?? '';
const refusalWith = (remedy: unknown) =>
  refusalOf(
    {
      status: 404,
      type: 'application/problem+json',
      headers: new Headers(),
      bytes: new TextEncoder().encode(
        JSON.stringify({ code: 'not_found', detail: 'It is not there.', details: { remedy } }),
      ),
    },
    'http://127.0.0.1',
  );

describe.each(remedies)('the remedy %s', (remedy) => {
  test('is printed by the command line after the message', () => {
    expect(explain(errorWith(remedy))).toBe(`It is not there. ${remedyOf(errorWith(remedy))}`);
    expect(remedyOf(errorWith(remedy))).toMatch(/[^.]\.$/);
  });

  test('is a field of its own in a problem document, which names no command and no flag', () => {
    const { detail, details, remedy: words } = describeProblem(errorWith(remedy), '');
    expect({ detail, details }).toEqual({ detail: 'It is not there.', details: { remedy } });
    expect(words).toMatch(/^[A-Z][^.]*\.?/);
    expect(words).not.toMatch(/\bhanaper [a-z]|--[a-z]/);
  });

  test('reaches a client by its key', () => {
    expect(refusalWith(remedy).details).toEqual({ remedy });
  });

  test('is documented', () => {
    expect(documented).toContain(`| \`${remedy}\` |`);
  });
});

test('a client ignores a remedy that it does not know', () => {
  for (const unknown of ['__proto__', 'constructor', 'another', 1, null]) {
    expect(isRemedy(unknown)).toBe(false);
    expect(refusalWith(unknown).details).toEqual({});
  }
});

test('an error without a remedy is printed as it is', () => {
  expect(explain(new HanaperError('not_found', 'It is not there.'))).toBe('It is not there.');
});
