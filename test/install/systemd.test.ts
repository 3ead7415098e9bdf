import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { root } from '../docs/pages.ts';
import { executable } from '../support/cli.ts';
import { createTempFolder } from '../support/engines.ts';

// Of 10: what systemd itself calls safe ends at 2.
const mostExposed = 13;
let unit: string;

// The command of this checkout in the place of the installed one, which must be there to be looked at.
beforeAll(async () => {
  unit = join(await createTempFolder(), 'hanaper.service');
  const text = readFileSync(join(root, 'deploy/hanaper.service'), 'utf8');
  expect(text).toContain('ExecStart=/usr/local/bin/hanaper serve\n');
  writeFileSync(unit, text.replace('/usr/local/bin/hanaper', executable));
});

test('systemd finds nothing wrong with the unit', () => {
  expect(analyze('verify', '--man=no', unit)).toEqual({ status: 0, said: '' });
});

test('systemd notices what a unit may not say', () => {
  writeFileSync(`${unit}.service`, readFileSync(unit, 'utf8').replace('ProtectHome=', 'ProtectHouse='));
  expect(analyze('verify', '--man=no', `${unit}.service`).said).toContain('ProtectHouse');
});

test('the unit exposes next to nothing of the machine', () => {
  const { status, said } = analyze('security', '--no-pager', '--offline=yes', `--threshold=${mostExposed}`, unit);
  expect(status, said).toBe(0);
});

function analyze(...args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { error, status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  if (error !== undefined)
    throw new Error('These tests need systemd-analyze, which is a part of systemd.', { cause: error });
  return { status, said: stdout + stderr };
}
