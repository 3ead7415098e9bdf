import { dirname, join, normalize } from 'node:path';
import { type Node, readSources, walk } from './sources.ts';

/** A folder inside a module, and why it imports nothing that is listed after it. */
interface Folder {
  readonly name: string;
  readonly why: string;
}

/** A module with folders of its own. */
interface Module {
  readonly path: string;
  /** Files beside the folders that any of them may import: limits, and the types that all of them speak of. */
  readonly ground: readonly string[];
  /** From the ground up: each folder imports from those before it alone. */
  readonly folders: readonly Folder[];
}

const modules: readonly Module[] = [
  {
    path: 'src/authority',
    ground: [],
    folders: [
      { name: 'identity', why: 'whose database this is, is decided before anything in it is read' },
      { name: 'tokens', why: 'signers, principals and stored tokens are the same for every entry of the log' },
      { name: 'log', why: 'entries, proofs and checkpoints do not depend on what a command means' },
      { name: 'schemas', why: 'the form of a command and of its arguments knows no handler' },
      { name: 'keys', why: 'the rules of keys hold whichever command asks' },
      { name: 'trust', why: 'trust is resolved from keys, and decides nothing about who may ask' },
      { name: 'execution', why: 'the one entry point knows commands by their type alone' },
      { name: 'commands', why: 'a handler is called by the entry point, and calls the rules' },
      { name: 'audit', why: 'what both audits share reads no database of its own' },
      { name: 'audit/database', why: 'an audit must not trust what executes commands' },
      { name: 'audit/export', why: 'an export is audited by the same checks as a database' },
    ],
  },
  {
    path: 'src/ucan',
    ground: ['limits.ts', 'malformed.ts'],
    folders: [
      { name: 'encoding', why: 'bytes are decoded before they mean anything' },
      { name: 'policy', why: 'a policy is evaluated against values, not against tokens' },
      { name: 'token', why: 'a token is read by itself, without its chain' },
      { name: 'chain', why: 'rules of a chain are about tokens that were read' },
      { name: 'legacy', why: 'older tokens lend the reading of fields, and nothing depends on them' },
    ],
  },
  {
    path: 'src/store',
    ground: [],
    folders: [
      { name: 'engine', why: 'connections and transactions know no table' },
      { name: 'migrations', why: 'a migration is never changed, so it depends on no query that is' },
      { name: 'tables', why: 'queries are the top of the store' },
    ],
  },
  {
    path: 'src/http',
    ground: ['limits.ts', 'service.ts', 'backoff.ts'],
    folders: [
      { name: 'request', why: 'bodies, headers and answers are the same for each route' },
      { name: 'setup', why: 'the set-up token and the strength of a passphrase know no route' },
      { name: 'routes', why: 'a route is described, and does not read its description' },
      { name: 'description', why: 'the description is made of the routes' },
      { name: 'listening', why: 'sockets serve whatever the routes answer' },
    ],
  },
];

/** Names each import that runs upward between the folders of a module, and each folder that is not listed. */
export function checkRooms(): readonly string[] {
  return modules.flatMap((module) =>
    readSources(module.path).flatMap(({ path, program }) => check(module, path, program)),
  );
}

function check(module: Module, path: string, program: Node): readonly string[] {
  const floor = floorOf(module, path);
  if (floor === undefined) return [`${path}: its folder is not listed in scripts/rooms.ts`];
  return importsOf(path, program)
    .filter((imported) => imported.startsWith(`${module.path}/`))
    .filter((imported) => (floorOf(module, imported) ?? Number.POSITIVE_INFINITY) > floor)
    .map((imported) => `${path} imports ${imported}: ${module.folders[floor]?.why ?? 'the ground imports no folder'}`);
}

// The ground lies below the first folder, and the files beside the folders above the last.
function floorOf({ path: root, ground, folders }: Module, path: string): number | undefined {
  const inside = path.slice(root.length + 1);
  if (ground.includes(inside)) return -1;
  if (!inside.includes('/')) return folders.length;
  const floor = folders.findIndex(({ name }) => name === dirname(inside));
  return floor === -1 ? undefined : floor;
}

function importsOf(path: string, program: Node): readonly string[] {
  const found: string[] = [];
  walk(program, undefined, (node) => {
    const source = node['source'] as Partial<Node> | null | undefined;
    const value = source?.['value'];
    if (typeof value === 'string' && value.startsWith('.')) found.push(normalize(join(dirname(path), value)));
    return undefined;
  });
  return found;
}
