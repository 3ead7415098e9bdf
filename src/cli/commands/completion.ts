import type { Command } from 'commander';
import { HanaperError } from '../../errors.ts';
import type { Outcome } from '../output.ts';

interface Word {
  /** The words before it: `package sign`. */
  readonly path: string;
  readonly words: readonly string[];
  /** Those options among them that take a value. */
  readonly valued: readonly string[];
}

/** `hanaper completion SHELL`: a script made from the commands themselves. */
export async function completion(program: Command, shell: string): Promise<Outcome> {
  const write = Object.hasOwn(writers, shell) ? writers[shell] : undefined;
  if (write === undefined) {
    throw new HanaperError('usage', 'Completion is written for bash, zsh and fish.', { argument: 'SHELL' });
  }
  const script = write(
    collectWords(
      program,
      program.options.map(({ long }) => long ?? ''),
      [],
    ),
  );
  return { document: { shell, script }, lines: script.split('\n') };
}

const writers: Readonly<Record<string, (words: readonly Word[]) => string>> = {
  bash: writeBash,
  zsh: (words) => `#compdef hanaper\nautoload -U +X bashcompinit && bashcompinit\n${writeBash(words)}`,
  fish: writeFish,
};

function collectWords(command: Command, everywhere: readonly string[], path: readonly string[]): readonly Word[] {
  const own = [...command.commands.map((sub) => sub.name()), ...command.options.map(({ long }) => long ?? '')];
  const below = command.commands.flatMap((sub) => collectWords(sub, everywhere, [...path, sub.name()]));
  const valued = command.options.filter(({ required }) => required).map(({ long }) => long ?? '');
  return [{ path: path.join(' '), valued, words: [...new Set([...own, ...everywhere, '--help'])] }, ...below];
}

function writeBash(words: readonly Word[]): string {
  const cases = words.map(({ path, words: next }) => `    "${path}") candidates="${next.join(' ')}" ;;`);
  const paths = words.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`);
  const withValue = [...new Set(words.flatMap(({ valued }) => valued))];
  return [
    '_hanaper() {',
    '  local path="" skip="" word candidates="" current="${COMP_WORDS[COMP_CWORD]}"',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    if [ -n "$skip" ]; then skip=""; continue; fi',
    '    case "$word" in',
    `      ${withValue.join('|')}) skip=1; continue ;;`,
    '      -*) continue ;;',
    '    esac',
    '    case "${path:+$path }$word" in',
    `      ${paths.join('|')}) path="\${path:+$path }$word" ;;`,
    '    esac',
    '  done',
    '  case "$path" in',
    ...cases,
    '  esac',
    '  [ -z "$skip" ] || candidates=""',
    '  COMPREPLY=($(compgen -W "$candidates" -- "$current"))',
    '  [ ${#COMPREPLY[@]} -gt 0 ] || while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")',
    '}',
    'complete -o filenames -F _hanaper hanaper',
  ].join('\n');
}

function writeFish(words: readonly Word[]): string {
  return words
    .flatMap(({ path, words: next }) =>
      next.map((word) => {
        const seen =
          path === ''
            ? '__fish_use_subcommand'
            : path
                .split(' ')
                .map((part) => `__fish_seen_subcommand_from ${part}`)
                .join('; and ');
        const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
        return `complete -c hanaper -n '${seen}' ${what}`;
      }),
    )
    .join('\n');
}
