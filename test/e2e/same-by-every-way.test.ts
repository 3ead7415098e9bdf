import { describe, expect, test } from 'vitest';
import { commands } from '../../src/authority/commands/list.ts';
import type { Case } from '../support/case.ts';
import { cases } from '../support/cases.ts';
import type { Cli } from '../support/cli.ts';
import { engines, type TestEngine } from '../support/engines.ts';
import { type Outcome, openArgumentWays, openVerbWays, steady, steadyJson, throughVerb } from '../support/ways.ts';

const sqlite = engines.find(({ name }) => name === 'sqlite') as TestEngine;
const isDone = ({ code }: Case) => code === undefined;
const isRefused = ({ code }: Case) => code !== undefined;
// What has no verb, and what no verb can ask for so that it is refused.
const withoutVerb = ['/delegation/find', '/log/checkpoint'];
const neverRefused = [...withoutVerb, '/org/list', '/delegation/prune', '/log/read', '/log/key'];

function namesOf(some: readonly Case[]): readonly string[] {
  return [...new Set(some.map(({ command }) => command.name))].sort();
}

test('every command but those of the master key stands in the table, done and refused', () => {
  const listed = commands.map(({ name }) => name).filter((name) => !name.startsWith('/database/'));
  const without = (names: readonly string[]) => listed.filter((name) => !names.includes(name)).sort();
  const withArgs = cases.filter(({ args }) => args !== undefined);
  const withVerb = cases.filter(({ verb }) => verb !== undefined);
  expect(cases.filter((each) => !withArgs.includes(each) && !withVerb.includes(each))).toEqual([]);
  expect(namesOf(withArgs.filter(isDone))).toEqual(without([]));
  expect(namesOf(withArgs.filter(isRefused))).toEqual(without([]));
  expect(namesOf(withVerb.filter(isDone))).toEqual(without(withoutVerb));
  expect(namesOf(withVerb.filter(isRefused))).toEqual(without(neverRefused));
});

/** What a verb prints of an outcome. */
function printed({ prints }: Case, outcome: Outcome | undefined): Outcome | undefined {
  return prints && outcome && 'result' in outcome ? steadyJson({ result: prints(outcome.result as never) }) : outcome;
}

function expectSame(each: Case, outcomes: readonly (Outcome | undefined)[]): void {
  const about = { command: each.command.name, verb: each.verb };
  const [first, ...others] = outcomes.filter((outcome) => outcome !== undefined);
  if (first === undefined) return;
  expect({ ...about, code: 'code' in first ? first.code : undefined }).toEqual({ ...about, code: each.code });
  for (const other of others) expect({ ...about, ...other }).toEqual({ ...about, ...first });
}

describe.each(engines)('on $name a command is the same', (engine) => {
  test('by the library, its route, an invocation, a verb at the database and a verb over a server', async () => {
    const byArguments = await openArgumentWays(engine);
    const byVerb = (await openVerbWays(engine)).map(throughVerb);
    for (const each of cases.filter(({ args }) => args !== undefined || engine === sqlite)) {
      const given = Promise.all(byArguments.map((way) => way(each)));
      const said = await Promise.all(byVerb.map((way) => way(each)));
      const [library] = await given;
      expectSame(each, await given);
      if (each.verb !== undefined) expectSame(each, [printed(each, library), ...said]);
    }
  });
});

/** The first case of each verb that is done, as its words. */
function firstOfEach(): readonly string[] {
  const done = cases.filter(isDone).flatMap(({ verb }) => verb ?? []);
  const nameOf = (verb: string) => verb.split(' ', 2).join(' ');
  return done.filter((verb, index) => done.findIndex((each) => nameOf(each) === nameOf(verb)) === index);
}

test('a verb says the same lines over a server as at the database', async () => {
  const people = await openVerbWays(sqlite);
  for (const verb of firstOfEach()) {
    const [here, there] = await Promise.all([sayLines(people[0], verb), sayLines(people[1], verb)]);
    expect({ verb, ...there }).toEqual({ verb, ...here });
    expect({ verb, status: here.status }).toEqual({ verb, status: 0 });
  }
});

async function sayLines(cli: Cli, verb: string) {
  const { status, stdout, stderr } = await cli.run(...verb.split(' '));
  return { status, stdout: steady(stdout), stderr: steady(stderr) };
}
