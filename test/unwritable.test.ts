import { expect, test } from 'vitest';
import { unwritable } from '../src/unwritable.ts';

const fail = (code: string) => unwritable('acme.log', Object.assign(new Error('it failed'), { code }));

test.each(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'])(
  'a file for which the disk has no room is unavailable (%s)',
  (reason) => {
    expect(fail(reason)).toMatchObject({ code: 'unavailable', details: { path: 'acme.log', reason } });
  },
);

test.each(['ENOENT', 'EACCES', 'EISDIR', 'EROFS'])('a place where no file can be is bad input (%s)', (reason) => {
  expect(fail(reason)).toMatchObject({ code: 'bad_input', details: { path: 'acme.log', reason } });
});
