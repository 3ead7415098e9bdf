import { describe, expect, test } from 'vitest';
import type { Block } from './pages.ts';
import { runPage } from './run-page.ts';

function block(language: string, ...lines: readonly string[]): Block {
  return { page: 'page.md', line: 1, language, lines, notRun: false };
}

function workflow(run: string): readonly string[] {
  const env = ['        env:', `          GIVEN: \${{ secrets.STORED }}`];
  const steps = ['      - uses: actions/checkout@v5', `      - run: '${run}'`, ...env];
  return ['# .github/workflows/one.yml', 'on: push', 'jobs:', '  one:', '    steps:', ...steps];
}

describe.concurrent('a page passes', () => {
  test.each<[string, readonly Block[]]>([
    ['that is empty', []],
    ['whose commands succeed', [block('sh', 'true', 'true')]],
    ['whose command ends as it says', [block('sh', 'exit_with() { return 3; }', 'exit_with # exits 3')]],
    ['whose command prints the code it says', [block('sh', '(echo "(some_code)"; exit 3) # exits 3: some_code')]],
    ['that leaves lines out', [block('console', '$ printf "one\\ntwo\\nthree\\n"', 'one', 'three')]],
    ['that leaves a part of a line out', [block('console', '$ echo one two three', 'one … three')]],
    [
      'whose blocks share variables and folders',
      [block('sh', 'mkdir a; cd a; b=1'), block('console', '$ echo $b', '1')],
    ],
    ['whose file is used', [block('js', '// one.mjs', 'process.exitCode = 4;'), block('sh', 'node one.mjs # exits 4')]],
    ['that leaves something running', [block('sh', 'sleep 100 &')]],
    ['that stops what it has started', [block('sh', 'sleep 100 &', 'kill %1')]],
    [
      'whose workflow has what was stored for it',
      [
        block('sh', 'gh secret set STORED <<< words', 'glab variable set FILE --type file <<< words'),
        block('yaml', ...workflow('[ "$GIVEN" = words ] && [ "$(cat "$FILE")" = words ]')),
        block('yaml', '# .gitlab-ci.yml', 'one:', '  script:', '    - "[ $STORED = words ]"'),
      ],
    ],
    ['that fails in what is not run', [{ ...block('sh', 'false'), notRun: true }]],
  ])('%s', async (_, blocks) => {
    await runPage(blocks);
  });
});

describe.concurrent('a page fails', () => {
  test.each<[string, Block]>([
    ['whose command fails', block('sh', 'false', 'true')],
    ['whose command fails in a pipe', block('sh', 'false | true')],
    ['that uses a variable nobody set', block('sh', 'echo "$nobody"')],
    ['whose command succeeds against what it says', block('sh', 'true # exits 3')],
    ['whose command ends otherwise than it says', block('sh', '(exit 4) # exits 3')],
    ['whose command prints another code', block('sh', '(echo "(some_code)"; exit 3) # exits 3: other_code')],
    ['whose command prints otherwise', block('console', '$ echo one', 'two')],
    ['whose command prints in another order', block('console', '$ printf "one\\ntwo\\n"', 'two', 'one')],
    ['whose command prints more on the line', block('console', '$ echo one two', 'one')],
    ['whose second command fails', block('console', '$ true', '$ false')],
    ['that fails beside what is running', block('sh', 'sleep 100 &', 'false')],
    ['whose workflow fails', block('yaml', ...workflow('false'))],
    [
      'whose other workflow fails',
      block('yaml', '# .gitlab-ci.yml', 'one:', '  script:', '    - "false"', '    - "true"'),
    ],
    ['whose workflow would install something', block('yaml', ...workflow('npm install other'))],
    ['that would install something', block('sh', 'npm install hanaper')],
  ])('%s', async (_, wrong) => {
    await expect(runPage([wrong])).rejects.toThrow();
  });
});
