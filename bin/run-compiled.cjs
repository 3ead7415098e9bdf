'use strict';

const { createHash } = require('node:crypto');
const { readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { createRequire, Module } = require('node:module');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');

const opening = '(function (exports, require, module, __filename, __dirname) {';
const digestLength = 32;
// Not all that a command can do is done by its first run.
const mostWrites = 3;

/**
 * Runs a CommonJS module, with what earlier runs of the same command have compiled of it. Node's own cache keeps what is
 * compiled before a module runs; most functions are compiled while it runs, and that takes longer.
 */
exports.runCompiled = (path, folder) => {
  const source = readFileSync(path);
  const file = join(folder, `${nameCommand()}.code`);
  const kept = readKept(file, source);
  const script = new Script(`${opening}${source}\n})`, {
    filename: path,
    columnOffset: -opening.length,
    cachedData: kept?.code,
  });
  const writes = kept === undefined || script.cachedDataRejected ? 0 : kept.writes;
  run(script, path);
  process.on('exit', (status) => {
    if (status === 0 && writes < mostWrites) keep(file, source, script.createCachedData(), writes + 1);
  });
};

// What succeeds begins with a noun and a verb of ours, so that there are no more files than commands.
function nameCommand() {
  const words = process.argv.slice(2, 4);
  const end = words.findIndex((word) => !/^[a-z]{1,20}$/.test(word));
  return ['main', ...words.slice(0, end === -1 ? words.length : end)].join('-');
}

function readKept(file, source) {
  try {
    const bytes = readFileSync(file);
    const content = bytes.subarray(digestLength);
    if (!bytes.subarray(0, digestLength).equals(digestOf(source, content))) return undefined;
    return { writes: content[0], code: content.subarray(1) };
  } catch {
    return undefined;
  }
}

// Compiled code is run without a look at the source: it must be of this source, and whole.
function digestOf(source, content) {
  return createHash('sha256').update(source).update(content).digest();
}

function run(script, path) {
  const module = new Module(path);
  module.filename = path;
  // The other files of the bundle import from this one.
  require.cache[path] = module;
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
  module.loaded = true;
}

function keep(file, source, code, writes) {
  const unfinished = `${file}.${process.pid}`;
  try {
    const content = Buffer.concat([Buffer.of(writes), code]);
    writeFileSync(unfinished, Buffer.concat([digestOf(source, content), content]), { mode: 0o600, flag: 'wx' });
    renameSync(unfinished, file);
  } catch {
    rmSync(unfinished, { force: true });
  }
}
