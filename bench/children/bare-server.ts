import { createServer } from 'node:http';
import { signBarely, verifyBarely } from '../bare-cryptography.ts';

/**
 * A server that does what it must and nothing else: `node bare-server.ts PORT WORK`. It reads what it is sent, does the
 * work, and gives an answer that is always the same.
 */
const works: Readonly<Record<string, () => void>> = {
  nothing: () => undefined,
  verify: verifyBarely,
  sign: signBarely,
};
const [, , port = '0', name = 'nothing'] = process.argv;
const work = works[name] ?? works['nothing'];
const answer = Buffer.from(JSON.stringify({ verified: true, detail: 'x'.repeat(240) }));
const headers = { 'Content-Type': 'application/json', 'Content-Length': answer.length };

createServer((request, response) => {
  request.resume().on('end', () => {
    work?.();
    response.writeHead(200, headers).end(answer);
  });
}).listen(Number(port), '127.0.0.1');
