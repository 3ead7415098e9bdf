'use strict';

const { lstatSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { userInfo } = require('node:os');
const { isAbsolute, join } = require('node:path');
const { makeFolderOf } = require('../dist/bin/make-folder.cjs');

// The compiled code is kept for the next start, in a folder that is this user's alone: who can write there can run code here.
const folder = cacheFolder();
if (folder !== undefined) enableCompileCache(folder);
require('../dist/bin/main.cjs');

function cacheFolder() {
  try {
    const { XDG_CACHE_HOME: named = '', HOME: home = '' } = process.env;
    const base = isAbsolute(named) ? named : join(isAbsolute(home) ? home : userInfo().homedir, '.cache');
    const own = join(base, 'hanaper');
    const cache = join(own, 'compile-cache');
    makeFolderOf(join(cache, 'any'));
    return isOurs(own) && isOurs(cache) ? cache : undefined;
  } catch {
    return undefined;
  }
}

function isOurs(path) {
  const { uid, mode } = lstatSync(path);
  return uid === process.geteuid() && (mode & 0o022) === 0;
}
