import { limits } from '../limits.ts';

/**
 * Whether a text is a command (UCAN delegation 1.0, "Command"): lower case, begins with `/`, no trailing slash but for
 * `/` itself, no empty segment.
 */
export function isCommand(text: string): boolean {
  if (text === '/') return true;
  return (
    text.length <= limits.commandCharacters &&
    text.startsWith('/') &&
    !text.endsWith('/') &&
    !text.includes('//') &&
    !text.includes('\u0000') &&
    text === text.toLowerCase()
  );
}

/** Whether the power over `parent` includes `child`: `/a/b` covers `/a/b` and `/a/b/c`, never `/a/bc`. */
export function coversCommand(parent: string, child: string): boolean {
  return parent === '/' || child === parent || child.startsWith(`${parent}/`);
}
