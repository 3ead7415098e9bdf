import { describe, expect, test } from 'vitest';
import { areCostsWithinBounds, requireCostsWithinBounds, securityLevels } from '../../src/vault/index.ts';
import { expectCode } from '../support/codes.ts';
import { leastCosts } from '../support/fixtures.ts';

const maxCosts = { memoryKib: 1024 * 1024, passes: 16, lanes: 16 };

test('the named levels are the published ones', () => {
  expect(securityLevels).toEqual({
    interactive: { memoryKib: 32_768, passes: 2, lanes: 2 },
    balanced: { memoryKib: 65_536, passes: 3, lanes: 4 },
    sensitive: { memoryKib: 131_072, passes: 4, lanes: 8 },
  });
});

test.each([...Object.values(securityLevels), leastCosts, maxCosts])('%j is within bounds', (costs) => {
  expect(areCostsWithinBounds(costs)).toBe(true);
  expect(() => requireCostsWithinBounds(costs)).not.toThrow();
});

describe('out of bounds, with the field named, is', () => {
  test.each([
    ['memoryKib', 19 * 1024 - 1],
    ['memoryKib', 1024 * 1024 + 1],
    ['memoryKib', -1],
    ['passes', 1],
    ['passes', 17],
    ['lanes', 0],
    ['lanes', 17],
    ['lanes', 1.5],
    ['passes', Number.NaN],
    ['passes', Number.POSITIVE_INFINITY],
    ['memoryKib', 2 ** 53],
  ])('%s of %d', async (field, value) => {
    const costs = { ...securityLevels.balanced, [field]: value };
    expect(areCostsWithinBounds(costs)).toBe(false);
    const { details } = await expectCode('bad_input', () => requireCostsWithinBounds(costs));
    expect(details).toMatchObject({ field });
  });

  test('a number that came as text', () => {
    expect(areCostsWithinBounds(JSON.parse('{"memoryKib":"65536","passes":3,"lanes":4}'))).toBe(false);
  });
});
