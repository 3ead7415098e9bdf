import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { type Node, readSource, walk } from './sources.ts';

const snapshot = 'docs/api.txt';

/**
 * Checks the names that the package exports against docs/api.txt, so that none comes or goes unnoticed.
 * `--update` writes the file anew.
 */
export function checkExportedNames(update: boolean): readonly string[] {
  const names = listExportedNames();
  if (update) writeFileSync(snapshot, names);
  if (readFileSync(snapshot, 'utf8') === names) return [];
  return [`${snapshot} differs from what is exported; look at the change, then run: npm run check -- --update`];
}

function listExportedNames(): string {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, string> };
  const lines = Object.entries(exports)
    .filter(([, target]) => target.endsWith('.js'))
    .flatMap(([subpath, target]) => {
      const source = target.replace('./dist/', 'src/').replace(/\.js$/, '.ts');
      return namesOf(source)
        .toSorted()
        .map((name) => `hanaper${subpath.slice(1)} ${name}`);
    });
  return `${lines.join('\n')}\n`;
}

function namesOf(path: string): readonly string[] {
  const names: string[] = [];
  walk(readSource(path).program, undefined, (node) => {
    if (node.type === 'ExportAllDeclaration') names.push(...namesOf(normalize(join(dirname(path), specifierOf(node)))));
    if (node.type === 'ExportNamedDeclaration') names.push(...namesOfDeclaration(node));
    return undefined;
  });
  return names;
}

function namesOfDeclaration(node: Node): readonly string[] {
  const declaration = node['declaration'] as Node | null;
  if (declaration === null) return (node['specifiers'] as Node[]).map((one) => nameOf(one['exported']));
  const variables = declaration['declarations'] as Node[] | undefined;
  return variables ? variables.map((one) => nameOf(one['id'])) : [nameOf(declaration['id'])];
}

function nameOf(identifier: unknown): string {
  return (identifier as { name: string }).name;
}

function specifierOf(node: Node): string {
  return (node['source'] as unknown as { value: string }).value;
}
