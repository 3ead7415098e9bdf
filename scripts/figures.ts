import { dirname, join, normalize } from 'node:path';
import { lineOf, type Node, readSources, type Source, walk } from './sources.ts';

// The figures that the project keeps to, and what is wrong where one is passed.
const limits = { fileLines: 300, functionLines: 50, anys: 0, cycles: 0 };

interface Measured {
  readonly place: string;
  readonly lines: number;
}

const functionTypes = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

/** Measures `src`, prints the figures, and returns what passes its limit. */
export function checkFigures(): readonly string[] {
  const sources = readSources('src');
  const files = sources.map(({ path, text }) => ({ place: path, lines: text.split('\n').length - 1 }));
  const functions = sources.flatMap(measureFunctions);
  const anys = sources.flatMap((source) => placesOf(source, 'TSAnyKeyword'));
  const cycles = findCycles(sources);
  const unawaited = sources.flatMap(findUnawaitedReturns);
  const longestFile = longest(files);
  const longestFunction = longest(functions);
  console.log(`  files             ${files.length}, ${sum(files)} lines`);
  console.log(`  longest file      ${longestFile.lines} lines (${longestFile.place})`);
  console.log(`  longest function  ${longestFunction.lines} lines (${longestFunction.place})`);
  console.log(`  median function   ${median(functions)} lines of ${functions.length}`);
  console.log(`  any ${anys.length}, import cycles ${cycles.length}`);
  return [
    ...(longestFile.lines > limits.fileLines ? [`${longestFile.place} is too long`] : []),
    ...(longestFunction.lines > limits.functionLines ? [`${longestFunction.place} is too long`] : []),
    ...anys.map((place) => `${place}: any`),
    ...cycles.map((cycle) => `import cycle: ${cycle}`),
    ...unawaited.map(
      (place) => `${place}: a promise is returned out of a "using" block without await, which ends before it`,
    ),
  ];
}

function measureFunctions(source: Source): readonly Measured[] {
  const found: Measured[] = [];
  walk(source.program, undefined, (node) => {
    if (functionTypes.includes(node.type)) {
      const first = lineOf(source, node.start);
      found.push({ place: `${source.path}:${first}`, lines: lineOf(source, node.end) - first + 1 });
    }
    return undefined;
  });
  return found;
}

function placesOf(source: Source, type: string): readonly string[] {
  const found: string[] = [];
  walk(source.program, undefined, (node) => {
    if (node.type === type) found.push(`${source.path}:${lineOf(source, node.start)}`);
    return undefined;
  });
  return found;
}

// In an async function, `using key = …; return seal(key)` wipes the key before the promise is done: it must be awaited.
function findUnawaitedReturns(source: Source): readonly string[] {
  const found: string[] = [];
  walk(source.program, none, (node, usedUp: readonly string[]) => {
    if (functionTypes.includes(node.type)) return node['async'] === true ? namesOfUsing(node) : none;
    const argument = node['argument'] as Node | null | undefined;
    if (node.type === 'ReturnStatement' && argument?.type === 'CallExpression' && mentions(argument, usedUp)) {
      found.push(`${source.path}:${lineOf(source, node.start)}`);
    }
    return usedUp;
  });
  return found;
}

const none: readonly string[] = [];

function namesOfUsing(node: Node): readonly string[] {
  const names: string[] = [];
  walk(node['body'] as Node, true, (inner, own: boolean) => {
    if (own && inner.type === 'VariableDeclaration' && String(inner['kind']).includes('using')) {
      names.push(...(inner['declarations'] as { id: { name: string } }[]).map(({ id }) => id.name));
    }
    return own && !functionTypes.includes(inner.type);
  });
  return names;
}

function mentions(node: Node, names: readonly string[]): boolean {
  let found = false;
  walk(node, undefined, (inner) => {
    if (inner.type === 'Identifier' && names.includes(String(inner['name']))) found = true;
    return undefined;
  });
  return found;
}

function findCycles(sources: readonly Source[]): readonly string[] {
  const imports = new Map(sources.map((source) => [source.path, importsOf(source)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const follow = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (trail.includes(path) || done.has(path)) return;
    for (const next of imports.get(path) ?? []) follow(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) follow(path, []);
  return cycles;
}

function importsOf({ path, program }: Source): readonly string[] {
  const found: string[] = [];
  walk(program, undefined, (node) => {
    const from = node['source'] as Node | null | undefined;
    const specifier = from?.['value'];
    if (typeof specifier === 'string' && specifier.startsWith('.'))
      found.push(normalize(join(dirname(path), specifier)));
    return undefined;
  });
  return found;
}

function longest(measured: readonly Measured[]): Measured {
  return measured.reduce((most, one) => (one.lines > most.lines ? one : most));
}

function median(measured: readonly Measured[]): number {
  return measured.map(({ lines }) => lines).toSorted((a, b) => a - b)[Math.floor(measured.length / 2)] ?? 0;
}

function sum(measured: readonly Measured[]): number {
  return measured.reduce((total, { lines }) => total + lines, 0);
}
