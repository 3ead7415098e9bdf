import { globSync, readFileSync } from 'node:fs';
import { parseSync } from 'rolldown/utils';

/** A node of a syntax tree (ESTree with TypeScript), as far as the checks look at it. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** One source file, parsed. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: Node;
}

/** Parses every TypeScript file under a folder. */
export function readSources(folder: string): readonly Source[] {
  return globSync(`${folder}/**/*.ts`).toSorted().map(readSource);
}

/** Parses one file. */
export function readSource(path: string): Source {
  const text = readFileSync(path, 'utf8');
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  return { path, text, program: program as unknown as Node };
}

/** Calls `visit` for every node, parents first; what it returns is handed on to the node's children. */
export function walk<Inherited>(
  node: Node,
  inherited: Inherited,
  visit: (node: Node, inherited: Inherited) => Inherited,
): void {
  const handed = visit(node, inherited);
  for (const child of childrenOf(node)) walk(child, handed, visit);
}

/** Which line of its file an offset lies in, from 1. */
export function lineOf({ text }: Source, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function childrenOf(node: Node): readonly Node[] {
  return Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Node>).type === 'string';
}
