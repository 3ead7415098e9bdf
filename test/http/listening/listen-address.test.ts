import { expect, test } from 'vitest';
import {
  isLoopback,
  listAcceptedHosts,
  parseHostName,
  parseListenAddress,
} from '../../../src/http/listening/listen-address.ts';
import { expectCode } from '../../support/codes.ts';

test.each([
  ['127.0.0.1:7373', '127.0.0.1', 7373],
  ['0.0.0.0:80', '0.0.0.0', 80],
  ['[::1]:7373', '::1', 7373],
  ['[::]:0', '::', 0],
  ['Localhost:7373', 'localhost', 7373],
  ['hanaper.example:443', 'hanaper.example', 443],
  ['8080', '127.0.0.1', 8080],
])('%s is an address to listen on', (text, host, port) => {
  expect(parseListenAddress(text)).toEqual({ kind: 'tcp', host, port });
});

test.each([
  '',
  ':',
  ':80',
  'localhost',
  'localhost:',
  'a b:80',
  '::1:80',
  '[::1]',
  '[host]:80',
  '1:65536',
  '127.0.0.1:-1',
  'http://a:80',
])('"%s" is not an address', async (text) => {
  await expectCode('bad_config', () => parseListenAddress(text));
});

test('loopback is what this machine alone can reach', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) expect(isLoopback(host), host).toBe(true);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'localhost.example', '::ffff:10.0.0.1']) {
    expect(isLoopback(host), host).toBe(false);
  }
});

test.each(['hanaper.example', 'Hanaper.Example:8443', 'localhost', '10.0.0.7:1', '[fd00::1]', '[fd00::1]:65535'])(
  '%s is a name of a server',
  (text) => {
    expect(parseHostName(text)).toBe(text);
  },
);

test.each(['', 'bad host', 'a.example:', 'a.example:65536', 'http://a.example', 'a.example/x', 'fd00::1', 'ä.example'])(
  '"%s" is no name',
  async (text) => {
    const { details } = await expectCode('bad_config', () => parseHostName(text));
    expect(details).toEqual({ option: '--host' });
  },
);

test('names count with the port and without it, those with a port as they are', () => {
  expect([...listAcceptedHosts('10.0.0.7', 7373, ['A.Example', 'b.example:443', '[fd00::1]'])].toSorted()).toEqual([
    '10.0.0.7:7373',
    '127.0.0.1:7373',
    '[::1]:7373',
    '[fd00::1]',
    '[fd00::1]:7373',
    'a.example',
    'a.example:7373',
    'b.example:443',
    'localhost:7373',
  ]);
});
