import { lowestNode } from '../../version.ts';
import { type Check, ok, wrong } from './check.ts';

/** Whether this Node is new enough, and has what the vault and the database need. */
export const node: Check = {
  name: 'node',
  look: async () => {
    const { version, execPath } = process;
    if (!isNewEnough(process.versions.node)) {
      const message = `${execPath} is Node ${version}, and Hanaper needs ${lowestNode} or newer.`;
      return [wrong('bad_config', message, 'npm install -g hanaper --include=optional')];
    }
    const missing = await listMissing();
    if (missing.length === 0) return [ok(`${version} at ${execPath} (needs ${lowestNode} or newer)`)];
    const message = `${execPath} was built without ${missing.join(' and ')}, which Hanaper needs.`;
    return [wrong('bad_config', message, 'npm install -g hanaper --include=optional')];
  },
};

function isNewEnough(version: string): boolean {
  const [[major = 0, minor = 0], [leastMajor = 0, leastMinor = 0]] = [version, lowestNode].map((each) =>
    each.split('.').map(Number),
  ) as [number[], number[]];
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

// A distribution can build Node without SQLite, or against an older OpenSSL.
async function listMissing(): Promise<readonly string[]> {
  const { argon2Sync } = await import('node:crypto');
  const { isBuiltin } = await import('node:module');
  return [
    ...(isBuiltin('node:sqlite') ? [] : ['SQLite (node:sqlite)']),
    ...(typeof argon2Sync === 'function' ? [] : ['Argon2 (OpenSSL 3.2)']),
  ];
}
