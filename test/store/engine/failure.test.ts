import { describe, expect, test } from 'vitest';
import { HanaperError } from '../../../src/errors.ts';
import { translateCommitFailure, translateFailure } from '../../../src/store/engine/failure.ts';

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
    ['40001', 'unavailable', 'serialization failure'],
    ['55P03', 'unavailable', 'lock not available'],
    ['25P03', 'unavailable', 'idle in transaction'],
    ['25P04', 'unavailable', 'transaction timeout'],
    ['57014', 'unavailable', 'statement timeout'],
    ['57P03', 'unavailable', 'cannot connect now'],
    ['53100', 'unavailable', 'disk full'],
    ['53200', 'unavailable', 'out of memory'],
    ['58030', 'unavailable', 'input or output error'],
    ['3F000', 'unavailable', 'no such schema'],
    ['XX001', 'database_corrupt', 'data corrupted'],
    ['XX002', 'database_corrupt', 'index corrupted'],
    ['P0001', 'database_corrupt', 'exception of a function'],
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
    ['23503', 'database_corrupt', 'reference to a row that is missing'],
    ['23514', 'database_corrupt', 'check that somebody has added'],
    ['22012', 'database_corrupt', 'division in a trigger'],
    ['ZZ999', 'database_corrupt', 'exception with a code of its own'],
    ['XX000', 'database_corrupt', 'catalogue that was written to'],
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
    [787, 'database_corrupt', 'reference to a row that is missing'],
    [275, 'database_corrupt', 'check that does not hold'],
    [1811, 'database_corrupt', 'trigger that refuses'],
    [7, 'unavailable', 'out of memory'],
    [15, 'unavailable', 'locking protocol'],
    [2067, 'already_exists', 'unique index'],
    [1555, 'already_exists', 'primary key'],
  ])('%i is %s: %s', (errcode, expected) => {
    expect(codeOf(Object.assign(new Error('from the driver'), { code: 'ERR_SQLITE_ERROR', errcode }))).toBe(expected);
  });
});

describe('a COMMIT that fails', () => {
  const postgres = 'postgres://host:5432/hanaper';
  const mayBeDone = (error: Error, database = postgres) => {
    const translated = translateCommitFailure(error, database);
    return translated instanceof HanaperError && translated.details['may_be_done'] === true;
  };

  test.each(['08006', '40003', '57P01', '57014', '58030', 'XX000'])('may be done: %s', (code) => {
    const error = Object.assign(new Error('from the server'), { severity: 'FATAL', code });
    expect(mayBeDone(error)).toBe(true);
  });

  test.each(['23505', '40001', '40P01', '53100', '25P02'])('is undone: %s', (code) => {
    const error = Object.assign(new Error('from the server'), { severity: 'ERROR', code });
    expect(mayBeDone(error)).toBe(false);
  });

  test('may be done where the connection broke, or nothing came', () => {
    expect(mayBeDone(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(mayBeDone(Object.assign(new Error('read'), { code: 'ECONNRESET' }))).toBe(true);
    expect(mayBeDone(new Error('Query read timeout'))).toBe(true);
  });

  test('is undone in a file, unless its disk fails', () => {
    const inFile = (errcode: number) =>
      Object.assign(new Error('from the driver'), { code: 'ERR_SQLITE_ERROR', errcode });
    expect(mayBeDone(inFile(13), 'sqlite:hanaper.db')).toBe(false);
    expect(mayBeDone(inFile(5), 'sqlite:hanaper.db')).toBe(false);
    expect(mayBeDone(inFile(1034), 'sqlite:hanaper.db')).toBe(true);
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
