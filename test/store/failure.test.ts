import { describe, expect, test } from 'vitest';
import { HanaperError } from '../../src/errors.ts';
import { translateFailure } from '../../src/store/failure.ts';

function codeOf(error: unknown): unknown {
  const translated = translateFailure(error, 'postgres://host:5432/hanaper');
  return translated instanceof HanaperError ? translated.code : translated;
}

describe("PostgreSQL's", () => {
  test.each([
    ['08006', 'unavailable', 'connection failure'],
    ['28P01', 'unavailable', 'wrong password'],
    ['3D000', 'unavailable', 'no such database'],
    ['53300', 'unavailable', 'too many connections'],
    ['57P01', 'unavailable', 'administrator shutdown'],
    ['40P01', 'unavailable', 'deadlock'],
    ['25006', 'unavailable', 'read-only server'],
    ['42501', 'unavailable', 'permission denied'],
    ['ECONNREFUSED', 'unavailable', 'nothing listens'],
    ['ENOTFOUND', 'unavailable', 'no such host'],
    ['EAI_AGAIN', 'unavailable', 'name server does not answer'],
    ['23505', 'already_exists', 'unique violation'],
    ['42P01', 'database_corrupt', 'table that is missing'],
    ['42703', 'database_corrupt', 'column that is missing'],
    ['42701', 'database_corrupt', 'column that is there twice'],
    ['42P10', 'database_corrupt', 'conflict that no index finds'],
    ['22003', 'database_corrupt', 'number out of range'],
  ])('%s is %s: %s', (code, expected) => {
    expect(codeOf(Object.assign(new Error('from the driver'), { code }))).toBe(expected);
  });
});

describe("SQLite's", () => {
  test.each([
    [5, 'unavailable', 'busy'],
    [261, 'unavailable', 'busy, in recovery'],
    [517, 'unavailable', 'busy, snapshot'],
    [6, 'unavailable', 'locked'],
    [8, 'unavailable', 'read-only'],
    [10, 'unavailable', 'input or output error'],
    [522, 'unavailable', 'short read'],
    [13, 'unavailable', 'disk full'],
    [14, 'unavailable', 'cannot open'],
    [11, 'database_corrupt', 'corrupt'],
    [26, 'database_corrupt', 'not a database'],
    [2067, 'already_exists', 'unique index'],
    [1555, 'already_exists', 'primary key'],
  ])('%i is %s: %s', (errcode, expected) => {
    expect(codeOf(Object.assign(new Error('from the driver'), { code: 'ERR_SQLITE_ERROR', errcode }))).toBe(expected);
  });
});

test('of several failed addresses the first decides', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  expect(codeOf(new AggregateError([refused]))).toBe('unavailable');
});

test.each([
  ['a HanaperError', new HanaperError('locked', 'locked')],
  ["a program's own mistake", new TypeError('undefined is not a function')],
  ['what is no error at all', 'a string'],
])('%s stays what it is', (_, error) => {
  expect(translateFailure(error, 'database')).toBe(error);
});
