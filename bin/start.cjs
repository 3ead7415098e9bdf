'use strict';

const { lstatSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { isAbsolute, join } = require('node:path');

// Compiled code is kept for the next start, in a folder that is this user's alone: who can write there can run code here.
const folder = cacheFolder();
if (folder === undefined) require('../dist/bin/main.cjs');
else {
  enableCompileCache(folder);
  require('./run-compiled.cjs').runCompiled(require.resolve('../dist/bin/main.cjs'), folder);
}

function cacheFolder() {
  try {
    const { XDG_CACHE_HOME: named = '', HOME: home = '' } = process.env;
    const base = isAbsolute(named)
      ? named
      : join(isAbsolute(home) ? home : require('node:os').userInfo().homedir, '.cache');
    const own = join(base, 'hanaper');
    const cache = join(own, 'compile-cache');
    if (!isThere(cache)) require('../dist/bin/make-folder.cjs').makeFolderOf(join(cache, 'any'));
    return isOurs(own) && isOurs(cache) ? cache : undefined;
  } catch {
    return undefined;
  }
}

function isThere(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isOurs(path) {
  const { uid, mode } = lstatSync(path);
  return uid === process.geteuid() && (mode & 0o022) === 0;
}
