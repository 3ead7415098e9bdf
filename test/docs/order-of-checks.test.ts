import { expect, test } from 'vitest';
import { aheadTolerance } from '../../src/signature/time.ts';
import { readSection } from './pages.ts';
import { readSource } from './source-text.ts';

const source = readSource('src/signature/verify.ts');

// The code with which each check refuses, in the order of the list `checks`.
function readChecks(): readonly string[] {
  const [, list = ''] = /const checks: readonly Check\[\] = \[([^\]]+)\]/.exec(source) ?? [];
  const names = list.match(/\w+/g) ?? [];
  return names.map((name) => {
    const body = source.slice(source.indexOf(`function ${name}(`));
    return /refuse\(\s*'(\w+)'/.exec(body)?.[1] ?? name;
  });
}

function readSteps(): readonly string[] {
  const steps = readSection('docs/formats/package-signature.md', '## Order of checks').match(/^\d\. .+$/gm) ?? [];
  return steps.map((step) => /\bor `(\w+)`/.exec(step)?.[1] ?? step);
}

test('the order of checks is that of the source', () => {
  expect(readChecks().length).toBeGreaterThan(5);
  expect(readSteps()).toEqual(['malformed_signature', ...readChecks()]);
});

test('the tolerance for a signature from ahead is that of the source', () => {
  expect(aheadTolerance).toBe(60_000);
  expect(readSection('docs/formats/package-signature.md', '## Order of checks')).toContain('60 seconds');
});
