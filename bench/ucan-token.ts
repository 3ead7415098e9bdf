import { decode } from 'cborg';
import { decodeDelegation, findPolicyFailure, parsePolicy, toIpld, toIpldMap } from 'hanaper/ucan';
import { compare, type Subject } from './line.ts';
import { alternate, timeOfOne } from './measure.ts';
import { bareVerification, createChain } from './tokens.ts';

const subject = 'ucan-token';
const rounds = 501;
const batch = 20;
const decodeBound = 5;
const policyBound = 0.05;
const linkTag = 42;

const statements = [
  ['==', '.name', 'plugin.wasm'],
  ['like', '.path', 'dist/*.wasm'],
  ['>', '.size', 0],
  ['<=', '.size', 1_048_576],
  ['!=', '.channel', 'nightly'],
  ['any', '.tags', ['==', '.', 'release']],
  ['all', '.files', ['like', '.path', 'dist/*']],
  ['not', ['==', '.draft', true]],
  [
    'or',
    [
      ['==', '.arch', 'x64'],
      ['==', '.arch', 'arm64'],
    ],
  ],
  ['==', '.files[0].path', 'dist/a.wasm'],
];

const args = {
  name: 'plugin.wasm',
  path: 'dist/plugin.wasm',
  size: 4096,
  channel: 'stable',
  tags: ['latest', 'release'],
  files: [{ path: 'dist/a.wasm' }, { path: 'dist/b.wasm' }],
  draft: false,
  arch: 'arm64',
};

/** One token: decoding it strictly, and holding arguments against its policy. */
export const ucanToken: Subject = {
  name: subject,
  title: 'decoding a delegation, and a policy of ten statements',
  async measure() {
    const { delegations } = await createChain(1);
    const bytes = delegations[0]?.bytes ?? new Uint8Array(0);
    const tags = { [linkTag]: (content: () => unknown) => content() };
    const decoding = await alternate(rounds, [
      { name: 'decodeDelegation', run: () => timeOfOne(batch, () => decodeDelegation(bytes)) },
      { name: 'cborg: decode the same bytes', run: () => timeOfOne(batch, () => decode(bytes, { tags })) },
    ]);
    const policy = parsePolicy(toIpld(statements));
    const values = toIpldMap(args);
    const bare = bareVerification([bytes]);
    const matching = await alternate(rounds, [
      { name: 'ten statements', run: () => timeOfOne(batch, () => requireMatch(policy, values)) },
      { name: 'node:crypto: one bare verification', run: () => timeOfOne(batch, bare) },
    ]);
    return [...compare(subject, decoding, decodeBound), ...compare(subject, matching, policyBound)];
  },
};

function requireMatch(...held: Parameters<typeof findPolicyFailure>): void {
  if (findPolicyFailure(...held)) throw new Error('the policy was broken');
}
