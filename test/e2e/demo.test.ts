import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { engines } from '../support/engines.ts';

describe.each(engines)('on $name', (engine) => {
  test('the demo does the main job, each step as it says', async () => {
    const environment = { ...process.env, HANAPER_DEMO_DB: await engine.createUrl() };
    const { status, stdout, stderr } = spawnSync(process.execPath, ['demo/main.ts'], {
      env: environment,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toContain('Every step came out as it says');
    expect(status).toBe(0);
  });
});
