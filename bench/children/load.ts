import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

/**
 * A process of clients: `node load.ts FILE CONNECTIONS`. FILE is JSON: the URL, the method, and what each request sends.
 * It prints the milliseconds that each took, as JSON.
 */
interface Load {
  readonly url: string;
  readonly method: string;
  readonly type: string;
  /** base64 */
  readonly bodies: readonly string[];
}

const [, , file = '', connections = '1'] = process.argv;
const { url, method, type, bodies } = JSON.parse(readFileSync(file, 'utf8')) as Load;
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const waiting = bodies.map((body) => Buffer.from(body, 'base64'));
const times: number[] = [];

process.stdin.once('data', async () => {
  await Promise.all(Array.from({ length: Number(connections) }, sendAll));
  process.stdout.write(`${JSON.stringify(times)}\n`);
  process.exit(0);
});
process.stdout.write('ready\n');

async function sendAll(): Promise<void> {
  for (let body = waiting.pop(); body; body = waiting.pop()) {
    const startedAt = performance.now();
    await send(body);
    times.push(performance.now() - startedAt);
  }
}

function send(body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = body.length > 0 ? { 'Content-Type': type, 'Content-Length': body.length } : {};
    const sent = request(url, { agent, method, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`the server answered ${answer.statusCode}`));
      answer.resume().on('end', resolve);
    });
    sent.on('error', reject).end(body);
  });
}
