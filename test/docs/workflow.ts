/** Reads the steps of a CI workflow in a document, so that they can be run where the document is run. */
import { parse } from 'yaml';
import type { Block } from './pages.ts';

/** One script of a workflow, with what is in its environment. */
export interface Step {
  readonly env: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

interface GitHubStep {
  readonly uses?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
}

/** The file that a block is a workflow in, if its first line says so. */
export function workflowFileOf({ language, lines }: Block): string | undefined {
  return language === 'yaml'
    ? /^# (\.github\/workflows\/[\w-]+\.yml|\.gitlab-ci\.yml)$/.exec(lines[0] ?? '')?.[1]
    : undefined;
}

/** What a workflow runs, job by job. Actions of others (`uses`) are left out: they prepare what a page has already. */
export function readSteps(block: Block): readonly Step[] {
  const workflow = parse(block.lines.join('\n'));
  return workflowFileOf(block) === '.gitlab-ci.yml' ? readGitLab(workflow) : readGitHub(workflow);
}

function readGitHub({ jobs }: { readonly jobs: Readonly<Record<string, { readonly steps: readonly GitHubStep[] }>> }) {
  return Object.values(jobs)
    .flatMap(({ steps }) => steps)
    .filter(({ run }) => run !== undefined)
    .map(({ env = {}, run = '' }) => ({ env, lines: run.trimEnd().split('\n') }));
}

function readGitLab(jobs: Readonly<Record<string, { readonly script?: readonly string[] }>>) {
  return Object.values(jobs).map(({ script = [] }) => ({ env: {}, lines: script }));
}
