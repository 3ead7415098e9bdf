import { type Node, readSources, walk } from './sources.ts';

// What a person or another program talks to: the command line, the HTTP API, and what reads their settings.
const edges = /^src\/(cli|http)\/|^src\/(config|config-file|server)\.ts$/;

// The start of a line of a checkpoint, which is signed.
const formats = /^hanaper before /;

/** Names each text below the edges that names a command or a flag: an error names a remedy there, which the edge words. */
export function checkEdges(): readonly string[] {
  return readSources('src')
    .filter(({ path }) => !edges.test(path))
    .flatMap(({ path, program }) =>
      textsOf(program)
        .filter((text) => namesCommand(text) && !formats.test(text.trimStart()))
        .map((text) => `${path} names a command or a flag of the CLI: "${text.trim()}"; give a remedy in details`),
    );
}

function namesCommand(text: string): boolean {
  // A flag alone is the `option` of an error's details, which a program reads.
  return /\bhanaper [a-z]/.test(text) || (/(^|[\s(,"'`])--[a-z]/.test(text) && !/^--[a-z-]+$/.test(text));
}

function textsOf(program: Node): readonly string[] {
  const found: string[] = [];
  walk(program, undefined, (node) => {
    const value = node['value'];
    const text = node.type === 'TemplateElement' ? (value as { readonly raw: string }).raw : value;
    if ((node.type === 'Literal' || node.type === 'TemplateElement') && typeof text === 'string') found.push(text);
    return undefined;
  });
  return found;
}
